// Keeps a picture that the server drew as an SVG: its colours come from the stylesheet, so they are written into a copy first.
(function () {
  "use strict";
  var TAKEN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-weight", "font-family", "paint-order"], SCALE = 3;

  function copy(svg) {
    var twin = svg.cloneNode(true), ours = svg.querySelectorAll("*"), theirs = twin.querySelectorAll("*");
    ours.forEach(function (node, index) {
      var style = getComputedStyle(node);
      TAKEN.forEach(function (name) { theirs[index].setAttribute(name, style.getPropertyValue(name)); });
    });
    twin.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    twin.setAttribute("width", svg.viewBox.baseVal.width * SCALE);
    twin.setAttribute("height", svg.viewBox.baseVal.height * SCALE);
    return new XMLSerializer().serializeToString(twin);
  }

  function save(svg, title) {
    var picture = new Image();
    picture.onload = function () {
      var canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
      canvas.width = picture.width;
      canvas.height = picture.height;
      pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--dd-chart-paper").trim() || "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0);
      var link = document.createElement("a");
      link.href = canvas.toDataURL("image/png");
      link.download = title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80) + ".png";
      link.click();
    };
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(copy(svg));
  }

  document.querySelectorAll("[data-svg-png]").forEach(function (button) {
    button.addEventListener("click", function () { save(button.closest("figure").querySelector("svg"), button.dataset.svgPng); });
  });
})();
