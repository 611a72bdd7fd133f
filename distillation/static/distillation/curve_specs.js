// Which charts a task's curves make, as specs of ddCharts. Touches no page.
(function () {
  "use strict";
  var kind = window.ddCurveStore.kind, number = window.ddCurveStore.number, fill = window.ddChartParts.fill, count = window.ddChartParts.number;
  var LOSSES = [["hardLoss", 1], ["softLoss", 2], ["featureLoss", 3]];
  var DRAWN = ["loss", "trainLoss", "valLoss", "hardLoss", "softLoss", "featureLoss", "trainAccuracy", "valAccuracy",
    "learningRate", "samplesPerSecond", "epochSeconds"];
  var MOST_OTHERS = 12, TEACHER = 6;

  function Specs(store, info, choices) {
    this.store = store;
    this.info = info;
    this.words = info.words;
    this.choices = choices;
    this.arms = store.arms();
    this.epochSteps = store.epochSteps();
  }

  Specs.prototype.all = function () {
    var loss = this.loss(), metric = this.metric();
    return [loss, metric, this.parts(), this.rate(), this.speed(), this.usage(), this.memory(), this.epochTime()]
      .concat(this.others()).filter(Boolean);
  };

  Specs.prototype.spec = function (key, title, unit, series, more) {
    var shown = 0, total = 0;
    series = series.filter(Boolean).sort(function (a, b) { return Boolean(b.under) - Boolean(a.under); });
    series.forEach(function (one) { if (one.total) { shown += one.y.length; total += one.total; } });
    var note = total ? fill(total > shown ? this.words.pointsOf : this.words.points, { n: count(shown), total: count(total) }) : "";
    return Object.assign({ key: key, title: title, unit: unit, x: this.choices.x, series: series, zone: this.info.zone,
      sync: "task", words: this.words, markers: this.markers(), note: note }, more);
  };

  Specs.prototype.loss = function () {
    var specs = this, series = [];
    this.arms.forEach(function (arm) {
      var steps = specs.lines("loss", arm, specs.words.train, {});
      series = series.concat(steps.length ? steps : specs.lines("trainLoss", arm, specs.words.train, {}));
      series = series.concat(specs.lines("valLoss", arm, specs.words.validation, { dash: "dash", raw: true }));
    });
    return this.spec("loss", this.words.loss, "", series, { log: this.choices.log });
  };

  Specs.prototype.metric = function () {
    var specs = this, series = [];
    this.arms.forEach(function (arm) {
      series = series.concat(specs.lines("trainAccuracy", arm, specs.words.train, { raw: true }),
        specs.lines("valAccuracy", arm, specs.words.validation, { dash: "dash", raw: true }));
    });
    var levels = this.info.levels.map(function (level) {
      return { name: level.name, value: level.value, colour: level.who === "teacher" ? TEACHER : "grey" };
    });
    return this.spec("metric", this.info.metric, "%", series, { levels: levels });
  };

  Specs.prototype.parts = function () {
    var specs = this, arm = this.arms[0], found = LOSSES.filter(function (pair) { return specs.store.find(pair[0], arm); });
    if (found.length < 2) return null;
    var series = this.lines("loss", arm, this.words.lossTotal, { alone: true, colour: 0 });
    found.forEach(function (pair) {
      series = series.concat(specs.lines(pair[0], arm, specs.words[pair[0]], { alone: true, colour: pair[1] }));
    });
    return this.spec("parts", this.words.parts + (this.arms.length > 1 ? " · " + this.nameOf(arm) : ""), "", series,
      { log: this.choices.log });
  };

  Specs.prototype.rate = function () {
    var specs = this, arm = this.arms.find(function (one) { return specs.store.find("learningRate", one); });
    if (!arm) return null;
    return this.spec("rate", this.words.learningRate, "", this.lines("learningRate", arm, this.nameOf(arm), { alone: true, raw: true }),
      { tickformat: ".3~g" });
  };

  Specs.prototype.speed = function () { return this.ofAllArms("samplesPerSecond", this.words.samplesPerSecond, this.words.samplesUnit, {}); };

  Specs.prototype.epochTime = function () { return this.ofAllArms("epochSeconds", this.words.epochSeconds, "s", { raw: true }); };

  Specs.prototype.others = function () {
    var specs = this, names = new Set();
    this.store.curves.forEach(function (curve) { if (!DRAWN.includes(curve.name)) names.add(curve.name); });
    var found = Array.from(names).sort(), charts = found.slice(0, MOST_OTHERS).map(function (name) {
      return specs.ofAllArms(name, name, "", {});
    });
    if (found.length > MOST_OTHERS) {
      var more = fill(this.words.moreNames, { n: count(found.length - MOST_OTHERS) }), last = charts[charts.length - 1];
      last.note += " · " + more;
    }
    return charts;
  };

  Specs.prototype.ofAllArms = function (name, title, unit, more) {
    var specs = this, series = [];
    this.arms.forEach(function (arm) {
      series = series.concat(specs.lines(name, arm, specs.nameOf(arm), Object.assign({ alone: true }, more)));
    });
    return series.length ? this.spec("of-" + name, title, unit, series) : null;
  };

  // One curve as one line, or as a faint one of what was measured under a strong one that is smoothed; beneath them
  // what is superseded.
  Specs.prototype.lines = function (name, arm, what, more) {
    var curve = this.store.find(name, arm);
    if (!curve) return [];
    var label = more.alone || this.arms.length < 2 ? what : this.nameOf(arm) + " · " + what;
    var x = this.along(curve), colour = more.colour !== undefined ? more.colour : this.colour(arm);
    var line = { name: label, group: label, colour: colour, dash: more.dash, x: x, y: curve.values, total: curve.total,
      text: this.beside(curve) };
    var under = this.superseded(curve, colour);
    if (more.raw || !curve.smooth || curve.values.length < 3) return under.concat([line]);
    var smooth = Object.assign({}, line, { y: curve.smooth, derived: true, total: 0 });
    return under.concat([Object.assign(line, { faint: true, quiet: true, text: undefined }), smooth]);
  };

  // Beneath the curve and not counted: what was measured behind a checkpoint from which the run was resumed.
  Specs.prototype.superseded = function (curve, colour) {
    var specs = this;
    return this.store.setAside(curve.name, curve.arm).map(function (piece) {
      return { name: specs.words.superseded, group: "superseded", colour: colour, dash: "dot", faint: true, quiet: true,
        under: true, x: specs.along(piece), y: piece.values };
    });
  };

  Specs.prototype.colour = function (arm) { return kind(arm) === "control" ? "grey" : number(arm) - 1; };

  Specs.prototype.nameOf = function (arm) {
    var who = this.words[kind(arm)] || arm;
    return number(arm) > 1 ? fill(this.words.seed, { who: who, n: number(arm) }) : who;
  };

  Specs.prototype.along = function (curve) {
    if (this.choices.x === "time") return curve.times;
    return this.choices.x === "epoch" ? this.epochs(curve.steps, curve.epochs) : curve.steps;
  };

  // Within an epoch by its steps, where it is known how many it has.
  Specs.prototype.epochs = function (steps, fallback) {
    var one = this.epochSteps;
    return one ? steps.map(function (step) { return step / one; }) : fallback;
  };

  // What the axis does not say of a point.
  Specs.prototype.beside = function (curve) {
    var words = this.words, axis = this.choices.x, walls = window.ddChartLook.wall(curve.times, this.info.zone);
    return curve.steps.map(function (step, index) {
      return [axis === "step" ? "" : words.step + " " + count(step),
        axis === "epoch" || curve.epochs[index] === null ? "" : words.epoch + " " + curve.epochs[index],
        axis === "time" || !walls[index] ? "" : walls[index].slice(5, 19)].filter(Boolean).join(" · ");
    });
  };

  Specs.prototype.usage = function () {
    var machine = this.store.machine, words = this.words;
    if (!machine.times.length) return null;
    var series = [this.measure("cpuPercent", words.cpu, 0), this.measure("gpuPercent", words.gpu, 1), this.measure("hostMemoryPercent", words.hostMemory, 2)];
    return this.measured(this.spec("usage", words.usage, "%", series));
  };

  Specs.prototype.memory = function () {
    if (!this.store.machine.times.length) return null;
    var series = [this.measure("memoryMb", this.words.processMemory, 0), this.measure("gpuMemoryMb", this.words.gpuMemory, 1)];
    return this.measured(this.spec("memory", this.words.memory, "MB", series));
  };

  Specs.prototype.measured = function (spec) {
    var machine = this.store.machine, drawn = spec.series.length ? spec.series[0].x.length : 0, notes = [];
    var missing = machine.times.length - drawn;
    notes.push(fill(machine.total > machine.times.length ? this.words.pointsOf : this.words.points,
      { n: count(machine.times.length), total: count(machine.total) }));
    if (missing) notes.push(fill(this.words.outside, { n: count(missing) }));
    if (!has(machine.gpuPercent) && !has(machine.gpuMemoryMb)) notes.push(this.words.noGpu);
    spec.note = notes.join(" · ");
    return spec;
  };

  function has(values) { return Boolean(values) && values.some(function (value) { return value !== null; }); }

  // A column of the machine over the axis of the curves. Every arm begins at step 0, so that steps are the first one's.
  Specs.prototype.measure = function (name, label, colour) {
    var machine = this.store.machine, specs = this, x = [], y = [];
    if (!has(machine[name])) return null;
    machine.times.forEach(function (time, index) {
      var at = specs.place(time, specs.choices.x === "time" ? null : specs.store.stepAt(time, specs.arms[0]));
      if (at === null) return;
      x.push(at);
      y.push(machine[name][index]);
    });
    return { name: label, group: label, colour: colour, x: x, y: y };
  };

  Specs.prototype.place = function (time, step) {
    if (this.choices.x === "time") return time;
    if (step === null) return null;
    return this.choices.x === "epoch" ? (this.epochSteps ? step / this.epochSteps : null) : Math.round(step);
  };

  Specs.prototype.markers = function () {
    if (this.marked) return this.marked;
    var specs = this, store = this.store, words = this.words, found = [];
    store.marks.forEach(function (line) {
      var x = specs.choices.x === "time" ? store.timeAt(line.arm, line.step) : specs.place(null, line.step);
      if (x === null) return;
      var checkpoint = line.kind === "checkpoint";
      found.push({ x: x, kind: checkpoint ? "checkpoint" : "resume",
        name: checkpoint ? fill(words.checkpoint, { step: count(line.step) }) : fill(words.started, { n: line.attempt }) });
    });
    store.moves.forEach(function (move) {
      var x = specs.place(move.time, specs.choices.x === "time" ? null : store.stepAt(move.time));
      if (x !== null) found.push({ x: x, kind: move.kind, name: words[move.status] || move.status });
    });
    this.marked = found;
    return found;
  };

  window.ddCurveSpecs = function (store, info, choices) { return new Specs(store, info, choices).all(); };
})();
