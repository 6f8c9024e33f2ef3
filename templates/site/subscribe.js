/* Our messages, subscribed to on your own page:
 *   <clarion-subscribe><a href="https://status.example.org/s/en">Get our messages</a></clarion-subscribe>
 *   <script async src="https://status.example.org/site/subscribe.js"></script>
 *
 * Until it runs, and wherever it cannot, what stands inside the element stays: a link, or a plain form. As widget.js it
 * needs no cookie and no build step, works under a strict content security policy and Trusted Types, and fails quietly.
 */
(() => {
  "use strict";
  const NAME = "clarion-subscribe", doc = document, home = doc.currentScript && doc.currentScript.src;

  const CSS = `:host{display:block}
    [hidden]{display:none!important}
    .box{all:initial;display:block;box-sizing:border-box;padding:.75em 1em;font:medium/1.5 var(--clarion-font,system-ui,sans-serif);
    overflow-wrap:anywhere;color:var(--ink);background:var(--paper);--ink:#1b1f24;--paper:#f1f4f7;--link:#0b4fae;--on:#fff;--wrong:#a40e26}
    @media (prefers-color-scheme:dark){
    .box{--ink:#e8eaed;--paper:#1c2126;--link:#9cc4ff;--on:#0b1420;--wrong:#ffa3af;color-scheme:dark}}
    h2,p,fieldset{max-inline-size:36em;margin:.6em 0;font-size:1em}
    h2{font-size:1.25em;line-height:1.3}
    fieldset{min-inline-size:0;border:1px solid;border-radius:.25em}
    label{display:block}
    input,select{font:inherit;color:inherit;background:var(--paper);border:1px solid;border-radius:.25em;padding:.5em;box-sizing:border-box;
    inline-size:100%;max-inline-size:24em;min-block-size:44px}
    [type=checkbox]{inline-size:1.4em;block-size:1.4em;min-block-size:0;vertical-align:middle;accent-color:var(--link)}
    fieldset label{padding:.4em 0}
    small{display:block;font-size:.9em}
    .wrong{color:var(--wrong);font-weight:700}
    [aria-invalid]{border:2px solid var(--wrong)}
    button{font:inherit;font-weight:700;color:var(--on);background:var(--link);border:0;border-radius:.3em;padding:.6em 1.25em;
    min-block-size:44px;cursor:pointer}
    [aria-disabled=true]{opacity:.7;cursor:default}
    :focus-visible{outline:3px solid var(--link);outline-offset:2px}`;

  const put = (parent, tag, text) => {
    const node = parent.appendChild(doc.createElement(tag));
    node.textContent = text || "";
    return node;
  };
  const spoken = (node, one) => {
    node.lang = one.lang;
    node.dir = one.dir;
    return node;
  };
  const field = (form, tag, name, words) => {
    const line = put(form, "p"), label = put(line, "label", words.label), node = put(line, tag);
    label.htmlFor = node.id = node.name = name;
    if (words.hint) {
      put(line, "small", words.hint).id = "hint";
      node.setAttribute("aria-describedby", "hint");
    }
    return node;
  };
  const asked = { cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };

  const draw = (host, words, page) => {
    const root = host.attachShadow({ mode: "open" }), sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
    const box = spoken(put(root, "section"), words);
    box.className = "box";
    box.setAttribute("aria-label", words.title);
    put(box, "h2", words.title);
    put(box, "p", words.intro);
    const form = put(box, "form");
    form.noValidate = true;
    const fault = put(form, "p");
    fault.className = "wrong";
    fault.id = "fault";
    fault.tabIndex = -1;
    fault.setAttribute("role", "alert");
    fault.hidden = true;
    const address = field(form, "input", "address", words.address);
    address.type = words.address.type;
    address.autocomplete = words.address.autocomplete;
    address.required = true;
    address.maxLength = 320;
    address.dir = "ltr";
    const language = field(form, "select", "language", words.language);
    for (const one of words.language.options) {
      const option = spoken(put(language, "option", one.name), one);
      option.value = one.code;
      option.selected = one.chosen;
    }
    const area = field(form, "input", "area", words.area);
    area.maxLength = 64;
    area.dir = "auto";
    area.autocomplete = "postal-code";
    if (words.topics.options[0]) {
      const set = put(form, "fieldset");
      put(set, "legend", words.topics.label);
      put(set, "small", words.topics.hint);
      for (const one of words.topics.options) {
        const label = spoken(put(set, "label"), one), tick = put(label, "input");
        tick.type = "checkbox";
        tick.name = "topic";
        tick.value = one.slug;
        label.append(" " + one.text);
      }
    }
    put(form, "p", words.consent);
    const button = put(put(form, "p"), "button", words.button);
    let busy = false;
    const refused = (text, where) => {
      fault.textContent = text;
      fault.hidden = false;
      for (const one of [address, area]) one.removeAttribute("aria-invalid");
      if (where === "address") {
        address.setAttribute("aria-invalid", "true");
        address.setAttribute("aria-describedby", "fault hint");
        address.focus();
      } else fault.focus();
    };
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      button.setAttribute("aria-disabled", "true");
      let told = words.later;
      try {
        const body = new URLSearchParams(new FormData(form));
        const answer = await fetch(page, { method: "POST", body: body, headers: { accept: "application/json" }, ...asked });
        told = await answer.json();
      } catch (error) { /* nobody answers: what was typed stays, to be sent again */ }
      busy = false;
      button.removeAttribute("aria-disabled");
      if (told.fault) {
        refused(told.fault, told.field);
        return;
      }
      form.remove();
      const said = put(box, "div");
      said.tabIndex = -1;
      said.setAttribute("role", "status");
      box.querySelector("p").remove();
      box.querySelector("h2").textContent = told.title;
      put(said, "p", told.text);
      put(said, "small", told.note);
      said.focus();
    };
  };

  const start = async (host) => {
    try {
      const wanted = host.lang || doc.documentElement.lang || navigator.language || "en";
      const page = new URL("../s/" + encodeURIComponent(wanted), home).href;
      const answer = await fetch(page + "/form.json", asked);
      const words = answer.ok && (await answer.json());
      if (words.version === 1 && !host.shadowRoot) draw(host, words, page);
    } catch (error) { /* what stands inside the element stays */ }
  };

  try {
    if (home && !customElements.get(NAME))
      customElements.define(NAME, class extends HTMLElement {
        connectedCallback() { start(this); }
      });
  } catch (error) { /* the host page comes first */ }
})();
