// The window's side of the conversation with the portal page that opened it.

import { ask } from "./server.js";
import * as view from "./view.js";

const VERSION = 1;
const POLL_MS = 1500;
const OPENER_POLL_MS = 500;
const NONCE = /^[A-Za-z0-9_-]{43}$/;
const PIN_FORMS = { auth: /^[0-9]{4}$/, sign: /^[A-Z0-9]{6,16}$/ };
const FINAL = new Set(["pin-blocked", "no-signature-certificate"]);
const NOTICES = new Set(["no-reader", "no-card", "choose-card", "card-busy"]);

const purpose = document.querySelector('meta[name="page-purpose"]').content;
let caller = null;
let chosenReader = null;
let failure = null;
let working = false;
let ended = false;
let timer = null;

function callerGone() {
  return !window.opener || window.opener.closed;
}

function tell(message) {
  if (!callerGone()) window.opener.postMessage({ version: VERSION, ...message }, caller);
}

/** What the portal page asks for, or null when the message is not for this page. */
function readOrder(data) {
  if (typeof data !== "object" || data === null || data.version !== VERSION) return null;
  if (purpose === "auth" && data.type === "challenge" && NONCE.test(data.nonce)) {
    return { nonce: data.nonce };
  }
  if (purpose === "sign" && data.type === "document" && typeof data.text === "string") {
    return { text: data.text };
  }
  return null;
}

/** The first valid order of the opener counts, with the origin the browser reports. */
async function receive(event) {
  if (ended || caller !== null || event.source === null || event.source !== window.opener) return;
  const order = readOrder(event.data);
  if (order === null) return;
  caller = event.origin;
  view.showCaller(caller);
  const answer = await ask("/v1/caller", { caller, ...order });
  if (!answer.ok) {
    end("problem", `problem.${answer.code}`);
    return;
  }
  view.showForm(order.text);
  await look();
}

/** Ask for the state of readers and card; look again later while something is missing. */
async function look() {
  clearTimeout(timer);
  if (working || ended) return;
  const asked = chosenReader;
  if (failure === null) view.showMessage("progress", "progress.look");
  const state = await ask("/v1/card", { reader: asked });
  if (working || ended || asked !== chosenReader) return;
  if (!state.ok) {
    end("problem", `problem.${state.code}`);
    return;
  }
  show(state);
}

function show(state) {
  chosenReader = state.reader ?? chosenReader;
  view.showReaders(state.readers, chosenReader);
  view.setReady(state.problem === null, state.tries_left);
  if (state.problem === null) {
    if (failure !== "wrong-pin") forgetFailure();
    return;
  }
  if (failure === null || FINAL.has(state.problem)) {
    view.showMessage(NOTICES.has(state.problem) ? "notice" : "problem", `problem.${state.problem}`);
  }
  if (!FINAL.has(state.problem)) timer = setTimeout(lookQuietly, POLL_MS);
}

/** Look again without covering the message that tells what is missing. */
async function lookQuietly() {
  if (working || ended) return;
  const asked = chosenReader;
  const state = await ask("/v1/card", { reader: asked });
  if (working || ended || asked !== chosenReader) return;
  if (state.ok) show(state);
  else end("problem", `problem.${state.code}`);
}

function forgetFailure() {
  failure = null;
  view.clearMessage();
}

function fail(code, values = {}) {
  failure = code;
  view.showMessage("problem", `problem.${code}`, values);
}

async function submit() {
  if (working || ended || caller === null) return;
  const typed = view.takePin();
  const pin = purpose === "sign" ? typed.trim().toUpperCase() : typed.trim();
  if (!PIN_FORMS[purpose].test(pin)) {
    view.markPin(true);
    fail(`malformed-pin.${purpose}`);
    return;
  }
  if (callerGone()) {
    end("problem", "problem.caller-gone");
    return;
  }
  await sign(pin);
}

async function sign(pin) {
  clearTimeout(timer);
  working = true;
  view.markPin(false);
  view.setWorking(true);
  view.showMessage("progress", `progress.${purpose}`);
  const answer = await ask("/v1/signature", { reader: chosenReader, pin });
  working = false;
  view.setWorking(false);
  if (ended) return;
  if (answer.ok) deliver(answer.message);
  else await refused(answer);
}

async function refused(answer) {
  if (answer.code === "page-expired" || answer.code === "agent-gone") {
    end("problem", `problem.${answer.code}`);
    return;
  }
  view.markPin(answer.code === "wrong-pin");
  fail(answer.code, { n: answer.tries_left });
  await lookQuietly();
}

function deliver(message) {
  if (callerGone()) {
    end("problem", "problem.caller-gone");
    return;
  }
  tell(message);
  end("done", "done");
  window.close();
}

async function cancel() {
  ask("/v1/cancel");
  tell({ type: "cancelled" });
  end("notice", "cancelled");
  window.close();
}

function end(kind, key) {
  ended = true;
  clearTimeout(timer);
  view.hideForm();
  view.showMessage(kind, key);
}

function watchOpener() {
  if (ended) return;
  if (!working && callerGone()) end("problem", "problem.caller-gone");
  else setTimeout(watchOpener, OPENER_POLL_MS);
}

function start() {
  if (callerGone()) {
    end("notice", "problem.no-caller");
    return;
  }
  view.onSubmit(submit);
  view.onCancel(cancel);
  view.onReader((name) => {
    chosenReader = name;
    failure = null;
    view.setReady(false);
    look();
  });
  window.addEventListener("message", receive);
  view.showMessage("progress", "progress.caller");
  window.opener.postMessage({ type: "ready", version: VERSION }, "*");
  setTimeout(watchOpener, OPENER_POLL_MS);
}

start();
