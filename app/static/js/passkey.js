// Passkeys: #passkey-task names the ceremony, "login" (an answer) or "enrol" (a new passkey).
const task = document.getElementById("passkey-task");
const start = document.getElementById("passkey-start");
const progress = document.getElementById("passkey-progress");
const label = document.getElementById("passkey-label");

if (task) {
  const isForm = task instanceof HTMLFormElement;
  (isForm ? task : start).addEventListener(isForm ? "submit" : "click", (event) => {
    event.preventDefault();
    if (!start.disabled) run();
  });
  if (!window.PublicKeyCredential) {
    start.disabled = true;
    show("unsupported");
  }
}

async function run() {
  start.disabled = true;
  progress.hidden = false;
  show(null);
  try {
    await ceremony();
  } catch (error) {
    finish(outcomeOf(error));
  }
}

async function ceremony() {
  const asked = await post(task.dataset.challenge, {});
  const options = await asked.json();
  if (!asked.ok) {
    go(options, asked.status);
    return;
  }
  const body = task.dataset.task === "enrol" ? await made(options) : await answered(options);
  const judged = await post(task.dataset.answer, body);
  go(await judged.json(), judged.status);
}

async function made(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) })),
  };
  const credential = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = credential.response;
  const response = { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) };
  return { label: label.value, credential: { rawId: text(credential.rawId), response } };
}

async function answered(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  const credential = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  const response = {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  };
  return { credential: { rawId: text(credential.rawId), response } };
}

function go({ location }, status) {
  if (location) window.location.assign(location);
  else finish(status === 400 || status === 401 ? "expired" : "network");
}

function outcomeOf(error) {
  if (error.name === "NotAllowedError" || error.name === "AbortError") return "cancelled";
  if (error.name === "InvalidStateError") return "held";
  return error.name === "NotSupportedError" || error.name === "SecurityError" ? "unsupported" : "network";
}

function finish(outcome) {
  start.disabled = false;
  progress.hidden = true;
  show(outcome);
}

function show(outcome) {
  for (const notice of task.querySelectorAll("[data-passkey-when]")) {
    notice.hidden = notice.dataset.passkeyWhen !== outcome;
  }
}

function post(url, body) {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": task.dataset.csrf, Accept: "application/json" },
    body: JSON.stringify(body),
  });
}

function bytes(base64url) {
  const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function text(buffer) {
  const characters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
