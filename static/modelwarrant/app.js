// Everything works without this file. It adds one comfort: buttons that copy a full digest.
"use strict";

for (const button of document.querySelectorAll("button.copy[data-copy]")) {
  if (!navigator.clipboard) break; // only served pages over https or localhost have a clipboard
  button.hidden = false;
  button.addEventListener("click", async () => {
    const word = button.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "copied";
    } catch {
      button.textContent = "not copied";
    }
    setTimeout(() => { button.textContent = word; }, 2000);
  });
}
