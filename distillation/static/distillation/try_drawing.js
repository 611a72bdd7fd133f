// Draws what a model found: boxes and outlines over a picture, or bars of classes. Names become text, never markup.
var TryDrawing = (function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg";
  // Apart for colour-blind eyes, dark enough for white letters; the name stands beside the colour anyway.
  var COLOURS = ["#0072b2", "#b84a00", "#00735a", "#a8487f", "#7a5c00", "#5b3fa0", "#8c1d40", "#3f5a66"];

  function make(name, words, text) {
    var element = document.createElement(name);
    if (words) element.className = words;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function percent(share) { return (100 * share).toFixed(1) + "\u00a0%"; }

  function colour(classes, name) {
    var place = classes.indexOf(name);
    return COLOURS[(place < 0 ? 0 : place) % COLOURS.length];
  }

  function points(outline) {
    var pairs = [];
    for (var i = 0; i + 1 < outline.length; i += 2) pairs.push(outline[i] + "," + outline[i + 1]);
    return pairs.join(" ");
  }

  function shape(one, tone) {
    var drawn = document.createElementNS(SVG, one.outline ? "polygon" : "rect");
    if (one.outline) {
      drawn.setAttribute("points", points(one.outline));
      drawn.setAttribute("fill", tone);
      drawn.setAttribute("fill-opacity", "0.28");
    } else {
      drawn.setAttribute("x", one.box[0]);
      drawn.setAttribute("y", one.box[1]);
      drawn.setAttribute("width", Math.max(0, one.box[2] - one.box[0]));
      drawn.setAttribute("height", Math.max(0, one.box[3] - one.box[1]));
      drawn.setAttribute("fill", "none");
    }
    drawn.setAttribute("stroke", tone);
    return drawn;
  }

  // Over a picture of size [width, height]; returns how many are shown. The surest is drawn last, over the others.
  function boxes(over, answer, threshold, classes) {
    var size = answer.size, layer = document.createElementNS(SVG, "svg"), labels = [];
    layer.setAttribute("viewBox", "0 0 " + size[0] + " " + size[1]);
    layer.setAttribute("preserveAspectRatio", "none");
    layer.setAttribute("aria-hidden", "true");
    var seen = answer.objects.filter(function (one) { return one.score >= threshold; });
    seen.slice().reverse().forEach(function (one) {
      var tone = colour(classes, one["class"]);
      layer.appendChild(shape(one, tone));
      var label = make("span", "dd-try-label", one["class"] + " " + one.score.toFixed(2));
      label.style.left = (100 * one.box[0]) / size[0] + "%";
      label.style.top = (100 * one.box[1]) / size[1] + "%";
      label.style.backgroundColor = tone;
      if (one.box[1] / size[1] < 0.08) label.classList.add("dd-try-inside");
      labels.push(label);
    });
    over.replaceChildren.apply(over, [layer].concat(labels));
    return seen.length;
  }

  function bars(place, answer, threshold, words) {
    place.replaceChildren.apply(place, answer.bars.map(function (bar, number) {
      var row = make("div", "dd-try-bar"), track = make("span", "dd-try-track"), fill = make("i");
      fill.style.width = 100 * bar[1] + "%";
      track.appendChild(fill);
      row.append(make("span", "dd-try-class", bar[0]), track, make("b", "dd-figure", percent(bar[1])));
      row.firstChild.title = bar[0];
      if (number === 0) row.classList.add("dd-try-first");
      if (number === 0 && bar[1] < threshold) row.append(make("small", "dd-try-unsure", words.unsure));
      return row;
    }));
  }

  return { boxes: boxes, bars: bars };
})();
