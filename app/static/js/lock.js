// Locks the page of an idle member of the staff. What was typed stays in this page and nowhere else;
// the server locks the session too, so that nothing can be fetched behind the curtain.
const lock = document.getElementById("lock");
const channel = "BroadcastChannel" in window ? new BroadcastChannel("tsunagu-lock") : null;

const LOOK_MS = 1500;
const TELL_MS = 60_000;
const EARLY = 0.9; // before the server's own limit, which last heard of us up to TELL_MS ago
const WINDOW = "popup,width=480,height=820";
const SIGNS = ["pointerdown", "keydown", "wheel", "touchstart"];

let touched = Date.now();
let told = touched;
let shut = false; // whether the server has locked too: before that nothing may open the curtain

if (lock) {
  const after = Number(lock.dataset.after) * 1000 * EARLY;
  for (const sign of SIGNS) window.addEventListener(sign, touch, { passive: true });
  lock.addEventListener("cancel", (event) => event.preventDefault());
  document.getElementById("lock-open").addEventListener("click", open);
  if (channel) channel.addEventListener("message", hear);
  setInterval(() => look(after), LOOK_MS);
  document.addEventListener("visibilitychange", () => look(after));
}

function touch() {
  if (lock.open) return;
  touched = Date.now();
  if (touched - told < TELL_MS) return;
  told = touched;
  channel?.postMessage("touched");
  send(lock.dataset.active).then((answer) => answer.status === 401 && cover()).catch(() => undefined);
}

function look(after) {
  if (!lock.open) {
    if (Date.now() - touched < after) return;
    cover();
    channel?.postMessage("locked");
  } else if (!shut) shutServer();
  else if (!document.hidden) ask();
}

function hear({ data }) {
  if (data === "touched") touched = Date.now();
  if (data === "locked") cover();
  if (data === "unlocked" && shut) ask();
}

function cover() {
  if (lock.open) return;
  document.documentElement.classList.add("is-locked");
  lock.showModal();
  shut = false;
  shutServer();
}

async function shutServer() {
  const answer = await send(lock.dataset.close).catch(() => null);
  if (answer && answer.status < 500 && answer.status !== 429) shut = true;
}

function open() {
  const unlock = window.open(lock.dataset.unlock, "tsunagu-unlock", WINDOW);
  document.getElementById("lock-blocked").hidden = Boolean(unlock);
}

async function ask() {
  const answer = await fetch(lock.dataset.state, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer || answer.status === 429) return;
  if (answer.status === 401) {
    if ((await answer.json()).code !== "session-locked") window.location.reload();
    return;
  }
  if (!answer.ok) return;
  const { owner, csrf } = await answer.json();
  if (owner === lock.dataset.owner) uncover(csrf);
  else window.location.reload();
}

function uncover(csrf) {
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = csrf;
  for (const holder of document.querySelectorAll("[data-csrf]")) holder.dataset.csrf = csrf;
  touched = told = Date.now();
  document.documentElement.classList.remove("is-locked");
  if (lock.open) lock.close();
}

function send(url) {
  return fetch(url, {
    method: "POST",
    headers: { "X-CSRFToken": lock.dataset.csrf, Accept: "application/json" },
  });
}
