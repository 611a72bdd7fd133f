// While a listed job waits or runs, its state and counts are refreshed in place; rows stay where they are.
(function () {
  "use strict";
  var EVERY = 3000, CELLS = [".field-state", ".field-progress", ".field-failed"];
  function rows(root) { return Array.from(root.querySelectorAll("#result_list tbody tr, .result-list tbody tr")); }
  function key(row) { var link = row.querySelector(".field-job a"); return link && link.getAttribute("href"); }
  function active() {
    return document.querySelector(".result-list [data-status=QUEUED], .result-list [data-status=RUNNING]");
  }

  function put(fresh) {
    var known = {};
    rows(fresh).forEach(function (row) { known[key(row)] = row; });
    rows(document).forEach(function (row) {
      var other = known[key(row)];
      if (other) CELLS.forEach(function (cell) {
        var before = row.querySelector(cell), after = other.querySelector(cell);
        if (before && after && before.textContent !== after.textContent) {
          before.replaceWith(document.importNode(after, true));
        }
      });
    });
  }

  function look() {
    if (document.hidden || !active()) return later();
    fetch(location.href, { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.text(); })
      .then(function (text) { put(new DOMParser().parseFromString(text, "text/html")); })
      .catch(function () {})  // the next look tries again
      .finally(later);
  }

  function later() { setTimeout(look, EVERY); }
  later();
})();
