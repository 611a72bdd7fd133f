// The list of tasks: what is ticked and what may be done with it, and groups that unfold in place.
(function () {
  "use strict";
  var MOST = 20;
  var list = document.getElementById("task-list");
  var form = document.getElementById("task-form-list");
  if (!list || !form) return;
  var bar = form.querySelector("[data-bulk]");
  var everything = form.querySelector("[data-tick-all]");
  var across = form.querySelector("[data-across]");
  var acrossField = form.querySelector("[name=select_across]");
  var compare = form.querySelector("[data-compare]");

  function boxes(root) { return Array.from((root || form).querySelectorAll("[name=_selected_action]")); }

  function ticked() { return boxes().filter(function (box) { return box.checked; }); }

  function show() {
    var number = ticked().length, all = acrossField.value === "1";
    bar.hidden = number === 0;
    form.querySelector("[data-ticked]").textContent = all ? across.dataset.across : String(number);
    compare.disabled = all ? Number(across.dataset.across) > MOST : number < 2 || number > MOST;
    if (across) across.hidden = all || !everything.checked;
    form.querySelectorAll("tr").forEach(function (row) {
      var box = row.querySelector("[name=_selected_action]");
      row.classList.toggle("dd-ticked", Boolean(box && box.checked));
    });
    form.querySelectorAll("tr.dd-group").forEach(function (row) {
      var own = members(row), box = row.querySelector("[data-tick-group]");
      var chosen = own.filter(function (one) { return one.checked; }).length;
      box.checked = chosen > 0 && chosen === own.length;
      box.indeterminate = chosen > 0 && chosen < own.length;
    });
  }

  function members(row) {
    return boxes().filter(function (box) { return box.closest("tr").dataset.of === row.dataset.group; });
  }

  // Groups: the address of the group's own list is fetched, and its rows are put below.
  function unfold(row) {
    var link = row.querySelector(".dd-unfold");
    if (row.dataset.loaded) { open(row, true); return Promise.resolve(); }
    link.setAttribute("aria-busy", "true");
    return fetch(link.href, { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.text(); })
      .then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        var rows = Array.from(page.querySelectorAll(".dd-tasks tbody tr"));
        var more = page.querySelector(".dd-pages nav");
        rows.reverse().forEach(function (fresh) {
          var added = document.importNode(fresh, true);
          added.dataset.of = row.dataset.group;
          added.classList.add("dd-member");
          row.after(added);
        });
        row.dataset.loaded = more ? "part" : "all";
        open(row, true);
      })
      .catch(function () {
        var notice = document.createElement("p");
        notice.className = "dd-notice dd-notice-warning";
        notice.setAttribute("role", "alert");
        notice.textContent = list.dataset.failed;
        if (!list.querySelector("[role=alert]")) form.before(notice);
      })
      .finally(function () { link.removeAttribute("aria-busy"); });
  }

  function open(row, is) {
    row.querySelector(".dd-unfold").setAttribute("aria-expanded", String(is));
    form.querySelectorAll("tr.dd-member").forEach(function (one) {
      if (one.dataset.of === row.dataset.group) one.hidden = !is;
    });
  }

  form.addEventListener("click", function (event) {
    var link = event.target.closest(".dd-unfold");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    var row = link.closest("tr");
    if (link.getAttribute("aria-expanded") === "true") open(row, false); else unfold(row).then(show);
  });

  form.addEventListener("keydown", function (event) {
    var link = event.target.closest(".dd-unfold");
    if (link && event.key === " ") { event.preventDefault(); link.click(); }
  });

  form.addEventListener("change", function (event) {
    var box = event.target;
    if (box.matches("[data-tick-group]")) {
      var row = box.closest("tr"), is = box.checked;
      acrossField.value = "0";
      unfold(row).then(function () { members(row).forEach(function (one) { one.checked = is; }); show(); });
      return;
    }
    if (box.matches("[data-tick-all]")) {
      var groups = Array.from(form.querySelectorAll("tr.dd-group")), wanted = box.checked;
      acrossField.value = "0";
      Promise.all(wanted ? groups.map(unfold) : []).then(function () {
        boxes().forEach(function (one) { one.checked = wanted; });
        show();
      });
      return;
    }
    if (box.matches("[name=_selected_action]")) { acrossField.value = "0"; show(); }
  });

  if (across) across.addEventListener("click", function () { acrossField.value = "1"; show(); });
  form.querySelector("[data-clear]").addEventListener("click", function () {
    acrossField.value = "0";
    everything.checked = false;
    boxes().forEach(function (one) { one.checked = false; });
    show();
  });
  // Without the script a group is opened by its link, and is not ticked as a whole.
  form.querySelectorAll("[data-tick-group]").forEach(function (box) { box.disabled = false; });
  // Going back in the browser keeps ticks.
  window.addEventListener("pageshow", show);
  show();
})();
