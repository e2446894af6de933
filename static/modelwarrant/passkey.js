// Passkeys need the browser's own dialogue, and that needs a script: everything else works without. The form says what is
// wanted in `data-options` (WebAuthn's options as JSON, bytes in base64url) and `data-passkey` (create or get); the answer goes
// into its hidden field `answer`, and the form is sent as any other.
"use strict";

const bytes = (text) => {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain), (char) => char.charCodeAt(0));
};
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const described = (list) => (list ?? []).map((item) => ({ ...item, id: bytes(item.id) }));

function asked(options, kind) {
  const wanted = { ...options, challenge: bytes(options.challenge) };
  if (kind === "create") {
    wanted.user = { ...options.user, id: bytes(options.user.id) };
    wanted.excludeCredentials = described(options.excludeCredentials);
  } else {
    wanted.allowCredentials = described(options.allowCredentials);
  }
  return { publicKey: wanted };
}

function answered(credential) {
  const given = credential.response;
  const response = { clientDataJSON: base64url(given.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (given[name]) response[name] = base64url(given[name]);
  }
  return JSON.stringify({
    id: credential.id, rawId: base64url(credential.rawId), type: credential.type, response,
    clientExtensionResults: {},
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const said = form.querySelector("[data-said]");
  if (!window.PublicKeyCredential) {
    said.textContent = "This browser knows no passkeys here. They need https, or this machine's own address.";
    continue;
  }
  const button = form.querySelector("button[type=submit]");
  button.hidden = false;
  form.querySelector("[data-without]").hidden = true;
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return; // the answer is there: send it
    event.preventDefault();
    button.disabled = true;
    said.textContent = "Your browser or device is asking you now.";
    try {
      const options = asked(JSON.parse(form.dataset.options), form.dataset.passkey);
      const credential = await navigator.credentials[form.dataset.passkey](options);
      form.elements.answer.value = answered(credential);
      form.submit();
    } catch (error) {
      button.disabled = false;
      said.textContent = error.name === "InvalidStateError"
        ? "This device holds a passkey of yours already."
        : "Nothing came of it: it was cancelled, took too long, or no passkey fits. Try again.";
    }
  });
}
