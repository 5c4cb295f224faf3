// One sample as far as it has come: what was there, what was read from it, what was imagined, and why one was chosen.

import { h, score, count, plural, duration } from "./report-dom.js";
import { graphTerms, edgeTerm } from "./report-graph.js";
import { graphBox } from "./graph.js";
import { knowledgeList, valueTree } from "./report-knowledge.js";
import { bars, longText, panel, picture, section, STAGE, button } from "./parts.js";

export const WARNED = (view) => view.warnings.map((warning) => h("p", { class: "note" }, warning));

export function failure(view) {
  return view.failure && h("p", { class: "note bad" },
    h("strong", null, `Failed while ${STAGE[view.failure.stage] ?? view.failure.stage}. `), view.failure.problem);
}

/** What was there, what was imagined, what it really was. `at(sha)` gives a picture's address. */
export function trio(view, at) {
  const best = view.candidates.find((one) => one.index === view.chosen);
  const truth = view.truth_picture || view.truth_text;
  return h("div", { class: "trio" },
    panel("What was there", [
      view.picture && picture(at(view.picture), "the sample's picture"),
      view.text && longText(view.text),
      !view.picture && !view.text && h("p", { class: "muted" }, view.missing === "text" ? "A picture; the first step takes it in." : "Nothing yet.")],
    "", view.missing === "image" ? "text; the picture is missing" : "picture; the text is missing"),
    best && panel("What was imagined", content(best, at), "made", `candidate ${best.index + 1}, quality ${score(best.scores.quality)}`),
    truth && panel("What it really was", [
      view.truth_picture && picture(at(view.truth_picture), "the true picture"),
      view.truth_text && longText(view.truth_text)], "truth", "hidden from every step"));
}

/** The graph and the knowledge. `edit(key)` opens an editor; `ask` and `openCall` as in graph.js. */
export function reading(view, { ask, openCall, edit } = {}) {
  if (!view.graph.length && !view.knowledge) return null;
  return section(h("span", { class: "with-buttons" }, "What was read from it",
    edit && h("span", { class: "buttons" }, button("Edit graph", () => edit("graph")), view.knowledge && button("Edit knowledge", () => edit("knowledge")))),
  view.graph.length > 0 && graphBox(view.graph, { ask, openCall }),
  view.knowledge && knowledgeList(view.knowledge),
  Object.keys(view.answers).length > 0 && h("details", null, h("summary", null, "Answers to the rules"), valueTree(view.answers)));
}

export function content(candidate, at) {
  if (candidate.picture) return picture(at(candidate.picture), `imagined: ${candidate.subject}`);
  return candidate.text && longText(candidate.text);
}

const quality = (candidate) => (candidate.error ? -Infinity : candidate.scores.quality ?? 0);

/** Best first; those with an error last. */
export function ranked(view) {
  return [...view.candidates].sort((a, b) =>
    (b.index === view.chosen) - (a.index === view.chosen) || quality(b) - quality(a) || a.index - b.index);
}

/** Cards side by side. `actions(candidate)` gives further buttons of a card; `askOf(candidate)` as `ask` for its graph. */
export function candidateCards(view, at, { actions, askOf, openCall } = {}) {
  const back = h("div", { class: "read-back", "aria-live": "polite" });
  const reference = graphTerms(view.graph);
  const cards = ranked(view).map((candidate) => card(candidate));

  function card(candidate) {
    const chosen = candidate.index === view.chosen;
    const name = `Candidate ${candidate.index + 1}${candidate.round ? `, round ${candidate.round + 1}` : ""}`;
    return h("article", { class: chosen ? "card chosen" : "card", "aria-label": name, "data-candidate": candidate.index },
      h("header", null, h("span", null, name), h("b", { class: "tag", hidden: !chosen }, "chosen")),
      content(candidate, at),
      candidate.error && h("p", { class: "note bad" }, candidate.error),
      !candidate.error && "quality" in candidate.scores && bars(candidate.scores, view.weights),
      candidate.subject && h("h3", null, h("small", null, "seen from "), candidate.subject),
      candidate.description && h("p", { class: "description" }, candidate.description),
      candidate.notes.map((one) => h("p", { class: "muted" }, one)),
      candidate.graph.length > 0 && readBack(candidate),
      h("p", { class: "foot" }, h("span", { class: "muted" }, `seed ${candidate.seed}`), actions?.(candidate)));
  }

  function readBack(candidate) {
    const both = candidate.graph.filter((edge) => reference.has(edgeTerm(...edge))).length;
    const toggle = h("button", { type: "button", class: "link", "aria-expanded": "false", onclick: () => {
      const open = toggle.getAttribute("aria-expanded") === "false";
      for (const other of toggle.closest("section").querySelectorAll("[aria-expanded]")) other.setAttribute("aria-expanded", "false");
      toggle.setAttribute("aria-expanded", String(open));
      back.replaceChildren(...(open ? [h("h3", null, `Read back from candidate ${candidate.index + 1}`),
        graphBox(candidate.graph, { reference, ask: askOf?.(candidate), openCall })] : []));
      back.scrollIntoView({ block: "nearest" });
    } }, `Graph read back: ${both} of ${plural(candidate.graph.length, "edge")} as in the sample`);
    return toggle;
  }

  return [h("div", { class: view.candidates.some((one) => one.picture) ? "cards pictures" : "cards" }, cards), back];
}

/** Shares of the stages, and what each took. */
export function effort(view) {
  const spentOn = Object.entries(view.seconds).filter(([stage, seconds]) => stage !== "total" && seconds > 0);
  const sum = spentOn.reduce((all, [, seconds]) => all + seconds, 0);
  const { usage } = view;
  const facts = [
    ["Calls", `${count(usage.calls)}${usage.cache_hits ? `, ${count(usage.cache_hits)} from cache` : ""}`],
    ["Tokens", `${count(usage.prompt_tokens)} in, ${count(usage.completion_tokens)} out`],
    ["Saved by the cache", usage.saved_tokens ? `${count(usage.saved_tokens)} tokens` : null],
    ["Repairs", usage.repairs ? count(usage.repairs) : null],
    ["Retries", usage.retries ? count(usage.retries) : null],
    ["Cost", usage.cost_usd ? `$${usage.cost_usd.toPrecision(2)}` : null],
  ];
  return section("Effort",
    spentOn.length > 0 && h("div", { class: "stages" },
      h("div", { class: "stack", "aria-hidden": "true" }, spentOn.map(([, seconds], k) =>
        h("i", { class: `shade${k % 6}`, vars: { "flex-grow": String(seconds / sum) } }))),
      h("ul", null, spentOn.map(([stage, seconds], k) => h("li", null, h("i", { class: `shade${k % 6}` }),
        STAGE[stage] ?? stage, " ", h("b", null, duration(seconds)))))),
    h("dl", { class: "pairs" }, facts.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)])));
}
