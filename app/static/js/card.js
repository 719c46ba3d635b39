// The portal's side of the card agent window (docs/card-agent.md, "Message sequence").
// One element #card-task names the task: "login" (a challenge is answered) or "sign" (a text is signed).
const task = document.getElementById("card-task");
const start = document.getElementById("card-start");
const progress = document.getElementById("card-progress");
const words = document.getElementById("card-messages");

const WINDOW = "popup,width=460,height=740";
const POLL_MS = 80;
const DEAD_MS = 3000;
const LAST_WORDS_MS = 1000; // a window that closed may have sent an answer that is still on its way
const SILENT_MS = 10_000;

let attempt = null;

start?.addEventListener("click", begin);

function begin() {
  attempt?.stop();
  hideNotices();
  const path = task.dataset.task === "sign" ? "/v1/sign" : "/v1/auth";
  const agent = window.open(task.dataset.agent + path, "tsunagu-card-agent", WINDOW);
  if (!agent) {
    finish("blocked");
    return;
  }
  say("opening");
  attempt = new Attempt(agent);
}

class Attempt {
  constructor(agent) {
    this.agent = agent;
    this.openedAt = performance.now();
    this.crossedAt = null;
    this.closedAt = null;
    this.alive = false;
    this.answered = false;
    this.order = task.dataset.task === "sign" ? Promise.resolve(this.document()) : this.challenge();
    this.order.catch(() => undefined);
    this.listener = (event) => this.hear(event);
    window.addEventListener("message", this.listener);
    this.timer = setInterval(() => this.watch(), POLL_MS);
  }

  stop() {
    window.removeEventListener("message", this.listener);
    clearInterval(this.timer);
    if (attempt === this) attempt = null;
  }

  document() {
    return { type: "document", version: 1, text: document.getElementById(task.dataset.text).value };
  }

  async challenge() {
    const answer = await post(task.dataset.challenge, {});
    if (!answer.ok) throw new Error("challenge");
    this.nonce = (await answer.json()).nonce;
    return { type: "challenge", version: 1, nonce: this.nonce };
  }

  async hear(event) {
    if (event.origin !== task.dataset.agent || event.source !== this.agent) return;
    const message = event.data;
    if (!message || message.version !== 1) return;
    if (message.type === "ready") await this.sendOrder();
    else if (message.type === "cancelled") this.end("cancelled");
    else if (message.type === "token" || message.type === "signed") await this.deliver(message);
  }

  async sendOrder() {
    this.alive = true;
    say("waiting");
    try {
      this.agent.postMessage(await this.order, task.dataset.agent);
    } catch {
      this.end("network");
    }
  }

  async deliver(message) {
    if (this.answered) return;
    this.answered = true;
    say("checking");
    const body = message.type === "token" ? { nonce: this.nonce, token: message } : { cms: message.cms };
    try {
      const answer = await post(task.dataset.answer, body);
      const { location } = await answer.json();
      this.stop();
      this.agent.close();
      if (location) window.location.assign(location);
      else finish({ 400: "expired", 429: "busy" }[answer.status] ?? "network");
    } catch {
      this.end("network");
    }
  }

  watch() {
    const now = performance.now();
    if (this.answered) return;
    if (this.agent.closed) {
      this.closedAt ??= now;
      if (now - this.closedAt > LAST_WORDS_MS) this.end(this.alive ? "cancelled" : "absent");
      return;
    }
    if (this.alive) return;
    if (this.crossedAt === null && this.isElsewhere()) this.crossedAt = now;
    const dead = this.crossedAt !== null && now - this.crossedAt > DEAD_MS;
    if (dead || now - this.openedAt > SILENT_MS) {
      this.agent.location.replace(new URL(task.dataset.help, window.location.href).href);
      this.end("absent");
    }
  }

  isElsewhere() {
    try {
      return this.agent.location.href === undefined;
    } catch {
      return true;
    }
  }

  end(outcome) {
    this.stop();
    finish(outcome);
  }
}

function post(url, body) {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": task.dataset.csrf, Accept: "application/json" },
    body: JSON.stringify(body),
  });
}

function say(key) {
  start.disabled = key !== "waiting";
  progress.hidden = false;
  progress.textContent = words.querySelector(`[data-say="${key}"]`).textContent;
}

function finish(outcome) {
  start.disabled = false;
  progress.hidden = true;
  for (const notice of document.querySelectorAll("[data-when]")) notice.hidden = notice.dataset.when !== outcome;
}

function hideNotices() {
  for (const notice of document.querySelectorAll("[data-when]")) notice.hidden = true;
}
