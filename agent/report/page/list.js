// The list of samples: filter, sort and search, with rows made only for what is in sight.

const ROW = 68;
const SPARE = 6;
const SORTS = {
  index: ["Data set order", false], id: ["Id", false], quality: ["Quality", true], graph: ["Graph score", true],
  clip: ["CLIP score", true], blip: ["BLIP score", true], seconds: ["Time taken", true], tokens: ["Tokens", true],
};
const DEFAULTS = { q: "", status: "", missing: "", label: "", sort: "index", down: "" };

const view = { ...DEFAULTS };
let matches = [];
let selected = -1;
let found = null;
let searching = 0;
const parts = {};

function buildList() {
  const choice = (name, label, options) =>
    h("select", { "aria-label": label, onchange: (event) => setView({ [name]: event.target.value }) },
      options.map(([value, text]) => h("option", { value }, text)));
  parts.q = h("input", {
    type: "search", placeholder: "Search everything", "aria-label": "Search ids, labels, texts, subjects and graphs",
    autocomplete: "off", spellcheck: "false", oninput: (event) => setView({ q: event.target.value }),
  });
  parts.status = choice("status", "Status",
    [["", "Any status"], ["completed", "Completed"], ["failed", "Failed"], ["warned", "With warnings"]]);
  parts.missing = choice("missing", "Missing modality",
    [["", "Any missing"], ["image", "Image missing"], ["text", "Text missing"]]);
  const labels = [...new Set(rows.labels.flat())].sort((a, b) => a.localeCompare(b));
  parts.label = choice("label", "Label", [["", "Any label"], ...labels.map((label) => [label, label])]);
  parts.sort = choice("sort", "Sort by", Object.entries(SORTS)
    .filter(([key]) => key in { index: 1, id: 1, seconds: 1, tokens: 1 } || rows[key].some((value) => value !== null))
    .map(([key, [text]]) => [key, text]));
  parts.sort.addEventListener("change", () => setView({ down: SORTS[view.sort][1] ? "1" : "" }));
  parts.down = h("button", { type: "button", class: "quiet", onclick: () => setView({ down: view.down ? "" : "1" }) });
  parts.count = h("p", { class: "count", role: "status" });
  parts.rows = h("div", { class: "rows" });
  parts.scroll = h("div", {
    class: "scroll", role: "listbox", tabindex: 0, "aria-label": "Samples", onscroll: () => paintRows(),
    onkeydown: (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
      if (step !== undefined) { move(step); event.preventDefault(); }
    },
  }, parts.rows);
  document.getElementById("samples").append(
    h("div", { class: "filters", role: "search" },
      h("div", { class: "line" }, parts.q),
      h("div", { class: "line" }, parts.status, parts.missing),
      h("div", { class: "line" }, labels.length > 0 && parts.label, parts.sort, parts.down)),
    parts.count, parts.scroll,
    h("p", { class: "keys" }, key("j"), key("k"), " move ", key("/"), " search ", key("o"), " the run"));
  new ResizeObserver(() => paintRows()).observe(parts.scroll);
}

const key = (name) => h("kbd", null, name);

/** Change what is listed; `q` is looked up in the background and the list follows as pieces are read. */
function setView(change) {
  Object.assign(view, change);
  if ("q" in change) search(view.q);
  for (const name of ["status", "missing", "label", "sort"]) parts[name].value = view[name];
  if (parts.q.value !== view.q) parts.q.value = view.q;
  const down = view.down ? "descending" : "ascending";
  parts.down.textContent = view.down ? "↓" : "↑";
  parts.down.setAttribute("aria-label", `Order: ${down}`);
  parts.down.title = down;
  refresh(true);
  writeAddress();
}

function refresh(fromTop) {
  matches = [];
  for (let i = 0; i < total; i++) {
    if (view.status === "warned" ? !rows.warnings[i] : view.status && rows.status[i] !== view.status) continue;
    if (view.missing && rows.missing[i] !== view.missing) continue;
    if (view.label && !rows.labels[i].includes(view.label)) continue;
    if (found && !found[i]) continue;
    matches.push(i);
  }
  sortMatches();
  if (fromTop) parts.scroll.scrollTop = 0;
  const shown = matches.length === total ? plural(total, "sample") : `${count(matches.length)} of ${plural(total, "sample")}`;
  parts.count.textContent = searching ? `${shown}, searching …` : shown;
  paintRows();
}

function sortMatches() {
  const sign = view.down ? -1 : 1;
  const column = rows[view.sort];
  if (view.sort === "id") {
    const names = new Intl.Collator(undefined, { numeric: true });
    matches.sort((a, b) => sign * names.compare(column[a], column[b]) || a - b);
  } else if (view.sort === "index") {
    if (view.down) matches.reverse();
  } else {
    const absent = (value) => value === null;
    matches.sort((a, b) => absent(column[a]) - absent(column[b]) || sign * (column[a] - column[b]) || a - b);
  }
}

async function search(q) {
  const turn = ++search.turn;
  const wanted = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (!wanted.length) {
    found = null;
    searching = 0;
    return;
  }
  await new Promise((resolve) => setTimeout(resolve, 120));
  if (turn !== search.turn) return;
  searching = 1;
  const hits = new Uint8Array(total);
  let painted = performance.now();
  for (let number = 0; number * PIECE < total; number++) {
    const texts = await searchable(number);
    if (turn !== search.turn) return;
    texts.forEach((text, k) => { hits[number * PIECE + k] = wanted.every((word) => text.includes(word)); });
    if (performance.now() - painted > 200) {
      found = hits;
      refresh(false);
      painted = performance.now();
    }
  }
  found = hits;
  searching = 0;
  refresh(true);
}
search.turn = 0;

function paintRows() {
  const first = Math.max(0, Math.floor(parts.scroll.scrollTop / ROW) - SPARE);
  const last = Math.min(matches.length, Math.ceil((parts.scroll.scrollTop + parts.scroll.clientHeight) / ROW) + SPARE);
  parts.rows.style.height = `${matches.length * ROW}px`;
  const shown = [];
  for (let place = first; place < last; place++) shown.push(listRow(matches[place], place));
  parts.rows.replaceChildren(...(matches.length ? shown : [h("p", { class: "empty" }, emptyWords())]));
  if (selected >= 0 && document.getElementById(`row-${selected}`)) {
    parts.scroll.setAttribute("aria-activedescendant", `row-${selected}`);
  } else parts.scroll.removeAttribute("aria-activedescendant");
}

function emptyWords() {
  if (searching) return "Searching …";
  if (total) return "Nothing matches. Try fewer words or another filter.";
  return run.outcome === "complete" ? "Nothing was missing." : "No sample is finished yet.";
}

function listRow(i, place) {
  const failed = rows.status[i] === "failed";
  const quality = rows.quality[i];
  return h("div", {
    id: `row-${i}`, role: "option", class: "row", "aria-selected": String(i === selected),
    "aria-posinset": place + 1, "aria-setsize": matches.length, vars: { top: `${place * ROW}px` },
    onclick: () => openSample(i),
  },
  thumbnail(rows.picture[i], rows.imagined[i]),
  h("div", { class: "what" },
    h("strong", null, rows.id[i]),
    h("span", null, failed ? rows.problem[i] : rows.snippet[i] || rows.labels[i].join(", "))),
  h("div", { class: "how" },
    failed ? h("em", { class: "bad" }, "failed") : h("b", { title: "quality of the choice" }, score(quality)),
    !failed && quality !== null && h("i", { class: "meter", vars: { "--value": `${(100 * quality) / run.most}%` } }),
    h("small", null, rows.missing[i] ? `no ${rows.missing[i]}` : "")));
}

function thumbnail(path, imagined) {
  if (!path) return h("span", { class: "thumb none", "aria-hidden": "true" });
  return h("img", {
    src: path, alt: "", class: imagined ? "thumb imagined" : "thumb", loading: "lazy", decoding: "async",
    width: 48, height: 48, title: imagined ? "imagined" : "present",
  });
}

/** Select the sample `step` places further in the list. */
function move(step) {
  if (!matches.length) return;
  const here = matches.indexOf(selected);
  const to = here < 0 ? (step > 0 ? 0 : matches.length - 1) : here + step;
  openSample(matches[Math.max(0, Math.min(matches.length - 1, to))]);
}

function bringIntoSight(i) {
  const place = matches.indexOf(i);
  if (place < 0) return;
  const { scrollTop, clientHeight } = parts.scroll;
  if (place * ROW < scrollTop) parts.scroll.scrollTop = place * ROW;
  else if ((place + 1) * ROW > scrollTop + clientHeight) parts.scroll.scrollTop = (place + 1) * ROW - clientHeight;
}
