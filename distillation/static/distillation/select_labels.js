// The search field that select2 makes has no label of its own: it gets the one of the field it stands for.
// select2 begins by jQuery's "ready", which may come a moment after the browser's "load".
window.addEventListener("load", function () { setTimeout(function () {
  "use strict";
  document.querySelectorAll("select.select2-hidden-accessible").forEach(function (select) {
    var label = document.querySelector('label[for="' + select.id + '"]');
    var made = select.nextElementSibling;
    var search = made && made.querySelector(".select2-search__field");
    if (label && search) search.setAttribute("aria-label", label.textContent.trim());
  });
}, 0); });
