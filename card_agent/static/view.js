// What the person sees; knows no server and no other window.

import { onLanguage, words } from "./words.js";

const element = (id) => document.getElementById(id);
const form = element("form");
const pin = element("pin");
const go = element("go");
const reader = element("reader");
let shown = null;
let tries = null;

/** Show one message: kind is progress, notice, problem or done. */
export function showMessage(kind, key, values = {}) {
  shown = { kind, key, values };
  drawMessage();
}

export function clearMessage() {
  shown = null;
  drawMessage();
}

function drawMessage() {
  const box = element("message");
  box.hidden = shown === null;
  if (shown === null) return;
  box.className = `message ${shown.kind}`;
  box.setAttribute("role", shown.kind === "problem" ? "alert" : "status");
  box.textContent = words(shown.key, shown.values);
}

/** The origin that asks, exactly as the browser reported it. */
export function showCaller(origin) {
  element("caller").textContent = origin;
}

export function showForm(text) {
  if (text !== undefined) element("document-text").textContent = text;
  form.hidden = false;
}

export function hideForm() {
  form.hidden = true;
  clearPin();
}

/** Fill the chooser: with one reader it tells which card is meant. */
export function showReaders(readers, chosen) {
  const wanted = readers.map((entry) => `${entry.name}\n${entry.label}\n${entry.card_present}`).join("\n\n");
  if (reader.dataset.drawn !== wanted + words("reader.choose")) {
    reader.replaceChildren(new Option(words("reader.choose"), ""), ...readers.map(readerOption));
    reader.dataset.drawn = wanted + words("reader.choose");
  }
  reader.value = chosen ?? "";
  element("reader-field").hidden = readers.length === 0;
}

function readerOption(entry) {
  const label = entry.card_present ? entry.label : words("reader.empty", { label: entry.label });
  return new Option(label, entry.name);
}

/** Allow the PIN when a card is ready; left is its number of tries, null when unknown. */
export function setReady(ready, left = null) {
  const opening = ready && pin.disabled;
  pin.disabled = !ready;
  go.disabled = !ready;
  tries = ready ? left : null;
  drawTries();
  if (opening) pin.focus();
}

function drawTries() {
  const line = element("tries");
  line.classList.toggle("last", tries === 1);
  if (tries === null) line.textContent = "";
  else line.textContent = tries === 1 ? words("tries.last") : words("tries", { n: tries });
}

/** Everything stands still while the card works; setReady opens the PIN again. */
export function setWorking(working) {
  if (working) setReady(false);
  reader.disabled = working;
  form.setAttribute("aria-busy", String(working));
}

/** Take the typed PIN out of the page. */
export function takePin() {
  const typed = pin.value;
  clearPin();
  return typed;
}

export function markPin(wrong) {
  pin.setAttribute("aria-invalid", String(wrong));
  if (wrong) pin.focus();
}

function clearPin() {
  pin.value = "";
}

export function onSubmit(listener) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    listener();
  });
}

export function onCancel(listener) {
  element("cancel").addEventListener("click", listener);
}

export function onReader(listener) {
  reader.addEventListener("change", () => listener(reader.value || null));
}

onLanguage(() => {
  drawMessage();
  drawTries();
});
