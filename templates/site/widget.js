/* Clarion's banner for any website: <script async src="https://status.example.org/site/widget.js" data-site="main"></script>
   No cookie, no dependency, works under a strict CSP (script-src and connect-src of the one origin). Never throws into the page. */
(function () {
  "use strict";
  var script = document.currentScript, NAME = "clarion-banner";
  if (!window.customElements || customElements.get(NAME)) return;
  var CSS = ":host{display:block}[hidden]{display:none}section{font:1rem/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;border:1px solid #6b7280;" +
    "border-inline-start:.5rem solid #33506b;padding:.5rem 1rem;overflow-wrap:anywhere}.emergency{border-color:#a40e26}.major{border-color:#8a4b00}.minor{border-color:#0b4fae}" +
    "p{margin:.25rem 0}.label,.headline{font-weight:700}.headline{font-size:1.15em}.words{white-space:pre-line}a{color:#0b4fae}a:focus-visible{outline:3px solid #0b4fae}.drill{background:#ffd800}";

  function quietly(act) { try { return act(); } catch (error) { return undefined; } }

  function pickLanguage(available, host, fallback) {
    var wanted = [host, document.documentElement.lang].concat(navigator.languages || []);
    for (var i = 0; i < wanted.length; i++) {
      var code = wanted[i] || "";
      if (available.indexOf(code) >= 0) return code;
      if (available.indexOf(code.split("-")[0]) >= 0) return code.split("-")[0];
    }
    return available.indexOf(fallback) >= 0 ? fallback : available[0];
  }

  class Banner extends HTMLElement {
    connectedCallback() { quietly(() => this.begin()); }
    disconnectedCallback() { clearTimeout(this.timer); clearTimeout(this.expiry); document.removeEventListener("visibilitychange", this.wake); }

    begin() {
      this.src = this.getAttribute("src");
      if (!this.src) return;
      if (!this.root) {
        this.root = this.attachShadow({ mode: "open" });
        this.box = this.root.appendChild(document.createElement("section"));
        this.box.setAttribute("aria-live", "polite");
        this.box.hidden = true;
        if (this.root.adoptedStyleSheets && window.CSSStyleSheet) {
          var sheet = new CSSStyleSheet();
          sheet.replaceSync(CSS);
          this.root.adoptedStyleSheets = [sheet];
        } else this.root.appendChild(document.createElement("style")).textContent = CSS;
      }
      this.failures = 0;
      this.skew = this.skew || 0;
      this.wake = () => { if (!document.hidden) this.poll(); };
      document.addEventListener("visibilitychange", this.wake);
      var kept = quietly(() => JSON.parse(localStorage.getItem("clarion " + this.src)));
      if (kept) this.take(kept);
      this.poll();
    }

    async poll() {
      clearTimeout(this.timer);
      if (document.hidden || !this.isConnected) return;
      var stop = new AbortController(), limit = setTimeout(() => stop.abort(), 5000);
      try {
        var answer = await fetch(this.src, { cache: "no-cache", credentials: "omit", signal: stop.signal });
        if (!answer.ok) throw new Error(answer.status);
        var served = Date.parse(answer.headers.get("date"));
        var banner = await answer.json();
        if (served) this.skew = served - Date.now();
        this.failures = 0;
        if (this.take(banner)) quietly(() => localStorage.setItem("clarion " + this.src, JSON.stringify(banner)));
      } catch (error) {
        this.failures = Math.min(this.failures + 1, 5);
        quietly(() => this.show());
      }
      clearTimeout(limit);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.poll(), (8 + Math.random() * 7) * 1000 * Math.pow(2, this.failures));
    }

    take(banner) {
      if (!banner || banner.version !== 1 || !(banner.seq >= (this.banner ? this.banner.seq : 0))) return false;
      this.banner = banner;
      quietly(() => this.show());
      return true;
    }

    show() {
      clearTimeout(this.expiry);
      var banner = this.banner, placed = banner && banner.placements && banner.placements.banner;
      var left = banner ? Date.parse(banner.valid_until) - Date.now() - this.skew : 0;
      if (!placed || !(left > 0)) {
        this.box.hidden = true;
        this.box.textContent = "";
        this.shown = "";
        return;
      }
      this.expiry = setTimeout(() => quietly(() => this.show()), Math.min(left, 2e9));
      var language = pickLanguage(Object.keys(placed.texts), this.lang, (banner.languages || [])[0]);
      var key = [placed.update, placed.revision, banner.next_update_by, language].join(" ");
      if (key === this.shown) return;
      this.shown = key;
      this.draw(banner, placed.texts[language], language);
    }

    draw(banner, text, language) {
      var box = this.box, words = (banner.words || {})[language] || {};
      function line(name, content) {
        if (content) { var p = box.appendChild(document.createElement("p")); p.className = name; p.textContent = content; }
      }
      box.setAttribute("aria-live", banner.severity === "emergency" ? "assertive" : "polite");
      box.className = (banner.severity || "") + (banner.drill ? " drill" : "");
      box.lang = language;
      box.dir = text.dir || "ltr";
      box.hidden = false;
      box.textContent = "";
      line("label", (banner.drill && words.exercise ? words.exercise + " – " : "") + (words["severity_" + banner.severity] || ""));
      line("headline", text.headline);
      line("words", text.impact);
      line("words", text.duration);
      if (banner.next_update_by && words.next_update_short) {
        var time = new Date(banner.next_update_by);
        line("small", words.next_update_short.replace("{time}", time.toLocaleString(language, { weekday: "short", hour: "numeric", minute: "2-digit", timeZoneName: "short" })));
      }
      if (/^https?:\/\//.test(text.link || "")) {
        var link = box.appendChild(document.createElement("p")).appendChild(document.createElement("a"));
        link.href = text.link;
        link.textContent = words.read_more_short || text.headline;
      }
    }
  }

  quietly(function () {
    customElements.define(NAME, Banner);
    var site = script && script.dataset.site;
    if (!site || document.querySelector(NAME)) return;
    function place() {
      quietly(function () {
        var element = document.createElement(NAME);
        element.setAttribute("src", new URL(encodeURIComponent(site) + "/banner.json", script.src).href);
        if (script.dataset.lang) element.lang = script.dataset.lang;
        document.body.insertBefore(element, document.body.firstChild);
      });
    }
    if (document.body) place(); else document.addEventListener("DOMContentLoaded", place);
  });
})();
