// What is shown, the address that leads there (#/runs/first/tt0001?q=...), and the keyboard.

import { h, build } from "./report-dom.js";
import { get } from "./api.js";
import { attempt, dialog, key, note } from "./parts.js";
import { samplesView } from "./samples.js";
import { runsView, runView } from "./runs.js";
import { sessionsView } from "./sessions.js";
import { sessionView } from "./session.js";

const [bar, app, side, pane, tools] = ["bar", "app", "samples", "pane", "tools"].map((id) => document.getElementById(id));
const LEADS = [["samples", "Samples"], ["runs", "Runs"], ["sessions", "Sessions"]];
let about;
let leave = null;
let keys = {};
let turn = 0;
let shownAddress = null;

/** What a view may do to the page. One per view: a view that was left can do nothing any more. */
class Place {
  constructor(number) {
    this.number = number;
    this.base = {};
  }

  get here() {
    return this.number === turn;
  }

  about() {
    about ??= get("/api/about").catch((error) => { about = undefined; throw error; });
    return about;
  }

  side(...content) {
    if (!this.here) return;
    app.className = "";
    side.replaceChildren(...content);
  }

  wide() {
    if (!this.here) return;
    app.className = "wide";
    this.pane("detail");
  }

  session(...content) {
    if (!this.here) return;
    app.className = "session";
    tools.replaceChildren(...content);
    this.pane("detail");
  }

  show(...content) {
    if (!this.here) return;
    const page = h("div", { class: "page" });
    build(page, null, content);
    pane.replaceChildren(page);
    pane.scrollTop = 0;
  }

  /** On a narrow screen one of list, detail and tools is in sight. */
  pane(name) {
    if (this.here) document.body.dataset.pane = name;
  }

  title(text) {
    if (this.here) document.title = `${text} · Knowledge Bridger`;
  }

  /** Keys of this view; `more`: in addition, until the next such call. */
  keys(given, more = false) {
    if (!this.here) return;
    if (!more) this.base = given;
    keys = { ...this.base, ...given };
  }

  onLeave(work) {
    if (this.here) leave = work;
    else work();
  }

  /** Write the address without going there. */
  address(parts, asked = {}) {
    if (!this.here) return;
    shownAddress = addressOf(parts, asked);
    history.replaceState(null, "", shownAddress);
  }

  open(parts, asked = {}) {
    location.hash = addressOf(parts, asked);
  }
}

function addressOf(parts, asked) {
  const query = new URLSearchParams(Object.entries(asked).filter(([name, value]) => value && !(name === "sort" && value === "index")));
  return `#/${parts.map(encodeURIComponent).join("/")}${query.size ? `?${query}` : ""}`;
}

function readAddress() {
  const [where, query] = location.hash.replace(/^#\/?/, "").split("?");
  const decode = (part) => { try { return decodeURIComponent(part); } catch { return part; } };
  return { parts: where.split("/").map(decode), asked: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

async function follow() {
  if (location.hash === shownAddress) return;
  shownAddress = null;
  const { parts: [kind, name, ...rest], asked } = readAddress();
  turn++;
  leave?.();
  leave = null;
  keys = {};
  const place = new Place(turn);
  const views = {
    samples: () => samplesView(place, { name, asked }),
    runs: () => (name ? runView(place, { name, id: rest.join("/") || undefined, asked }) : runsView(place)),
    sessions: () => sessionsView(place),
    session: () => sessionView(place, { name, asked }),
  };
  document.body.dataset.ready = "no";
  markLead(kind === "session" ? "sessions" : kind in views ? kind : "samples");
  try {
    await (views[kind] ?? (() => samplesView(place, { name: undefined, asked: {} })))();
  } catch (error) {
    place.wide();
    place.show(note(error.message, "bad"), h("p", null, h("a", { href: "#/samples" }, "To the samples")));
  }
  if (place.here) document.body.dataset.ready = "yes";
}

function markLead(kind) {
  for (const link of bar.querySelectorAll("nav a")) {
    if (link.dataset.kind === kind) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape" && typing) {
    typing.blur();
    event.preventDefault();
    return;
  }
  if (typing || (event.key === "Enter" && event.target.closest("button, a, summary, [role=button]"))) return;
  if (event.key === "?") {
    help();
    return;
  }
  if (keys[event.key]) {
    keys[event.key]();
    event.preventDefault();
  }
}

const HELP = [
  ["Everywhere", [["?", "this help"], ["Esc", "leave a field, close a dialog"]]],
  ["Lists", [["j / k", "next, previous"], ["/", "search"], ["Enter", "open the chosen one as a session"]]],
  ["A session", [["n", "next step"], ["r", "run all steps"], ["s", "stop"], ["b", "one step back"], ["t", "talk"], ["c p h w", "calls, prompts, history, weights and settings"]]],
];

function help() {
  attempt(() => dialog("Keys", () => HELP.map(([name, lines]) => h("section", null, h("h3", null, name),
    h("dl", { class: "pairs" }, lines.map(([press, does]) => [h("dt", null, press.split(" ").map((one) => (one === "/" && press !== "/" ? " / " : key(one)))), h("dd", null, does)]))))));
}

build(bar, null, [
  h("a", { class: "title", href: "#/samples" }, h("b", null, "Knowledge Bridger")),
  h("nav", { "aria-label": "Parts" }, LEADS.map(([kind, words]) => h("a", { href: `#/${kind}`, "data-kind": kind }, words))),
  h("button", { type: "button", class: "quiet help", onclick: help, title: "keys (?)", "aria-label": "Keys" }, "?")]);
document.addEventListener("keydown", onKey);
addEventListener("hashchange", follow);
follow();
