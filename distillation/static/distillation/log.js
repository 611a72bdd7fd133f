// The tab of the log: the newest lines, older ones as the reader scrolls up, new ones as they are told. However long
// the log is, at most MOST lines are on the page; every text goes in as text.
(function () {
  "use strict";
  var box = document.querySelector("[data-log]"), form = document.querySelector("[data-log-controls]");
  if (!box || !window.ddFollow) return;
  var info = window.ddFollow.info, words = info.words, down = document.querySelector("[data-log-down]");
  var state = document.querySelector("[data-log-state]"), PAGE = 200, MOST = 1000, NEAR = 40, WAIT = 300;
  var ORDER = ["debug", "info", "warning", "error"];
  var last = 0, cursor = 0, before = null, cutBelow = false, unseen = 0, busy = false, loaded = false, question = 0, typing = null;

  function filters() {
    var found = {}, search = form.elements.search.value.trim();
    if (form.elements.level.value !== ORDER[0]) found.level = form.elements.level.value;
    if (search) found.search = search;
    return found;
  }

  function read(query) {
    return fetch(info.urls.logs + "?" + new URLSearchParams(Object.assign({ limit: PAGE }, filters(), query)),
      { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) {
        if (window.ddFollow.verdict(answer)) return null;
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      })
      .then(function (answer) { return answer && answer.data; });
  }

  function part(name, text, className) {
    var node = document.createElement(name);
    node.textContent = text;
    if (className) node.className = className;
    return node;
  }

  function row(line) {
    var node = document.createElement("div");
    node.className = "dd-log-line dd-log-" + (ORDER.includes(line.level) ? line.level : "info");
    node.dataset.id = line.id;
    node.append(part("time", line.time), part("b", words.logLevels[line.level] || line.level), part("span", line.text));
    node.title = words.attempt.replace("{n}", line.attempt) + " · " + line.source;
    return node;
  }

  function fresh() {
    var mine = ++question;
    busy = true;
    return read({}).then(function (page) {
      if (!page || mine !== question) return;
      box.replaceChildren.apply(box, page.lines.map(row));
      last = page.lines.length ? page.lines[page.lines.length - 1].id : 0;
      cursor = page.cursor;
      before = page.before;
      cutBelow = false;
      loaded = true;
      empty();
      bottom();
    }).catch(function () { if (mine === question) say(words.failed); }).finally(function () { if (mine === question) busy = false; });
  }

  function empty() {
    var none = !box.querySelector(".dd-log-line"), filtered = Object.keys(filters()).length > 0;
    say(none ? (filtered ? words.noMatch : words.noLines) : "");
  }

  function say(text) { state.textContent = text; }

  // Lines above, keeping what is read where it is.
  function older() {
    if (busy || before === null) return;
    var mine = ++question;
    busy = true;
    read({ before: before }).then(function (page) {
      if (!page || mine !== question) return;
      var height = box.scrollHeight, top = box.scrollTop;
      box.prepend.apply(box, page.lines.map(row));
      before = page.before;
      box.scrollTop = top + box.scrollHeight - height;
      while (box.children.length > MOST) { box.lastChild.remove(); cutBelow = true; }
      last = Number(box.lastChild.dataset.id);
    }).catch(function () {}).finally(function () { if (mine === question) busy = false; });
  }

  // Lines below that had been dropped for older ones.
  function newer() {
    if (busy || !cutBelow) return;
    var mine = ++question;
    busy = true;
    read({ after: last }).then(function (page) {
      if (!page || mine !== question) return;
      if (!page.more) { cutBelow = false; cursor = page.cursor; }
      append(page.lines);
    }).catch(function () {}).finally(function () { if (mine === question) busy = false; });
  }

  function append(lines) {
    lines.forEach(function (line) { if (line.id > last) { box.append(row(line)); last = line.id; } });
    while (box.children.length > MOST) { before = Number(box.children[1].dataset.id); box.firstChild.remove(); }
  }

  function matches(line) {
    var wanted = filters();
    return ORDER.indexOf(line.level) >= ORDER.indexOf(form.elements.level.value)
      && (!wanted.search || line.text.toLowerCase().includes(wanted.search.toLowerCase()));
  }

  function told(lines) {
    var news = lines.filter(function (line) { return line.id > last && matches(line); });
    if (!news.length) return;
    if (cutBelow || !form.elements.tail.checked) {
      unseen += news.length;
      down.textContent = words.newLines.replace("{n}", unseen.toLocaleString("en-US"));
      down.hidden = false;
      // Who reads above keeps what is read; the rest comes when the reader does.
      if (cutBelow || box.children.length + news.length > MOST) { cutBelow = true; return; }
    }
    append(news);
    empty();
    if (form.elements.tail.checked) bottom();
  }

  function bottom() {
    unseen = 0;
    down.hidden = true;
    if (form.elements.tail.checked) box.scrollTop = box.scrollHeight;
  }

  function atBottom() { return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR; }

  box.addEventListener("scroll", function () {
    if (!loaded || busy) return;
    if (box.scrollTop < NEAR) older();
    if (!atBottom()) { if (box.scrollTop < box.scrollHeight - box.clientHeight - 4 * NEAR) form.elements.tail.checked = false; return; }
    if (cutBelow) newer(); else { unseen = 0; down.hidden = true; }
  }, { passive: true });

  down.addEventListener("click", function () {
    form.elements.tail.checked = true;
    if (cutBelow) fresh(); else bottom();
  });
  form.elements.tail.addEventListener("change", function () { if (form.elements.tail.checked) { if (cutBelow) fresh(); else bottom(); } });
  form.elements.level.addEventListener("change", fresh);
  form.elements.search.addEventListener("input", function () { clearTimeout(typing); typing = setTimeout(fresh, WAIT); });
  form.addEventListener("submit", function (event) { event.preventDefault(); });

  function watched() { return !document.hidden && !document.getElementById("log").hidden; }

  document.addEventListener("dd:logs", function (event) {
    if (!loaded) return;
    if (event.detail.skipped) { loaded = false; if (watched()) fresh(); return; }
    told(event.detail.lines);
  });
  document.addEventListener("dd:poll", function () {
    if (!loaded || !watched() || cutBelow) return;
    read({ after: cursor }).then(function (page) {
      if (!page) return;
      cursor = page.cursor;
      told(page.lines);
    }).catch(function () {});
  });
  function show() { if (watched()) { if (!loaded) fresh(); else if (form.elements.tail.checked) bottom(); } }
  document.addEventListener("dd:tab", show);
  document.addEventListener("visibilitychange", show);
})();
