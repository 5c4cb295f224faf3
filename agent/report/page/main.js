// What is shown, the address that leads there (#id?q=...&sort=...), and the keyboard.

const pane = document.getElementById("pane");
let shownTurn = 0;

const address = (id) => `#${encodeURIComponent(id)}`;

function readAddress() {
  const [id, query] = location.hash.slice(1).split("?");
  let wanted = "";
  try {
    wanted = decodeURIComponent(id);
  } catch {
    wanted = "";
  }
  const asked = { ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(query ?? "")) };
  if (!(asked.sort in SORTS)) asked.sort = DEFAULTS.sort;
  return { wanted, asked };
}

function writeAddress() {
  const changed = Object.entries(view).filter(([name, value]) => name in DEFAULTS && value !== DEFAULTS[name]);
  const query = changed.length ? `?${new URLSearchParams(changed)}` : "";
  const id = selected >= 0 ? encodeURIComponent(rows.id[selected]) : "";
  history.replaceState(null, "", `#${id}${query}`);
}

async function openSample(i) {
  const turn = ++shownTurn;
  selected = i;
  writeAddress();
  bringIntoSight(i);
  paintRows();
  const detail = await sampleDetail(i);
  if (turn !== shownTurn) return;
  document.title = `${rows.id[i]} · ${run.title}`;
  show(samplePage(i, detail));
  showPane("detail");
}

function openOverview() {
  shownTurn++;
  selected = -1;
  writeAddress();
  paintRows();
  document.title = `${run.title} · ${run.folder}`;
  show(overviewPage());
  showPane("detail");
}

function show(content) {
  pane.replaceChildren(h("div", { class: "page" }, content));
  pane.scrollTop = 0;
}

/** On a narrow screen either the list or what was chosen from it is in sight. */
function showPane(name) {
  document.body.dataset.pane = name;
  if (name === "list") paintRows();
}

async function follow() {
  const { wanted, asked } = readAddress();
  const i = wanted ? rows.id.indexOf(wanted) : -1;
  selected = i;
  setView(asked);
  if (i >= 0) await openSample(i);
  else {
    openOverview();
    if (wanted) pane.firstChild.prepend(h("p", { class: "note bad" }, `There is no sample ${wanted} in this report.`));
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape") {
    if (typing) {
      typing.blur();
      event.preventDefault(); // a search field would empty itself and not tell
    } else if (document.body.dataset.pane === "detail" && selected >= 0) openOverview();
    return;
  }
  if (typing) return;
  const actions = {
    j: () => move(1), k: () => move(-1), o: openOverview,
    "/": () => { showPane("list"); parts.q.focus(); parts.q.select(); },
  };
  if (actions[event.key]) {
    actions[event.key]();
    event.preventDefault();
  }
}

function buildBar() {
  build(document.getElementById("bar"), null, [
    h("button", { type: "button", class: "title", onclick: openOverview, title: "the run (o)" },
      h("b", null, "Knowledge Bridger"), h("span", null, `${run.title} · ${run.folder}`)),
    run.miniature.length > 0 && h("span", { class: "tag mini", title: "made with the miniature" }, "miniature"),
    h("button", { type: "button", class: "quiet to-list", onclick: () => showPane("list") }, "Samples")]);
}

async function start() {
  buildBar();
  if (typeof DecompressionStream === "undefined") {
    show(h("p", { class: "note bad" }, "This browser cannot unpack the report; any of 2023 or newer can."));
    return;
  }
  await openStore();
  buildList();
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", follow);
  await follow();
  document.body.dataset.ready = "yes";
}

start();
