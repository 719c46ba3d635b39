// Shows a push and opens the portal on a tap. The message carries no content: only that something waits.
self.addEventListener("push", (event) => {
  const message = read(event.data);
  if (message === null) return;
  event.waitUntil(
    self.registration.showNotification(message.title, {
      body: message.body,
      tag: message.tag,
      lang: message.lang,
      data: { link: message.link },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPortal(event.notification.data.link));
});

function read(data) {
  try {
    const message = data.json();
    return typeof message.title === "string" && typeof message.tag === "string" ? message : null;
  } catch {
    return null;
  }
}

async function openPortal(link) {
  const target = new URL(link, self.location.origin);
  if (target.origin !== self.location.origin) return;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = windows.find((one) => new URL(one.url).origin === target.origin);
  if (open === undefined) {
    await self.clients.openWindow(target.href);
    return;
  }
  await open.focus();
  await open.navigate(target.href).catch(() => self.clients.openWindow(target.href));
}
