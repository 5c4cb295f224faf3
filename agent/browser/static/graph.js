// A knowledge graph that can be asked: the drawing of the report, with nodes to click or to reach by keyboard.

import { h, svg, plural, count } from "./report-dom.js";
import { layOut, drawNode, drawLink } from "./report-graph.js";
import { get } from "./api.js";
import { valueTree } from "./report-knowledge.js";
import { marked, attempt, stepWords } from "./parts.js";

const DRAWN = 120;

/**
 * `edges`: [head, relation, tail]. `reference`: names and edges of another graph, to mark what both have.
 * `ask(node)` answers where a node came from; `openCall(id)` shows a call.
 */
export function graphBox(edges, { reference, ask, openCall } = {}) {
  const drawn = edges.slice(0, DRAWN);
  const { nodes, links, width, height } = layOut(drawn);
  const origin = h("div", { class: "origin", "aria-live": "polite" });
  const drawing = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, class: "graph", role: "group",
    "aria-label": `Knowledge graph with ${plural(edges.length, "edge")}; listed as text below`,
  });
  const ends = new Map();
  for (const link of links) {
    const shape = drawLink(link, reference);
    drawing.append(shape);
    for (const node of [link.from, link.to]) ends.set(node, [...(ends.get(node) ?? []), shape]);
  }
  for (const node of nodes) drawing.append(ask ? askable(node) : drawNode(node, reference));

  function askable(node) {
    const shape = drawNode(node, reference);
    const name = node.name;
    shape.classList.add("askable");
    for (const [attribute, value] of Object.entries({ tabindex: 0, role: "button", "aria-label": `${name}: where it came from`, "aria-pressed": "false" })) {
      shape.setAttribute(attribute, value);
    }
    const glow = (on) => () => (ends.get(node) ?? []).forEach((edge) => edge.classList.toggle("near", on));
    shape.addEventListener("pointerenter", glow(true));
    shape.addEventListener("pointerleave", glow(false));
    shape.addEventListener("focus", glow(true));
    shape.addEventListener("blur", glow(false));
    shape.addEventListener("click", () => choose(shape, name));
    shape.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      choose(shape, name);
    });
    return shape;
  }

  async function choose(shape, name) {
    const again = shape.getAttribute("aria-pressed") === "true";
    for (const one of drawing.querySelectorAll("[aria-pressed=true]")) one.setAttribute("aria-pressed", "false");
    if (again) return origin.replaceChildren();
    shape.setAttribute("aria-pressed", "true");
    const found = await attempt(() => ask(name));
    if (found && shape.getAttribute("aria-pressed") === "true") origin.replaceChildren(originBox(found, openCall));
  }

  const rest = edges.length - drawn.length;
  return h("div", { class: "graph-box" },
    h("div", { class: "graph-scroll" }, drawing),
    reference && h("p", { class: "legend" },
      h("span", { class: "key shared" }), "also in the sample's graph", h("span", { class: "key own" }), "only here"),
    ask && h("p", { class: "muted hint" }, "Choose a node to see where it came from."),
    rest > 0 && h("p", { class: "muted" }, `${count(rest)} more edges are not drawn; all are listed below.`),
    origin,
    h("details", null, h("summary", null, "As text"), edgeList(edges)));
}

export const edgeList = (edges, kind = "") => h("ul", { class: `edges ${kind}` }, edges.map(([head, relation, tail]) =>
  h("li", null, head, h("i", null, ` ${relation} `), tail)));

function originBox(found, openCall) {
  const nothing = !["sentences", "knowledge", "rules", "calls"].some((kind) => found[kind].length);
  return h("section", { class: "origin-box" },
    h("h3", null, found.node, found.made && h("small", null, ` graph made at #${found.made.number}, ${found.made.label}`)),
    nothing && h("p", { class: "muted" }, "No sentence and no answer names it in these words: the LMM said it otherwise, or it was written by hand."),
    found.sentences.length > 0 && block("In the text", found.sentences.map((one) => h("blockquote", null, marked(one.parts)))),
    found.rules.length > 0 && block("Answers to rules", found.rules.map((one) => h("p", null, h("b", null, `${one.rule}: `), one.answer))),
    found.knowledge.length > 0 && block("In the knowledge", found.knowledge.map((one) => h("div", { class: "known" },
      h("code", null, one.path), one.beside ? valueTree(one.beside) : h("span", null, one.value)))),
    found.calls.length > 0 && block("In answers of the LMM", found.calls.map((one) => h("p", { class: "excerpt" },
      h("button", { type: "button", class: "link", onclick: () => openCall?.(one.call) }, `${stepWords(one.step)} · ${one.prompt}`),
      h("code", null, marked(one.parts))))),
    block("Its edges", edgeList(found.edges)));
}

const block = (title, content) => h("div", { class: "block" }, h("h4", null, title), content);

export const origins = (session, asked) => (node) => get(`/api/sessions/${encodeURIComponent(session)}/origin`, { node, ...asked });
