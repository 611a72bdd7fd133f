// Pictures that are dropped on the form or chosen: what cannot be taken is said before it is sent.
(function () {
  "use strict";
  var form = document.getElementById("try-form"), input = form && form.querySelector("input[type=file]");
  if (!input) return;
  var drop = form.querySelector("[data-drop]"), list = form.querySelector("[data-chosen]");
  var problem = form.querySelector("[data-problem]"), limits = form.dataset, kept = [];

  function size(bytes) { return bytes < 1e6 ? Math.ceil(bytes / 1e3) + " KB" : (bytes / 1e6).toFixed(1) + " MB"; }

  function why(file) {
    if (file.type && limits.types.split(",").indexOf(file.type) < 0) return limits.foreign;
    return file.size > Number(limits.max) ? limits.tooLarge : "";
  }

  function row(file, reason, place) {
    var item = document.createElement("li"), name = document.createElement("span"), note = document.createElement("small");
    name.textContent = file.name;
    note.textContent = reason ? size(file.size) + " · " + reason : size(file.size);
    item.className = reason ? "dd-left-out" : "";
    item.append(name, note);
    if (!reason) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "dd-link";
      button.textContent = limits.remove;
      button.setAttribute("aria-label", limits.remove + " " + file.name);
      button.addEventListener("click", function () { kept.splice(place, 1); show([], ""); });
      item.append(button);
    }
    return item;
  }

  function show(refused, said) {
    var transfer = new DataTransfer();
    kept.forEach(function (file) { transfer.items.add(file); });
    input.files = transfer.files;
    var rows = kept.map(function (file, place) { return row(file, "", place); });
    list.replaceChildren.apply(list, rows.concat(refused.map(function (file) { return row(file, why(file)); })));
    var total = kept.reduce(function (sum, file) { return sum + file.size; }, 0);
    if (total > Number(limits.total)) said = limits.tooMuch;
    problem.textContent = said;
    problem.hidden = !said;
  }

  function add(files) {
    var good = files.filter(function (file) { return !why(file); }), all = kept.concat(good);
    kept = all.slice(0, Number(limits.most));
    show(files.filter(why), all.length > kept.length ? limits.tooMany : "");
  }

  // Caught on the way: unfold looks for a text field beside every file field, and there is none here.
  form.addEventListener("change", function (event) {
    if (event.target !== input) return;
    event.stopPropagation();
    add(Array.from(input.files));
  }, true);
  ["dragenter", "dragover"].forEach(function (kind) {
    drop.addEventListener(kind, function (event) { event.preventDefault(); drop.classList.add("dd-over"); });
  });
  ["dragleave", "drop"].forEach(function (kind) {
    drop.addEventListener(kind, function () { drop.classList.remove("dd-over"); });
  });
  drop.addEventListener("drop", function (event) { event.preventDefault(); add(Array.from(event.dataTransfer.files)); });
  form.addEventListener("submit", function () { form.querySelector("[type=submit]").disabled = true; });
  window.addEventListener("pageshow", function () { form.querySelector("[type=submit]").disabled = false; });
})();
