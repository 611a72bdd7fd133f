// The parts of a page as tabs: a link "#name" shows the panel of that id. What stands behind ";" in the hash are a
// panel's own choices. Without this script all panels stand below each other.
(function () {
  "use strict";
  var links = Array.from(document.querySelectorAll(".dd-tabs a"));
  if (!links.length) return;
  var names = links.map(function (link) { return link.hash.slice(1); });

  function wanted() {
    var name = location.hash.slice(1).split(";")[0];
    return names.includes(name) ? name : names[0];
  }

  function show() {
    var name = wanted();
    links.forEach(function (link, index) {
      var here = names[index] === name, panel = document.getElementById(names[index]);
      if (here) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
      if (panel) panel.hidden = !here;
    });
    document.dispatchEvent(new CustomEvent("dd:tab", { detail: name }));
  }

  links.forEach(function (link, index) {
    link.addEventListener("click", function (event) {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();  // the page would jump to the panel
      history.pushState(null, "", link.hash);
      show();
    });
    link.addEventListener("keydown", function (event) {
      var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      links[(index + step + links.length) % links.length].focus();
    });
  });
  window.addEventListener("hashchange", show);
  window.addEventListener("popstate", show);
  document.addEventListener("DOMContentLoaded", show);  // when the scripts behind this one listen
})();
