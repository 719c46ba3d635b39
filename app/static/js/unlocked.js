// The end of the small unlock window: tell the pages that wait, and close.
if ("BroadcastChannel" in window) new BroadcastChannel("tsunagu-lock").postMessage("unlocked");
if (window.name === "tsunagu-unlock") window.close();
