// Hides and switches off what matters only with a teacher while direct training is chosen.
// A field that shows an error stays visible.
(function () {
  "use strict";
  var mode = document.getElementById("id_trainingMode");
  if (!mode) return;
  function apply() {
    var direct = mode.value === "direct";
    document.querySelectorAll("#task-form .dd-teacher").forEach(function (part) {
      var hide = direct && !part.querySelector(".dd-error") && !part.classList.contains("dd-wrong");
      part.hidden = hide;
      part.querySelectorAll("input, select, textarea").forEach(function (field) { field.disabled = hide; });
    });
  }
  mode.addEventListener("change", apply);
  apply();
})();
