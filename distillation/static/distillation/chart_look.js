// What a chart is made of for plotly, from a spec of ddCharts: traces, layout, colours. Touches no page.
(function () {
  "use strict";
  var DASHES = { solid: "solid", dash: "6px,4px", dot: "1px,3px" };
  var SYMBOLS = { checkpoint: "diamond", pause: "square", resume: "triangle-right", end: "x" };
  var COLOURS = 8, MANY = 40;

  // A colour of charts.css: a number is a place in the palette, a word ("grey") a name in it.
  function colour(which) {
    var name = typeof which === "number" ? (which % COLOURS) : (which || "grey");
    return css("--dd-series-" + name) || css("--dd-series-grey");
  }

  function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  // Plotly reads names as a kind of HTML: with this they are read as written.
  function plain(text) {
    return String(text).replace(/[&<>]/g, function (sign) { return { "&": "&amp;", "<": "&lt;", ">": "&gt;" }[sign]; });
  }

  function cut(text, most) { return text.length > most ? text.slice(0, most - 1) + "…" : text; }

  // Seconds since 1970 as the site's own wall time, which plotly draws as it is written.
  function wall(seconds, zone) {
    if (!seconds.length) return [];
    var first = seconds.find(function (at) { return at !== null; }) || 0, shift = shiftOf(first, zone);
    return seconds.map(function (at) {
      return at === null ? null : new Date(at * 1000 + shift).toISOString().replace("T", " ").slice(0, 23);
    });
  }

  function shiftOf(seconds, zone) {
    var at = new Date(Math.floor(seconds) * 1000), parts = {};
    try {
      new Intl.DateTimeFormat("en-GB", { timeZone: zone || undefined, hourCycle: "h23", year: "numeric", month: "2-digit",
        day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" })
        .formatToParts(at).forEach(function (part) { parts[part.type] = +part.value; });
    } catch { return 0; }
    return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - at.getTime();
  }

  // The values that can be drawn, and how many a logarithmic axis has no place for.
  function drawable(values, log) {
    var left = 0, kept = values.map(function (value) {
      if (value === null || value === undefined || !isFinite(value)) return null;
      if (log && value <= 0) { left += 1; return null; }
      return value;
    });
    return { values: kept, left: left };
  }

  function traces(spec, hidden) {
    var left = 0;
    var found = spec.series.map(function (series) {
      var y = drawable(series.y, spec.log), tone = colour(series.colour);
      if (!series.derived) left += y.left;
      var few = y.values.length === 1 || series.points;
      return {
        type: "scatter", mode: few ? "lines+markers" : "lines", name: plain(cut(series.name, 40)), showlegend: false,
        x: spec.x === "time" ? wall(series.x, spec.zone) : series.x, y: y.values, connectgaps: false,
        customdata: series.text ? series.text.map(plain) : undefined,
        visible: !hidden[series.group || series.name], opacity: series.faint ? 0.3 : 1,
        line: { color: tone, width: series.faint ? 1 : 1.8, dash: DASHES[series.dash] || "solid" },
        marker: { color: tone, size: 5 }, hoverinfo: series.quiet ? "skip" : undefined,
        hovertemplate: series.quiet ? undefined
          : "%{y:.4~g}" + (series.text ? " · %{customdata}" : "") + "<extra>%{fullData.name}</extra>"
      };
    });
    var shown = drawnLevels(spec);
    if (shown.length) found.push(reach(spec, shown));
    if (spec.markers && spec.markers.length) found.push(markers(spec));
    return { traces: found, left: left };
  }

  function drawnLevels(spec) {
    return (spec.levels || []).filter(function (level) {
      return typeof level.value === "number" && isFinite(level.value) && !(spec.log && level.value <= 0);
    });
  }

  // Invisible points: plotly does not count shapes when it fits the axis, and a level must not lie outside.
  function reach(spec, levels) {
    var first = spec.series.find(function (series) { return series.x.length; }), at = first ? first.x[0] : 0;
    return { type: "scatter", mode: "markers", x: levels.map(function () { return spec.x === "time" ? wall([at], spec.zone)[0] : at; }),
      y: levels.map(function (level) { return level.value; }), opacity: 0, hoverinfo: "skip", showlegend: false };
  }

  // Moments on the lower edge: checkpoints, pauses, resumes.
  function markers(spec) {
    var at = spec.markers.map(function (marker) { return marker.x; }), many = at.length > MANY;
    return {
      type: "scatter", mode: "markers", x: spec.x === "time" ? wall(at, spec.zone) : at, yaxis: "y2", showlegend: false,
      y: at.map(function () { return 0.02; }), customdata: spec.markers.map(function (marker) { return plain(marker.name); }),
      marker: { color: colour("grey"), size: 8, opacity: many ? 0.6 : 1, line: { width: 1, color: colour("grey") },
        symbol: spec.markers.map(function (marker) {
          return many && marker.kind === "checkpoint" ? "line-ns" : SYMBOLS[marker.kind] || "diamond";
        }) },
      name: "", hovertemplate: "%{customdata}<extra></extra>"
    };
  }

  // Symbols would widen the axis beyond the data.
  function extent(spec) {
    var low = Infinity, high = -Infinity;
    spec.series.forEach(function (series) {
      series.x.forEach(function (x) { if (x !== null && x < low) low = x; if (x !== null && x > high) high = x; });
    });
    if (low >= high) return {};
    var ends = spec.x === "time" ? wall([low, high], spec.zone) : [low, high];
    return { clipmin: ends[0], clipmax: ends[1] };
  }

  // Of a log scale: 1, 2 and 5 of each decade while there are few, else whole decades. Undefined: plotly's own choice.
  function decades(spec) {
    if (!spec.log) return undefined;
    var low = Infinity, high = 0;
    spec.series.forEach(function (series) {
      series.y.forEach(function (y) { if (y > 0 && y < low) low = y; if (y > high && isFinite(y)) high = y; });
    });
    var span = high > low ? Math.log10(high / low) : 0;
    return span <= 2 ? "D2" : Math.ceil(span / 6);
  }

  function nothing(spec) {
    return !drawnLevels(spec).length && !spec.series.some(function (series) { return series.y.length; });
  }

  function axis(more) {
    return Object.assign({ gridcolor: css("--dd-chart-grid"), linecolor: css("--dd-chart-grid"), zeroline: false,
      tickfont: { size: 11 }, automargin: false }, more);
  }

  function layout(spec, size) {
    var ink = css("--dd-chart-ink"), levels = drawnLevels(spec);
    return {
      width: size.width, height: size.height, margin: { l: 58, r: levels.length ? 96 : 14, t: 8, b: spec.x === "time" ? 42 : 30 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: "zoom", hovermode: "x unified",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: ink }, showlegend: false,
      hoverlabel: { bgcolor: css("--dd-chart-paper"), bordercolor: css("--dd-chart-grid"), font: { color: ink, size: 12 } },
      separators: ".,", uirevision: spec.revision || "kept",
      xaxis: axis({ type: spec.x === "time" ? "date" : "linear", showspikes: true, spikemode: "across", spikethickness: 1,
        spikedash: "solid", spikecolor: css("--dd-series-grey"), uirevision: "x-" + (spec.x || "step"), autorangeoptions: extent(spec),
        visible: !nothing(spec), tickformat: spec.x === "time" ? undefined : ",~r", hoverformat: spec.x === "time" ? "%Y-%m-%d %H:%M:%S" : ",~r" }),
      yaxis: axis({ type: spec.log ? "log" : "linear", uirevision: spec.log ? "log" : "linear", exponentformat: "SI",
        tickformat: spec.tickformat || (spec.log ? ".2~g" : ".4~g"), dtick: decades(spec), nticks: 6,
        visible: !nothing(spec) }),
      yaxis2: { overlaying: "y", range: [0, 1], fixedrange: true, visible: false },
      shapes: levels.map(function (level) {
        return { type: "line", xref: "paper", x0: 0, x1: 1, y0: level.value, y1: level.value,
          line: { color: colour(level.colour), width: 1, dash: "dot" } };
      }),
      annotations: levels.map(function (level) {
        return { xref: "paper", x: 1, xanchor: "left", xshift: 4, y: spec.log ? Math.log10(level.value) : level.value,
          text: plain(cut(level.name, 14)), hovertext: plain(level.name),
          showarrow: false, align: "left", font: { size: 11, color: colour(level.colour) } };
      })
    };
  }

  window.ddChartLook = { colour: colour, css: css, plain: plain, wall: wall, traces: traces, layout: layout };
})();
