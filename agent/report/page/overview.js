// The first page: what was run, how it went, and what the scores say.

const TERM = { quality: "Quality", graph: "Graph", graph_soft: "Graph, soft", clip: "CLIP", blip: "BLIP" };
const STAGE = {
  extract: "reading", alternate: "imagining", generate: "drawing and writing", reextract: "re-reading", score: "scoring",
  verify: "verifying",
};
const PART = { data: "the data set", lmm: "the LMM", generator: "the image generator", clip: "CLIP", blip: "BLIP" };

function overviewPage() {
  const { usage } = run;
  const finished = run.completed + run.failed;
  return [
    h("header", { class: "head" },
      h("h1", null, run.title),
      h("p", { class: "lead" }, leadWords(finished))),
    h("button", { class: "browse", type: "button", onclick: () => showPane("list") }, `Browse ${plural(total, "sample")}`),
    miniatureNote(),
    run.unreadable > 0 && h("p", { class: "note bad" },
      `${plural(run.unreadable, "line")} of records.jsonl could not be read and ${run.unreadable === 1 ? "is" : "are"} left out.`),
    run.notes.map((note) => h("p", { class: "note" }, String(note))),
    h("dl", { class: "tiles" },
      tile("Completed", count(run.completed), run.to_complete ? `of ${count(run.to_complete)}` : null),
      tile("Failed", count(run.failed), run.warned ? `${count(run.warned)} with warnings` : null, run.failed > 0),
      tile("LMM calls", brief(usage.calls), callWords(usage, finished)),
      tile("Tokens", brief(usage.prompt_tokens + usage.completion_tokens),
        `${brief(usage.prompt_tokens)} in, ${brief(usage.completion_tokens)} out`),
      tile("Cost", money(usage.cost_usd), finished && usage.cost_usd ? `${money(usage.cost_usd / finished)} a sample` : null),
      tile("Time", duration(run.wall_seconds), run.wall_seconds && finished
        ? `${duration(run.wall_seconds / finished)} a sample` : null)),
    run.scores.length > 0 && section("Scores", scoreFigures()),
    Object.keys(run.groups).length > 0 && section("By missing modality", groupTable()),
    Object.keys(run.stages).length > 0 && section("Where the time went", stageBar(run.stages),
      h("p", { class: "muted" }, "Summed over samples, which overlap: more than the time of the run.")),
    run.failures.length > 0 && section("Failures", failureList()),
    section("How it was made", modelTable(),
      Object.entries(run.settings).filter(([, value]) => isTable(value)).map(([name, value]) =>
        h("details", null, h("summary", null, spaced(name)), valueTree(value))),
      run.sessions.length > 1 && h("details", null, h("summary", null, "sessions"), valueTree(run.sessions))),
  ];
}

function leadWords(finished) {
  const words = [];
  if (run.outcome) words.push(run.outcome === "running" ? "Still running when this was written" : run.outcome);
  else words.push(plural(finished, "sample"));
  if (run.settings.created) words.push(moment(run.settings.created));
  if (run.models.lmm) words.push(run.models.lmm);
  const text = words.join(" · ");
  return text[0].toUpperCase() + text.slice(1);
}

function miniatureNote() {
  if (!run.miniature.length) return null;
  const names = run.miniature.map((part) => PART[part] ?? part);
  const listed = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
  return h("p", { class: "note mini" }, h("strong", null, "Made with the miniature. "),
    `Here ${listed} ${names.length > 1 ? "are" : "is"} the miniature's: tiny models that know a small drawn world. `,
    "Good for trying the software; no measure of the method on real data.");
}

function callWords(usage, finished) {
  const words = [];
  if (finished && usage.calls) words.push(`${(usage.calls / finished).toFixed(1)} a sample`);
  if (usage.cache_hits) words.push(`${brief(usage.cache_hits)} from cache`);
  if (usage.repairs) words.push(`${brief(usage.repairs)} repaired`);
  return words.join(", ");
}

const tile = (name, value, more, bad) =>
  h("div", { class: bad ? "tile bad" : "tile" }, h("dt", null, name), h("dd", null, value), h("dd", { class: "more" }, more));

const section = (title, ...content) => h("section", null, h("h2", null, title), ...content);

function scoreFigures() {
  return [
    h("div", { class: "figures" }, run.scores.map((figure) => {
      const gain = figure.mean_chosen !== null && figure.mean_chosen - figure.mean_candidates;
      return h("figure", null,
        h("figcaption", null, h("span", null, TERM[figure.term]), h("b", null, score(figure.mean_chosen))),
        histogram(figure),
        h("p", { class: "muted" }, `${score(figure.mean_candidates)} over all candidates`,
          gain ? h("span", null, ` (choice ${gain > 0 ? "+" : "−"}${Math.abs(gain).toFixed(1)})`) : null));
    })),
    h("p", { class: "legend" }, h("span", { class: "key chosen" }), "chosen candidates",
      h("span", { class: "key all" }), "all candidates; large figure: mean of the chosen"),
  ];
}

function histogram({ term, chosen, candidates, mean_chosen: mean, most: end }) {
  const [width, height] = [200, 64];
  const bins = candidates.length;
  const most = Math.max(...candidates, ...chosen, 0.001);
  const bar = (share, k, kind) => svg("rect", {
    class: kind, x: (k * width) / bins + 0.75, width: width / bins - 1.5,
    y: height - (height * share) / most, height: (height * share) / most,
  }, svg("title", null, `${score((k * end) / bins)} to ${score(((k + 1) * end) / bins)}: ${percent(share)}`));
  return svg("svg", {
    viewBox: `0 0 ${width} ${height + 16}`, class: "histogram", role: "img",
    "aria-label": `${TERM[term]} of chosen candidates from 0 to ${whole.format(end)}, mean ${score(mean)}`,
  },
  candidates.map((share, k) => share > 0 && bar(share, k, "all")),
  chosen.map((share, k) => share > 0 && bar(share, k, "chosen")),
  svg("path", { class: "axis", d: `M0 ${height + 0.5}H${width}` }),
  [[0, "start"], [0.5, "middle"], [1, "end"]].map(([place, anchor]) => svg("text", {
    x: place * width, y: height + 13, "text-anchor": anchor,
  }, whole.format(place * end))));
}

function groupTable() {
  const terms = ["quality", "graph", "clip", "blip"].filter((term) =>
    Object.values(run.groups).some((group) => group[term] !== null));
  return h("div", { class: "wide" }, h("table", null,
    h("thead", null, h("tr", null, h("th", { scope: "col" }, "Missing"),
      ["Completed", "Failed", ...terms.map((term) => TERM[term]), "Time each"].map((name) =>
        h("th", { scope: "col", class: "number" }, name)))),
    h("tbody", null, Object.entries(run.groups).map(([missing, group]) => h("tr", null,
      h("th", { scope: "row" }, missing),
      [count(group.completed), count(group.failed), ...terms.map((term) => score(group[term])), duration(group.seconds)]
        .map((value) => h("td", { class: "number" }, value)))))));
}

/** Shares of the stages, and what each took. */
function stageBar(stages) {
  const spent = Object.entries(stages).filter(([stage, seconds]) => stage !== "total" && seconds > 0);
  const sum = spent.reduce((all, [, seconds]) => all + seconds, 0);
  return h("div", { class: "stages" },
    h("div", { class: "stack", "aria-hidden": "true" }, spent.map(([, seconds], k) =>
      h("i", { class: `shade${k % 6}`, vars: { "flex-grow": String(seconds / sum) } }))),
    h("ul", null, spent.map(([stage, seconds], k) => h("li", null, h("i", { class: `shade${k % 6}` }),
      STAGE[stage] ?? stage, " ", h("b", null, duration(seconds)), h("span", { class: "muted" }, percent(seconds / sum))))));
}

function failureList() {
  const listed = run.failures.reduce((sum, kind) => sum + kind.count, 0);
  return h("ul", { class: "failures" }, run.failures.map(({ stage, problem, count: n, ids }) => h("li", null,
    h("p", null, problem),
    h("p", { class: "muted" }, `${plural(n, "sample")} while ${STAGE[stage] ?? stage}: `,
      ids.map((id, k) => [k > 0 && ", ", h("a", { href: address(id) }, id)]), n > ids.length && " …"))),
  h("li", null, h("button", { type: "button", class: "link", onclick: () => { setView({ status: "failed" }); showPane("list"); } },
    "List them"), run.failed > listed && h("span", { class: "muted" }, ` with ${count(run.failed - listed)} more of other kinds`)));
}

function modelTable() {
  const models = Object.entries(run.models).filter(([, name]) => name)
    .map(([role, name]) => [role.length <= 4 ? role.toUpperCase() : role, name]);
  const plain = Object.entries(run.settings).filter(([, value]) => !isTable(value));
  return h("dl", { class: "pairs" }, [...models, ...plain].map(([name, value]) => [
    h("dt", null, spaced(name)), h("dd", null, valueTree(value))]));
}

const isTable = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
