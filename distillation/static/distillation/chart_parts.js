// The parts of a chart around the picture: heading with its buttons, legend, and the same numbers as a table.
(function () {
  "use strict";
  var MOST_ROWS = 500;

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function button(text, does) {
    var node = make("button", "dd-chart-button", text);
    node.type = "button";
    node.addEventListener("click", does);
    return node;
  }

  // "{n} of {total}" with the values in their places.
  function fill(sentence, values) {
    return String(sentence || "").replace(/\{(\w+)\}/g, function (all, name) {
      return name in values ? values[name] : all;
    });
  }

  function number(value) {
    if (value === null || value === undefined) return "–";
    if (typeof value !== "number") return String(value);
    return Number.isInteger(value) ? value.toLocaleString("en-US") : String(+value.toPrecision(4));
  }

  var SVG = "http://www.w3.org/2000/svg";
  function swatch(tone, dash) {
    var svg = document.createElementNS(SVG, "svg"), line = document.createElementNS(SVG, "line");
    svg.setAttribute("viewBox", "0 0 22 8");
    svg.setAttribute("aria-hidden", "true");
    [["x1", 1], ["y1", 4], ["x2", 21], ["y2", 4], ["stroke", tone], ["stroke-width", 2]].forEach(function (pair) {
      line.setAttribute(pair[0], pair[1]);
    });
    if (dash === "dash") line.setAttribute("stroke-dasharray", "5 3");
    if (dash === "dot") line.setAttribute("stroke-dasharray", "1.5 3");
    svg.append(line);
    return svg;
  }

  // The lines that have a key: those that are not quiet, then one for all that lie under them.
  function keyed(spec) {
    var under = spec.series.find(function (series) { return series.under; });
    return spec.series.filter(function (series) { return !series.quiet; }).concat(under || []);
  }

  // A button for each of them; pressed means drawn.
  function legend(place, spec, hidden, toggled) {
    var focused = document.activeElement && place.contains(document.activeElement) ? document.activeElement.dataset.group : null;
    place.replaceChildren();
    keyed(spec).forEach(function (series) {
      var group = series.group || series.name, node = button("", function () { toggled(group); });
      node.className = "dd-chart-key";
      node.dataset.group = group;
      node.setAttribute("aria-pressed", String(!hidden[group]));
      node.append(swatch(window.ddChartLook.colour(series.colour), series.dash), make("span", "", series.name));
      place.append(node);
      if (focused === group) node.focus();
    });
  }

  // Every x once, newest first, with a column for each line.
  function table(spec) {
    var series = spec.series.filter(function (one) { return !one.quiet; }), rows = new Map();
    series.forEach(function (one, column) {
      one.x.forEach(function (x, index) {
        if (!rows.has(x)) rows.set(x, new Array(series.length).fill(null));
        rows.get(x)[column] = one.y[index];
      });
    });
    var keys = Array.from(rows.keys()).sort(function (a, b) { return b - a; }), shown = keys.slice(0, MOST_ROWS);
    var words = spec.words || {}, whole = make("div", "dd-scroll dd-tall"), grid = make("table", "dd-table dd-named");
    whole.tabIndex = 0;
    grid.append(make("caption", "", keys.length > shown.length
      ? fill(words.tableRows, { n: number(shown.length), total: number(keys.length) }) : spec.title));
    var head = grid.createTHead().insertRow(), body = grid.createTBody();
    [words[spec.x || "step"] || spec.x || "step"].concat(series.map(function (one) { return one.name; }))
      .forEach(function (text) { var cell = make("th", "", text); cell.scope = "col"; head.append(cell); });
    var walls = spec.x === "time" ? window.ddChartLook.wall(shown, spec.zone) : null;
    shown.forEach(function (x, index) {
      var row = body.insertRow(), first = make("th", "", walls ? String(walls[index]).slice(0, 19) : number(x));
      first.scope = "row";
      row.append(first);
      rows.get(x).forEach(function (value) { row.append(make("td", "", number(value))); });
    });
    (spec.levels || []).forEach(function (level) {
      var row = body.insertRow(0), name = make("th", "", level.name), cell = make("td", "", number(level.value));
      name.scope = "row";
      cell.colSpan = Math.max(series.length, 1);
      row.append(name, cell);
    });
    whole.append(grid);
    return whole;
  }

  window.ddChartParts = { make: make, button: button, fill: fill, number: number, keyed: keyed, legend: legend, table: table };
})();
