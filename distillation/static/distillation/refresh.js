// Keeps the figures of a task's page as they are now, in place. When more than figures has changed (status, buttons,
// an evaluation) the server's page is fetched and its changed parts are put in; charts and log stay as they are.
(function () {
  "use strict";
  var page = document.getElementById("task-page");
  if (!page || !window.ddFollow) return;
  var info = window.ddFollow.info, EVERY = 1000, EPOCHS = 5000, TICK = 10000;
  var asked = false, timer = null, due = 0, swapped = 0, stale = false, tab = "", written = {};

  parts(document).forEach(function (part) { written[part.dataset.part] = part.innerHTML; });

  function parts(of) { return Array.from(of.querySelectorAll("#task-page [data-part]")); }

  function put(now) {
    Object.keys(now.figures).forEach(function (name) {
      page.querySelectorAll('[data-figure="' + name + '"]').forEach(function (place) { set(place, now.figures[name]); });
    });
    page.querySelectorAll(".dd-tile-bar progress").forEach(function (bar) { bar.value = now.progress; });
    page.querySelectorAll(".dd-tile-bar b").forEach(function (b) { set(b, now.figures.progress); });
    page.querySelectorAll("[data-waiting]").forEach(function (place) { if (now.waiting) set(place, now.waiting); });
    now.phases.forEach(function (phase) {
      var place = page.querySelector('[data-phase="' + phase.name + '"]');
      if (!place) return;
      place.dataset.state = phase.state;
      if (phase.state === "now") place.setAttribute("aria-current", "step"); else place.removeAttribute("aria-current");
      set(place.querySelector("b"), phase.note);
    });
  }

  function set(place, text) { if (place.textContent !== text) place.textContent = text; }

  function figures(now) {
    put(now);
    if (now.version !== page.dataset.version) return swap(false);
    if (String(now.epochs) !== page.dataset.epochs) { stale = true; epochs(); }
  }

  // A table that grows: only while somebody looks at it.
  function epochs() {
    if (!stale || tab !== "history" || document.hidden) return;
    if (Date.now() - swapped < EPOCHS) return void setTimeout(epochs, EPOCHS);
    stale = false;
    swap(true);
  }

  function swap(historyOnly) {
    if (document.querySelector(".dd-ask:popover-open")) return later(EVERY);  // a question is not taken away
    swapped = Date.now();
    return fetch(location.pathname, { credentials: "same-origin", redirect: "manual" })
      .then(function (answer) {
        if (window.ddFollow.verdict(answer)) return null;
        if (!answer.ok) throw new Error(answer.status);
        return answer.text();
      })
      .then(function (text) {
        if (!text) return;
        var fresh = new DOMParser().parseFromString(text, "text/html"), after = fresh.getElementById("task-page");
        if (!after) return;
        parts(fresh).forEach(function (part) {
          var name = part.dataset.part;
          if (written[name] !== part.innerHTML && (!historyOnly || name === "history")) replace(name, part);
        });
        page.dataset.epochs = after.dataset.epochs;
        if (historyOnly) return;
        page.dataset.version = after.dataset.version;
        var told = JSON.parse(fresh.getElementById("task-following").textContent);
        document.dispatchEvent(new CustomEvent("dd:levels", { detail: told.levels }));
      })
      .catch(function () { later(EVERY * 5); });
  }

  function replace(name, part) {
    var before = page.querySelector('[data-part="' + name + '"]'), focused = before.contains(document.activeElement);
    written[name] = part.innerHTML;
    var after = document.importNode(part, true);
    before.replaceWith(after);
    if (focused) { after.tabIndex = -1; after.focus({ preventScroll: true }); }
    document.dispatchEvent(new CustomEvent("dd:part", { detail: after }));
  }

  // The earlier of what was planned and this.
  function later(ms) {
    if (timer && due <= Date.now() + ms) return;
    clearTimeout(timer);
    due = Date.now() + ms;
    timer = setTimeout(look, ms);
  }

  function look() {
    timer = null;
    if (document.hidden) return;
    if (asked) return later(EVERY);
    asked = true;
    fetch(info.urls.live, { credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" } })
      .then(function (answer) {
        if (window.ddFollow.verdict(answer) || !answer.ok) return null;
        return answer.json();
      })
      .then(function (now) {
        if (!now) return;
        figures(now);
        if (now.live) later(TICK);  // the clock of a run goes on between its reports
      })
      .catch(function () { /* follow.js sees to it */ })
      .finally(function () { asked = false; });
  }

  document.addEventListener("dd:task", function () { later(EVERY); });
  document.addEventListener("dd:transitions", function () { later(0); });
  document.addEventListener("dd:figures", function (event) {
    clearTimeout(timer);
    timer = null;
    figures(event.detail);
    if (event.detail.live) later(TICK);
  });
  document.addEventListener("dd:tab", function (event) { tab = event.detail; epochs(); });
})();
