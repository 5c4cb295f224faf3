// Pieces that all views share: buttons, panels, dialogs, and a line that says what happened.

import { h, score, duration, count } from "./report-dom.js";

export const TERM = { quality: "Quality", graph: "Graph", graph_soft: "Graph, soft", clip: "CLIP", blip: "BLIP", kgc: "Plausibility", penalty: "Penalty" };
export const MISSING = { image: "picture missing", text: "text missing", none: "nothing missing" };
export const STAGE = {
  read: "looking", extract: "reading", alternate: "imagining", generate: "drawing and writing", reextract: "re-reading",
  score: "scoring", verify: "verifying", rank: "ranking",
};

export const button = (words, onclick, more = {}) => h("button", { type: "button", class: "quiet", onclick, ...more }, words);
export const key = (name) => h("kbd", null, name);
export const section = (title, ...content) => h("section", null, h("h2", null, title), ...content);
export const panel = (title, content, kind = "", more = "") =>
  h("section", { class: `panel ${kind}` }, h("h2", null, title, more && h("small", null, more)), content);
export const note = (content, kind = "") => h("p", { class: `note ${kind}` }, content);
export const longText = (text) => h("p", { class: "text", tabindex: text.length > 900 ? 0 : null }, text);
export const picture = (address, alt) =>
  h("a", { href: address, target: "_blank", rel: "noopener", class: "picture", title: "open the picture" },
    h("img", { src: address, alt, loading: "lazy", decoding: "async" }));

/** `describe:0` as `describe 1`: candidates are numbered from 1 wherever people see them. */
export const stepWords = (step) => step.replace(/^(\w+):(\d+)/, (_, name, index) => `${name} ${Number(index) + 1}`);

export const tokens = (n) => `${count(n)} token${n === 1 ? "" : "s"}`;
export const spent = (usage, seconds) => [
  seconds !== undefined && duration(seconds),
  usage.prompt_tokens + usage.completion_tokens > 0 && tokens(usage.prompt_tokens + usage.completion_tokens),
  usage.cache_hits > 0 && `${count(usage.cache_hits)} from cache`,
].filter(Boolean).join(", ");

export function bars(scores, weights = {}) {
  const terms = ["quality", ...Object.keys(scores).filter((term) => term !== "quality")];
  const most = Math.max(1, Object.values(weights).reduce((sum, weight) => sum + weight, 0)) * 100;
  return h("dl", { class: "bars" }, terms.map((term) => {
    const share = term === "quality" ? (100 * scores[term]) / most : scores[term];
    return h("div", { class: term === "quality" ? "bar total" : "bar", "data-term": term },
      h("dt", { title: term in weights ? `weight ${weights[term]}` : null }, TERM[term] ?? term),
      h("dd", null, h("i", { class: "meter", vars: { "--value": `${Math.max(0, Math.min(100, share))}%` } }),
        h("b", null, score(scores[term]))));
  }));
}

/** A text cut into parts, some of them marked. */
export const marked = (parts) => parts.map(([text, mark]) => (mark ? h("mark", null, text) : text));

/** JSON for people: each entry of a list in one line where that is short. */
export function asJson(value) {
  if (Array.isArray(value) && value.length) {
    const entries = value.map((one) => JSON.stringify(one));
    if (entries.every((entry) => entry.length <= 110)) return `[\n  ${entries.join(",\n  ")}\n]`;
  }
  return JSON.stringify(value, null, 2);
}

let silence;

/** A sentence at the lower edge, for a while; errors stay longer. */
export function tell(sentence, bad = false) {
  const told = document.getElementById("told");
  told.replaceChildren(h("p", { class: bad ? "note bad" : "note mini" }, sentence,
    h("button", { type: "button", class: "close", "aria-label": "close", onclick: () => told.replaceChildren() }, "×")));
  clearTimeout(silence);
  silence = setTimeout(() => told.replaceChildren(), bad ? 20_000 : 5_000);
}

/** `work`, and its error as a sentence. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    tell(error.message, true);
    return undefined;
  }
}

/** A dialog with a form. `build(close)` gives its content; resolves to what `close` is called with, or undefined. */
export function dialog(title, build) {
  return new Promise((resolve) => {
    let result;
    const box = h("dialog", { "aria-label": title });
    const close = (value) => {
      result = value;
      box.close();
    };
    box.append(h("header", null, h("h2", null, title),
      h("button", { type: "button", class: "close", "aria-label": "close", onclick: () => close() }, "×")), ...[build(close)].flat());
    box.addEventListener("close", () => {
      box.remove();
      resolve(result);
    });
    document.body.append(box);
    box.showModal();
  });
}

/** One line of text. */
export function askFor(title, label, value, submit) {
  return dialog(title, (close) => {
    const field = h("input", { id: "asked", value, autocomplete: "off", spellcheck: "false", required: true, autofocus: true });
    return h("form", { onsubmit: (event) => { event.preventDefault(); close(field.value.trim()); } },
      h("label", { for: "asked" }, label), field,
      h("p", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, submit)));
  });
}

/** The first child only if something is to be seen there: sections are drawn anew only when their data have changed. */
export class Place {
  constructor(element) {
    this.element = element;
    this.data = undefined;
  }

  show(data, draw) {
    const text = JSON.stringify(data);
    if (text === this.data) return;
    this.data = text;
    this.element.replaceChildren(...[draw()].flat(Infinity).filter(Boolean));
  }
}
