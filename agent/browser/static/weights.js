// Weights of the quality score, tried live on the scores at hand; and the settings of the method.

import { h, score } from "./report-dom.js";
import { post } from "./api.js";
import { attempt, Place, TERM, tell } from "./parts.js";

export class Weights {
  constructor(page) {
    this.page = page;
  }

  /** Sliders above the candidates, once there are scores. */
  box(view, enabled) {
    const terms = Object.keys(this.page.now.options.weights).filter((term) => view.candidates.some((one) => term in one.scores));
    if (!terms.length) return null;
    const wanted = { ...this.page.now.options.weights, ...view.weights };
    const said = h("span", { class: "muted", role: "status" });
    const keep = h("button", { type: "button", class: "primary", hidden: true, onclick: () => this.page.change({ action: "reweigh", weights: wanted }) }, "Keep these weights");
    const reset = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => this.redraw() }, "Put them back");
    const slider = (term) => {
      const value = h("output", null, String(wanted[term]));
      const input = h("input", {
        type: "range", min: 0, max: 2, step: 0.05, value: wanted[term], disabled: !enabled, id: `weight-${term}`, oninput: () => {
          wanted[term] = Number(input.value);
          value.textContent = input.value;
          this.preview(view, wanted, said, [keep, reset]);
        },
      });
      return h("div", { class: "weight" }, h("label", { for: `weight-${term}` }, TERM[term] ?? term), input, value);
    };
    return h("div", { class: "weights", role: "group", "aria-label": "Weights of the quality score" }, terms.map(slider), h("p", { class: "buttons" }, keep, reset, said));
  }

  redraw() {
    this.page.places.candidates.data = undefined;
    this.page.draw();
  }

  /** What these weights would make of it: shown at once, kept only by the button. One request at a time. */
  async preview(view, weights, said, buttons) {
    if (this.asking) {
      this.again = () => this.preview(view, weights, said, buttons);
      return;
    }
    this.asking = true;
    try {
      const { qualities, chosen } = await post(`${this.page.where}/weigh`, { weights });
      for (const one of buttons) one.hidden = false;
      rerank(qualities, chosen, weights);
      said.textContent = chosen === null ? "" : chosen === view.chosen ? `the choice stays candidate ${chosen + 1}` : `the choice would be candidate ${chosen + 1}`;
    } catch (error) {
      said.textContent = error.message;
      for (const one of buttons) one.hidden = one.classList.contains("primary");
    }
    this.asking = false;
    const { again } = this;
    this.again = undefined;
    again?.();
  }
}

/** The cards in their new order, each moving to its place. */
function rerank(qualities, chosen, weights) {
  const cards = [...document.querySelectorAll(".cards .card")];
  const most = Math.max(1, Object.values(weights).reduce((sum, one) => sum + one, 0)) * 100;
  const quality = (card) => qualities[card.dataset.candidate] ?? -Infinity;
  const order = [...cards].sort((a, b) =>
    (Number(b.dataset.candidate) === chosen) - (Number(a.dataset.candidate) === chosen) || quality(b) - quality(a) || a.dataset.candidate - b.dataset.candidate);
  const before = new Map(cards.map((card) => [card, card.getBoundingClientRect()]));
  if (order.some((card, k) => card !== cards[k])) cards[0].parentElement.append(...order);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const card of cards) {
    card.classList.toggle("chosen", Number(card.dataset.candidate) === chosen);
    card.querySelector(".tag").hidden = Number(card.dataset.candidate) !== chosen;
    const total = card.querySelector(".bar.total");
    if (total && card.dataset.candidate in qualities) {
      total.querySelector("b").textContent = score(qualities[card.dataset.candidate]);
      total.querySelector(".meter").style.setProperty("--value", `${Math.max(0, Math.min(100, (100 * quality(card)) / most))}%`);
    }
    const [was, is] = [before.get(card), card.getBoundingClientRect()];
    if (!still && (was.x !== is.x || was.y !== is.y)) {
      card.animate([{ transform: `translate(${was.x - is.x}px, ${was.y - is.y}px)` }, { transform: "none" }], { duration: 180, easing: "ease-out" });
    }
  }
}

const FIELDS = [
  ["mode", "Questions", ["merged", "stepwise"], "merged: few calls; stepwise: one per knowledge rule"],
  ["candidates", "Candidates", { min: 1, max: 50, step: 1 }, "from the step alternate on"],
  ["rounds", "Verification rounds", { min: 0, max: 10, step: 1 }, "0: off"],
  ["graph_similarity", "Graphs are matched", ["exact", "soft"], ""],
  ["temperature", "Temperature", { min: 0, max: 2, step: 0.05 }, ""],
  ["max_tokens", "Longest answer, tokens", { min: 16, max: 32768, step: 1 }, ""],
  ["penalty", "Penalty per edge", { min: 0, max: 100, step: 0.5 }, "of verified candidates"],
  ["seed", "Seed", { min: 0, max: 2147483647, step: 1 }, "from the step intake on"],
];

/** The tab with the settings of the method on this branch. */
export class Settings {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "settings" });
    this.place = new Place(this.element);
  }

  draw() {
    const { now } = this.page;
    this.place.show([now.options, now.current, now.models], () => this.form(now));
  }

  form({ options, current, models }) {
    const fields = FIELDS.map(([name, words, kind, hint]) => {
      const field = Array.isArray(kind)
        ? h("select", { id: `option-${name}` }, kind.map((one) => h("option", { value: one, selected: one === options[name] }, one)))
        : h("input", { id: `option-${name}`, type: "number", value: options[name], ...kind });
      return { name, field, row: [h("dt", null, h("label", { for: `option-${name}` }, words)), h("dd", null, field, hint && h("small", null, ` ${hint}`))] };
    });
    const save = () => {
      const values = Object.fromEntries(fields.map(({ name, field }) => [name, field.type === "number" ? Number(field.value) : field.value]).filter(([name, value]) => value !== options[name]));
      if (Object.keys(values).length) attempt(async () => (await this.page.change({ action: "options", values })) && tell("Set for this branch; it counts from the next step on."));
    };
    return [
      h("p", { class: "muted" }, `Settings of the branch ${current}. They ask nothing by themselves: go back and on to see what they do.`),
      h("form", { onsubmit: (event) => { event.preventDefault(); save(); } }, h("dl", { class: "pairs fields" }, fields.map(({ row }) => row)),
        h("p", { class: "buttons" }, h("button", { type: "submit", class: "primary" }, "Set"))),
      h("h3", null, "Models"),
      h("dl", { class: "pairs" }, Object.entries(models).filter(([, model]) => model?.name).map(([part, model]) => [h("dt", null, part), h("dd", null, h("code", null, model.name))])),
    ];
  }
}

