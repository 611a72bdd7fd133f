// Lists folders below the home with their counts of pictures; the one that is clicked becomes the folder to label.
(function () {
  "use strict";
  var box = document.getElementById("folders"), input = document.getElementById("inputDir");
  if (!box || !input) return;
  var words = box.dataset, asked = 0;

  function make(name, style, text) {
    var element = document.createElement(name);
    if (style) element.className = style;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function icon(name) {
    var element = make("span", "material-symbols-outlined", name);
    element.setAttribute("aria-hidden", "true");
    return element;
  }

  function row(sign, name, note, path, choose) {
    var button = make("button", "dd-folder");
    button.type = "button";
    button.append(icon(sign), make("span", "dd-folder-name", name), make("small", "dd-figure", note));
    button.addEventListener("click", function () {
      if (choose) input.value = path;
      open(path);
    });
    return button;
  }

  function show(level) {
    var place = words.home + (level.path ? "/" + level.path : "");
    var rows = [make("p", "dd-folder-here dd-id", place)];
    if (level.path) rows.push(row("arrow_upward", words.up, "", level.above, false));
    level.folders.forEach(function (one) { rows.push(row("folder", one.name, one.count, one.path, true)); });
    if (!level.folders.length) rows.push(make("p", "dd-help", words.empty));
    if (level.more) rows.push(make("p", "dd-help", words.more));
    box.replaceChildren.apply(box, rows);
  }

  function open(path) {
    var mine = ++asked;
    var busy = setTimeout(function () { box.append(make("p", "dd-help", words.busy)); }, 300);
    fetch(words.url + "?in=" + encodeURIComponent(path), { credentials: "same-origin" })
      .then(function (answer) { if (!answer.ok) throw new Error(answer.status); return answer.json(); })
      .then(function (level) { if (mine === asked) show(level); })
      .catch(function () { if (mine === asked) box.replaceChildren(make("p", "dd-error", words.lost)); })
      .finally(function () { clearTimeout(busy); });
  }

  input.addEventListener("change", function () { open(input.value); });
  open(input.value ? input.value.replace(/\/+$/, "").replace(/[^/]*$/, "") : "datasets");
})();
