// What was asked and what was answered, as it comes in; a call opens to its messages, schema and answer.

import { h, count, duration } from "./report-dom.js";
import { get } from "./api.js";
import { attempt, picture, asJson, stepWords } from "./parts.js";

/** Finds out whether the endpoint takes tools: a refusal is an answer, and no failure. */
const PROBE = "talk.probe";

export class Calls {
  constructor(page) {
    this.page = page;
    this.known = new Map();
    this.live = new Map();
    this.list = h("ol", { class: "calls" });
    this.empty = h("p", { class: "empty" }, "This session has asked nothing yet. Steps done here show their calls; those of a finished run are in its records.");
    this.element = h("div", { class: "calls-tool" }, this.empty, this.list);
  }

  async load() {
    await attempt(async () => {
      const calls = await get(`${this.page.where}/calls`);
      const ids = new Set(calls.map((call) => call.call));
      for (const [id, item] of this.known) if (!ids.has(id) && !this.live.has(id)) { item.remove(); this.known.delete(id); }
      for (const call of calls) if (!this.live.has(call.call)) this.put(call);
      this.draw();
    });
  }

  draw() {
    const runs = new Set(this.page.now.line.map((number) => this.page.now.moments[number].run));
    for (const item of this.known.values()) item.classList.toggle("aside", item.dataset.run !== "0" && !runs.has(Number(item.dataset.run)) && !item.classList.contains("running"));
    this.empty.hidden = this.known.size > 0;
  }

  /** A finished call in the list. */
  put(call) {
    const item = this.known.get(call.call) ?? h("li", { "data-run": call.run, "data-call": call.call });
    const tokens = call.prompt_tokens + call.completion_tokens;
    const facts = [
      call.cached ? "from cache" : duration(call.seconds), tokens > 0 && `${count(call.prompt_tokens)} → ${count(call.completion_tokens)} tokens`,
      call.repaired && "repaired", call.finish_reason === "length" && "cut off", call.error && (call.step === PROBE ? "takes no tools" : "failed"),
    ].filter(Boolean);
    const body = h("div", { class: "call-body" });
    const box = h("details", { ontoggle: () => box.open && !body.firstChild && this.fill(call.call, body) },
      h("summary", null, h("b", null, stepWords(call.step)), h("small", { class: call.error && call.step !== PROBE ? "bad" : null }, facts.join(" · "))), body);
    item.replaceChildren(box);
    item.className = "";
    if (!this.known.has(call.call)) {
      this.known.set(call.call, item);
      this.list.append(item);
    }
    return box;
  }

  async fill(id, body) {
    const call = await attempt(() => get(`${this.page.where}/calls/${encodeURIComponent(id)}`));
    if (call) body.replaceChildren(...this.content(call));
  }

  content(call) {
    return [
      h("p", { class: "muted" }, h("code", null, call.prompt), ` · temperature ${call.asked.temperature} · seed ${call.asked.seed}`,
        this.promptLink(call.asked.prompt)),
      ...call.asked.messages.map((message) => h("div", { class: `message ${message.role}` }, h("h4", null, message.role),
        message.parts.map((part) => (part.kind === "text" ? h("pre", { tabindex: 0 }, part.text) : picture(this.page.at(part.picture.sha256), "a picture that was shown"))))),
      call.asked.answer_schema && h("details", null, h("summary", null, `Form of the answer: ${call.asked.form ?? "schema"}`), h("pre", { tabindex: 0 }, asJson(call.asked.answer_schema))),
      call.repair && h("div", { class: "message repair" }, h("h4", null, "answer that did not fit"), h("pre", null, call.repair.invalid), h("h4", null, "repair"), h("pre", null, call.repair.repair)),
      h("div", { class: "message answer" }, h("h4", null, "answer"), call.text ? h("pre", { tabindex: 0 }, pretty(call.text)) : h("p", { class: "muted" }, "none")),
      call.error && h("p", { class: "note bad" }, call.error),
    ].filter(Boolean);
  }

  promptLink(id) {
    const name = id.split("@")[0];
    return !name.startsWith("talk/") && h("button", { type: "button", class: "link inline", onclick: () => this.page.tabs.prompts[1].choose(name) }, "edit this prompt");
  }

  async open(id) {
    const item = this.known.get(id);
    if (!item) return;
    const box = item.querySelector("details");
    box.open = true;
    item.scrollIntoView({ block: "start" });
    box.querySelector("summary").focus();
  }

  /** All anew, after something was missed; what is still under way begins anew too, as it is told. */
  again() {
    this.live.clear();
    return this.load();
  }

  hear(event) {
    if (event.type === "call_started") this.begin(event);
    const live = this.live.get(event.call);
    if (!live) {
      if (event.type === "call_ended") this.load(); // its beginning was missed
      return;
    }
    if (event.type === "token") {
      live.text.append(event.text);
      live.pieces += 1;
      live.facts.textContent = `${live.pieces} pieces`;
      if (live.text.parentElement) live.text.scrollTop = live.text.scrollHeight;
    } else if (event.type === "call_restarted") {
      live.text.replaceChildren();
      live.facts.textContent = event.repair ? "repairing" : "once more";
    } else if (event.type === "call_ended") {
      this.live.delete(event.call);
      this.put({
        call: event.call, run: live.run, step: live.asked.step, prompt_tokens: event.usage.prompt_tokens, completion_tokens: event.usage.completion_tokens,
        seconds: event.seconds, cached: event.cached, repaired: event.repaired, finish_reason: event.finish_reason, error: event.error,
      });
    }
  }

  begin(event) {
    const text = h("pre", { class: "stream" });
    const facts = h("small", null, "asking …");
    const item = this.known.get(event.call) ?? h("li", { "data-run": event.run, "data-call": event.call });
    item.className = "running";
    item.replaceChildren(h("div", { class: "live" }, h("p", null, h("b", null, stepWords(event.asked.step)), facts), text));
    if (!this.known.has(event.call)) {
      this.known.set(event.call, item);
      this.list.append(item);
    }
    this.live.set(event.call, { asked: event.asked, run: event.run, text, facts, pieces: 0 });
    this.empty.hidden = true;
    const tool = this.element.parentElement;
    if (tool && tool.scrollHeight - tool.scrollTop - tool.clientHeight < 400) item.scrollIntoView({ block: "end" });
  }
}

function pretty(text) {
  try {
    return asJson(JSON.parse(text));
  } catch {
    return text;
  }
}
