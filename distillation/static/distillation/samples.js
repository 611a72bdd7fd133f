// Has sample data made and goes to it when it is there.
(() => {
  const list = document.getElementById("samples");
  if (!list) return;
  const token = list.querySelector("[name=csrfmiddlewaretoken]").value;

  const follow = (row, method) => {
    const words = row.querySelector("[data-words]");
    const button = row.querySelector("button");
    if (button) button.disabled = true;
    fetch(row.dataset.sample, { method, credentials: "same-origin", headers: { "X-CSRFToken": token } })
      .then((answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.json();
      })
      .then((now) => {
        words.textContent = now.phase === "absent" ? list.dataset.waiting : now.words;
        if (now.phase === "there" && now.page) location.assign(now.page);
        else if (now.phase === "running") setTimeout(follow, 1000, row, "GET");
        else if (now.phase === "absent") setTimeout(follow, 2000, row, "POST"); // others are made now
        else if (button) button.disabled = false;
      })
      .catch(() => {
        words.textContent = list.dataset.failed;
        if (button) button.disabled = false;
      });
  };

  list.querySelectorAll("[data-sample]").forEach((row) => {
    const button = row.querySelector("button");
    if (button) button.addEventListener("click", () => follow(row, "POST"));
    if (row.dataset.phase === "running") follow(row, "GET");
  });
})();
