// Refreshes the figures of a labelling job in place; when more than figures has changed, the page's own part is exchanged.
(function () {
  "use strict";
  var EVERY = 2000;
  function root() { return document.getElementById("labelling"); }
  function asking() { return document.querySelector(".dd-ask:popover-open"); }

  function put(page, now) {
    Object.keys(now.figures).forEach(function (name) {
      page.querySelectorAll('[data-figure="' + name + '"]').forEach(function (place) {
        if (place.textContent !== now.figures[name]) place.textContent = now.figures[name];
      });
    });
    var bar = page.querySelector("[data-bar]"), waiting = page.querySelector("[data-waiting]");
    bar.max = now.total || 1;
    bar.value = now.done;
    if (waiting && now.waiting) waiting.textContent = now.waiting;
  }

  function swap() {
    return fetch(location.href, { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.text(); })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("labelling");
        if (fresh && root()) root().replaceWith(document.importNode(fresh, true));
      });
  }

  function lost(is) {
    var banner = root() && root().querySelector("[data-lost]");
    if (banner) banner.hidden = !is;
  }

  function look() {
    var page = root();
    if (!page || !page.dataset.live) return;
    if (document.hidden || asking()) return later();
    fetch(page.dataset.live, { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
      .then(function (now) {
        lost(false);
        if (now.version !== page.dataset.version) return asking() ? null : swap();
        put(page, now);
      })
      .catch(function () { lost(true); })
      .finally(later);
  }

  var timer = null;
  function later() { clearTimeout(timer); timer = setTimeout(look, EVERY); }
  document.addEventListener("visibilitychange", function () { if (!document.hidden) look(); });
  if (root() && root().dataset.live) later();
})();
