// "Compare others" below a choice: the chosen one is not offered beside itself, nor a student of another aim.
// Without this script every choice can be ticked; the chosen one's box then changes nothing.
(function () {
  "use strict";
  var form = document.getElementById("task-form");
  if (!form) return;
  var groups = Array.from(form.querySelectorAll("[data-others]"));

  function chosen(name) {
    var field = form.querySelector('select[name="' + name + '"], [name="' + name + '"]:checked');
    return field ? field.value : "";
  }

  function fit() {
    var aim = chosen("taskType");
    groups.forEach(function (group) {
      var now = chosen(group.dataset.others);
      var off = Boolean(group.closest(".dd-teacher[hidden]"));
      var count = 0;
      group.querySelectorAll("label").forEach(function (label) {
        var box = label.querySelector("input");
        var types = label.dataset.types;
        label.hidden = box.value === now || Boolean(types && types.split(" ").indexOf(aim) < 0);
        box.disabled = off || label.hidden;
        if (box.checked && !label.hidden) count += 1;
      });
      group.querySelector("[data-ticked]").textContent = count ? " (" + count + ")" : "";
      group.classList.toggle("wz-some", count > 0);
    });
  }

  form.addEventListener("input", fit);
  form.addEventListener("wizard:fitted", fit);
  form.addEventListener("wizard:restored", function () {
    fit();
    groups.forEach(function (group) { group.open = group.classList.contains("wz-some"); });
  });
  fit();
})();
