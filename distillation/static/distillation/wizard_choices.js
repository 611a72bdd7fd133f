// What fits what: cards of another aim are greyed or hidden, the first that fits is chosen, a preset fills its values.
// The reasons and suggestions are the server's; here they are only shown.
(function () {
  "use strict";
  var form = document.getElementById("task-form");
  if (!form) return;
  var presets = JSON.parse(document.getElementById("wizard-presets").textContent);
  var isNew = document.getElementById("wizard").dataset.how === "add";
  var sent = "answered" in form.dataset; // what was sent once is somebody's own
  var own = { taskName: sent, trainingMode: sent, teacherModel: sent };
  var suggestedName = form.elements.taskName.value;
  var kind = chosen("taskType");

  function chosen(name) {
    var input = form.querySelector('[name="' + name + '"]:checked');
    return input ? input.value : "";
  }

  function cards(name) {
    return Array.from(form.querySelectorAll("#field-" + name + " .wz-card"));
  }

  function input(card) {
    return card.querySelector("input");
  }

  function choose(name, value) {
    var card = cards(name).find(function (one) { return input(one).value === value; });
    if (!card || input(card).checked) return false;
    input(card).checked = true;
    return true;
  }

  function unfit(card, why) {
    card.classList.toggle("wz-unfit", Boolean(why));
    card.querySelector("[data-why]").textContent = why;
    input(card).disabled = Boolean(why) && !input(card).checked;
  }

  function none(name) {
    var place = form.querySelector('[data-nothing="' + name + '"]');
    place.hidden = cards(name).some(function (card) { return !card.classList.contains("wz-unfit"); });
  }

  // Data sets and students for the chosen aim.
  function fit() {
    kind = chosen("taskType");
    ["datasetId", "studentModel"].forEach(function (name) {
      cards(name).forEach(function (card) {
        var other = card.dataset.types && card.dataset.types.split(" ").indexOf(kind) < 0;
        unfit(card, card.dataset.broken || (other ? card.dataset.other : ""));
        if (name === "datasetId") card.classList.toggle("wz-other", Boolean(other) && !input(card).checked);
      });
    });
    none("datasetId");
  }

  // Another aim: what does not serve it is let go, and what is suggested for it chosen.
  function aim() {
    kind = chosen("taskType");
    ["datasetId", "studentModel"].forEach(function (name) {
      var fitting = cards(name).filter(function (card) {
        return !card.dataset.broken && (!card.dataset.types || card.dataset.types.split(" ").indexOf(kind) >= 0);
      });
      if (fitting.some(function (card) { return input(card).checked; })) return;
      cards(name).forEach(function (card) { input(card).checked = false; });
      var first = name === "datasetId" ? (fitting.length === 1 ? fitting[0] : null)
        : fitting.find(function (card) { return "first" in card.dataset; });
      if (first) input(first).checked = true;
    });
    fit();
  }

  // What matters only with a teacher is switched off; a field that shows an error stays in sight.
  function mode() {
    var direct = chosen("trainingMode") === "direct";
    form.querySelectorAll(".dd-teacher").forEach(function (part) {
      var hide = direct && !part.classList.contains("dd-wrong") && !part.querySelector(".dd-wrong");
      part.hidden = hide;
      part.querySelectorAll("input, select, textarea").forEach(function (one) {
        var card = one.closest(".wz-card");
        one.disabled = hide || Boolean(card && card.classList.contains("wz-unfit") && !one.checked);
      });
    });
    form.querySelectorAll(".wz-section").forEach(function (section) {
      var fields = Array.from(section.querySelectorAll(".dd-field"));
      section.hidden = fields.length > 0 && fields.every(function (field) { return field.hidden; });
    });
    form.querySelector("[data-direct]").hidden = !direct;
    form.dispatchEvent(new CustomEvent("wizard:fitted"));
  }

  // What the check knows: who cannot teach, who should, and a name.
  function checked() {
    var found = document.querySelector(".wz-checked");
    var why = {};
    found.querySelectorAll("[data-unfit] li").forEach(function (line) { why[line.dataset.value] = line.textContent; });
    cards("teacherModel").forEach(function (card) { unfit(card, why[input(card).value] || ""); });
    none("teacherModel");
    var advice = form.querySelector("[data-advice]:not(.wz-checked)");
    if (advice) advice.textContent = found.dataset.advice;
    var moved = isNew && suggest(found.dataset.teacher, why);
    if (isNew && !own.taskName && found.dataset.name && form.elements.taskName.value === suggestedName) {
      moved = moved || found.dataset.name !== suggestedName;
      suggestedName = form.elements.taskName.value = found.dataset.name;
    }
    mode();
    if (moved) form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function suggest(teacher, why) {
    if (own.trainingMode || own.teacherModel) return false;
    var now = chosen("teacherModel");
    if (now && !why[now] && chosen("trainingMode") === "distillation") return false;
    if (!teacher) return choose("trainingMode", "direct");
    var moved = choose("teacherModel", teacher);
    return choose("trainingMode", "distillation") || moved;
  }

  function fill(name) {
    var values = presets[name];
    if (!values) return;
    Object.keys(values).forEach(function (field) { form.elements[field].value = values[field]; });
  }

  form.addEventListener("input", function (event) {
    var name = event.target.name;
    if (name in own && event.isTrusted) own[name] = true;
    if (name === "taskName" && !event.target.value) {
      own.taskName = false;
      suggestedName = "";
    }
    if (name === "taskType") aim();
    if (name === "loraPreset") fill(event.target.value);
    if (name === "trainingMode" || name === "taskType") mode();
    if ("search" in event.target.dataset) search(event.target);
  });

  function search(field) {
    var wanted = field.value.trim().toLowerCase();
    field.closest("fieldset").querySelectorAll(".wz-card").forEach(function (card) {
      card.classList.toggle("wz-not-found", card.textContent.toLowerCase().indexOf(wanted) < 0);
    });
  }

  form.querySelectorAll("[data-search]").forEach(function (field) { field.hidden = false; });
  form.addEventListener("wizard:checked", checked);
  form.addEventListener("wizard:restored", function () { own.taskName = own.trainingMode = own.teacherModel = true; fit(); mode(); });
  fit();
  none("teacherModel");
  cards("teacherModel").forEach(function (card) { unfit(card, card.querySelector("[data-why]").textContent); });
  mode();
})();
