// Adds what markup cannot do: copy a secret that is shown once and forget it with the page, and send a form once however
// often it is clicked.
"use strict";

for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = document.getElementById(button.dataset.copies);
  const outcome = document.getElementById("copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      outcome.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(text);
      outcome.textContent = "It is selected. Copy it with Ctrl-C or ⌘C.";
    }
  });
}

// A browser may keep the page it leaves, to be quick with Back.
addEventListener("pagehide", () => {
  for (const secret of document.querySelectorAll("[data-once]")) secret.textContent = "no longer shown";
});

let sent = new WeakSet();
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
});
addEventListener("pageshow", () => {
  sent = new WeakSet();
});
