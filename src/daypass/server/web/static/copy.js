// Adds the one thing markup cannot do: put the verification code on the clipboard.
"use strict";

const code = document.getElementById("verification-code");
const button = document.getElementById("copy-code");
const outcome = document.getElementById("copy-outcome");

button.hidden = false;
button.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(code.textContent);
    outcome.textContent = "Copied. Now paste it into the terminal.";
  } catch {
    getSelection().selectAllChildren(code);
    outcome.textContent = "The code is selected. Copy it with Ctrl-C or ⌘C.";
  }
});
