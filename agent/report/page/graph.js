// A knowledge graph as a drawing: columns from left to right, long edges routed around nodes, each relation written
// where its edge arrives, so that no two labels can meet. (Layered drawing after Sugiyama, Tagawa and Toda, 1981.)

const LINE = 16;
const PORT = 20;
const NODE_GAP = 14;
const DRAWN_EDGES = 120;
const pen = document.createElement("canvas").getContext("2d");

const folded = (text) => text.trim().toLowerCase();

/** Names and edges of a graph in folded form, to mark in another graph what both have. */
function graphTerms(edges) {
  const terms = new Set();
  for (const [head, relation, tail] of edges) {
    terms.add(folded(head)).add(folded(tail)).add(edgeTerm(head, relation, tail));
  }
  return terms;
}

const edgeTerm = (...parts) => parts.map(folded).join("\u0000");

/** The drawing, with the same as text below it. `reference` marks what the sample's own graph has too. */
function drawGraph(edges, reference) {
  const drawn = edges.slice(0, DRAWN_EDGES);
  const { nodes, links, width, height } = layOut(drawn);
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img", class: "graph",
    "aria-label": `Knowledge graph with ${plural(edges.length, "edge")}; listed as text below`,
  });
  for (const link of links) picture.append(drawLink(link, reference));
  for (const node of nodes) picture.append(drawNode(node, reference));
  const rest = edges.length - drawn.length;
  return h("div", { class: "graph-box" },
    h("div", { class: "graph-scroll", tabindex: width > 700 ? 0 : null }, picture),
    reference && h("p", { class: "legend" },
      h("span", { class: "key shared" }), "also in the sample's graph", h("span", { class: "key own" }), "only here"),
    rest > 0 && h("p", { class: "muted" }, `${count(rest)} more edges are not drawn; all are listed below.`),
    h("details", null, h("summary", null, "As text"),
      h("ul", { class: "edges" }, edges.map(([head, relation, tail]) =>
        h("li", null, head, h("i", null, ` ${relation} `), tail)))));
}

function drawNode(node, reference) {
  const kind = node.out.length ? "node hub" : "node";
  const mark = !reference ? "" : reference.has(folded(node.name)) ? " shared" : " own";
  const top = node.y + node.height / 2 - ((node.lines.length - 1) * LINE) / 2;
  return svg("g", { class: kind + mark },
    svg("title", null, node.name),
    svg("rect", { x: node.x, y: node.y, width: node.width, height: node.height, rx: 8 }),
    node.lines.map((line, k) => svg("text", { x: node.x + node.width / 2, y: top + k * LINE }, line)));
}

function drawLink(link, reference) {
  const mark = !reference ? "" : link.terms.some((term) => reference.has(term)) ? " shared" : " own";
  const end = link.points.at(-1);
  const start = end.x - link.labelWidth - 22;
  const [first, ...bends] = link.points.slice(0, -1);
  let path = `M${first.x} ${first.y}`;
  let from = first;
  for (const to of [...bends, { x: start, y: end.y }]) {
    const middle = (from.x + to.x) / 2;
    path += ` C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
    if (to.through) path += ` h${to.through}`;
    from = { x: to.x + (to.through ?? 0), y: to.y };
  }
  path += ` H${end.x - 1}`;
  const tip = link.reversed ? first : end;
  const away = link.reversed ? 7 : -7;
  return svg("g", { class: `edge${mark}` },
    svg("path", { d: path, class: "line" }),
    svg("path", { d: `M${tip.x} ${tip.y} l${away} -4 v8 z`, class: "tip" }),
    svg("rect", { x: start + 4, y: end.y - 8, width: link.labelWidth + 6, height: 16, rx: 4 }),
    svg("text", { x: start + 7, y: end.y }, svg("title", null, link.label), link.shown));
}

function layOut(edges) {
  const { nodes, links } = collect(edges);
  breakCycles(nodes);
  const columns = rank(nodes, links);
  order(columns);
  const width = placeColumns(columns, links);
  const height = placeRows(columns);
  for (const link of links) link.points = route(link);
  return { nodes, links, width, height };
}

/** Nodes by name, and one link per pair of nodes with all relations between them. */
function collect(edges) {
  const byName = new Map();
  const byPair = new Map();
  const node = (name) => {
    if (!byName.has(name)) byName.set(name, { name, in: [], out: [], loops: [], ...boxOf(name) });
    return byName.get(name);
  };
  for (const [head, relation, tail] of edges) {
    const from = node(head);
    const to = node(tail);
    if (from === to) {
      from.loops.push(relation);
      continue;
    }
    const pair = JSON.stringify([head, tail]);
    if (!byPair.has(pair)) byPair.set(pair, { from, to, relations: [], terms: [], reversed: false });
    const link = byPair.get(pair);
    link.relations.push(relation);
    link.terms.push(edgeTerm(head, relation, tail));
  }
  for (const one of byName.values()) {
    if (one.loops.length) Object.assign(one, boxOf(`${one.name} (↻ ${one.loops.join(", ")})`));
  }
  const links = [...byPair.values()];
  for (const link of links) {
    link.label = [...new Set(link.relations)].join(", ");
    link.shown = cut(link.label, 34);
    pen.font = LABEL_FONT;
    link.labelWidth = Math.ceil(pen.measureText(link.shown).width);
    link.from.out.push(link);
    link.to.in.push(link);
  }
  return { nodes: [...byName.values()], links };
}

const NODE_FONT = "500 13px system-ui, sans-serif";
const LABEL_FONT = "12px system-ui, sans-serif";
const cut = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

function boxOf(name) {
  const lines = [];
  for (const word of name.split(/\s+/)) {
    const last = lines.length - 1;
    if (last >= 0 && `${lines[last]} ${word}`.length <= 22) lines[last] += ` ${word}`;
    else lines.push(cut(word, 26));
  }
  if (lines.length > 3) lines.splice(3, Infinity, "…");
  pen.font = NODE_FONT;
  const width = Math.max(...lines.map((line) => pen.measureText(line).width));
  return { lines, width: Math.ceil(width) + 24, height: lines.length * LINE + 14 };
}

/** Turn around the links that close a cycle, so that all point to the right; their tips are drawn at the other end. */
function breakCycles(nodes) {
  const state = new Map();
  const turned = [];
  const visit = (node) => {
    state.set(node, "open");
    for (const link of node.out) {
      if (state.get(link.to) === "open") turned.push(link);
      else if (!state.has(link.to)) visit(link.to);
    }
    state.set(node, "done");
  };
  for (const node of [...nodes].sort((a, b) => a.in.length - b.in.length)) if (!state.has(node)) visit(node);
  for (const link of turned) {
    link.from.out.splice(link.from.out.indexOf(link), 1);
    link.to.in.splice(link.to.in.indexOf(link), 1);
    [link.from, link.to, link.reversed] = [link.to, link.from, true];
    link.from.out.push(link);
    link.to.in.push(link);
  }
}

/** Columns by longest path; links that span several get a bend in each column between. */
function rank(nodes, links) {
  const depth = (node) => (node.rank ??= Math.max(0, ...node.in.map((link) => depth(link.from) + 1)));
  nodes.forEach(depth);
  for (const node of nodes) {
    if (!node.in.length && node.out.length) node.rank = Math.min(...node.out.map((link) => link.to.rank)) - 1;
  }
  const columns = Array.from({ length: Math.max(...nodes.map((node) => node.rank)) + 1 }, () => []);
  for (const node of nodes) columns[node.rank].push(Object.assign(node, { before: [], after: [] }));
  for (const link of links) {
    link.bends = [];
    let last = link.from;
    for (let r = link.from.rank + 1; r < link.to.rank; r++) {
      const bend = { bend: true, rank: r, width: 0, height: 6, before: [last], after: [] };
      last.after.push(bend);
      columns[r].push(bend);
      link.bends.push(bend);
      last = bend;
    }
    last.after.push(link.to);
    link.to.before.push(last);
  }
  return columns;
}

/** Order within the columns by the mean place of the neighbours, to and fro. */
function order(columns) {
  const number = (column) => column.forEach((node, k) => { node.place = k; });
  columns.forEach(number);
  for (let sweep = 0; sweep < 8; sweep++) {
    const side = sweep % 2 ? "after" : "before";
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const middle = (node) => (node[side].length ? average(node[side].map((other) => other.place)) : node.place);
      const wanted = new Map(column.map((node) => [node, middle(node)]));
      column.sort((a, b) => wanted.get(a) - wanted.get(b));
      number(column);
    }
  }
}

const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function placeColumns(columns, links) {
  let x = 1;
  columns.forEach((column, r) => {
    const labels = links.filter((link) => link.to.rank === r).map((link) => link.labelWidth);
    if (r > 0) x += Math.max(40, ...labels.map((width) => width + 58));
    const width = Math.max(0, ...column.map((node) => node.width));
    for (const node of column) {
      node.x = x;
      if (node.bend) node.width = width;
    }
    x += width;
  });
  return x + 1;
}

/** Heights: each node near the middle of its neighbours, in order and apart (isotonic regression per column). */
function placeRows(columns) {
  for (const column of columns) {
    let y = 0;
    for (const node of column) {
      if (!node.bend) node.height = Math.max(node.height, node.in.length * PORT + 4);
      node.y = y;
      y += node.height + NODE_GAP;
    }
  }
  const middle = (node) => node.y + node.height / 2;
  for (let sweep = 0; sweep < 12; sweep++) {
    const side = sweep % 2 ? "before" : "after";
    for (const column of sweep % 2 ? columns : [...columns].reverse()) {
      const wanted = column.map((node) => {
        const near = node[side].length ? node[side] : node[side === "before" ? "after" : "before"];
        return (near.length ? average(near.map(middle)) : middle(node)) - node.height / 2;
      });
      spread(column, wanted);
    }
  }
  const top = Math.min(...columns.flat().map((node) => node.y));
  for (const node of columns.flat()) node.y += 1 - top;
  return Math.max(...columns.flat().map((node) => node.y + node.height)) + 1;
}

function spread(column, wanted) {
  const blocks = [];
  let offset = 0;
  column.forEach((node, k) => {
    blocks.push({ sum: wanted[k] - offset, nodes: [[node, offset]] });
    offset += node.height + NODE_GAP;
    while (blocks.length > 1 && mean(blocks.at(-2)) > mean(blocks.at(-1))) {
      const last = blocks.pop();
      blocks.at(-1).sum += last.sum;
      blocks.at(-1).nodes.push(...last.nodes);
    }
  });
  for (const block of blocks) for (const [node, below] of block.nodes) node.y = mean(block) + below;
}

const mean = (block) => block.sum / block.nodes.length;

/** From the right side of the one node, through the bends, to a place of its own on the left side of the other. */
function route(link) {
  const arrivals = [...link.to.in].sort((a, b) => source(a) - source(b));
  const port = link.to.y + link.to.height / 2 + (arrivals.indexOf(link) - (arrivals.length - 1) / 2) * PORT;
  return [
    { x: link.from.x + link.from.width, y: link.from.y + link.from.height / 2 },
    ...link.bends.map((bend) => ({ x: bend.x, y: bend.y + bend.height / 2, through: bend.width })),
    { x: link.to.x, y: port },
  ];
}

function source(link) {
  const last = link.bends.at(-1) ?? link.from;
  return last.y + last.height / 2;
}
