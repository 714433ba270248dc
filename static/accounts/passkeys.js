// Passkeys: a form with [data-passkey] asks the browser for one, and sends what it answers in its field `credential`.
// "create" and "get" find what the server asks for in the JSON element that [data-options] names; "login" fetches it.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const listed = (credentials) => (credentials ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

const create = async ({ publicKey }) => {
  const { response, ...made } = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: listed(publicKey.excludeCredentials),
      // It stays on the device and asks for a finger, a face or a PIN: so it signs in by itself.
      authenticatorSelection: { ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required" },
    },
  }).then((credential) => ({ response: credential.response, id: credential.id, rawId: text(credential.rawId), type: credential.type, clientExtensionResults: credential.getClientExtensionResults() }));
  return {
    ...made,
    response: { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] },
  };
};

const get = async ({ publicKey }) => {
  const credential = await navigator.credentials.get({
    publicKey: { ...publicKey, challenge: bytes(publicKey.challenge), allowCredentials: listed(publicKey.allowCredentials) },
  });
  const { response } = credential;
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
  };
};

const asked = async (form) => {
  if (form.dataset.passkey !== "login") return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const tell = form.querySelector("[data-passkey-said]");
  const button = form.querySelector("[data-passkey-go]");
  if (!window.PublicKeyCredential) {
    button.disabled = true;
    tell.textContent = "This browser has no passkeys, or the page was not opened over https.";
    continue;
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    tell.textContent = "Follow what your browser asks.";
    try {
      const options = await asked(form);
      const credential = options.creation_options ? await create(options.creation_options) : await get(options.request_options);
      form.querySelector("[name$=credential]").value = JSON.stringify(credential);
      form.submit();
    } catch (error) {
      button.disabled = false;
      tell.textContent =
        error.name === "InvalidStateError" ? "This device holds a passkey for you already." : "No passkey was given. Nothing was changed: try again, or go another way.";
    }
  });
}
