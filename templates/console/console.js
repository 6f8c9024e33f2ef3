// The console works without this file. It saves a second click, counts down to promises, and finds what needs a change.
"use strict";
(() => {
  // A second click while the first is on its way: the server would do it once anyway, this saves the wait.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 8000);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  const broken = document.querySelector("[aria-invalid=true]") || document.querySelector(".problems");
  if (broken && !document.querySelector("[autofocus]")) broken.focus();

  const language = document.documentElement.lang || "en";
  const apart = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const count = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const seconds = (Date.parse(element.dataset.countdown) - Date.now()) / 1000;
      if (Number.isNaN(seconds)) continue;
      const minutes = Math.trunc(seconds / 60);
      const said = Math.abs(minutes) < 60 ? apart.format(minutes, "minute") : apart.format(Math.trunc(minutes / 60), "hour");
      const text = `(${said})`;
      if (element.textContent !== text) element.textContent = text;
      element.closest(".promise")?.classList.toggle("late", seconds < 0);
    }
  };
  setInterval(count, 10000);

  const until = document.querySelector("[data-until]");
  const seconds = document.querySelector("[data-seconds]");
  if (until && seconds) {
    const tick = setInterval(() => {
      const left = Math.max(0, Math.ceil((Date.parse(until.dataset.until) - Date.now()) / 1000));
      seconds.textContent = left;
      if (!left) { clearInterval(tick); setTimeout(() => location.reload(), 1500); }
    }, 1000);
  }
  // What is written is saved when the typing stops. What somebody else changed comes back and is put in.
  const write = (mark) => {
    const form = mark.form;
    const shown = form.querySelector("[data-saved]"), told = form.querySelector("[data-told]");
    const content = () => new URLSearchParams(new FormData(form));
    const sent = (name) => form.querySelector(`[name="${CSS.escape(name)}"]:not([type=hidden])`);
    const withRevision = (query) => { const same = new URLSearchParams(query); same.set("revision", mark.value); return same.toString(); };
    let waiting = 0, busy = false, before = content().toString();
    const say = (text, aloud) => { shown.textContent = text; if (aloud) told.textContent = text; };
    const take = (values, body) => {
      let all = true;
      for (const [name, value] of Object.entries(values)) {
        if (name === "endpoints" || name === "languages_to_come") {
          const wanted = value.split("\n");
          form.querySelectorAll(`[name=${name}]`).forEach((box) => { box.checked = wanted.includes(box.value); });
          continue;
        }
        const field = sent(name);
        if (!field) continue;
        if (field.type === "checkbox") field.checked = value !== "";
        else if (field.value === (body.get(name) ?? "")) field.value = value;
        else all = false;
      }
      return all;
    };
    const save = async (leaving) => {
      if (busy || form.dataset.sent) { later(); return; }
      const body = content(), now = body.toString();
      if (now === before) return;
      busy = true;
      body.set("_once", `${Date.now()}-${Math.random()}`);
      try {
        const answer = await fetch(mark.dataset.autosave, { method: "POST", body, keepalive: leaving === true && now.length < 60000 });
        if (!answer.headers.get("content-type")?.startsWith("application/json")) throw new Error(answer.status);
        const done = await answer.json();
        if (done.revision !== undefined) {
          if (take(done.values, body)) mark.value = done.revision; // else the next save must see both
          before = Object.keys(done.values).length ? "" : withRevision(now);
          document.body.dispatchEvent(new Event("clarion-saved"));
        }
        say(done.said, Boolean(done.clashes || done.problems || done.others));
      } catch { say(mark.dataset.lost, true); } finally { busy = false; }
    };
    const later = () => { clearTimeout(waiting); waiting = setTimeout(save, 1200); };
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(true); });
  };
  document.querySelectorAll("[data-autosave]").forEach(write);
})();
