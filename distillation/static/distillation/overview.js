// Keeps the open front page at what is now: every few seconds, while it is looked at, its body is fetched and the
// page is changed only where it differs. Elements stay themselves: nothing that is pointed at or focused is replaced.
(function () {
  "use strict";
  var EVERY = 4000, SLOWEST = 30000;
  var root = document.getElementById("overview");
  if (!root || !root.dataset.live) return;
  var body = root.querySelector("[data-body]"), lost = root.querySelector("[data-lost]");
  var timer = null, wait = EVERY;

  function key(node) { return node.nodeType === 1 ? node.dataset.key || "" : ""; }

  function alike(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);
  }

  function attributes(now, next) {
    Array.from(now.attributes).forEach(function (one) { if (!next.hasAttribute(one.name)) now.removeAttribute(one.name); });
    Array.from(next.attributes).forEach(function (one) {
      if (now.getAttribute(one.name) !== one.value) now.setAttribute(one.name, one.value);
    });
    if (now.nodeName === "PROGRESS") now.value = next.value;
  }

  function morph(now, next) {
    if (now.nodeType !== 1) { if (now.data !== next.data) now.data = next.data; return; }
    attributes(now, next);
    if (now.nodeName === "FORM") return;  // the token in it stays valid, and what is typed stays
    children(now, next);
  }

  function meaningful(node) { return node.nodeType === 1 || (node.nodeType === 3 && node.data.trim() !== ""); }

  function children(now, next) {
    var keyed = new Map();
    Array.from(now.children).forEach(function (node) { if (key(node)) keyed.set(key(node), node); });
    var place = now.firstChild;
    Array.from(next.childNodes).filter(meaningful).forEach(function (wanted) {
      while (place && !meaningful(place)) place = place.nextSibling;
      var known = key(wanted) ? keyed.get(key(wanted)) : null;
      if (known && known !== place) now.insertBefore(known, place);
      if (known) { morph(known, wanted); keyed.delete(key(wanted)); place = known.nextSibling; return; }
      if (place && !key(place) && alike(place, wanted)) { morph(place, wanted); place = place.nextSibling; return; }
      now.insertBefore(document.importNode(wanted, true), place);
    });
    while (place) { var gone = place; place = place.nextSibling; gone.remove(); }
  }

  // Rows do not move away under the pointer: a section that is pointed at changes its rows once it is left.
  function rows(section) {
    return Array.from(section.querySelectorAll("[data-key]")).map(key).join(" ");
  }

  function steady(fresh) {
    Array.from(body.querySelectorAll("section[data-key]")).forEach(function (section) {
      if (!section.matches(":hover, :focus-within")) return;
      var next = fresh.querySelector('section[data-key="' + section.dataset.key + '"]');
      if (next && rows(next) !== rows(section)) next.replaceWith(section.cloneNode(true));
    });
  }

  function asking() { return document.querySelector(".dd-ask:popover-open"); }

  function look() {
    clearTimeout(timer);
    if (document.hidden) return;
    if (asking()) return later();
    fetch(root.dataset.live, { credentials: "same-origin", redirect: "error" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.text(); })
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html").body;
        if (asking() || !fresh.querySelector("[data-key]")) return;
        steady(fresh);
        children(body, fresh);
        lost.hidden = true;
        wait = EVERY;
      })
      .catch(function () { lost.hidden = false; wait = Math.min(2 * wait, SLOWEST); })
      .finally(later);
  }

  function later() { clearTimeout(timer); timer = setTimeout(look, wait); }

  document.addEventListener("visibilitychange", function () { if (!document.hidden) look(); });
  later();
})();
