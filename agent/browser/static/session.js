// One open session: its state on the left, how it was made on the right, and everything that happens as it happens.

import { h, plural } from "./report-dom.js";
import { get, post, path, listen } from "./api.js";
import { askFor, attempt, button, dialog, MISSING, note, Place, section, spent, stepWords, tell } from "./parts.js";
import { candidateCards, effort, failure, reading, trio, WARNED } from "./evidence.js";
import { origins } from "./graph.js";
import { Calls } from "./calls.js";
import { History } from "./history.js";
import { Prompts } from "./prompts.js";
import { Talk } from "./talk.js";
import { Weights, Settings } from "./weights.js";
import { editor } from "./editing.js";

const STEPS = ["intake", "extract", "alternate", "generate", "rank", "verify"];
const MEANS = {
  intake: "take in the sample", extract: "read it: knowledge and graph", alternate: "imagine it from several sides",
  generate: "draw or write the candidates", rank: "read them back, score, choose", verify: "verify the choice, regenerate",
};

export async function sessionView(place, { name }) {
  const where = path("sessions", name);
  const first = await openSession(where);
  if (!first) return place.open(["sessions"]);
  const session = new SessionPage(place, name, where, first);
  session.draw();
  await session.calls.load();
  return undefined;
}

/** The session; one whose checkpoints are broken is offered to be rebuilt. */
async function openSession(where) {
  try {
    return await get(where);
  } catch (error) {
    if (error.status !== 422) throw error;
    const wanted = await dialog("This session is broken", (close) => [h("p", null, `${error.message}.`),
      h("p", { class: "buttons" }, h("button", { type: "button", class: "primary", onclick: () => close(true) }, "Rebuild it"), button("Leave it", () => close(false)))]);
    return wanted ? post(`${where}/rebuild`) : null;
  }
}

class SessionPage {
  constructor(place, name, where, first) {
    Object.assign(this, { place, name, where, now: first, looking: null, running: null });
    this.at = (sha) => `${where}/pictures/${sha}`;
    this.places = {};
    this.calls = new Calls(this);
    this.tabs = {
      calls: ["Calls", this.calls], talk: ["Talk", new Talk(this)], history: ["History", new History(this)],
      prompts: ["Prompts", new Prompts(this)], settings: ["Settings", new Settings(this)],
    };
    this.weights = new Weights(this);
    this.build();
    this.source = listen(`${where}/events`, (event) => this.hear(event), (lost) => this.line.classList.toggle("lost", lost), () => this.closed());
    place.onLeave(() => this.source.close());
    place.keys({
      n: () => this.go("next"), r: () => this.go("run"), s: () => this.stop(), b: () => this.change({ action: "back" }),
      t: () => this.tab("talk"), c: () => this.tab("calls"), p: () => this.tab("prompts"), h: () => this.tab("history"), w: () => this.tab("settings"),
    });
    place.title(first.sample);
  }

  // ------------------------------------------------------------------------------------------------------- the frame

  build() {
    const made = (kind, attributes) => {
      const element = h(kind, attributes);
      return [element, new Place(element)];
    };
    const parts = {};
    for (const part of ["head", "steps", "buttons", "told", "trio", "reading", "candidates", "effort"]) {
      [parts[part], this.places[part]] = made("div", { class: `part part-${part}` });
    }
    this.line = h("p", { class: "doing", role: "status" });
    this.place.session(...this.toolbox());
    this.place.show(parts.head, h("div", { class: "control" }, parts.steps, h("div", { class: "control-line" }, parts.buttons, this.line)), parts.told, parts.trio, parts.reading, parts.candidates, parts.effort);
    this.tab(sessionStorage.getItem("tab") ?? "calls", false);
  }

  toolbox() {
    const buttons = Object.entries(this.tabs).map(([id, [words]]) => h("button", {
      type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `tools-${id}`, onclick: () => this.tab(id), onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const ids = Object.keys(this.tabs);
        this.tab(ids[(ids.indexOf(id) + step + ids.length) % ids.length], true);
      },
    }, words));
    return [
      h("div", { class: "tabs", role: "tablist", "aria-label": "How it was made" },
        h("button", { type: "button", class: "quiet back", onclick: () => this.place.pane("detail") }, "← Sample"), buttons),
      Object.entries(this.tabs).map(([id, [, tab]]) => h("div", { class: "tool", role: "tabpanel", id: `tools-${id}`, "aria-labelledby": `tab-${id}`, tabindex: -1 }, tab.element)),
    ].flat();
  }

  tab(id, focus = true) {
    const wanted = id in this.tabs ? id : "calls";
    for (const one of Object.keys(this.tabs)) {
      const [tab, tool] = [document.getElementById(`tab-${one}`), document.getElementById(`tools-${one}`)];
      tab.setAttribute("aria-selected", String(one === wanted));
      tab.tabIndex = one === wanted ? 0 : -1;
      tool.hidden = one !== wanted;
    }
    sessionStorage.setItem("tab", wanted);
    if (!focus) return;
    this.place.pane("tools");
    const [, tool] = this.tabs[wanted];
    if (tool.focus) tool.focus();
    else document.getElementById(`tab-${wanted}`).focus();
  }

  openCall(id) {
    this.tab("calls");
    this.calls.open(id);
  }

  // ---------------------------------------------------------------------------------------------------------- drawing

  draw() {
    const { now, places } = this;
    const view = this.looking?.view ?? now.view;
    const free = !now.activity && !this.looking;
    const edit = free ? (key, more) => editor(this, key, more) : undefined;
    const at = this.looking ? { at: this.looking.number } : {};
    const ask = origins(this.name, at);
    const openCall = (id) => this.openCall(id);
    places.head.show([now.current, now.branches, now.sample, view.labels], () => this.head(view));
    places.steps.show([now.line, now.next, this.running, now.options.rounds], () => this.stepper());
    places.buttons.show([now.line, now.next, now.activity, now.problem], () => this.buttons());
    places.told.show([now.notices, now.problem, view.failure, view.warnings, this.looking?.number], () => this.told(view));
    places.trio.show([view.text, view.picture, view.truth_text, view.truth_picture, view.chosen, view.candidates], () => trio(view, this.at));
    places.reading.show([view.graph, view.knowledge, view.answers, free, at], () => reading(view, { ask, openCall, edit }));
    places.candidates.show([view.candidates, view.chosen, view.graph, view.weights, free, now.options.weights, at], () => this.candidates(view, edit, at));
    places.effort.show([view.usage, view.seconds], () => view.usage.calls + view.usage.cache_hits > 0 && effort(view));
    for (const [, tab] of Object.values(this.tabs)) tab.draw();
    this.calls.element.classList.toggle("working", Boolean(now.activity));
  }

  head(view) {
    const { now } = this;
    const branch = h("select", { "aria-label": "Branch", onchange: () => this.change({ action: "switch", name: branch.value }) },
      now.branches.map((one) => h("option", { value: one.name, selected: one.name === now.current }, one.name)));
    const fork = () => attempt(async () => {
      const wanted = await askFor("Fork", "Name of the new branch", suggestion(now.branches), "Fork here");
      if (wanted) await this.change({ action: "fork", branch: now.current, name: wanted });
    });
    const close = () => attempt(async () => {
      await post(`${this.where}/leave`);
      this.place.open(["sessions"]);
    });
    return h("header", { class: "head" },
      h("div", { class: "steps" },
        h("label", { class: "branch" }, "Branch ", branch), button("Fork", fork),
        h("details", { class: "menu" }, h("summary", { class: "quiet" }, "Export"),
          h("ul", null, [["session.md", "To read (Markdown)"], ["session.json", "To replay (JSON)"], ["record.json", "The record"], ["case.json", "A test case"]].map(([form, words]) =>
            h("li", null, h("a", { href: `${this.where}/export/${form}`, download: "" }, words))))),
        button("Close", close, { title: "close the session, so that the terminal can open it" }),
        h("button", { type: "button", class: "quiet to-tools", onclick: () => this.place.pane("tools") }, "Calls, talk …")),
      h("p", { class: "eyebrow" }, [sourceWords(now.source), MISSING[view.missing]].join(" · ")),
      h("h1", null, now.sample),
      view.labels.length > 0 && h("ul", { class: "chips" }, view.labels.map((label) => h("li", null, h("span", { class: "chip" }, label)))));
  }

  stepper() {
    const { now } = this;
    const line = now.line.map((number) => now.moments[number]);
    const done = Object.fromEntries(line.filter((one) => one.kind !== "start").map((one) => [one.node, one]));
    const shown = STEPS.filter((step) => step !== "verify" || now.options.rounds > 0 || done.verify || now.next === "verify");
    return h("ol", { class: "stepper" }, shown.map((step) => {
      const state = this.running === step ? "running" : now.next === step ? "next" : done[step] ? "done" : "later";
      const one = done[step];
      return h("li", { class: state, title: MEANS[step], "aria-current": state === "running" || state === "next" ? "step" : null },
        h("b", null, step), h("small", null, state === "running" ? "working …" : one && state === "done" ? spent(one.usage, one.seconds) || "done" : state === "next" ? "next" : ""));
    }));
  }

  buttons() {
    const { now } = this;
    const finished = now.next === null;
    const busy = Boolean(now.activity);
    return h("p", { class: "buttons" },
      h("button", { type: "button", class: "primary", id: "next", disabled: busy || finished, title: "the next step (n)", onclick: () => this.go("next") }, finished ? "Finished" : `Next: ${now.next}`),
      button("Run all", () => this.go("run"), { disabled: busy || finished, title: "all steps to the end (r)" }),
      button("Stop", () => this.stop(), { disabled: !busy, title: "stop what is under way (s)" }),
      button("Back", () => this.change({ action: "back" }), { disabled: busy || now.line.length < 2, title: "one moment back (b)" }),
      button(now.problem ? "Retry" : "Again", () => this.go("retry"), { disabled: busy || (!now.problem && !canRepeat(now)), title: "the last step once more, asked anew" }));
  }

  told(view) {
    const { looking, now } = this;
    return [
      looking && h("p", { class: "note mini" }, `You look at #${looking.number}, ${now.moments[looking.number].label}; the branch ${now.current} stands at #${now.line.at(-1)}. `,
        h("span", { class: "buttons" }, button("Go on from here", () => this.change({ action: "go", moment: looking.number })),
          button("Fork from here", () => this.forkAt(looking.number)), button("Back to the present", () => this.look(null)))),
      now.notices.map((one) => note(one, one.startsWith("WARNING") ? "bad" : "")),
      now.problem && h("p", { class: "note bad", role: "alert" }, h("strong", null, "The last step could not be done. "), now.problem,
        " The session is as it was before; ", button("retry", () => this.go("retry")), " once the cause is gone."),
      failure(view), WARNED(view)];
  }

  candidates(view, edit, at) {
    if (!view.candidates.length) return null;
    const askOf = (candidate) => origins(this.name, { ...at, candidate: candidate.index });
    const actions = (candidate) => edit && h("span", { class: "buttons" },
      button("Edit description", () => edit("description", candidate)), view.missing === "text" && candidate.text && button("Edit text", () => edit("text", candidate)));
    const cards = candidateCards(view, this.at, { actions, askOf, openCall: (id) => this.openCall(id) });
    const again = edit && view.candidates.some((one) => "quality" in one.scores) && this.regenerating();
    return section(plural(view.candidates.length, "candidate"), this.weights.box(view, Boolean(edit)), cards, again);
  }

  regenerating() {
    const subject = h("input", { "aria-label": "Subject of one more candidate", placeholder: "another subject: the blue star", autocomplete: "off", required: true });
    return h("form", { class: "again", onsubmit: (event) => {
      event.preventDefault();
      this.go("regenerate", { subject: subject.value });
    } }, subject, h("button", { type: "submit", class: "quiet" }, "One more candidate"));
  }

  // ----------------------------------------------------------------------------------------------------------- doing

  go(action, more = {}) {
    return attempt(async () => {
      this.looking = null;
      await post(`${this.where}/go`, { action, ...more });
    });
  }

  stop() {
    return this.now.activity ? attempt(() => post(`${this.where}/stop`)) : undefined;
  }

  /** `asked.branch`: where it is meant for, if that is not what is in view now. */
  change(asked) {
    return attempt(async () => {
      this.now = await post(`${this.where}/change`, { branch: this.now.current, ...asked });
      this.looking = null;
      this.draw();
      return this.now;
    });
  }

  forkAt(moment) {
    return attempt(async () => {
      const { current: branch, branches } = this.now;
      const name = await askFor("Fork", "Name of the new branch", suggestion(branches), "Fork");
      if (name) await this.change({ action: "fork", branch, name, moment });
    });
  }

  /** Look at another moment without going there; null: at the present. */
  look(number) {
    return attempt(async () => {
      this.looking = number === null ? null : { number, view: await get(`${this.where}/moments/${number}`) };
      this.draw();
      this.place.pane("detail");
    });
  }

  // --------------------------------------------------------------------------------------------------------- hearing

  hear(event) {
    this.calls.hear(event);
    this.tabs.talk[1].hear(event);
    const words = {
      step_started: () => {
        this.running = event.step;
        return `${event.step} …`;
      },
      call_started: () => `${stepWords(event.asked.step)}: asking`,
      drawn: () => `drawn: ${event.error ?? event.description}`,
      scored: () => `${event.scorer} scored ${event.error ?? Math.round(event.score * 10) / 10}`,
      note: () => event.text,
      step_ended: () => {
        this.running = null;
        this.reload();
        return `${event.step} done`;
      },
      problem: () => {
        this.running = null;
        tell(event.sentence, true);
        return "";
      },
      activity: () => {
        this.reload();
        return "";
      },
      replied: () => "",
      stopped: () => {
        this.running = null;
        return "stopped; the session is as it was before this step";
      },
      changed: () => {
        if (!event.activity) this.running = null;
        this.reload();
        return null;
      },
      missed: () => {
        this.running = null;
        this.reload();
        this.calls.again();
        return "";
      },
      closed: () => {
        this.closed();
        return null;
      },
    }[event.type]?.();
    if (words !== null && words !== undefined) this.line.textContent = words;
  }

  /** Closed, here or in another tab: whatever were asked of it now would open it again. */
  closed() {
    this.source.close();
    this.place.keys({});
    this.place.wide();
    this.place.show(note("This session is closed, so that another program may open it."),
      h("p", { class: "buttons" }, button("Open it again", () => location.reload()), h("a", { href: "#/sessions" }, "To the sessions")));
  }

  /** What the session is now; several wishes at a time are one. */
  async reload() {
    if (this.reloading) {
      this.reloading = "again";
      return;
    }
    this.reloading = "yes";
    await attempt(async () => {
      this.now = await get(this.where);
      if (this.place.here) this.draw();
    });
    const again = this.reloading === "again";
    this.reloading = null;
    if (again) await this.reload();
  }
}

const canRepeat = (now) => ["step", "regenerate"].includes(now.moments[now.line.at(-1)].kind);

function suggestion(branches) {
  const names = new Set(branches.map((one) => one.name));
  let number = 2;
  while (names.has(`branch-${number}`)) number++;
  return `branch-${number}`;
}

function sourceWords(source) {
  if (source.kind === "dataset") return `${source.dataset} · ${source.split} · sample ${source.index + 1}${source.miniature ? " · miniature" : ""}`;
  if (source.kind === "run") return `run ${source.folder.split("/").at(-1)}`;
  return source.image ? "your picture" : "your text";
}
