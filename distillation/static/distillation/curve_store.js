// What is known of a task's curves: points by name and arm, what a resumed run took anew of them, measurements of the
// machine, and moments worth a mark. The server smooths over all points; here the average goes on with what is added.
// Taking the same answer twice changes nothing.
(function () {
  "use strict";
  var COLUMNS = ["steps", "epochs", "times", "values"];
  var MEASURES = ["cpuPercent", "hostMemoryPercent", "gpuPercent", "memoryMb", "gpuMemoryMb", "gpuTemperature"];
  var MOVES = { PAUSED: "pause", STOPPED: "end", FAILED: "end" };

  function Store() {
    this.curves = new Map();
    this.superseded = [];
    this.cursor = "";
    this.weight = 0;
    this.machine = { cursor: 0, total: 0, times: [] };
    this.marks = new Map();
    this.moves = [];
  }

  // An answer of /metrics that holds everything, smoothed with the weight unless that is 0. What is not in it is gone.
  Store.prototype.whole = function (answer, weight) {
    this.curves = new Map(answer.series.map(function (part) { return [part.name + "|" + part.arm, copy(part)]; }));
    this.superseded = answer.superseded;
    this.cursor = answer.cursor;
    this.weight = weight;
  };

  // What was added. False: everything must be read anew, since a resumed run went on before points that are known, or
  // there was more than the answer holds.
  Store.prototype.add = function (answer) {
    if (generation(answer) !== generation(this)) return false;
    this.cursor = answer.cursor;
    return answer.series.every(this.extend, this);
  };

  function generation(of) { return of.cursor.split("-")[0]; }

  Store.prototype.extend = function (part) {
    var key = part.name + "|" + part.arm, known = this.curves.get(key) || begin(part, this.weight);
    var last = known.steps.length ? known.steps[known.steps.length - 1] : -1;
    var from = part.steps.findIndex(function (step) { return step > last; });
    if (from < 0) return true;
    if (part.total > part.steps.length) return false;
    COLUMNS.forEach(function (column) { known[column] = known[column].concat(part[column].slice(from)); });
    known.total += part.steps.length - from;
    if (known.smooth) known.smooth = known.smooth.concat(part.values.slice(from).map(averaging(known.average, this.weight)));
    this.curves.set(key, known);
    return true;
  };

  // A debiased exponential moving average goes on: that of n values is their weighted sum over 1 - weight^n.
  function averaging(average, weight) {
    return function (value) {
      if (value === null) return null;  // a gap stays one and changes nothing
      var sum = (average.value || 0) * (1 - Math.pow(weight, average.points));
      average.points += 1;
      average.value = (weight * sum + (1 - weight) * value) / (1 - Math.pow(weight, average.points));
      return average.value;
    };
  }

  function begin(part, weight) {
    var curve = { name: part.name, arm: part.arm, total: 0, steps: [], epochs: [], times: [], values: [] };
    return weight ? Object.assign(curve, { smooth: [], average: { points: 0, value: null } }) : curve;
  }

  function copy(part) { return Object.assign({}, part, part.average && { average: Object.assign({}, part.average) }); }

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

  // What a resumed run took anew of a curve, a piece for each time.
  Store.prototype.setAside = function (name, arm) {
    return this.superseded.filter(function (piece) { return piece.name === name && piece.arm === arm; });
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
