// Everything works without this file. It adds two comforts: buttons that copy a full digest, and a part of a page that looks
// again by itself while a check runs (without scripts the browser reloads the whole page instead).
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

const part = document.querySelector("#progress[data-refresh]");
if (part) {
  const again = async () => {
    // Nobody's place is lost: what is focused stays, and a page nobody looks at asks nothing.
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("#progress[data-refresh]");
      if (!next) location.reload();
      else if (next.innerHTML !== part.innerHTML) part.replaceChildren(...next.childNodes);
    } catch {
      // The network is away; the next look tells.
    }
  };
  setInterval(again, Number(part.dataset.refresh) * 1000);
}
