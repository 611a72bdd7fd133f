// One step at a time, chosen by the address's hash, so that the browser's Back and a bookmark work.
// Without this script the page is one long form. Says at each field what the last check said of it, but nothing of a
// step in which nobody has been yet: problems are shown when it was left or changed, at the last step, or after saving.
(function () {
  "use strict";
  var page = document.getElementById("wizard");
  var form = document.getElementById("task-form");
  if (!page || !form) return;
  var steps = Array.from(form.querySelectorAll(".wz-step"));
  var links = Array.from(page.querySelectorAll(".wz-steps a"));
  var lost = page.querySelector("[data-lost]");
  var known = form.dataset.tried ? steps.slice() : []; // steps whose problems are shown
  var here = null;

  function target() {
    try {
      return document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch (error) {
      return null;
    }
  }

  function show(moved) {
    var aim = target();
    var now = (aim && aim.closest(".wz-step")) || firstWrong() || steps[0];
    steps.forEach(function (step) { step.hidden = step !== now; });
    if (here && here !== now) know([here]);
    if (now === steps[steps.length - 1]) know(steps);
    here = now;
    links.forEach(function (link) {
      if (link.hash === "#" + now.id) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    });
    if (!moved) return;
    if (aim && aim !== now) reach(aim);
    else now.querySelector("h3").focus({ preventScroll: true });
    if (!aim || aim === now) window.scrollTo(0, 0);
  }

  // A field behind "More settings" opens it.
  function reach(field) {
    var folded = field.closest("details");
    if (folded) folded.open = true;
    field.scrollIntoView({ block: "center" });
    var input = field.querySelector("input:checked, input:not([type=hidden]), select, textarea");
    if (input) input.focus({ preventScroll: true });
  }

  function firstWrong() {
    var wrong = form.querySelector(".dd-wrong");
    return wrong && wrong.closest(".wz-step");
  }

  function know(more) {
    var news = more.filter(function (step) { return known.indexOf(step) < 0; });
    if (!news.length) return;
    known = known.concat(news);
    say();
  }

  function isKnown(place) {
    return known.indexOf(place.closest(".wz-step")) >= 0;
  }

  // What the check said, at the fields.
  function say() {
    var checked = document.getElementById("wizard-checked");
    form.querySelectorAll("[data-says]").forEach(function (place) { place.replaceChildren(); });
    form.querySelectorAll("[data-field]").forEach(function (field) { field.classList.remove("dd-wrong", "wz-changed"); });
    checked.querySelectorAll("[data-says-as] a[data-of]").forEach(function (link) {
      var field = document.getElementById("field-" + link.dataset.of);
      if (!field) return;
      var look = link.closest("[data-says-as]").dataset.saysAs;
      if (look === "dd-error" && !isKnown(field)) return;
      var line = document.createElement("p");
      line.className = look;
      line.textContent = link.parentElement.querySelector("span").textContent;
      field.querySelector("[data-says]").append(line);
      if (look === "dd-error") field.classList.add("dd-wrong");
    });
    checked.querySelectorAll("[data-differs] a[data-of]").forEach(function (link) {
      var field = document.getElementById("field-" + link.dataset.of);
      if (field) field.classList.add("wz-changed");
    });
    var number = checked.querySelector("[data-number]").dataset.number;
    form.querySelectorAll("[data-tasks]").forEach(function (place) { place.textContent = number; });
    page.querySelectorAll("[data-mark]").forEach(function (mark) {
      var words = checked.querySelector('[data-marks] [data-step="' + mark.dataset.mark + '"]');
      mark.textContent = words && isKnown(document.getElementById("step-" + mark.dataset.mark)) ? words.textContent : "";
    });
  }

  form.addEventListener("input", function (event) {
    var step = event.target.closest(".wz-step");
    if (step && event.target.name) know([step]);
  });

  // Enter in a field goes on; only the last step saves.
  form.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    var next = event.target.closest(".wz-step").querySelector("[data-next]");
    if (!next || event.target.id === "preset-name") return;
    event.preventDefault();
    next.click();
  });
  // After saving a preset the page comes back to this step; the page of a saved task has no such place.
  form.addEventListener("submit", function (event) {
    var preset = event.submitter && event.submitter.name === "_preset";
    form.action = location.pathname + location.search + (preset ? location.hash : "");
  });

  document.body.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id !== "wizard-checked") return;
    lost.hidden = true;
    say();
    form.dispatchEvent(new CustomEvent("wizard:checked"));
  });
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach(function (name) {
    document.body.addEventListener(name, function () { lost.hidden = false; });
  });

  page.classList.add("wz-live");
  window.addEventListener("hashchange", function () { show(true); });
  show(false);
})();
