// Copies the text of the element that a button names. Without the clipboard (plain http) the text is selected instead.
document.querySelectorAll("[data-copy]").forEach((button) => {
  const words = button.querySelector("[data-words]");
  const before = words.textContent;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const range = document.createRange();
    range.selectNodeContents(source);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    words.textContent = button.dataset.done;
    setTimeout(() => { words.textContent = before; }, 2000);
  });
});
