// Asks the browser for a push subscription and hands it to the portal.
const form = document.getElementById("push-task");
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void subscribe(form);
});

async function subscribe(task) {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    say(task, "unsupported");
    return;
  }
  say(task, "working");
  if ((await Notification.requestPermission()) !== "granted") {
    say(task, "denied");
    return;
  }
  try {
    await hand(task, await subscription(task));
  } catch {
    say(task, "failed");
  }
}

async function subscription(task) {
  await navigator.serviceWorker.register(task.dataset.worker, { scope: "/" });
  const { pushManager } = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: decoded(task.dataset.key) };
  return (await pushManager.getSubscription()) ?? (await pushManager.subscribe(options));
}

async function hand(task, subscribed) {
  const answer = await fetch(task.dataset.answer, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": task.dataset.csrf },
    body: JSON.stringify(subscribed),
  });
  if (!answer.ok) throw new Error("refused");
  window.location.assign((await answer.json()).location);
}

function decoded(text) {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64.padEnd(Math.ceil(base64.length / 4) * 4, "=")), (c) => c.charCodeAt(0));
}

function say(task, state) {
  for (const message of task.querySelectorAll("[data-push-message]")) {
    message.hidden = message.dataset.pushMessage !== state;
  }
}
