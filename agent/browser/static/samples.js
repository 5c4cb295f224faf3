// Pick a sample: the list of a data set on the left, what one sees of a sample on the right.

import { h, plural } from "./report-dom.js";
import { get, post, path } from "./api.js";
import { List, counted, paused, thumbnail } from "./list.js";
import { attempt, key, longText, MISSING, note, panel, picture } from "./parts.js";
import { begin } from "./own.js";

export async function samplesView(place, { name, asked }) {
  const about = await place.about();
  const dataset = about.datasets.find((one) => one.name === name) ?? about.datasets[0];
  const where = path("datasets", dataset.name, "samples");
  const view = { q: asked.q ?? "", missing: asked.missing ?? "" };
  const fetchRows = (offset, limit) => get(where, { ...view, offset, limit });
  const list = new List({
    label: "Samples", fetchRows, empty: "Nothing matches. Try fewer words or another filter.",
    told: (answer) => counted(answer, "samples"), row: (row) => sampleRow(dataset, row), open: (row) => preview(row),
  });
  const refresh = () => {
    place.address(["samples", dataset.name], view);
    return attempt(() => list.reset());
  };
  const search = h("input", {
    type: "search", value: view.q, placeholder: "Search ids, labels, texts", "aria-label": "Search ids, labels and texts", autocomplete: "off",
    spellcheck: "false", oninput: paused(() => { view.q = search.value; refresh(); }),
  });
  const filter = h("select", { "aria-label": "What is missing", onchange: () => { view.missing = filter.value; refresh(); } },
    [["", "Anything missing or not"], ["image", "Picture missing"], ["text", "Text missing"], ["none", "Nothing missing"]].map(([value, words]) =>
      h("option", { value, selected: value === view.missing }, words)));
  const chooser = h("select", { "aria-label": "Data set", onchange: () => place.open(["samples", chooser.value]) },
    about.datasets.map((one) => h("option", { value: one.name, selected: one === dataset }, `${one.title}${one.root ? "" : ", the miniature"}`)));
  place.side(
    h("div", { class: "filters", role: "search" }, h("div", { class: "line" }, chooser),
      h("div", { class: "line" }, search), h("div", { class: "line" }, filter)),
    list.count, list.scroll, h("p", { class: "keys" }, key("j"), key("k"), " move ", key("/"), " search ", key("Enter"), " walk it"));
  place.keys({ j: () => list.move(1), k: () => list.move(-1), "/": () => { place.pane("list"); search.focus(); search.select(); } });
  place.show(welcome(about, dataset));
  place.title(dataset.title);
  await refresh();

  function preview(row) {
    const walk = (missing) => attempt(async () => {
      const { name: session } = await post("/api/sessions", { dataset: dataset.name, id: row.id, ...(missing ? { missing } : {}) });
      place.open(["session", session]);
    });
    const go = h("button", { type: "button", class: "primary", onclick: () => walk(), disabled: Boolean(row.problem) }, "Walk it step by step");
    place.keys({ Enter: () => go.click() }, true);
    place.show(
      h("header", { class: "head" },
        h("p", { class: "eyebrow" }, `${dataset.title} · sample ${row.index + 1} · ${MISSING[row.missing]}`),
        h("h1", null, row.id),
        row.labels.length > 0 && h("ul", { class: "chips" }, row.labels.map((label) => h("li", null, h("span", { class: "chip" }, label))))),
      row.problem && note(row.problem, "bad"),
      h("p", { class: "buttons start" }, go,
        row.missing === "none" && !row.problem && h("button", { type: "button", class: "quiet", onclick: () => walk("text") }, "Walk it as if the text were missing")),
      h("div", { class: "preview" }, panel("What is there", [
        row.picture && picture(`${path("datasets", dataset.name, "pictures", row.index)}?large=1`, "the sample's picture"),
        row.snippet && longText(row.snippet.length >= 140 ? `${row.snippet} …` : row.snippet),
        row.missing !== "none" && h("p", { class: "muted" }, `The ${row.missing === "image" ? "picture" : "text"} is hidden or absent, and will be imagined.`)])));
    place.pane("detail");
  }
}

function sampleRow(dataset, row) {
  return [
    thumbnail(row.picture ? path("datasets", dataset.name, "pictures", row.index) : null),
    h("div", { class: "what" }, h("strong", null, row.id), h("span", null, row.problem ?? (row.snippet || row.labels.join(", ")))),
    h("div", { class: "how" }, h("small", { class: row.problem ? "bad" : null }, row.problem ? "unreadable" : row.missing === "none" ? "whole" : `no ${row.missing}`)),
  ];
}

function welcome(about, dataset) {
  const models = Object.entries(about.models).filter(([, name]) => name);
  return [
    h("header", { class: "head" }, h("h1", null, "One sample, seen through"),
      h("p", { class: "lead" }, `Pick a sample of ${dataset.name === "folder" ? "your folder" : dataset.title}, and walk it step by step: what the models are asked, what they answer, what is imagined, and why one candidate is chosen. Change anything and go on from there.`)),
    h("button", { class: "browse", type: "button", onclick: () => { document.body.dataset.pane = "list"; } }, "Browse the samples"),
    about.notices.map((one) => note(one, one.startsWith("WARNING") ? "bad" : "mini")),
    h("section", null, h("h2", null, "Something of your own"), begin(about)),
    h("section", null, h("h2", null, "Models"), h("dl", { class: "pairs" }, models.map(([part, name]) => [h("dt", null, part), h("dd", null, h("code", null, name))])),
      h("p", { class: "muted" }, `${plural(about.options.candidates, "candidate")} a sample, ${about.options.mode} questions. Nothing is loaded before the first step.`)),
  ];
}
