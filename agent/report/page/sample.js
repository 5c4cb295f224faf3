// One sample: what was there, what was read from it, what was imagined, and why one candidate was chosen.

function samplePage(i, detail) {
  const chosen = detail.candidates?.[detail.chosen];
  const missing = rows.missing[i];
  const facts = [`Sample ${count(rows.index[i] + 1)}`, MISSING[missing], detail.domain === "xray" ? "chest X-ray" : null];
  return [
    h("header", { class: "head" },
      h("div", { class: "steps" },
        h("button", { type: "button", class: "quiet back", onclick: () => showPane("list") }, "← Samples"),
        h("button", { type: "button", class: "quiet", onclick: () => move(-1), title: "previous (k)" }, "↑ Previous"),
        h("button", { type: "button", class: "quiet", onclick: () => move(1), title: "next (j)" }, "↓ Next")),
      h("p", { class: "eyebrow" }, facts.filter(Boolean).join(" · ")),
      h("h1", null, rows.id[i]),
      rows.labels[i].length > 0 && h("ul", { class: "chips" }, rows.labels[i].map((label) =>
        h("li", null, h("button", { type: "button", title: "show all with this label",
          onclick: () => setView({ label }) }, label))))),
    detail.failure && h("p", { class: "note bad" }, h("strong", null, `Failed while ${stageWords(detail.failure.stage)}. `),
      detail.failure.problem),
    (detail.warnings ?? []).map((warning) => h("p", { class: "note" }, warning)),
    h("div", { class: "trio" },
      panel("What was there", [
        detail.image && picture(detail.image, "the sample's picture"),
        detail.text && longText(detail.text),
        !detail.image && !detail.text && h("p", { class: "muted" }, "Nothing that could be read.")], "",
        [detail.image && "picture", detail.text && "text"].filter(Boolean).join(" and ")),
      chosen && panel("What was imagined", candidateContent(chosen), "made",
        `candidate ${chosen.index + 1}, quality ${score(chosen.scores.quality)}`),
      detail.truth && panel("What it really was", [
        detail.truth.image && picture(detail.truth.image, "the true picture"),
        detail.truth.text && longText(detail.truth.text)], "truth", "hidden during the run")),
    (detail.graph || detail.knowledge) && section("What was read from it",
      detail.graph && drawGraph(detail.graph),
      detail.knowledge && knowledgeList(detail.knowledge),
      detail.answers && h("details", null, h("summary", null, "Answers to the rules"), valueTree(detail.answers))),
    detail.candidates && section(plural(detail.candidates.length, "candidate"),
      h("div", { class: detail.candidates.some((one) => one.image) ? "cards pictures" : "cards" }, ranked(detail).map((candidate) => candidateCard(candidate, detail))),
      h("div", { class: "read-back", "aria-live": "polite" })),
    section("Effort", effort(i, detail)),
  ];
}

const stageWords = (stage) => STAGE[stage] ?? stage;

const panel = (title, content, kind = "", more = "") =>
  h("section", { class: `panel ${kind}` }, h("h2", null, title, more && h("small", null, more)), content);

const picture = (path, alt) =>
  h("a", { href: path, target: "_blank", rel: "noopener", class: "picture", title: "open the file" },
    h("img", { src: path, alt, loading: "lazy", decoding: "async" }));

const longText = (text) => h("p", { class: "text", tabindex: text.length > 900 ? 0 : null }, text);

function candidateContent(candidate) {
  if (candidate.image) return picture(candidate.image, `imagined: ${candidate.subject ?? ""}`);
  return candidate.text && longText(candidate.text);
}

/** Best first; those with an error last. */
function ranked(detail) {
  const quality = (candidate) => (candidate.error ? -1 : candidate.scores.quality);
  const first = detail.candidates[detail.chosen];
  return [...detail.candidates].sort((a, b) => (b === first) - (a === first) || quality(b) - quality(a));
}

function candidateCard(candidate, detail) {
  const chosen = detail.candidates[detail.chosen] === candidate;
  const name = `Candidate ${candidate.index + 1}${candidate.round ? `, round ${candidate.round + 1}` : ""}`;
  return h("article", { class: chosen ? "card chosen" : "card", "aria-label": name },
    h("header", null, h("span", null, name), chosen && h("b", { class: "tag" }, "chosen")),
    candidateContent(candidate),
    candidate.error ? h("p", { class: "note bad" }, candidate.error) : scoreBars(candidate.scores, detail.weights ?? {}),
    candidate.subject && h("h3", null, h("small", null, "seen from "), candidate.subject),
    candidate.description && h("p", { class: "description" }, candidate.description),
    (candidate.notes ?? []).map((note) => h("p", { class: "muted" }, note)),
    candidate.graph && readBackButton(candidate, detail.graph ?? []),
    h("p", { class: "muted" }, `seed ${candidate.seed}`));
}

function scoreBars(scores, weights) {
  const terms = ["quality", ...Object.keys(scores).filter((term) => term !== "quality")];
  const share = (term) => (term === "quality" ? (100 * scores[term]) / run.most : scores[term]);
  return h("dl", { class: "bars" }, terms.map((term) => h("div", { class: term === "quality" ? "bar total" : "bar" },
    h("dt", { title: term in weights ? `weight ${weights[term]}` : null }, TERM[term] ?? term),
    h("dd", null, h("i", { class: "meter", vars: { "--value": `${Math.max(0, Math.min(100, share(term)))}%` } }),
      h("b", null, score(scores[term]))))));
}

/** Opens the candidate's own graph below the cards, where there is room; another click closes it. */
function readBackButton(candidate, original) {
  const reference = graphTerms(original);
  const both = candidate.graph.filter((edge) => reference.has(edgeTerm(...edge))).length;
  const button = h("button", { type: "button", class: "link", "aria-expanded": "false", onclick: () => {
    const box = button.closest("section").querySelector(".read-back");
    const open = button.getAttribute("aria-expanded") === "false";
    for (const other of button.closest("section").querySelectorAll("[aria-expanded]")) other.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-expanded", String(open));
    box.replaceChildren(...(open ? [h("h3", null, `Read back from candidate ${candidate.index + 1}`),
      drawGraph(candidate.graph, reference)] : []));
    box.scrollIntoView({ block: "nearest" });
  } }, `Graph read back: ${both} of ${plural(candidate.graph.length, "edge")} as in the sample`);
  return button;
}

function effort(i, detail) {
  const usage = detail.usage ?? {};
  const facts = [
    ["Time", duration(rows.seconds[i])],
    ["Calls", `${count(usage.calls ?? 0)}${usage.cache_hits ? `, ${count(usage.cache_hits)} from cache` : ""}`],
    ["Tokens", `${count(usage.prompt_tokens ?? 0)} in, ${count(usage.completion_tokens ?? 0)} out`],
    ["Saved by the cache", usage.saved_tokens ? `${count(usage.saved_tokens)} tokens` : null],
    ["Repairs", usage.repairs ? count(usage.repairs) : null],
    ["Retries", usage.retries ? count(usage.retries) : null],
    ["Cost", usage.cost_usd ? money(usage.cost_usd) : null],
    ["Seed", String(detail.seed ?? 0)],
  ];
  return [
    detail.seconds && stageBar(detail.seconds),
    h("dl", { class: "pairs" }, facts.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
    detail.calls && h("details", null, h("summary", null, plural(detail.calls.length, "call")), callTable(detail.calls)),
  ];
}

function callTable(calls) {
  const heads = [["Step"], ["Prompt"], ["In", "number"], ["Out", "number"], ["Time", "number"], ["End"]];
  return h("div", { class: "wide" }, h("table", null,
    h("thead", null, h("tr", null, heads.map(([name, kind]) => h("th", { scope: "col", class: kind }, name)))),
    h("tbody", null, calls.map(([step, prompt, finish, seconds, into, out, cached, repaired]) => h("tr", null,
      h("td", null, step), h("td", null, h("code", null, prompt)),
      h("td", { class: "number" }, count(into)), h("td", { class: "number" }, count(out)),
      h("td", { class: "number" }, cached ? "cache" : duration(seconds)),
      h("td", null, finish, repaired ? ", repaired" : ""))))));
}
