// Asks how far the survey of a data set is, and shows the page anew when it is over.
(() => {
  const section = document.getElementById("survey");
  if (!section) return;
  const words = section.querySelector("[data-words]");
  let pause = 700;
  const look = async () => {
    try {
      const answer = await fetch(section.dataset.live, { credentials: "same-origin", headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      if (now.over) {
        location.reload();
        return;
      }
      if (words.textContent !== now.words) words.textContent = now.words;
      pause = Math.min(pause * 1.1, 3000);
    } catch {
      words.textContent = section.dataset.lost;
      pause = 5000;
    }
    setTimeout(look, pause);
  };
  setTimeout(look, pause);
})();
