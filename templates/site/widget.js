/* Clarion on any website: <script async src="https://status.example.org/site/widget.js" data-site="main"></script>
 *
 * No cookie, no dependency, no build step: the publisher leaves out comment lines and indentation (app/publishing/scripts.py).
 * Works under a strict content security policy and Trusted Types: words only ever go through textContent, styles through a
 * constructed style sheet. Whatever fails, fails quietly: the host page comes first.
 */
(() => {
  "use strict";
  const NAME = "clarion-banner", doc = document;
  const script = doc.currentScript || doc.querySelector("script[data-site]");
  // A preview is for whoever holds the link: nothing of it is kept, and a fragment reaches no server.
  const token = (/^#clarion-preview=([\w.~-]+)$/.exec(location.hash) || [])[1];

  const CSS = `:host(${NAME}){display:block}
    [hidden]{display:none!important}
    .card{all:initial;display:block;box-sizing:border-box;padding:.75em 1em;border-inline-start:.5em solid var(--mark);
    font:medium/1.5 var(--clarion-font,system-ui,sans-serif);overflow-wrap:anywhere;color:var(--ink);background:var(--paper);
    --ink:#1b1f24;--paper:#f1f4f7;--mark:#33506b;--link:#0b4fae}
    .major{--paper:#fff5e2;--mark:#8a4b00}
    .minor{--paper:#edf3ff;--mark:#0b4fae}
    .emergency{--paper:#fff0f1;--mark:#a40e26}
    @media (prefers-color-scheme:dark){
    .card{--ink:#e8eaed;--paper:#1c2126;--mark:#b5c7d9;--link:#9cc4ff}
    .major{--paper:#2a2014;--mark:#ffc078}
    .minor{--paper:#17212f;--mark:#9cc4ff}
    .emergency{--paper:#2d1518;--mark:#ffa3af}}
    .emergency:not(.landing){--ink:#fff;--paper:#98172b;--mark:#ffd9de;--link:#fff}
    .drill.card{--ink:#000;--paper:#ffd800;--mark:#000;--link:#000}
    .preview{outline:.25em dashed #b300b3;outline-offset:-.25em}
    .popup{position:fixed;z-index:2147483647;inset-block-end:1em;inset-inline-end:1em;inline-size:min(26em,calc(100% - 2em));
    max-block-size:80vh;overflow:auto;border-radius:.5em;box-shadow:0 .25em 2em #0008}
    h2,h3,p,ul{max-inline-size:44em;margin:.35em 0;font-size:1em}
    h2{font-size:1.25em;line-height:1.3}
    .landing h2{font-size:1.75em}
    h3{margin-block-start:1em}
    h3,.label{font-weight:700;color:var(--mark)}
    .words{white-space:pre-line}
    ul{padding-inline-start:1.25em}
    a{color:var(--link)}
    summary,label,select,button{font:inherit;color:inherit;cursor:pointer}
    summary{padding:.25em;inline-size:fit-content;font-weight:700}
    select{display:block;max-inline-size:100%;padding:.5em;background:var(--paper);border:1px solid;border-radius:.25em}
    small{display:block;font-size:.9em}
    button{float:inline-end;margin:-.35em;inline-size:44px;block-size:44px;font-size:1.5em;background:none;border:0}
    :focus-visible{outline:3px solid var(--link);outline-offset:-3px}
    .away{position:fixed;top:0;opacity:0;pointer-events:none}
    @media (prefers-reduced-motion:no-preference){.popup{animation:in .25s}@keyframes in{from{opacity:0;transform:translateY(1em)}}}
    @media print{.popup{position:static}}`;

  const quietly = (act) => { try { return act(); } catch (error) { /* see above */ } };

  // Memory stands in for a storage that is full or forbidden.
  const memory = new Map();
  const recall = (key) => quietly(() => localStorage.getItem(key)) || memory.get(key);
  const keep = (key, value) => {
    memory.set(key, value);
    if (token) return;
    quietly(() => localStorage.removeItem(key));
    quietly(() => localStorage.setItem(key, value));
  };

  // Bidi overrides could make an address read as another one.
  const write = (node, text) => { node.textContent = String(text || "").replace(/[\u202a-\u202e\u2066-\u2069]/g, ""); };
  const put = (parent, tag, text, name) => {
    const node = parent.appendChild(doc.createElement(tag));
    write(node, text);
    if (name) node.className = name;
    return node;
  };
  const link = (parent, text, url) => {
    if (/^(https?|tel|sms|mailto):/i.test(url)) put(parent, "a", text).href = url;
    else put(parent, "span", text);
    return parent.lastChild;
  };

  const frame = (root, tag, name) => {
    if (!root.firstChild) {
      if (root.adoptedStyleSheets) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(CSS);
        root.adoptedStyleSheets = [sheet];
      } else put(root, "style", CSS);
    }
    const box = put(root, tag, "", name);
    box.hidden = true;
    return box;
  };

  // Content of the page that landing content stands in for stays where it is; it is only not rendered meanwhile.
  const holes = new WeakMap();
  const hole = (slot) => {
    if (!holes.has(slot)) {
      const root = slot.attachShadow({ mode: "open" });
      holes.set(slot, [frame(root, "section"), put(root, "slot")]);
    }
    return holes.get(slot);
  };

  const start = (host) => {
    const src = new URL(token ? `preview/${token}.json` : "", new URL(host.getAttribute("src"), doc.baseURI));
    const other = !token && host.getAttribute("src-b");
    const COPY = "clarion " + src, TOLD = "clarion told " + src;
    const root = host.shadowRoot || host.attachShadow({ mode: "open" });
    root.textContent = "";
    const band = frame(root, "section"), popup = frame(root, "div"), voice = put(root, "div", "", "away");
    popup.tabIndex = -1;
    const closed = {}, opened = {};
    let banner, seq = 0, skew = 0, ready, failures = 0, timer, stream, since = 0, need, before, over, calm;

    const pick = (available, last) => {
      for (const code of [host.lang, doc.documentElement.lang].concat(navigator.languages))
        for (const one of [code, String(code).split("-")[0]])
          if (available.includes(one)) return one;
      return available.includes(last) ? last : available[0];
    };
    const say = (parent, tag, texts) => {
      const language = pick(Object.keys(texts), banner.languages[0]), node = put(parent, tag, texts[language]);
      node.lang = language || "";
      node.dir = "auto";
      return node;
    };

    // A time on the reader's own clock, with the weekday unless it is today.
    const clock = (at, now, words, language) => {
      const time = new Date(at);
      const text = time.toLocaleTimeString([language, "en-GB"], { hour: "numeric", minute: "2-digit" });
      return time.toDateString() === new Date(now).toDateString() ? text : words.days.split("|")[time.getDay()] + " " + text;
    };

    const here = (pages) => {
      const path = quietly(() => decodeURI(location.pathname));
      return !pages || !pages[0] || pages.some((page) => new RegExp("^" + page.replace(/[^\w*]/g, "\\$&").replace(/\*+/g, ".*") + "$").test(path));
    };

    // Which contact channel for which need, as of `now`; returns what brings it up to date.
    const finder = (details, where, words, language) => {
      const contact = banner.contact, needs = contact.needs, page = contact.links[language];
      details.hidden = !needs[0];
      details.open = opened[where] ?? where === "landing";
      details.ontoggle = () => { opened[where] = details.open; };
      put(details, "summary", words.contact);
      const select = put(put(details, "label", words.need), "select");
      for (const one of needs) {
        const option = say(select, "option", one.labels);
        option.value = one.slug;
        option.selected = one.slug === need;
      }
      const list = put(details, "ul");
      if (page) link(put(details, "p"), words.all_channels, page);
      let drawn;
      const refresh = (now) => {
        const wanted = needs.find((one) => one.slug === select.value);
        const rows = !wanted ? [] : (wanted.by_language[language] || wanted.contact_channels)
          .flatMap((slug) => contact.channels.filter((one) => one.slug === slug))
          .map((one) => {
            for (const later of one.later) if (Date.parse(later.at) <= now) one = { ...one, ...later };
            const [begins, ends] = (one.open.find((span) => Date.parse(span[1]) > now) || []).map(Date.parse);
            const works = /open|busy/.test(one.status), open = works && begins <= now;
            const until = (word, at) => words[word].replace("{time}", clock(at, now, words, language));
            const said = !works ? [words[one.status]]
              : open ? (ends - now > 6048e5 ? [words.open_always] : [words.open_now, until("open_until", ends)])
                : [words.closed].concat(begins ? until("opens_at", begins) : []);
            const busy = open && one.status === "busy" ? " – " + words.busy : "";
            const wait = open && one.wait_minutes != null ? " – " + words.wait.replace("{duration}", words.minutes.replace("{n}", one.wait_minutes)) : "";
            return [one, said.join(words.comma) + busy + wait, open ? +!!busy : works ? 2 : 3];
          })
          .sort((a, b) => a[2] - b[2]);
        if (drawn === (drawn = JSON.stringify(rows))) return;
        list.textContent = "";
        for (const [one, state] of rows) {
          const item = put(list, "li");
          say(item, "bdi", one.names);
          put(item, "span", " ");
          link(item, one.dial, one.href).dir = one.href ? "ltr" : "auto";
          put(item, "small", state);
          say(item, "small", one.status_reasons);
        }
      };
      select.onchange = () => quietly(() => { need = select.value; refresh(Date.now() + skew); });
      return refresh;
    };

    const draw = (box, where, placed, language) => {
      const text = placed.texts[language], words = banner.words[language] || banner.words[banner.languages[0]] || {};
      const body = doc.createDocumentFragment();
      const own = (tag, content, name) => {
        const node = put(body, tag, content, name);
        node.lang = words.lang;
        node.dir = words.dir;
        return node;
      };
      const label = (token ? words.preview + " – " : "") + (banner.drill ? words.exercise + " – " : "") + words["severity_" + banner.severity];
      if (placed.dismissable || where === "popup") {
        const button = own("button", "×");
        button.setAttribute("aria-label", words.close);
        button.onclick = () => close(where);
      }
      own("p", label, "label");
      put(body, "h2", text.headline);
      for (const key of "acknowledgement impact duration explanation options complications perspective reassurance links".split(" ")) {
        const list = [].concat(text[key] || []);
        if (!list.length) continue;
        if (words[key] && where === "landing") own("h3", words[key]);
        const lines = Array.isArray(text[key]) ? put(body, "ul") : body;
        for (const one of list)
          if (one.url) link(put(lines, "li"), one.text, one.url);
          else put(lines, lines === body ? "p" : "li", one.text || one, "words");
      }
      const next = own("p"), time = put(next, "time"), left = put(next, "span");
      link(own("p"), words.read_more_short, text.link);
      need = need || (banner.updates.find((one) => one.update === placed.update) || {}).need;
      const refresh = finder(own("details"), where, words, language);
      box.className = `card ${where} ${banner.severity} ${banner.drill ? "drill" : ""} ${token ? "preview" : ""}`;
      box.lang = language;
      box.dir = text.dir;
      box.setAttribute("role", where !== "popup" ? "region" : banner.severity === "emergency" ? "alertdialog" : "dialog");
      box.setAttribute("aria-label", where === "banner" ? label : text.headline);
      box.textContent = "";
      box.appendChild(body);
      box.hidden = false;
      box.words = [label, text.headline, text.impact].join(". ");
      box.refresh = (now) => {
        refresh(now);
        const promise = Date.parse(banner.next_update_by), minutes = Math.ceil((promise - now) / 6e4);
        time.dateTime = banner.next_update_by || "";
        write(time, promise && words.next_update_short.replace("{time}", clock(promise, now, words, language)));
        const count = minutes < 100 ? words.minutes.replace("{n}", minutes) : words.hours.replace("{n}", Math.round(minutes / 60));
        write(left, minutes > 0 && " (" + count + ")");
      };
    };

    const key = (placed) => `${placed.update}.${placed.revision}`;
    const fill = (box, where, placed, now) => {
      const language = placed && pick(Object.keys(placed.texts), banner.languages[0]);
      if (!language || (placed.languages && placed.languages[0] && !placed.languages.includes(language)) || closed[where] === key(placed) || (placed.dismissable && recall(COPY + where) === key(placed)) || !here(placed.pages)) {
        if (!box.hidden) {
          if (box.contains(root.activeElement)) quietly(() => before.focus());
          box.hidden = true;
          box.textContent = box.drawn = "";
        }
        return;
      }
      const drawn = JSON.stringify([placed, language, banner.severity, banner.words, banner.contact.needs]);
      if (box.drawn !== drawn) draw(box, where, placed, language);
      box.drawn = drawn;
      box.refresh(now);
    };
    const close = (where) => quietly(() => {
      const placed = banner.placements[where];
      closed[where] = key(placed);
      if (placed.dismissable) keep(COPY + where, key(placed));
      show();
    });

    const show = () => quietly(() => {
      const now = Date.now() + skew, valid = !over && ready && banner && Date.parse(banner.valid_until) > now;
      const placed = valid ? banner.placements : {};
      const boxes = [band, popup];
      quietly(() => fill(band, "banner", placed.banner, now));
      quietly(() => fill(popup, "popup", placed.popup, now));
      for (const slot of doc.querySelectorAll("[data-clarion-slot]")) quietly(() => {
        const [box, page] = hole(slot);
        // Nobody is thrown out of a form that is being filled in.
        if (box.hidden && slot.matches(":focus-within")) return;
        fill(box, "landing", placed.landing, now);
        page.hidden = !box.hidden;
        boxes.push(box);
      });
      const box = boxes.find((one) => !one.hidden), one = placed.banner || placed.popup || placed.landing;
      if (!box || recall(TOLD) === key(one)) return;
      keep(TOLD, key(one));
      const urgent = banner.severity === "emergency";
      if (urgent && !popup.hidden) {
        before = doc.activeElement;
        popup.focus({ preventScroll: true });
        return;
      }
      voice.setAttribute("aria-live", urgent ? "assertive" : "polite");
      voice.lang = box.lang;
      voice.dir = box.dir;
      setTimeout(() => write(voice, box.words), 500);
      setTimeout(() => write(voice), 15e3);
    });

    const take = (body, offset, fresh) => quietly(() => {
      const found = JSON.parse(body);
      if (found.version !== 1 || !Number.isSafeInteger(found.seq) || found.seq < seq) return false;
      if (offset === offset) skew = offset;
      banner = found;
      seq = found.seq;
      if (fresh) {
        ready = true;
        keep(COPY, `${Date.now()} ${skew} ${body}`);
      }
      return true;
    });
    // A copy may have been withdrawn meanwhile: an older one is only shown once nobody answers.
    const load = () => {
      const kept = /^(\d+) (\S+) ([^]+)$/.exec(recall(COPY));
      if (kept && take(kept[3], +kept[2]) && Date.now() - kept[1] < 6e4) ready = true;
    };

    const ask = async (url) => {
      let limit;
      try {
        const stop = new AbortController();
        limit = setTimeout(() => stop.abort(), 4000);
        const answer = await fetch(url, { cache: "no-cache", credentials: "omit", referrerPolicy: "no-referrer", signal: stop.signal });
        const served = Date.parse(answer.headers.get("date")) + 1e3 * (answer.headers.get("age") || 0);
        return answer.ok && take(await answer.text(), served - Date.now(), true);
      } catch (error) {
        return false;
      } finally {
        clearTimeout(limit);
      }
    };
    const later = () => {
      clearTimeout(timer);
      calm = stream && stream.readyState === 1;
      if (!over) timer = setTimeout(poll, (8 + 7 * Math.random()) * 1e3 * (calm ? 5 : 2 ** failures));
    };
    const poll = async () => {
      clearTimeout(timer);
      if (doc.hidden || over) return;
      load();
      const good = (await ask(src)) || (other && (await ask(other)));
      failures = good ? 0 : Math.min(failures + 1, 4);
      ready = true;
      show();
      quietly(listen);
      later();
    };
    const listen = () => {
      if (!host.hasAttribute("live") || token || over) return;
      if (stream && (stream.readyState < 2 || Date.now() - since < 6e4)) return;
      since = Date.now();
      stream = new EventSource(new URL("live?seq=" + seq, src));
      stream.addEventListener("banner", (event) => { take(event.data, NaN, true); show(); });
      stream.onerror = () => { if (calm) later(); };
    };
    const wake = () => {
      show();
      if (doc.hidden && stream) stream = stream.close();
      if (!doc.hidden) poll();
    };
    const escape = (event) => { if (event.key === "Escape" && !event.defaultPrevented && !popup.hidden) close("popup"); };

    // One tick a second notices an expiry, another page of a single-page app and landing content that came late.
    const tick = setInterval(show, 1000);
    doc.addEventListener("visibilitychange", wake);
    doc.addEventListener("keydown", escape);
    load();
    show();
    poll();
    return () => {
      over = true;
      show();
      clearInterval(tick);
      clearTimeout(timer);
      if (stream) stream.close();
      doc.removeEventListener("visibilitychange", wake);
      doc.removeEventListener("keydown", escape);
    };
  };

  quietly(() => {
    if (customElements.get(NAME)) return;
    const running = new WeakMap();
    customElements.define(NAME, class extends HTMLElement {
      connectedCallback() { quietly(() => running.set(this, start(this))); }
      disconnectedCallback() { quietly(() => running.get(this)()); }
    });
    const data = script.dataset;
    if (!data.site) return;
    const element = doc.createElement(NAME);
    element.setAttribute("src", new URL(`${encodeURIComponent(data.site)}/banner.json`, script.src));
    if (data.srcB) element.setAttribute("src-b", data.srcB);
    if (data.lang) element.lang = data.lang;
    if ("live" in data) element.setAttribute("live", "");
    // Frameworks that put in another body on each visit take the element away with the old one.
    const place = () => quietly(() => { if (!doc.querySelector(NAME)) doc.body.prepend(element); });
    place();
    doc.addEventListener("DOMContentLoaded", place);
    setInterval(place, 1000);
  });
})();
