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
})();
