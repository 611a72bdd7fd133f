// Light, dark or system: taken from the account at login (a cookie that is read once), and told to it when switched.
(function () {
  "use strict";
  var KEY = "adminTheme", COOKIE = "dd-theme";
  var to = new URL(document.currentScript.src).searchParams.get("to");

  function cookie(name) {
    var found = document.cookie.split("; ").find(function (part) { return part.startsWith(name + "="); });
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  }

  function now() {
    try { return JSON.parse(localStorage.getItem(KEY) || '""'); } catch { return ""; }
  }

  var kept = cookie(COOKIE);
  if (["light", "dark", "auto"].includes(kept)) {
    localStorage.setItem(KEY, JSON.stringify(kept));
    document.cookie = COOKIE + "=; Max-Age=0; path=/; SameSite=Lax";
  }

  var last = now();
  document.addEventListener("click", function () {
    setTimeout(function () {
      var chosen = now();
      if (!chosen || chosen === last) return;
      last = chosen;
      if (!cookie("csrftoken")) return;
      fetch(to, {
        method: "POST", credentials: "same-origin", keepalive: true,
        headers: { "X-CSRFToken": cookie("csrftoken") }, body: new URLSearchParams({ theme: chosen }),
      }).catch(function () {});
    }, 50);
  });
})();
