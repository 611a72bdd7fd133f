// Follows the task: server-sent events where they come through, else asking every few seconds. What was told goes to
// the other scripts as events of the document: dd:metrics, dd:resources, dd:logs, dd:transitions, dd:task (ask for the
// figures), dd:figures (here they are), dd:poll (nobody will tell: ask yourself).
(function () {
  "use strict";
  var node = document.getElementById("task-following");
  if (!node) return;
  var info = JSON.parse(node.textContent), words = info.words;
  var KINDS = ["metrics", "resources", "logs", "transitions", "task", "figures"];
  var POLL = 5000, AGAIN = 60000, LONGEST = 30000, HIDDEN = 5000, PATIENCE = 3, SHORT = 5000, RETRY = 2000;
  var source = null, place = info.place, failures = 0, delay = 1000, ended = false, polling = false, since = 0, opened = 0;
  var timer = null, hiding = null, seen = new Date();

  function tell(kind, detail) { document.dispatchEvent(new CustomEvent("dd:" + kind, { detail: detail })); }

  function open() {
    clearTimeout(timer);
    if (ended || source || document.hidden || !info.urls.stream) return;
    var mine = new EventSource(info.urls.stream + (place ? "?after=" + encodeURIComponent(place) : ""));
    source = mine;
    KINDS.forEach(function (kind) {
      mine.addEventListener(kind, function (event) {
        if (source !== mine) return;
        healed();
        tell(kind, JSON.parse(event.data));
        if (event.lastEventId) place = event.lastEventId;
      });
    });
    mine.addEventListener("gone", function () { end("gone"); });
    mine.onopen = function () {
      if (source !== mine) return;
      opened = Date.now();
      healed();
    };
    mine.onerror = function () {
      if (source !== mine) return;
      close();  // a browser's own attempts would never say why
      failures += 1;
      // A server ends its streams now and then; one that cannot hold them ends them at once.
      later(ask, failures > 1 || Date.now() - opened < SHORT ? Math.max(delay, RETRY) : 200);
    };
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  function later(does, ms) { clearTimeout(timer); timer = setTimeout(does, ms + Math.random() * 200); }

  // What the server says to an ordinary question decides what the failed stream meant.
  function ask() {
    if (ended || document.hidden) return;
    fetch(info.urls.live, { credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" } })
      .then(function (answer) {
        if (verdict(answer)) return null;
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      })
      .then(function (now) { if (now) answered(now); })
      .catch(lost);
  }

  // True when there is no point in going on.
  function verdict(answer) {
    if (answer.type === "opaqueredirect" || answer.status === 401) end("expired");
    else if (answer.status === 403) end("forbidden");
    else if (answer.status === 404) end("gone");
    else return false;
    return true;
  }

  function answered(now) {
    seen = new Date();
    tell("figures", now);
    if (failures < PATIENCE) { banner(""); return open(); }
    if (!polling) since = Date.now();
    polling = true;
    banner("polling");
    tell("poll", null);
    if (Date.now() - since < AGAIN) return later(ask, POLL);
    since = Date.now();
    open();
  }

  function healed() {
    failures = 0;
    delay = 1000;
    polling = false;
    seen = new Date();
    banner("");
  }

  function lost() {
    banner("lost");
    later(ask, delay);
    delay = Math.min(delay * 2, LONGEST);
  }

  function end(why) {
    ended = why;
    close();
    clearTimeout(timer);
    banner(why);
  }

  function banner(why) {
    var place = document.querySelector("[data-connection]");
    if (!place || place.dataset.why === why) return;
    place.dataset.why = why;
    place.hidden = !why;
    if (!why) return place.replaceChildren();
    var at = seen.toLocaleTimeString("en-GB", { timeZone: info.zone });
    place.replaceChildren(words[why].replace("{time}", at).replace("{n}", POLL / 1000) + " ");
    if (why !== "expired") return;
    var link = document.createElement("a");
    link.className = "dd-link";
    link.textContent = words.login;
    link.href = info.urls.login + "?next=" + encodeURIComponent(location.pathname);
    place.append(link);
  }

  // Who comes back may have logged in elsewhere meanwhile.
  function back() {
    clearTimeout(hiding);
    if (ended && ended !== "expired") return;
    if (ended) { ended = false; return ask(); }
    if (!source) open();
  }

  document.addEventListener("visibilitychange", function () {
    if (!document.hidden) return back();
    clearTimeout(hiding);
    hiding = setTimeout(function () { close(); clearTimeout(timer); }, HIDDEN);  // browsers have six connections for a site
  });
  window.addEventListener("online", function () { if (!source) { delay = 1000; ask(); } });
  window.addEventListener("focus", function () { if (ended === "expired") back(); });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", function (event) { if (event.persisted) back(); });
  document.addEventListener("DOMContentLoaded", open);
  window.ddFollow = { info: info, verdict: verdict };
})();
