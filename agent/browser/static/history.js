// The tree of moments, the branches, and what differs between two of them.

import { h, score, count } from "./report-dom.js";
import { get } from "./api.js";
import { attempt, button, spent, TERM, Place } from "./parts.js";
import { edgeList } from "./graph.js";

export class History {
  constructor(page) {
    this.page = page;
    this.element = h("div", { class: "history" });
    this.tree = h("div");
    this.choice = h("div");
    this.difference = h("div", { class: "difference", "aria-live": "polite" });
    this.element.append(this.tree, this.choice, this.difference);
    this.places = [new Place(this.tree), new Place(this.choice)];
  }

  draw() {
    const { now, looking } = this.page;
    this.places[0].show([now.moments, now.line, now.branches, looking?.number], () => this.moments());
    this.places[1].show([now.branches, now.moments.length], () => this.chooser());
  }

  moments() {
    const { now, looking } = this.page;
    const heads = new Map();
    for (const branch of now.branches) heads.set(branch.head, [...(heads.get(branch.head) ?? []), branch.name]);
    const children = (number) => now.moments.filter((one) => one.parent === number);
    const onLine = new Set(now.line);
    const items = [];
    const walk = (moment, depth) => {
      items.push(this.moment(moment, depth, onLine.has(moment.number), heads.get(moment.number) ?? [], looking?.number === moment.number));
      // The oldest child goes on in the same column; what was tried later is set in.
      children(moment.number).forEach((child, k, all) => walk(child, depth + (all.length > 1 && k > 0 ? 1 : 0)));
    };
    walk(now.moments[0], 0);
    return h("ol", { class: "moments", "aria-label": "Moments" }, items);
  }

  moment(one, depth, onLine, heads, looked) {
    const { page } = this;
    const head = page.now.line.at(-1) === one.number;
    return h("li", { class: [onLine && "line", head && "head", looked && "looked"].filter(Boolean).join(" "), vars: { "--depth": String(depth) } },
      h("button", { type: "button", class: "moment", "aria-current": head ? "true" : null, onclick: () => page.look(head ? null : one.number) },
        h("b", null, `#${one.number}`), h("span", null, one.label), one.failure && h("em", { class: "bad" }, "failed"),
        h("small", null, one.kind === "step" || one.kind === "regenerate" ? spent(one.usage, one.seconds) : "")),
      heads.map((name) => h("b", { class: name === page.now.current ? "tag" : "tag mini" }, name)));
  }

  chooser() {
    const { now } = this.page;
    const options = [...now.branches.map((one) => [one.name, `branch ${one.name}`]), ...now.moments.map((one) => [`#${one.number}`, `#${one.number} ${one.label}`])];
    const side = (label, value) => h("select", { "aria-label": label }, options.map(([one, words]) => h("option", { value: one, selected: one === value }, words)));
    const others = now.branches.filter((one) => one.name !== now.current);
    const a = side("From", others.at(-1)?.name ?? `#${now.line[0]}`);
    const b = side("To", now.current);
    const compare = () => attempt(async () => {
      const found = await get(`${this.page.where}/diff`, { a: a.value, b: b.value });
      this.difference.replaceChildren(...differenceBox(found));
    });
    return h("div", { class: "compare" }, h("h3", null, "What differs"), h("p", { class: "line" }, a, h("span", null, "→"), b, button("Compare", compare)));
  }
}

const shown = (value) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : typeof value === "number" && !Number.isInteger(value) ? score(value) : String(value));

function pair(name, { a, b }) {
  const long = [a, b].some((value) => shown(value).length > 60);
  return h("li", { class: long ? "long" : null }, h("b", null, name), h("del", null, shown(a)), h("ins", null, shown(b)));
}

const pairs = (title, table) => Object.keys(table ?? {}).length > 0 && h("section", null, h("h4", null, title), h("ul", { class: "pairs-of" }, Object.entries(table).map(([name, one]) => pair(name.replaceAll("_", " "), one))));
const edges = (title, list, kind) => list?.length > 0 && h("section", null, h("h4", null, title), edgeList(list.map((one) => [one.head, one.relation, one.tail]), kind));

function differenceBox(found) {
  const number = (value) => (value === null ? null : value + 1);
  const parts = [
    h("p", { class: "muted" }, `From ${found.a} to ${found.b}; both share the line to #${found.common}.`),
    found.chosen && h("section", null, h("h4", null, "Choice"), h("ul", { class: "pairs-of" }, pair("candidate", { a: number(found.chosen.a), b: number(found.chosen.b) }))),
    pairs("Prompts", found.prompts), pairs("Settings", found.options), pairs("Values", found.values),
    edges("Edges that came", found.added, "added"), edges("Edges that went", found.removed, "removed"),
    ...found.candidates.map((one) => h("section", null, h("h4", null, `Candidate ${count(one.index + 1)}`),
      one.only ? h("p", { class: "muted" }, `only in ${one.only === "a" ? found.a : found.b}`)
        : h("ul", { class: "pairs-of" },
          ["subject", "description", "text", "error"].filter((name) => one[name]).map((name) => pair(name, one[name])),
          one.picture && h("li", null, h("b", null, "picture"), h("span", null, "another")),
          Object.entries(one.scores).map(([term, values]) => pair(TERM[term] ?? term, values))),
      edges("Read back besides", one.added, "added"), edges("Not read back", one.removed, "removed"))),
  ].filter(Boolean);
  return parts.length > 1 ? parts : [parts[0], h("p", null, "Nothing differs.")];
}
