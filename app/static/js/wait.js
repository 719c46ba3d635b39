// Reloads the page when what it waits for has changed; gives up quietly when nobody looks for an hour.
const place = document.querySelector("[data-wait]");
const EVERY_MS = 3000;
const LONGEST_MS = 3_600_000;

if (place) {
  const began = Date.now();
  const timer = setInterval(async () => {
    if (Date.now() - began > LONGEST_MS) clearInterval(timer);
    if (document.hidden) return;
    const answer = await fetch(place.dataset.wait, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer) return;
    if (!answer.ok || (await answer.json()).state !== place.dataset.state) {
      clearInterval(timer);
      window.location.reload();
    }
  }, EVERY_MS);
}
