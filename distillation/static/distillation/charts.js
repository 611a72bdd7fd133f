// Charts of every page: ddCharts.draw(node, spec), again with a new spec to update in place.
//
// spec = { title, unit, x: "step" | "epoch" | "time", series: [{ name, colour, dash: "solid" | "dash" | "dot", faint, quiet,
//   derived, under, group, points, x: [], y: [], text: [] }], levels: [{ name, value, colour }], markers: [{ x, name, kind }], log, note,
//   zone, sync, revision, words: { png, table, chart, reset, leftOut, tableRows, step, epoch, time, empty, broken } }
//
// colour: a number (place in the palette; give a task the same number everywhere) or "grey". quiet: no key, no tooltip.
// derived: computed from another line, so what a log scale leaves out of it is not counted. under: quiet, and of one
// group with one key for all that are under the lines of the chart. points: dots on the line. group: lines with one key. text: beside the value in the tooltip. x of "time": seconds since 1970, drawn in the zone.
// sync: charts of one name share cursor and x zoom. A new revision drops the reader's zoom. Needs chart_look.js and
// chart_parts.js before it; plotly comes from data-plotly of its script tag, when the first chart comes into view.
(function () {
  "use strict";
  var look = window.ddChartLook, parts = window.ddChartParts;
  var source = document.currentScript ? document.currentScript.dataset.plotly : "";
  var charts = new Set(), of = new WeakMap(), HEIGHT = 260, plotly = null;

  function loaded() {
    if (window.Plotly) return Promise.resolve(window.Plotly);
    plotly = plotly || new Promise(function (done, failed) {
      var script = document.createElement("script");
      script.src = source;
      script.onload = function () { done(window.Plotly); };
      script.onerror = function () { plotly = null; failed(new Error("plotly")); };
      document.head.append(script);
    });
    return plotly;
  }

  var seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      var chart = of.get(entry.target);
      if (!chart) return;
      chart.inView = entry.isIntersecting;
      if (chart.inView) later(chart);
    });
  }, { rootMargin: "200px" });
  var sized = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var chart = of.get(entry.target);
      if (chart && chart.drawn && Math.abs(entry.contentRect.width - chart.width) > 1) { chart.dirty = true; later(chart); }
    });
  });

  function draw(node, spec) {
    var chart = of.get(node) || begin(node);
    chart.spec = spec;
    chart.dirty = true;
    chart.title.textContent = spec.title + (spec.unit ? " (" + spec.unit + ")" : "");
    chart.node.setAttribute("aria-label", spec.title);
    chart.png.textContent = (spec.words || {}).png || "PNG";
    chart.reset.textContent = (spec.words || {}).reset || "Reset zoom";
    words(chart);
    legend(chart);
    if (chart.asTable) chart.rows.replaceChildren(parts.table(spec));
    later(chart);
    return chart;
  }

  // Anew only when it says something else: a pointer or the focus may be on it.
  function legend(chart) {
    var said = JSON.stringify([document.documentElement.className, chart.hidden, chart.spec.series.map(function (series) {
      return [series.name, series.group, series.colour, series.dash, series.quiet, series.under];
    })]);
    if (chart.said === said) return;
    chart.said = said;
    parts.legend(chart.keys, chart.spec, chart.hidden, function (group) {
      chart.hidden[group] = !chart.hidden[group];
      draw(chart.node, chart.spec);
    });
  }

  function begin(node) {
    var chart = { node: node, hidden: {}, dirty: true, inView: false, drawn: false, asTable: false, width: 0 };
    node.classList.add("dd-chart");
    node.setAttribute("role", "group");
    chart.title = parts.make("h4");
    chart.reset = parts.button("", function () { zoomed(chart, null); });
    chart.png = parts.button("", function () { picture(chart); });
    chart.other = parts.button("", function () { turn(chart); });
    chart.reset.hidden = true;
    var bar = parts.make("div", "dd-chart-bar");
    bar.append(chart.title, chart.reset, chart.png, chart.other);
    chart.keys = parts.make("div", "dd-chart-keys");
    chart.plot = parts.make("div", "dd-chart-plot");
    chart.plot.setAttribute("aria-hidden", "true");
    chart.rows = parts.make("div", "dd-chart-rows");
    chart.rows.hidden = true;
    chart.note = parts.make("p", "dd-chart-note");
    node.replaceChildren(bar, chart.keys, chart.plot, chart.rows, chart.note);
    of.set(node, chart);
    of.set(chart.plot, chart);
    charts.add(chart);
    seen.observe(node);
    sized.observe(chart.plot);
    return chart;
  }

  function words(chart) {
    var known = chart.spec.words || {};
    chart.other.textContent = chart.asTable ? known.chart || "As a chart" : known.table || "As a table";
  }

  function turn(chart) {
    chart.asTable = !chart.asTable;
    chart.rows.hidden = !chart.asTable;
    chart.plot.hidden = chart.asTable;
    chart.rows.replaceChildren();
    if (chart.asTable) chart.rows.append(parts.table(chart.spec));
    words(chart);
    later(chart);
  }

  // Once a frame at most, and not in a hidden tab, outside the window or behind the table.
  function later(chart) {
    if (chart.waiting) return;
    chart.waiting = true;
    requestAnimationFrame(function () {
      chart.waiting = false;
      if (!chart.node.isConnected) return forget(chart);
      if (!chart.dirty || !chart.inView || document.hidden || chart.asTable || !chart.plot.clientWidth) return;
      loaded().then(function (plotly) { paint(chart, plotly); }, function () { chart.note.textContent = (chart.spec.words || {}).broken || ""; });
    });
  }

  function paint(chart, plotly) {
    if (!chart.dirty || !chart.node.isConnected) return;
    chart.dirty = false;
    chart.width = chart.plot.clientWidth;
    var spec = chart.spec, found = look.traces(spec, chart.hidden), known = spec.words || {};
    var layout = look.layout(spec, { width: chart.width, height: spec.height || HEIGHT });
    var notes = [spec.note, found.left ? parts.fill(known.leftOut, { n: parts.number(found.left) }) : ""];
    if (!spec.series.some(function (series) { return series.y.length; })) notes.push(known.empty);
    chart.note.textContent = notes.filter(Boolean).join(" · ");
    plotly.react(chart.plot, found.traces, layout, { displayModeBar: false, responsive: false, scrollZoom: false,
      doubleClick: "reset", showTips: false }).then(function () { if (!chart.drawn) listen(chart, plotly); });
  }

  function listen(chart, plotly) {
    chart.drawn = true;
    chart.plot.on("plotly_relayout", function (change) {
      if (chart.told) return;
      var from = change["xaxis.range[0]"], auto = change["xaxis.autorange"];
      if (from !== undefined) zoomed(chart, [from, change["xaxis.range[1]"]], true);
      else if (auto) zoomed(chart, null, true);
      else chart.reset.hidden = !moved(chart);
    });
    chart.plot.on("plotly_hover", function (event) { if (!chart.told) point(chart, plotly, event.xvals && event.xvals[0]); });
    chart.plot.on("plotly_unhover", function () {
      if (!chart.told) siblings(chart).forEach(function (other) { quietly(other, function () { plotly.Fx.unhover(other.plot); }); });
    });
  }

  function moved(chart) {
    var full = chart.plot._fullLayout;
    return Boolean(full && (!full.xaxis.autorange || !full.yaxis.autorange));
  }

  function siblings(chart) {
    return Array.from(charts).filter(function (other) {
      return other !== chart && other.drawn && other.inView && !other.asTable && chart.spec.sync && other.spec.sync === chart.spec.sync
        && other.spec.x === chart.spec.x;
    });
  }

  // What one chart does because of another is not news to a third.
  function quietly(chart, does) {
    chart.told = true;
    try { return does(); } catch { return null; } finally { chart.told = false; }
  }

  function point(chart, plotly, x) {
    if (x === undefined) return;
    siblings(chart).forEach(function (other) { quietly(other, function () { plotly.Fx.hover(other.plot, { xval: x }, "xy"); }); });
  }

  // range: the x axis from … to, or null for everything.
  function zoomed(chart, range, done) {
    (done ? siblings(chart) : siblings(chart).concat([chart])).forEach(function (other) {
      var change = range ? { "xaxis.range": range.slice() } : { "xaxis.autorange": true, "yaxis.autorange": true };
      other.told = true;
      Promise.resolve(window.Plotly.relayout(other.plot, change)).finally(function () {
        other.told = false;
        other.reset.hidden = !moved(other);
      });
    });
    if (done) chart.reset.hidden = !moved(chart);
  }

  function picture(chart) {
    loaded().then(function (plotly) {
      var spec = chart.spec, layout = look.layout(spec, { width: 1200, height: 600 });
      layout.title = { text: look.plain(chart.title.textContent), font: { size: 16 } };
      layout.margin.t = 48;
      layout.margin.b = 64;
      layout.paper_bgcolor = look.css("--dd-chart-paper");
      layout.showlegend = true;
      layout.legend = { orientation: "h", y: -0.1 };
      var lines = look.traces(spec, chart.hidden).traces;
      var keyed = parts.keyed(spec);
      lines.forEach(function (line, index) { line.showlegend = keyed.includes(spec.series[index]); });
      return plotly.downloadImage({ data: lines, layout: layout }, { format: "png", width: 1200, height: 600, scale: 2,
        filename: chart.title.textContent.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80) || "chart" });
    });
  }

  function forget(chart) {
    seen.unobserve(chart.node);
    sized.unobserve(chart.plot);
    charts.delete(chart);
    if (chart.drawn && window.Plotly) window.Plotly.purge(chart.plot);
  }

  function again() { charts.forEach(function (chart) { chart.dirty = true; draw(chart.node, chart.spec); }); }

  document.addEventListener("visibilitychange", function () { if (!document.hidden) charts.forEach(later); });
  new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
  window.ddCharts = { draw: draw, update: draw, colour: look.colour, plotly: loaded };
})();
