/* The button "Tell me on this device": drawn only where the browser can do it, never needed for anything else. */
(() => {
  "use strict";
  const box = document.getElementById("device");
  if (!box || !("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return;
  const words = box.dataset, button = box.querySelector("button"), said = box.querySelector("[role=status]");
  const FOLDER = "/s/", MINE = "/s/this-device", KEPT = "clarion";
  let on = false;

  const bytes = (text) => {
    const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, (sign) => sign.charCodeAt(0));
  };
  const mine = async () => {
    const found = await (await caches.open(KEPT)).match(MINE);
    return found ? found.json() : {};
  };
  const note = async (what) => (await caches.open(KEPT)).put(MINE, new Response(JSON.stringify(what)));
  const forget = async () => (await caches.open(KEPT)).delete(MINE);
  const draw = (now) => {
    on = now;
    button.textContent = on ? words.stop : words.start;
  };
  const say = (text, link) => {
    said.textContent = text;
    if (!link) return;
    const more = document.createElement("a");
    more.href = link;
    more.textContent = words.more;
    said.append(" ", more);
  };
  const running = (registration) => new Promise((resolve) => {
    const worker = registration.active || registration.waiting || registration.installing;
    const look = () => worker.state === "activated" && resolve(registration);
    worker.addEventListener("statechange", look);
    look();
  });
  const chosen = () => {
    const topics = [...document.querySelectorAll("input[name=topic]:checked")].map((one) => one.value);
    const field = (name) => (document.getElementById(name) || { value: "" }).value;
    return { topics: topics, area: field("area"), language: field("language") };
  };

  const begin = async () => {
    if (await Notification.requestPermission() !== "granted") return say(words.denied);
    await navigator.serviceWorker.register(words.worker, { scope: FOLDER });
    const { pushManager } = await running(await navigator.serviceWorker.getRegistration(FOLDER));
    const old = await pushManager.getSubscription();
    if (old) await old.unsubscribe();
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(words.key) });
    await note({ key: words.key });
    const answer = await fetch(words.post, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ subscription: subscription.toJSON(), ...chosen() }),
      cache: "no-store",
    });
    const told = await answer.json();
    if (!answer.ok) await subscription.unsubscribe();
    else draw(true);
    say(told.text || told.fault);
  };
  const end = async () => {
    const { link } = await mine();
    const registration = await navigator.serviceWorker.getRegistration(FOLDER);
    const subscription = registration && await registration.pushManager.getSubscription();
    if (subscription) await subscription.unsubscribe();
    await forget();
    draw(false);
    say(words.stopped);
    if (link) await fetch(link.replace("/m/", "/u/"), { method: "POST", cache: "no-store" }).catch(() => {});
  };

  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      await (on ? end() : begin());
    } catch {
      say(words.failed);
    }
    button.removeAttribute("aria-disabled");
  });
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (!data || !data.confirmed) return;
    draw(true);
    say(data.text, data.link);
  });
  navigator.serviceWorker.startMessages();

  (async () => {
    draw(false);
    box.hidden = false;
    try {
      const registration = await navigator.serviceWorker.getRegistration(FOLDER);
      draw(Boolean(registration && await registration.pushManager.getSubscription()));
    } catch { /* then it is not on */ }
  })();
})();
