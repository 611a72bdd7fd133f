// A confusion matrix too large for a table that can be read: as a picture, with the table as the alternative.
(function () {
  "use strict";
  var parts = window.ddChartParts, look = window.ddChartLook, ROW = 9, LEAST = 320;

  // Shares of the true class, in percent; a cell without any is left empty.
  function shares(rows) {
    return rows.map(function (row) {
      var total = row.reduce(function (sum, cell) { return sum + cell; }, 0) || 1;
      return row.map(function (cell) { return cell > 0 ? 100 * cell / total : null; });
    });
  }

  function draw(place, data, plotly) {
    var size = Math.max(LEAST, data.names.length * ROW), names = data.names.map(look.plain), ink = look.css("--dd-chart-ink");
    var numbers = names.map(function (_, index) { return index; }), axis = {
      tickvals: numbers, ticktext: names.map(function (name) { return name.length > 14 ? name.slice(0, 13) + "…" : name; }),
      tickfont: { size: 8 }, showgrid: false, zeroline: false, automargin: true, constrain: "domain" };
    plotly.react(place, [{
      type: "heatmap", x: numbers, y: numbers, z: shares(data.rows), zmin: 0, zmax: 100, xgap: 1, ygap: 1,
      customdata: data.rows.map(function (row, truth) { return row.map(function (cell, said) { return [names[truth], names[said], cell]; }); }),
      colorscale: [[0, look.css("--dd-chart-grid")], [0.4, look.css("--dd-series-5")], [1, look.css("--dd-series-0")]],
      colorbar: { thickness: 10, len: 0.5, tickfont: { size: 10 }, ticksuffix: " %" },
      hovertemplate: look.plain(data.words.truth) + ": %{customdata[0]}<br>" + look.plain(data.words.said)
        + ": %{customdata[1]}<br>%{customdata[2]} · %{z:.1f} %<extra></extra>"
    }], {
      width: Math.min(place.clientWidth, size + 220), height: size + 120, margin: { l: 10, r: 10, t: 10, b: 10 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { size: 11, color: ink },
      xaxis: Object.assign({ title: { text: look.plain(data.words.said) } }, axis),
      yaxis: Object.assign({ title: { text: look.plain(data.words.truth) }, autorange: "reversed" }, axis)
    }, { displayModeBar: false });
  }

  function table(data) {
    var whole = parts.make("div", "dd-scroll dd-tall"), grid = parts.make("table", "dd-table dd-matrix"), head = grid.createTHead().insertRow();
    whole.tabIndex = 0;
    head.append(parts.make("th", ""));
    data.names.forEach(function (name) { head.append(parts.make("th", "", name)); });
    var body = grid.createTBody();
    data.rows.forEach(function (row, index) {
      var line = body.insertRow();
      line.append(parts.make("th", "", data.names[index]));
      row.forEach(function (cell) { line.append(parts.make("td", "", parts.number(cell))); });
    });
    whole.append(grid);
    return whole;
  }

  function begin(place) {
    var data = JSON.parse(place.querySelector("script").textContent), asTable = false;
    var bar = parts.make("div", "dd-chart-bar"), plot = parts.make("div"), rows = parts.make("div");
    var other = parts.button(data.words.table, function () {
      asTable = !asTable;
      plot.hidden = asTable;
      rows.replaceChildren.apply(rows, asTable ? [table(data)] : []);
      other.textContent = asTable ? data.words.chart : data.words.table;
    });
    bar.append(parts.make("h4", "", data.words.title), other);
    place.append(bar, plot, rows, parts.make("p", "dd-chart-note", data.words.share));
    plot.setAttribute("aria-hidden", "true");
    function paint() { if (plot.clientWidth) window.ddCharts.plotly().then(function (plotly) { draw(plot, data, plotly); }); }
    new IntersectionObserver(function (entries, seen) {
      if (!entries.some(function (entry) { return entry.isIntersecting; })) return;
      seen.disconnect();
      paint();
      new MutationObserver(paint).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    }).observe(place);
  }

  function all(within) { within.querySelectorAll("[data-matrix]").forEach(begin); }

  all(document);
  document.addEventListener("dd:part", function (event) { all(event.detail); });
})();
