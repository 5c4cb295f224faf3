// A list of any length: rows are fetched in pieces when they come into sight, and made only for what is in sight.

import { h, count } from "./report-dom.js";

const ROW = 68;
const PIECE = 100;
const SPARE = 6;
const AGAIN = 700;

/**
 * `fetchRows(offset, limit)` answers {rows, matches, read, whole, problem}; `row(data)` gives a row's content;
 * `open(data, place)` is called for the chosen one; `told(answer)` says what stands above the list.
 */
export class List {
  constructor({ label, fetchRows, row, open, told, empty }) {
    Object.assign(this, { fetchRows, row, open, told, empty });
    this.pieces = new Map();
    this.matches = 0;
    this.whole = false;
    this.problem = null;
    this.chosen = -1;
    this.turn = 0;
    this.count = h("p", { class: "count", role: "status" });
    this.rows = h("div", { class: "rows" });
    this.scroll = h("div", {
      class: "scroll", role: "listbox", tabindex: 0, "aria-label": label, onscroll: () => this.paint(),
      onkeydown: (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
        if (step !== undefined) {
          this.move(step);
          event.preventDefault();
        }
      },
    }, this.rows);
    this.watch = new ResizeObserver(() => this.paint());
    this.watch.observe(this.scroll);
  }

  /** Ask anew, as after another search. */
  async reset() {
    const turn = ++this.turn;
    const first = await this.fetchRows(0, PIECE);
    if (turn !== this.turn) return;
    this.pieces = new Map([[0, first.rows]]);
    this.chosen = -1;
    this.scroll.scrollTop = 0;
    this.take(first);
  }

  take(answer) {
    Object.assign(this, { matches: answer.matches, whole: answer.whole, problem: answer.problem });
    this.count.textContent = this.told(answer);
    this.paint();
    clearTimeout(this.later);
    if (!answer.whole) this.later = setTimeout(() => this.follow(), AGAIN);
  }

  /** While the server still reads: ask again for what is in sight. */
  async follow() {
    if (!this.scroll.isConnected) return;
    const { turn } = this;
    const piece = Math.floor(this.scroll.scrollTop / ROW / PIECE);
    const answer = await this.fetchRows(piece * PIECE, PIECE).catch(() => null);
    if (turn !== this.turn || !answer) return;
    this.pieces = new Map([[piece, answer.rows]]);
    this.take(answer);
  }

  paint() {
    const { scrollTop, clientHeight } = this.scroll;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const last = Math.min(this.matches, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE);
    this.rows.style.height = `${this.matches * ROW}px`;
    const shown = [];
    for (let place = first; place < last; place++) shown.push(this.line(place));
    if (!this.matches) shown.push(h("p", { class: "empty" }, this.problem ?? (this.whole ? this.empty : "Reading …")));
    this.rows.replaceChildren(...shown);
    const mark = document.getElementById(`row-${this.chosen}`);
    if (mark) this.scroll.setAttribute("aria-activedescendant", mark.id);
    else this.scroll.removeAttribute("aria-activedescendant");
  }

  line(place) {
    const data = this.at(place);
    return h("div", {
      id: `row-${place}`, role: "option", class: "row", "aria-selected": String(place === this.chosen),
      "aria-posinset": place + 1, "aria-setsize": this.matches, vars: { top: `${place * ROW}px` },
      onclick: () => this.choose(place),
    }, data ? this.row(data) : h("span", { class: "thumb none" }));
  }

  /** The row at a place; undefined until it is there. */
  at(place) {
    const piece = Math.floor(place / PIECE);
    const rows = this.pieces.get(piece);
    if (rows instanceof Array) return rows[place % PIECE];
    if (!rows) this.load(piece);
    return undefined;
  }

  load(piece) {
    const { turn } = this;
    const loading = this.fetchRows(piece * PIECE, PIECE).then((answer) => {
      if (turn !== this.turn) return;
      this.pieces.set(piece, answer.rows);
      this.paint();
    }).catch(() => this.pieces.delete(piece));
    this.pieces.set(piece, loading);
    return loading;
  }

  async choose(place) {
    const { turn } = this;
    this.chosen = place;
    const top = place * ROW;
    const { scrollTop, clientHeight } = this.scroll;
    if (top < scrollTop) this.scroll.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.scroll.scrollTop = top + ROW - clientHeight;
    this.paint();
    if (!this.at(place)) await this.pieces.get(Math.floor(place / PIECE));
    const data = this.at(place);
    if (data && turn === this.turn && place === this.chosen) this.open(data, place);
  }

  /** The one `step` places further. */
  move(step) {
    if (!this.matches) return;
    const to = this.chosen < 0 ? (step > 0 ? 0 : this.matches - 1) : this.chosen + step;
    this.choose(Math.max(0, Math.min(this.matches - 1, to)));
  }
}

export const thumbnail = (address, imagined = false) => (address
  ? h("img", { src: address, alt: "", class: imagined ? "thumb imagined" : "thumb", loading: "lazy", decoding: "async", width: 48, height: 48 })
  : h("span", { class: "thumb none", "aria-hidden": "true" }));

export const counted = (answer, name) => {
  const all = answer.matches === answer.read ? `${count(answer.read)} ${name}` : `${count(answer.matches)} of ${count(answer.read)} ${name}`;
  return answer.whole ? all : `${all}, reading …`;
};

/** Wait until typing pauses. */
export function paused(work, wait = 150) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
}
