// The one thing a page cannot do by itself: ask an authenticator, and put its answer into the form.
"use strict";

const form = document.getElementById("passkey-form");
const button = document.getElementById("passkey-button");
const outcome = document.getElementById("passkey-outcome");

document.getElementById("passkey-script").hidden = true; // this runs, so its want need not be explained

async function ask() {
  const options = JSON.parse(form.dataset.options);
  if (form.dataset.ceremony === "create") {
    return navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
    });
  }
  return navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
  });
}

if (window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    outcome.textContent = "Follow what your browser shows.";
    try {
      const credential = await ask();
      document.getElementById("passkey-answer").value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      outcome.textContent = "That did not work, or was stopped. Try again, or use another way.";
    }
  });
} else {
  outcome.textContent = "This browser has no passkeys. Use another way.";
}
