// Does the card agent answer? Its window is opened and its "ready" awaited (docs/card-agent.md): browsers
// hold back every quieter probe of this computer.
const check = document.getElementById("agent-check");
const start = document.getElementById("agent-check-start");
const progress = document.getElementById("agent-check-progress");

const POLL_MS = 80;
const DEAD_MS = 3000;
const SILENT_MS = 10_000;

let stop = () => undefined;

start?.addEventListener("click", begin);

function begin() {
  stop();
  show(null);
  const agent = window.open(`${check.dataset.agent}/v1/auth`, "tsunagu-card-agent", "popup,width=460,height=740");
  if (!agent) {
    show("blocked");
    return;
  }
  progress.hidden = false;
  watch(agent);
}

function watch(agent) {
  const openedAt = performance.now();
  let crossedAt = null;

  const hear = (event) => {
    if (event.origin !== check.dataset.agent || event.source !== agent) return;
    if (event.data?.type === "ready") end(event.data.version === 1 ? "answers" : "outdated");
  };
  const look = () => {
    const now = performance.now();
    if (crossedAt === null && isElsewhere(agent)) crossedAt = now;
    const dead = crossedAt !== null && now - crossedAt > DEAD_MS;
    if (agent.closed || dead || now - openedAt > SILENT_MS) end("absent");
  };
  const end = (outcome) => {
    stop();
    agent.close();
    show(outcome);
  };
  const timer = setInterval(look, POLL_MS);
  window.addEventListener("message", hear);
  stop = () => {
    clearInterval(timer);
    window.removeEventListener("message", hear);
  };
}

function isElsewhere(agent) {
  try {
    return agent.location.href === undefined;
  } catch {
    return true;
  }
}

function show(outcome) {
  progress.hidden = true;
  for (const notice of check.querySelectorAll("[data-when]")) notice.hidden = notice.dataset.when !== outcome;
}
