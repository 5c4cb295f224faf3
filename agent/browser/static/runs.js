// Run folders: which there are, and the records of one, each of which can be opened as a session.

import { h, count, duration, moment, plural, score } from "./report-dom.js";
import { get, post, path } from "./api.js";
import { List, counted, paused, thumbnail } from "./list.js";
import { attempt, key, MISSING, note, section } from "./parts.js";
import { candidateCards, effort, failure, reading, trio, WARNED } from "./evidence.js";

const SORTS = {
  index: ["Data set order", ""], id: ["Id", ""], quality: ["Quality", "1"], graph: ["Graph score", "1"], clip: ["CLIP score", "1"],
  blip: ["BLIP score", "1"], seconds: ["Time taken", "1"], tokens: ["Tokens", "1"],
};

export async function runsView(place) {
  const runs = await get("/api/runs");
  const about = await place.about();
  place.wide();
  place.title("Runs");
  place.show(
    h("header", { class: "head" }, h("h1", null, "Run folders"),
      h("p", { class: "lead" }, `Those in ${about.runs.join(", ")}; --runs names others.`)),
    runs.length === 0 && note("There is none yet: python -m agent.run makes one."),
    h("ul", { class: "tickets" }, runs.map((run) => h("li", null, h("a", { class: "ticket", href: `#/runs/${encodeURIComponent(run.key)}` },
      h("strong", null, run.name),
      run.problem ? h("span", { class: "bad" }, run.problem) : h("span", null, `${run.dataset} · ${run.model ?? "unknown model"}${run.miniature ? " · miniature" : ""}`),
      !run.problem && h("span", null, `${count(run.completed)} completed, ${count(run.failed)} failed · ${run.outcome}`),
      run.created && h("small", null, moment(run.created)))))));
}

export async function runView(place, { name, id, asked }) {
  const where = path("runs", name, "records");
  const view = { q: "", status: "", missing: "", sort: "index", down: "", ...asked };
  if (!(view.sort in SORTS)) view.sort = "index";
  let run = null;
  let first = id;
  const list = new List({
    label: "Records", empty: "Nothing matches. Try fewer words or another filter.", told: (answer) => counted(answer, "records"),
    fetchRows: async (offset, limit) => {
      const answer = await get(where, { ...view, offset, limit });
      run = answer.run ?? run;
      return answer;
    },
    row: (row) => recordRow(name, row), open: (row) => show(row.id),
  });
  const refresh = () => {
    place.address(["runs", name, ...(first ? [first] : [])], view);
    return attempt(() => list.reset());
  };
  const change = (what, value) => {
    view[what] = value;
    if (what === "sort") view.down = SORTS[value][1];
    direction.textContent = view.down ? "↓" : "↑";
    refresh();
  };
  const choice = (what, label, options) => h("select", { "aria-label": label, onchange: (event) => change(what, event.target.value) },
    options.map(([value, words]) => h("option", { value, selected: value === view[what] }, words)));
  const search = h("input", {
    type: "search", value: view.q, placeholder: "Search everything", "aria-label": "Search ids, labels, texts, subjects and graphs",
    autocomplete: "off", spellcheck: "false", oninput: paused(() => change("q", search.value)),
  });
  const direction = h("button", { type: "button", class: "quiet", "aria-label": "Turn the order round", onclick: () => change("down", view.down ? "" : "1") }, view.down ? "↓" : "↑");
  const order = choice("sort", "Sort by", Object.entries(SORTS).map(([value, [words]]) => [value, words]));
  place.side(
    h("div", { class: "filters", role: "search" },
      h("div", { class: "line" }, search),
      h("div", { class: "line" }, choice("status", "Status", [["", "Any status"], ["completed", "Completed"], ["failed", "Failed"], ["warned", "With warnings"]]),
        choice("missing", "Missing modality", [["", "Any missing"], ["image", "Picture missing"], ["text", "Text missing"]])),
      h("div", { class: "line" }, order, direction)),
    list.count, list.scroll, h("p", { class: "keys" }, key("j"), key("k"), " move ", key("/"), " search ", key("Enter"), " open as a session"));
  place.keys({ j: () => list.move(1), k: () => list.move(-1), "/": () => { place.pane("list"); search.focus(); search.select(); } });
  await refresh();
  place.title(run?.name ?? "Run");
  if (first) await show(first);
  else place.show(overview(run));

  async function show(wanted) {
    first = wanted;
    place.address(["runs", name, wanted], view);
    const record = await attempt(() => get(path("runs", name, "records", wanted)));
    if (!record || first !== wanted) return;
    const at = (sha) => path("runs", name, "pictures", sha);
    const open = h("button", { type: "button", class: "primary", onclick: () => attempt(async () => {
      const session = await post("/api/sessions", { run: name, id: wanted });
      place.open(["session", session.name]);
    }) }, "Open as a session");
    place.keys({ Enter: () => open.click() }, true);
    place.title(wanted);
    place.show(
      h("header", { class: "head" },
        h("div", { class: "steps" }, h("button", { type: "button", class: "quiet back", onclick: () => place.pane("list") }, "← Records"), open),
        h("p", { class: "eyebrow" }, [run?.name, `sample ${record.index + 1}`, MISSING[record.missing]].filter(Boolean).join(" · ")),
        h("h1", null, record.id),
        record.labels.length > 0 && h("ul", { class: "chips" }, record.labels.map((label) => h("li", null, h("span", { class: "chip" }, label))))),
      failure(record), WARNED(record), trio(record, at), reading(record),
      record.candidates.length > 0 && section(plural(record.candidates.length, "candidate"), candidateCards(record, at)),
      effort(record));
    place.pane("detail");
  }
}

function overview(run) {
  if (!run) return h("p", { class: "note bad" }, "This run folder cannot be read.");
  return [
    h("header", { class: "head" }, h("h1", null, run.name), h("p", { class: "lead" }, run.problem ?? `${run.dataset} · ${run.outcome}${run.created ? ` · ${moment(run.created)}` : ""}`)),
    h("button", { class: "browse", type: "button", onclick: () => { document.body.dataset.pane = "list"; } }, "Browse the records"),
    !run.problem && h("dl", { class: "tiles" }, [["Completed", count(run.completed)], ["Failed", count(run.failed)], ["Model", run.model ?? "–"]].map(([words, value]) =>
      h("div", { class: "tile" }, h("dt", null, words), h("dd", null, value)))),
    h("p", { class: "muted path" }, run.path),
  ];
}

function recordRow(run, row) {
  const failed = row.status === "failed";
  return [
    thumbnail(row.picture ? `${path("runs", run, "pictures", row.picture)}?small=1` : null, row.imagined),
    h("div", { class: "what" }, h("strong", null, row.id), h("span", null, failed ? row.problem : row.snippet || row.labels.join(", "))),
    h("div", { class: "how" },
      failed ? h("em", { class: "bad" }, "failed") : h("b", { title: `quality of the choice; ${duration(row.seconds)}` }, score(row.quality)),
      h("small", null, row.missing ? `no ${row.missing}` : "")),
  ];
}
