/* Shows our messages on a device, and answers for it once: what comes with a link of its own confirms by itself. */
"use strict";
const MINE = "/s/this-device", KEPT = "clarion", CONFIRMS = "/s/c/";

const mine = async () => {
  const found = await (await caches.open(KEPT)).match(MINE);
  return found ? found.json() : {};
};
const note = async (what) =>
  (await caches.open(KEPT)).put(MINE, new Response(JSON.stringify({ ...await mine(), ...what })));
const path = (url) => {
  try {
    return new URL(url, location.origin).pathname;
  } catch {
    return "/";
  }
};

const confirmed = async (message) => {
  const place = path(message.url);
  if (!place.startsWith(CONFIRMS)) return null;
  const headers = { accept: "application/json" };
  const answer = await fetch(place, { method: "POST", headers: headers, cache: "no-store" });
  if (!answer.ok) return null;
  const told = await answer.json();
  if (told.link) await note({ link: told.link });
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const page of pages) page.postMessage({ confirmed: Boolean(told.link), text: told.text, link: told.link });
  return told;
};

const show = async (message) => {
  let told = null;
  try {
    told = await confirmed(message);
  } catch { /* then whoever taps it confirms on the page */ }
  await registration.showNotification(message.title || location.host, {
    body: told ? told.text : message.body,
    tag: message.tag,
    renotify: Boolean(message.tag),
    lang: message.lang,
    dir: message.dir,
    data: { url: told && told.link ? told.link : message.url },
  });
};

const subscribed = async (event) => {
  const { link, key } = await mine();
  if (!link) return;
  const options = event.oldSubscription && event.oldSubscription.options;
  const bytes = () => Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const fresh = event.newSubscription || await registration.pushManager.subscribe(
    { userVisibleOnly: true, applicationServerKey: options ? options.applicationServerKey : bytes() });
  await fetch(`${link}/device`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ subscription: fresh.toJSON() }),
  });
};

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("push", (event) => {
  let message = {};
  try {
    message = event.data.json();
  } catch { /* a browser must show something, whatever came */ }
  event.waitUntil(show(message));
});
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(event.notification.data.url || "/"));
});
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(subscribed(event)));
