// Follows a trial once a second while it waits or runs, shows each model's answers when they are there, and redraws them
// when the threshold moves. Tells the server when the page is left: nobody waits then.
(function () {
  "use strict";
  var page = document.getElementById("trial");
  if (!page) return;
  var EVERY = 1000;
  var words = JSON.parse(document.getElementById("trial-words").textContent);
  var sides = {}, active = true, classes = [];
  var slider = page.querySelector("[data-threshold]");

  function part(name) { return page.querySelector("[data-" + name + "]"); }
  function put(place, text) { if (place && place.textContent !== text) place.textContent = text; }

  var TALLEST = 30, WIDEST = 34;  // rem

  function fit(event) {
    var image = event.target, figure = image.parentElement, ratio = image.naturalWidth / image.naturalHeight;
    figure.style.maxWidth = Math.min(WIDEST, TALLEST * ratio) + "rem";
    image.hidden = false;
    figure.hidden = false;
  }

  // Nothing is drawn for a model that was not asked, so its picture would only repeat the other.
  function silent(image) {
    var section = image.closest("[data-side]");
    return section && sides[section.dataset.side] && sides[section.dataset.side].reason;
  }

  function showPictures() {
    page.querySelectorAll("[data-picture]").forEach(function (card) {
      card.querySelectorAll("[data-shown]").forEach(function (image) {
        if (silent(image)) { image.parentElement.hidden = true; return; }
        if (image.src) return;
        image.addEventListener("load", fit);
        image.addEventListener("error", function () { image.parentElement.hidden = true; });
        image.src = card.dataset.picture;
      });
    });
  }

  function drawOne(card, name) {
    var side = sides[name], section = card.querySelector('[data-side="' + name + '"]');
    var place = section.querySelector("[data-answer]"), answer = side.answers[card.dataset.number - 1];
    if (side.reason || !answer) return put(place, "–");
    put(section.querySelector("[data-took]"), answer.took || "");
    if (answer.problem) return put(place, answer.problem);
    var threshold = Number(slider.value);
    if (answer.bars) return TryDrawing.bars(place, answer, threshold, words);
    var seen = TryDrawing.boxes(section.querySelector("[data-over]"), answer, threshold, classes);
    put(place, seen ? words.count.replace("{shown}", seen).replace("{all}", answer.objects.length) : words.none);
  }

  function draw() {
    if (!slider) return;
    put(part("threshold-text"), Number(slider.value).toFixed(2));
    page.querySelectorAll("[data-number]").forEach(function (card) {
      Object.keys(sides).forEach(function (name) { drawOne(card, name); });
    });
  }

  function take(found) {
    Object.keys(found).forEach(function (name) {
      var side = found[name], facts = page.querySelector('[data-facts="' + name + '"]');
      sides[name] = side;
      if (side.classes && side.classes.length) classes = side.classes;
      put(facts, side.reason || (side.note ? side.facts + ". " + side.note : side.facts));
    });
    if (Object.keys(found).length) draw();
  }

  function show(now) {
    active = now.active;
    var badge = new DOMParser().parseFromString(now.badge, "text/html").body.firstElementChild;
    var old = part("badge").firstElementChild;
    if (badge && old && old.textContent !== badge.textContent) old.replaceWith(document.importNode(badge, true));
    part("now").hidden = !now.active;
    put(part("doing"), now.waiting || now.phase);
    put(part("elapsed"), now.elapsed);
    var bar = part("bar");
    bar.parentElement.hidden = !now.total;
    if (now.total) { bar.max = now.total; bar.value = now.done; }
    part("cancel").hidden = !now.active;
    part("error").hidden = !now.error;
    put(part("error-text"), now.error);
    part("stopped").hidden = !now.stopped;
    take(now.sides);
    if (now.read) showPictures();
  }

  function look() {
    fetch(page.dataset.live + "?have=" + Object.keys(sides).join(","), { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
      .then(function (now) { part("lost").hidden = true; show(now); })
      .catch(function () { part("lost").hidden = false; })
      .finally(function () { if (active) setTimeout(look, EVERY); });
  }

  function leave() {
    if (!active) return;
    var form = new FormData();
    form.append("csrfmiddlewaretoken", page.querySelector("[name=csrfmiddlewaretoken]").value);
    navigator.sendBeacon(page.dataset.left, form);
  }

  if (slider) slider.addEventListener("input", draw);
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", function (event) { if (event.persisted) look(); });
  draw();
  look();
})();
