// The tab of curves: reads them, draws them, and adds what is told of them; keeps how the reader wants to see them in
// the address and for the next time.
(function () {
  "use strict";
  var place = document.querySelector("[data-charts]"), form = document.querySelector("[data-curve-controls]");
  if (!place || !window.ddFollow) return;
  var info = window.ddFollow.info, words = info.words, store = new window.ddCurveStore.Store();
  var state = document.querySelector("[data-curve-state]"), KEPT = "dd-curves", EVERY = 400, AGAIN = 10000, MARKS = 500, SLIDING = 300;
  var choices = remembered(), loaded = false, loading = false, told = [], timer = null, sliding = null, stale = false, rest = 0;
  var nodes = {};

  function remembered() {
    var found = { x: "step", smooth: 0.6, log: false };
    try { take(found, JSON.parse(localStorage.getItem(KEPT) || "{}")); } catch { /* a browser that keeps nothing */ }
    var parts = location.hash.slice(1).split(";");
    if (parts[0] === "curves") {
      take(found, Object.fromEntries(parts.slice(1).map(function (part) { return part.split("="); })));
    }
    return found;
  }

  // What an address says is believed only as far as it makes sense.
  function take(found, said) {
    if (["step", "epoch", "time"].includes(said.x)) found.x = said.x;
    if (said.smooth >= 0 && said.smooth <= 0.99) found.smooth = Number(said.smooth);
    if (said.log !== undefined) found.log = said.log === true || said.log === "1";
  }

  function keep() {
    try { localStorage.setItem(KEPT, JSON.stringify(choices)); } catch { /* then for this page only */ }
    var hash = "#curves;x=" + choices.x + ";smooth=" + choices.smooth + ";log=" + (choices.log ? 1 : 0);
    history.replaceState(history.state, "", hash);
  }

  function show() {
    form.elements.x.value = choices.x;
    form.elements.smooth.value = choices.smooth;
    form.elements.log.checked = choices.log;
    form.querySelector("output").textContent = choices.smooth.toFixed(2);
  }

  form.addEventListener("input", function () {
    var before = choices;
    choices = { x: form.elements.x.value, smooth: Number(form.elements.smooth.value), log: form.elements.log.checked };
    show();
    keep();
    if (before.x !== choices.x) load();  // points are thinned along the axis
    if (before.smooth !== choices.smooth) soonAnew(); else draw();
  });
  form.addEventListener("submit", function (event) { event.preventDefault(); });

  function read(url, query) {
    return fetch(url + "?" + new URLSearchParams(query), { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) {
        if (window.ddFollow.verdict(answer)) return null;
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      })
      .then(function (answer) { return answer && answer.data; });
  }

  // The server smooths, over all points; until it has, the picture stays.
  function soonAnew() {
    clearTimeout(sliding);
    sliding = setTimeout(load, SLIDING);
  }

  function load() {
    if (loading) return;
    loading = true;
    told = [];
    var asked = choices, anew = false;
    Promise.all([
      read(info.urls.metrics, { maxPoints: info.maxPoints, x: asked.x, smoothing: asked.smooth, superseded: true }),
      read(info.urls.resources, { maxPoints: info.maxPoints }),
      read(info.urls.logs, { kind: "checkpoint,started", limit: MARKS })
    ]).then(function (answers) {
      if (answers.includes(null)) return;
      store.whole(answers[0], asked.smooth);
      store.resources(answers[1], true);
      store.lines(answers[2].lines);
      anew = told.some(function (take) { return take() === false; });
      if (!loaded) info.moves.forEach(function (move) { store.move(move.time, move.status); });
      loaded = true;
      state.textContent = "";
      draw();
    }).catch(function () {
      state.textContent = words.failed;
      setTimeout(load, AGAIN);
    }).finally(function () {
      loading = false;
      if (loaded && (anew || asked.x !== choices.x || asked.smooth !== choices.smooth)) soonAnew();
    });
  }

  // What is told while everything is read may be newer than that: it is taken now, and once more behind it.
  function hear(take) {
    if (loading) told.push(take);
    if (!loaded) return;
    if (take() === false || grown()) load(); else soon();
  }

  function watched() { return !document.hidden && !document.getElementById("curves").hidden; }

  // At once after a quiet time, else a few times a second, on a slow machine less often; and only for eyes.
  function soon() {
    stale = true;
    if (timer || !watched()) return;
    timer = setTimeout(function () { timer = null; if (watched()) draw(); }, Math.max(0, rest - performance.now()));
  }

  // The next drawing begins after three times what this one takes, so that the page stays usable.
  function pause(begun) {
    rest = begun + EVERY;
    requestAnimationFrame(function () {
      setTimeout(function () { rest = Math.max(rest, begun + 3 * (performance.now() - begun)); });
    });
  }

  function draw() {
    if (!loaded) return;
    if (!watched()) { stale = true; return; }
    stale = false;
    pause(performance.now());
    var specs = window.ddCurveSpecs(store, info, choices), wanted = specs.map(function (spec) { return spec.key; });
    Object.keys(nodes).forEach(function (key) {
      if (!wanted.includes(key)) { nodes[key].remove(); delete nodes[key]; }
    });
    specs.forEach(function (spec, index) {
      var node = nodes[spec.key] || (nodes[spec.key] = card());
      if (place.children[index] !== node) place.insertBefore(node, place.children[index] || null);
      window.ddCharts.draw(node.firstChild, spec);
    });
  }

  function card() {
    var node = document.createElement("div");
    node.className = "dd-card";
    node.append(document.createElement("div"));
    return node;
  }

  // What was told piece by piece is thinned again before it is too much to draw.
  function grown() {
    var most = 0;
    store.curves.forEach(function (curve) { most = Math.max(most, curve.steps.length); });
    return Math.max(most, store.machine.times.length) > 2 * info.maxPoints + 500;
  }

  function metrics(answer) { hear(function () { return store.add(answer); }); }
  function resources(answer) { hear(function () { store.resources(answer, false); }); }
  document.addEventListener("dd:metrics", function (event) { metrics(event.detail); });
  document.addEventListener("dd:resources", function (event) { resources(event.detail); });
  document.addEventListener("dd:logs", function (event) { store.lines(event.detail.lines); });
  document.addEventListener("dd:transitions", function (event) {
    event.detail.forEach(function (row) { if (row.fromStatus !== row.toStatus) store.move(Date.now() / 1000, row.toStatus); });
  });
  document.addEventListener("dd:levels", function (event) { info.levels = event.detail; soon(); });
  document.addEventListener("dd:poll", function () {
    if (!loaded || !watched()) return;
    read(info.urls.metrics, { maxPoints: info.maxPoints, x: choices.x, after: store.cursor })
      .then(function (answer) { if (answer) metrics(answer); }).catch(function () {});
    read(info.urls.resources, { maxPoints: info.maxPoints, after: store.machine.cursor })
      .then(function (answer) { if (answer) resources(answer); }).catch(function () {});
  });
  function back() {
    if (!watched()) return;
    if (!loaded) load(); else if (stale) draw();
  }
  document.addEventListener("dd:tab", back);
  document.addEventListener("visibilitychange", back);
  show();
})();
