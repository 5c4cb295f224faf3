// The texts that are sent to the LMM, to be edited for this branch.

import { h } from "./report-dom.js";
import { get } from "./api.js";
import { attempt, button, Place, tell } from "./parts.js";

export class Prompts {
  constructor(page) {
    this.page = page;
    this.name = null;
    /** What is open: `branch`, `text` as it is there, and the `field`. */
    this.open = null;
    this.element = h("div", { class: "prompts" });
    this.choices = h("div");
    this.editing = h("div", null, h("p", { class: "empty" }, "Choose a prompt to see or to change its words. A change holds for this branch."));
    this.element.append(this.choices, this.editing);
    this.place = new Place(this.choices);
  }

  draw() {
    const { now } = this.page;
    const key = [now.current, now.line, now.branches.map((one) => one.prompts)];
    if (JSON.stringify(key) === this.key) return;
    this.key = JSON.stringify(key);
    attempt(async () => {
      const names = await get(`${this.page.where}/prompts`);
      this.place.show([names, this.name], () => this.chooser(names));
    });
    // Words of another branch must not look like those of this one; what somebody has begun to write stays.
    if (this.open && this.open.branch !== now.current && this.open.field.value === this.open.text) attempt(() => this.load());
  }

  chooser(names) {
    const group = (label, list) => list.length > 0 && h("optgroup", { label }, list.map((one) =>
      h("option", { value: one.name, selected: one.name === this.name }, one.edited ? `${one.name} (edited)` : one.name)));
    const select = h("select", { id: "prompt", "aria-label": "Prompt", onchange: () => this.choose(select.value) },
      h("option", { value: "" }, "Which prompt?"), group("asked with on this line", names.filter((one) => one.used)), group("others", names.filter((one) => !one.used)));
    return h("p", { class: "line" }, select);
  }

  choose(name) {
    if (!name) return undefined;
    return attempt(async () => {
      this.page.tab("prompts", false);
      this.page.place.pane("tools");
      this.name = name;
      await this.load();
      this.open?.field.focus();
    });
  }

  /** Show the chosen prompt as it is on the current branch. */
  async load() {
    const { name } = this;
    const { text, branch, edited } = await get(`${this.page.where}/prompts/${name.split("/").map(encodeURIComponent).join("/")}`);
    if (name !== this.name) return;
    const select = this.choices.querySelector("select");
    if (select) select.value = name;
    const field = h("textarea", { class: "code", rows: 18, spellcheck: "false", "aria-label": `Text of ${name}` });
    field.value = text;
    // As the field has it: line ends may be other ones.
    this.open = { branch, text: field.value, field };
    const save = (change, replay) => attempt(async () => {
      const now = await this.page.change({ action: "prompt", branch, name, text: change, replay });
      if (!now) return;
      const replayed = now.activity ? "the steps that ask with it are done anew" : "no step of this line has asked with it, so it counts from now on";
      tell(change === null ? `${name} is the project's again.` : replay ? `${name} is changed; ${replayed}.` : `${name} is changed on this branch.`);
      this.choose(name);
    });
    this.editing.replaceChildren(
      h("h3", null, h("code", null, name), edited && h("b", { class: "tag mini" }, "edited")),
      field,
      h("p", { class: "muted" }, `Of the branch ${branch}. Slots in double braces must stay: they are filled with the sample's values.`),
      h("p", { class: "buttons" },
        h("button", { type: "button", class: "primary", onclick: () => save(field.value, true) }, "Save and replay"),
        button("Save", () => save(field.value, false)),
        edited && button("Back to the project's", () => save(null, false))));
  }
}
