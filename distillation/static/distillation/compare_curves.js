// Two pictures of curves over all compared tasks, with one cursor. What is chosen stands in the address, so it can be shared.
(function () {
  "use strict";
  var form = document.getElementById("compare-controls");
  if (!form) return;
  var lines = JSON.parse(document.getElementById("compare-lines").textContent);
  var words = JSON.parse(document.getElementById("compare-words").textContent);
  var byLetter = {}, places = {}, turns = {};
  lines.forEach(function (line) { byLetter[line.letter] = line; });
  document.querySelectorAll("#compare-charts [data-chart]").forEach(function (place) { places[place.dataset.chart] = place; });
  var FEW = 4; // so many tasks leave room for step and epoch in the tooltip
  var HEIGHT = 260 + 12 * Math.max(0, lines.length - 8); // the tooltip has a line a task
  var KEPT = ["curve", "curve2", "arm", "x", "smooth"];

  function choice(name) { return form.elements[name] ? form.elements[name].value : ""; }

  function restore() {
    var asked = new URLSearchParams(location.search);
    KEPT.forEach(function (name) {
      var field = form.elements[name], value = asked.get(name);
      if (field && value !== null && Array.from(field.options).some(function (option) { return option.value === value; })) field.value = value;
    });
    form.elements.log.checked = asked.get("log") === "1";
  }

  function remember() {
    var address = new URL(location.href);
    KEPT.forEach(function (name) { if (form.elements[name]) address.searchParams.set(name, choice(name)); });
    if (form.elements.log.checked) address.searchParams.set("log", "1"); else address.searchParams.delete("log");
    address.search = address.search.replace(/%2C/g, ",");
    history.replaceState(null, "", address);
  }

  function title(which) { return form.elements[which].selectedOptions[0].text; }
  function fill(sentence, values) { return sentence.replace(/\{(\w+)\}/g, function (all, name) { return name in values ? values[name] : all; }); }
  function count(number) { return number.toLocaleString("en-US"); }

  function read(which) {
    var turn = turns[which] = (turns[which] || 0) + 1, address = new URL(form.dataset.curves, location.href);
    address.searchParams.set("name", choice(which));
    ["arm", "x", "smooth"].forEach(function (name) { address.searchParams.set(name, choice(name)); });
    places[which].setAttribute("aria-busy", "true");
    if (!places[which].found) waiting(which);
    fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
      .then(function (found) { if (turn === turns[which]) { places[which].found = found; show(which); } })
      .catch(function () { if (turn === turns[which]) { places[which].found = { error: words.failed }; show(which); } })
      .finally(function () { if (turn === turns[which]) places[which].removeAttribute("aria-busy"); });
  }

  // An empty picture, so that the library loads while the server reads.
  function waiting(which) {
    window.ddCharts.draw(places[which], { title: title(which), x: "step", series: [], note: words.reading, sync: "compare", height: HEIGHT,
      revision: "waiting", words: Object.assign({}, words, { empty: "" }) });
  }

  // Of the longest curve, so that all share the axis of both pictures.
  function scale() {
    var longest = 0;
    Object.keys(places).forEach(function (which) {
      ((places[which].found || {}).curves || []).forEach(function (curve) { longest = Math.max(longest, curve.x[curve.x.length - 1] || 0); });
    });
    return longest > 7200 ? { by: 3600, name: words.hours } : longest > 180 ? { by: 60, name: words.minutes } : { by: 1, name: words.seconds };
  }

  function beside(curve, axis) {
    return curve.steps.map(function (step, index) {
      return [axis === "step" ? "" : words.step + " " + count(step),
        axis === "epoch" || curve.epochs[index] === null ? "" : words.epoch + " " + curve.epochs[index]].filter(Boolean).join(", ");
    });
  }

  function show(which) {
    var place = places[which], found = place.found, axis = choice("x");
    if (!found) return;
    var curves = found.curves || [], unit = axis === "time" ? scale() : { by: 1, name: "" }, series = [], shown = 0, total = 0;
    curves.forEach(function (curve) {
      var line = byLetter[curve.letter], x = unit.by === 1 ? curve.x : curve.x.map(function (at) { return at === null ? null : at / unit.by; });
      var whole = { name: line.name, group: line.letter, colour: line.colour, dash: line.dash, x: x, 
        text: lines.length > FEW ? undefined : beside(curve, axis) };
      shown += curve.x.length;
      total += curve.total;
      if (curve.smooth.length) {
        series.push(Object.assign({}, whole, { y: curve.values, faint: true, quiet: true, dash: "solid" }));
        whole.derived = true;
      }
      series.push(Object.assign(whole, { y: curve.smooth.length ? curve.smooth : curve.values }));
    });
    var notes = found.error ? [found.error] : [fill(words.points, { n: count(shown), total: count(total) }), unit.name,
      choice("smooth") > 0 && series.length ? words.smoothed : "",
      found.without.length ? fill(words.without, { letters: found.without.join(", ") }) : "",
      fill(words.asOf, { time: new Date().toLocaleTimeString("en-GB") })];
    var named = Object.assign({}, words);
    if (axis === "time") named.elapsed = unit.name;
    window.ddCharts.draw(place, { title: title(which), unit: "", x: axis === "time" ? "elapsed" : axis, series: series, log: form.elements.log.checked,
      note: notes.filter(Boolean).join(" · "), sync: "compare", height: HEIGHT, revision: axis + choice(which), words: named });
  }

  function all(does) { Object.keys(places).forEach(does); }

  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("change", function (event) {
    remember();
    if (event.target.name === "log") all(show);
    else if (places[event.target.name]) read(event.target.name);
    else all(read);
  });
  form.querySelector("[data-again]").addEventListener("click", function () { all(read); });
  restore();
  all(read);
})();
