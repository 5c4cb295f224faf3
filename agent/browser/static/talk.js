// Free words: the LMM with tools in its hands. What would change something asks first.

import { h } from "./report-dom.js";
import { post } from "./api.js";
import { attempt, picture, Place } from "./parts.js";

/** Arguments of a tool that say something: `candidates=2,3`. */
const given = (args) => Object.entries(args).filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length))
  .map(([name, value]) => `${name}=${[value].flat().some((one) => typeof one === "object") ? JSON.stringify(value) : value}`);

export class Talk {
  constructor(page) {
    this.page = page;
    this.turns = h("ol", { class: "turns", "aria-label": "Conversation", "aria-live": "polite" });
    this.live = h("ol", { class: "turns" });
    this.ask = h("div", { class: "confirm" });
    this.field = h("textarea", {
      rows: 2, "aria-label": "Ask about this sample", placeholder: "Why this one? What if the star were the subject?", maxlength: 4000, onkeydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.say();
      },
    });
    this.sending = h("button", { type: "submit", class: "primary" }, "Ask");
    this.hints = h("ul", { class: "chips" }, ["Why this one?", "Show the graph", "Which complete samples are similar?", "Rank by the graph alone"].map((words) =>
      h("li", null, h("button", { type: "button", onclick: () => { this.field.value = words; this.field.focus(); } }, words))));
    this.element = h("div", { class: "talk" }, this.turns, this.live, this.ask, this.hints,
      h("form", { onsubmit: (event) => { event.preventDefault(); this.say(); } }, this.field, h("p", { class: "buttons" }, this.sending, h("small", null, "Enter asks, Shift+Enter breaks the line"))));
    this.places = [new Place(this.turns), new Place(this.ask)];
  }

  focus() {
    this.field.focus();
  }

  draw() {
    const { now } = this.page;
    if (now.conversation.length !== this.kept) this.settle(now.conversation.length);
    this.places[0].show(now.conversation, () => now.conversation.map((turn) => this.turn(turn)));
    this.places[1].show(now.asked, () => now.asked && this.confirmation(now.asked));
    if (now.activity !== "talk") this.live.replaceChildren();
    this.sending.disabled = Boolean(now.activity);
    this.hints.hidden = now.conversation.length > 0;
  }

  /** What has come into the conversation is not shown a second time as what is going on. */
  settle(kept) {
    this.kept = kept;
    this.live.replaceChildren(...this.live.querySelectorAll("li.streaming"));
  }

  /** Whether the conversation ends with these words of the user already. */
  told(text) {
    const last = this.page.now.conversation.at(-1);
    return last?.role === "user" && last.text === text;
  }

  turn(turn) {
    const pictures = (turn.pictures ?? []).map((one) => picture(this.page.at(one.sha256), "a picture of the conversation"));
    if (turn.role === "tool") {
      return h("li", { class: turn.error ? "tool error" : "tool" }, h("details", { open: turn.error },
        h("summary", null, `${turn.tool ?? "tool"} answered${turn.error ? " with an error" : ""}`), h("pre", { tabindex: 0 }, turn.text)), pictures);
    }
    if (turn.role === "assistant" && turn.tool && turn.tool !== "reply") {
      return h("li", { class: "tool" }, h("code", null, [turn.tool, ...given(turn.arguments)].join(" ")), turn.text && h("p", null, turn.text));
    }
    return h("li", { class: turn.role }, h("p", { class: "text" }, turn.text), pictures);
  }

  confirmation(asked) {
    const answer = (yes) => attempt(() => post(`${this.page.where}/confirm`, { call: asked.call, yes }));
    return h("div", { role: "alertdialog", "aria-label": "May it be done?", class: "note" }, h("p", null, h("strong", null, "May it? "), asked.sentence),
      h("p", { class: "buttons" }, h("button", { type: "button", class: "primary", onclick: () => answer(true) }, "Yes, do it"),
        h("button", { type: "button", class: "quiet", onclick: () => answer(false) }, "No")));
  }

  say() {
    const text = this.field.value.trim();
    if (!text || this.page.now.activity) return;
    attempt(async () => {
      await post(`${this.page.where}/talk`, { text });
      this.field.value = "";
    });
  }

  hear(event) {
    const said = {
      talk_started: () => this.live.replaceChildren(...(this.told(event.text) ? [] : [this.turn({ role: "user", text: event.text })])),
      ways_found: () => this.live.append(h("li", { class: "tool" }, event.sentence)),
      tool_called: () => this.live.append(h("li", { class: "tool" }, `${event.sentence} …`)),
      tool_answered: () => this.live.append(this.turn({ ...event, role: "tool" })),
      confirm_asked: () => this.page.reload(),
      confirm_answered: () => this.page.reload(),
      reply_token: () => this.reply(event),
      replied: () => this.page.reload(),
    }[event.type];
    if (!said) return;
    said();
    const tool = this.element.parentElement;
    if (tool) tool.scrollTop = tool.scrollHeight;
  }

  reply({ call, text }) {
    let item = this.live.querySelector("li.streaming");
    if (!item || item.dataset.call !== call) {
      item?.remove();
      item = h("li", { class: "assistant streaming", "data-call": call }, h("p", { class: "text" }));
      this.live.append(item);
    }
    item.firstChild.append(text);
  }
}
