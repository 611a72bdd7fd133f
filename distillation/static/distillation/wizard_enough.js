// Batch size and epochs for the number of samples: filled in while nobody touched them, marked, and proposed at a button.
// The numbers are the server's.
(function () {
  "use strict";
  var form = document.getElementById("task-form");
  if (!form) return;
  var fields = ["batchSize", "totalEpochs"].map(function (name) { return form.elements[name]; });
  var defaults = fields.map(function (field) { return field.placeholder; });
  var untouched = document.getElementById("wizard").dataset.how === "add" && !form.dataset.answered;

  function usual(field) {
    return document.querySelector(".wz-checked").dataset[field.name];
  }

  function mark() {
    var words = document.querySelector(".wz-checked").dataset.suggested;
    fields.forEach(function (field, place) {
      var suggested = field.value === usual(field) && field.value !== defaults[place];
      form.querySelector('[data-mark-of="' + field.name + '"]').textContent = suggested ? words : "";
    });
  }

  function put(values) {
    var moved = fields.filter(function (field) { return field.value !== values[field.name]; });
    moved.forEach(function (field) { field.value = values[field.name]; });
    mark();
    if (moved.length) form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  form.addEventListener("wizard:checked", function () {
    var said = document.querySelector("#wizard-checked .wz-enough");
    form.querySelector("[data-enough]").replaceChildren.apply(form.querySelector("[data-enough]"), said ? [said.cloneNode(true)] : []);
    if (untouched) put({ batchSize: usual(fields[0]), totalEpochs: usual(fields[1]) });
    mark();
  });
  form.addEventListener("input", function (event) {
    if (fields.indexOf(event.target) < 0) return;
    untouched = false;
    mark();
  });
  form.addEventListener("wizard:restored", function () { untouched = false; });
  form.addEventListener("click", function (event) {
    var button = event.target.closest("[data-fill]");
    if (!button) return;
    untouched = false;
    put(JSON.parse(button.dataset.fill));
    fields[0].focus({ preventScroll: true });
  });
})();
