// Finds tasks to add while one types. Without this script the form adds the task whose id was typed.
(function () {
  "use strict";
  var form = document.querySelector("form[data-search]");
  if (!form) return;
  var field = form.elements.add, list = document.getElementById("compare-found"), said = form.querySelector("[data-said]");
  var here = form.elements.tasks.value.split(",").filter(Boolean), timer = null, turn = 0, at = -1;

  function close() {
    list.hidden = true;
    list.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    at = -1;
  }

  function add(id) {
    var address = new URL(location.href);
    address.searchParams.delete("add");
    address.searchParams.set("tasks", here.concat([id]).join(","));
    address.search = address.search.replace(/%2C/g, ",");
    location.assign(address);
  }

  function point(to) {
    var options = list.children;
    if (!options.length) return;
    at = (to + options.length) % options.length;
    Array.from(options).forEach(function (option, index) { option.setAttribute("aria-selected", String(index === at)); });
    options[at].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", options[at].id);
  }

  function offer(tasks) {
    var free = tasks.filter(function (task) { return here.indexOf(task.id) < 0; });
    close();
    said.textContent = free.length ? "" : form.dataset.none;
    free.forEach(function (task, index) {
      var option = document.createElement("li"), name = document.createElement("b"), more = document.createElement("small");
      option.id = "compare-found-" + index;
      option.setAttribute("role", "option");
      option.dataset.id = task.id;
      name.textContent = task.name;
      more.textContent = [task.models, task.status, task.id].join(" · ");
      option.append(name, more);
      option.addEventListener("mousedown", function (event) { event.preventDefault(); add(task.id); });
      list.append(option);
    });
    list.hidden = !free.length;
    field.setAttribute("aria-expanded", String(!list.hidden));
  }

  function look() {
    var mine = ++turn, address = new URL(form.dataset.search, location.href);
    address.searchParams.set("q", field.value);
    fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
      .then(function (found) { if (mine === turn && document.activeElement === field) offer(found.tasks); })
      .catch(function () { if (mine === turn) said.textContent = form.dataset.failed; });
  }

  field.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(look, 200); });
  field.addEventListener("focus", function () { if (list.hidden) look(); });
  field.addEventListener("blur", function () { turn += 1; close(); });
  field.addEventListener("keydown", function (event) {
    if (event.key === "ArrowDown") { event.preventDefault(); point(at + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); point(at - 1); }
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && list.children.length) { event.preventDefault(); add(list.children[Math.max(at, 0)].dataset.id); }
  });
})();
