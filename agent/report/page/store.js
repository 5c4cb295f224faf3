// The data of the page. Rows of all samples are unpacked at once; details in pieces, when they are looked at.

const PIECES_KEPT = 24;

const run = JSON.parse(document.getElementById("run").textContent);
const PIECE = run.chunk;
let rows = {};
let total = 0;

const pieces = new Map();
const texts = new Map();

async function unpack(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

async function openStore() {
  rows = await unpack("rows");
  total = rows.id.length;
}

/** Everything about sample `i`, counted in data set order. */
async function sampleDetail(i) {
  return (await piece(Math.floor(i / PIECE)))[i % PIECE];
}

function piece(number) {
  const kept = pieces.get(number) ?? unpack(`chunk-${number}`);
  pieces.delete(number);
  pieces.set(number, kept);
  if (pieces.size > PIECES_KEPT) pieces.delete(pieces.keys().next().value);
  return kept;
}

/** What can be found about each sample of a piece, in lower case. */
async function searchable(number) {
  if (!texts.has(number)) {
    const details = await unpack(`chunk-${number}`);
    texts.set(number, details.map((detail, k) => words(number * PIECE + k, detail).toLowerCase()));
  }
  return texts.get(number);
}

function words(i, detail) {
  const edges = (graph) => (graph ?? []).map((edge) => edge.join(" "));
  const candidates = detail.candidates ?? [];
  return [
    rows.id[i], rows.labels[i].join(" "), rows.problem[i], detail.text, detail.truth?.text, edges(detail.graph),
    candidates.map((c) => [c.subject, c.description, c.text, c.error, edges(c.graph)]), detail.warnings,
  ].flat(Infinity).filter(Boolean).join("\n");
}
