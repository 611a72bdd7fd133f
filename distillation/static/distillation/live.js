// Refreshes the figures of a queued or running task in place, every 2 s, while the tab is visible.
// When more than figures has changed (status, buttons) the server's page is fetched and swapped in.
(function () {
  "use strict";
  var EVERY = 2000;

  function root() { return document.getElementById("task-page"); }

  function put(page, now) {
    Object.keys(now.figures).forEach(function (name) {
      page.querySelectorAll('[data-figure="' + name + '"]').forEach(function (place) {
        if (place.textContent !== now.figures[name]) place.textContent = now.figures[name];
      });
    });
    page.querySelectorAll(".dd-tile-bar progress").forEach(function (bar) { bar.value = now.progress; });
    page.querySelectorAll(".dd-tile-bar b").forEach(function (b) { b.textContent = now.figures.progress; });
    var waiting = page.querySelector("[data-waiting]");
    if (waiting && now.waiting) waiting.textContent = now.waiting;
  }

  function swap(page, whole) {
    return fetch(location.href, { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.text(); })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html");
        (whole ? ["task-page"] : ["task-history"]).forEach(function (id) {
          var before = document.getElementById(id), after = fresh.getElementById(id);
          if (before && after) before.replaceWith(document.importNode(after, true));
        });
        if (!whole) page.dataset.epochs = fresh.getElementById("task-page").dataset.epochs;
      });
  }

  function asking() { return document.querySelector(".dd-ask:popover-open"); }

  function look() {
    var page = root();
    if (!page || !page.dataset.live) return;
    if (document.hidden || asking()) return later();
    fetch(page.dataset.live, { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
      .then(function (now) {
        lost(page, false);
        if (now.version !== page.dataset.version) return asking() ? null : swap(page, true);
        put(page, now);
        if (String(now.epochs) !== page.dataset.epochs) return swap(page, false);
      })
      .catch(function () { lost(root(), true); })
      .finally(later);
  }

  function lost(page, is) {
    var banner = page && page.querySelector("[data-lost]");
    if (banner) banner.hidden = !is;
  }

  var timer = null;
  function later() { clearTimeout(timer); timer = setTimeout(look, EVERY); }

  document.addEventListener("visibilitychange", function () { if (!document.hidden) look(); });
  if (root() && root().dataset.live) later();
})();
