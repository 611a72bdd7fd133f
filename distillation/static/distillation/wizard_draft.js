// What is typed survives a reload and the browser's Back, in this tab alone, until it is sent.
(function () {
  "use strict";
  var form = document.getElementById("task-form");
  if (!form) return;
  var key = "wizard:" + location.pathname + location.search;
  var notice = document.querySelector("[data-draft]");
  var skipped = ["csrfmiddlewaretoken", "_opened"];
  var typed = false;
  var leaving = false; // the answer to a check may still arrive after the form was sent

  function fields() {
    return Array.from(form.elements).filter(function (one) {
      return one.name && one.type !== "submit" && skipped.indexOf(one.name) < 0;
    });
  }

  function read() {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch (error) {
      return null;
    }
  }

  // Several boxes share a name.
  function keyOf(one) {
    return one.type === "checkbox" ? one.name + "=" + one.value : one.name;
  }

  function write(sent) {
    var values = {};
    fields().forEach(function (one) {
      if (one.type === "checkbox") values[keyOf(one)] = one.checked;
      else if (one.type !== "radio") values[one.name] = one.value;
      else if (one.checked) values[one.name] = one.value;
    });
    var opened = form.elements._opened ? form.elements._opened.value : "";
    try {
      sessionStorage.setItem(key, JSON.stringify({ values: values, sent: sent, opened: opened }));
    } catch (error) {
      return; // no room, or switched off: the form works all the same
    }
  }

  function put(draft) {
    fields().forEach(function (one) {
      if (!(keyOf(one) in draft.values)) return;
      var value = draft.values[keyOf(one)];
      if (one.type === "checkbox") one.checked = value;
      else if (one.type === "radio") one.checked = one.value === value;
      else one.value = value;
    });
    if (form.elements._opened && draft.opened) form.elements._opened.value = draft.opened;
  }

  function restore() {
    var draft = read();
    var way = performance.getEntriesByType("navigation")[0];
    var back = way && way.type === "back_forward";
    if (!draft || (draft.sent && !back)) return;
    put(draft);
    notice.hidden = false;
    form.dispatchEvent(new CustomEvent("wizard:restored"));
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A form that came back from the server with what was typed is newer than any draft.
  if (form.dataset.answered) write(false);
  else document.addEventListener("DOMContentLoaded", restore); // after htmx, which then checks what is restored
  form.addEventListener("input", function (event) {
    typed = typed || event.isTrusted;
    if (typed && !leaving) write(false);
  });
  form.addEventListener("submit", function () {
    leaving = true;
    write(true);
  });
  window.addEventListener("pageshow", function () { leaving = false; });
  document.querySelector("[data-afresh]").addEventListener("click", function () {
    sessionStorage.removeItem(key);
    location.assign(location.pathname + location.search);
  });
})();
