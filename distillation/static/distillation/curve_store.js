// What is known of a task's curves: points by name and arm, measurements of the machine, and moments worth a mark.
// Taking the same answer twice changes nothing.
(function () {
  "use strict";
  var COLUMNS = ["steps", "epochs", "times", "values"];
  var MEASURES = ["cpuPercent", "hostMemoryPercent", "gpuPercent", "memoryMb", "gpuMemoryMb", "gpuTemperature"];
  var MOVES = { PAUSED: "pause", STOPPED: "end", FAILED: "end" };

  function Store() {
    this.curves = new Map();
    this.cursor = "";
    this.machine = { cursor: 0, total: 0, times: [] };
    this.marks = new Map();
    this.moves = [];
  }

  // An answer of /metrics; whole: it holds everything, so what is not in it is gone.
  Store.prototype.metrics = function (answer, whole) {
    var curves = whole || answer.reset ? new Map() : this.curves;
    answer.series.forEach(function (part) {
      var key = part.name + "|" + part.arm, known = curves.get(key);
      if (!known) return curves.set(key, begin(part));
      var last = known.steps[known.steps.length - 1], from = part.steps.findIndex(function (step) { return step > last; });
      if (from < 0) return;
      COLUMNS.forEach(function (column) { known[column] = known[column].concat(part[column].slice(from)); });
      known.total += from ? part.steps.length - from : part.total;  // of a thinned part the total counts more than it holds
    });
    this.curves = curves;
    this.cursor = answer.cursor;
  };

  function begin(part) {
    var curve = { name: part.name, arm: part.arm, total: part.total };
    COLUMNS.forEach(function (column) { curve[column] = part[column].slice(); });
    return curve;
  }

  Store.prototype.resources = function (answer, whole) {
    var known = whole ? { total: 0, times: [] } : this.machine, last = known.times[known.times.length - 1] || 0;
    var from = answer.times.findIndex(function (time) { return time > last; }), next = { cursor: answer.cursor };
    if (from < 0) from = answer.times.length;
    next.total = known.total + (from ? answer.times.length - from : answer.total);
    next.times = known.times.concat(answer.times.slice(from));
    MEASURES.forEach(function (name) { next[name] = (known[name] || []).concat(answer[name].slice(from)); });
    this.machine = next;
  };

  // Lines of the log that are marks: checkpoints and beginnings.
  Store.prototype.lines = function (lines) {
    var marks = this.marks;
    lines.forEach(function (line) {
      if ((line.kind === "checkpoint" || line.kind === "started") && line.step !== null) marks.set(line.id, line);
    });
  };

  Store.prototype.move = function (time, status) {
    if (MOVES[status]) this.moves.push({ time: time, status: status, kind: MOVES[status] });
  };

  Store.prototype.find = function (name, arm) { return this.curves.get(name + "|" + arm); };

  // In the order in which they are trained: student, control, student2, …
  Store.prototype.arms = function () {
    var found = new Set(Array.from(this.curves.values()).map(function (curve) { return curve.arm; }));
    return Array.from(found).sort(function (a, b) { return number(a) - number(b) || (kind(a) < kind(b) ? 1 : -1); });
  };

  function number(arm) { return +(/\d+$/.exec(arm) || [1])[0]; }
  function kind(arm) { return arm.replace(/\d+$/, ""); }

  // The curve with the most points of an arm: the clock by which steps and times are told from each other.
  Store.prototype.clock = function (arm) {
    var found = null;
    this.curves.forEach(function (curve) {
      if (curve.arm === arm && curve.times[0] && (!found || curve.steps.length > found.steps.length)) found = curve;
    });
    return found;
  };

  Store.prototype.timeAt = function (arm, step) {
    var clock = this.clock(arm);
    return clock ? between(clock.steps, clock.times, step) : null;
  };

  // Of an arm, or of whichever trained then.
  Store.prototype.stepAt = function (time, arm) {
    var store = this, found = null;
    (arm ? [arm] : this.arms()).some(function (arm) {
      var clock = store.clock(arm);
      found = clock ? between(clock.times, clock.steps, time) : null;
      return found !== null;
    });
    return found;
  };

  // Steps of one epoch: the ends of epochs say it.
  Store.prototype.epochSteps = function () {
    var found = null;
    this.curves.forEach(function (curve) {
      var last = curve.steps.length - 1;
      if (/^(val|train|epoch)[A-Z]/.test(curve.name) && curve.epochs[last]) found = curve.steps[last] / curve.epochs[last];
    });
    return found;
  };

  // y at x by straight lines; null outside.
  function between(xs, ys, x) {
    var low = 0, high = xs.length - 1;
    if (high < 0 || x < xs[0] || x > xs[high]) return null;
    while (high - low > 1) {
      var middle = (low + high) >> 1;
      if (xs[middle] <= x) low = middle; else high = middle;
    }
    return xs[high] === xs[low] ? ys[low] : ys[low] + (ys[high] - ys[low]) * (x - xs[low]) / (xs[high] - xs[low]);
  }

  window.ddCurveStore = { Store: Store, number: number, kind: kind };
})();
