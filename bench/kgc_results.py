"""AdaMF-MAT on MKG-Y and MKG-W in a reduced setting, with modalities going missing: cell by cell, to be interrupted.

    OMP_NUM_THREADS=1 taskset -c 1 python bench/kgc_results.py            # what is not in the file yet
    OMP_NUM_THREADS=1 taskset -c 1 python bench/kgc_results.py --list     # what that is
    ... bench/kgc_results.py --seed 2                 # one seed's cells, beside another process that does the rest
    python bench/kgc_results.py --page                # tables and curves of docs/kgc.md, from the file alone

Three seeds of RotatE, AdaMF and AdaMF-MAT; the latter two with missing rates 0 to 0.8. mu of the adversarial term is
searched on validation, at rate 0 with the first seed, before the cells that need it. Each finished cell is a row of
bench/results/kgc_cells.csv, which only grows; a cell whose row is there is not run again. Names of the entities are
the text features; the second modality is made up (tools/kgc/synthetic.py), so nothing here may be compared with
published figures, only the rows with each other.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
DATA = ROOT.parent / "shared" / "data" / "mmkg"
CELLS = ROOT / "bench" / "results" / "kgc_cells.csv"
PAGE = ROOT / "docs" / "kgc.md"
BEGIN = "<!-- kgc-results: written by bench/kgc_results.py; do not edit between the marks -->"
END = "<!-- /kgc-results -->"
IMAGES = ROOT / "docs" / "images"

GRAPHS = ("MKG-Y", "MKG-W")
METHODS = ("RotatE", "AdaMF", "AdaMF-MAT")
RATES = (0.0, 0.2, 0.4, 0.6, 0.8)
SEEDS = (0, 1, 2)
MUS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
SEARCH, MAIN = "search", "main"

NAMES, SYNTHETIC = 128, 128
"""Widths of the text features and of the made-up modality."""
SETTINGS: dict[str, Any] = {
    "dimension": 64,
    "batch_size": 1024,
    "negatives": 16,
    "temperature": 2.0,
    "learning_rate": 3e-3,
    "generator_learning_rate": 1e-3,
    "hidden": 128,
    "epochs": 40,
    "validate_every": 10,
    "validation_sample": 1000,
    "patience": 2,
}
"""The reduced setting, for both graphs and all methods."""
MARGIN = {"MKG-Y": 4.0, "MKG-W": 6.0}

COLUMNS = (
    "graph", "method", "missing_rate", "seed", "mu", "phase", "setting", "valid_mrr", "best_epoch", "epochs",
    "mrr", "hits_at_1", "hits_at_3", "hits_at_10", "mr", "optimistic_mrr", "optimistic_hits_at_1",
    "structure", "text", "synthetic", "cpu_seconds", "clock_seconds", "peak_mib", "date", "revision",
)  # fmt: skip
KEY = ("graph", "method", "missing_rate", "seed", "mu", "phase", "setting")


@dataclass(frozen=True)
class Cell:
    """One training and its test."""

    graph: str
    method: str
    missing_rate: float
    seed: int
    mu: float
    phase: str

    @property
    def settings(self) -> Any:
        from tools.kgc.settings import TrainingSettings

        adversarial = self.method == "AdaMF-MAT"
        return TrainingSettings(**SETTINGS, margin=MARGIN[self.graph], seed=self.seed, mu=self.mu,
                                adversarial=adversarial)  # fmt: skip

    @property
    def key(self) -> tuple[str, ...]:
        values = {name: str(value) for name, value in asdict(self).items()} | {"setting": self.setting}
        return tuple(values[name] for name in KEY)

    @property
    def setting(self) -> str:
        """Checksum of what is not in the other columns: another setting is another cell."""
        words = {**SETTINGS, "margin": MARGIN[self.graph], "names": NAMES, "synthetic": SYNTHETIC}
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:8]


def planned(done: dict[tuple[str, ...], dict[str, str]]) -> Iterator[Cell]:
    """All cells in the order in which they are run; those of AdaMF-MAT once mu has been found."""
    for graph in GRAPHS:
        yield from searched(graph)
    for seed in SEEDS:
        for rate in (0.0, 0.8, 0.4, 0.2, 0.6):  # the ends first
            for graph in GRAPHS:
                if rate == 0:
                    yield Cell(graph, "RotatE", 0.0, seed, 0.0, MAIN)
                yield Cell(graph, "AdaMF", rate, seed, 0.0, MAIN)
                mu = best_mu(graph, done)
                if mu is not None:
                    yield Cell(graph, "AdaMF-MAT", rate, seed, mu, MAIN)


def searched(graph: str) -> list[Cell]:
    return [Cell(graph, "AdaMF-MAT", 0.0, SEEDS[0], mu, SEARCH) for mu in MUS]


def best_mu(graph: str, done: dict[tuple[str, ...], dict[str, str]]) -> float | None:
    """Of the search, by validation; None before it is complete."""
    rows = [done.get(cell.key) for cell in searched(graph)]
    if any(row is None for row in rows):
        return None
    return float(max((row for row in rows if row), key=lambda row: float(row["valid_mrr"]))["mu"])


def read() -> dict[tuple[str, ...], dict[str, str]]:
    if not CELLS.exists():
        return {}
    with CELLS.open(newline="") as file:
        return {tuple(row[name] for name in KEY): row for row in csv.DictReader(file)}


def append(row: dict[str, Any]) -> None:
    CELLS.parent.mkdir(parents=True, exist_ok=True)
    fresh = not CELLS.exists()
    with CELLS.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if fresh:
            writer.writeheader()
        writer.writerow(row)


# ------------------------------------------------------------------ one cell


def run(cell: Cell) -> dict[str, Any]:
    from tools.kgc.run_folder import peak_mib
    from tools.kgc.source import Source
    from tools.kgc.trainer import Silence, Trainer, evaluate_model

    source = Source((str(DATA / cell.graph),), names=NAMES, synthetic=SYNTHETIC, missing_rate=cell.missing_rate,
                    missing_seed=cell.seed, structure_only=cell.method == "RotatE")  # fmt: skip
    graph, modalities = source.open()
    clock, wall = time.process_time(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kgc-") as folder:
        from tools.kgc.fitted import FittedModel
        from tools.kgc.learner import Learner

        trainer = Trainer(Learner(graph, modalities, cell.settings), Path(folder), Silence())
        trainer.run()
        model = FittedModel.load(folder)
    cpu, clocked = time.process_time() - clock, time.perf_counter() - wall
    result = evaluate_model(model, graph, graph.test)
    both, optimistic = result.realistic["both"], result.optimistic["both"]
    weights = dict(zip(("structure", *model.modalities), model.weights.mean(axis=0), strict=True))
    return {
        **asdict(cell), "setting": cell.setting, "valid_mrr": f"{trainer.state.best_mrr:.5f}",
        "best_epoch": trainer.state.best_epoch, "epochs": trainer.state.epoch, "mrr": f"{both.mrr:.5f}",
        "hits_at_1": f"{both.hits_at_1:.5f}", "hits_at_3": f"{both.hits_at_3:.5f}",
        "hits_at_10": f"{both.hits_at_10:.5f}", "mr": f"{both.mr:.1f}", "optimistic_mrr": f"{optimistic.mrr:.5f}",
        "optimistic_hits_at_1": f"{optimistic.hits_at_1:.5f}",
        **{name: f"{weights.get(name, 0):.4f}" for name in ("structure", "text", "synthetic")},
        "cpu_seconds": f"{cpu:.1f}", "clock_seconds": f"{clocked:.1f}", "peak_mib": peak_mib(),
        "date": datetime.date.today().isoformat(), "revision": revision(),
    }  # fmt: skip


def revision() -> str:
    return subprocess.run(
        ["git", "describe", "--always"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()


# ------------------------------------------------------------------ the page


def values(rows: list[dict[str, str]], column: str, **where: Any) -> list[float]:
    """A column of the rows that agree, by seed."""
    found = [row for row in rows if all(row[name] == str(value) for name, value in where.items())]
    return [float(row[column]) for row in sorted(found, key=lambda row: int(row["seed"]))]


def spread(numbers: list[float], scale: float = 100.0) -> str:
    if not numbers:
        return ""
    mean = f"{scale * np.mean(numbers):.2f}"
    return mean + (f" ± {scale * np.std(numbers, ddof=1):.2f}" if len(numbers) > 1 else "")


def page(rows: list[dict[str, str]]) -> str:
    main = [row for row in rows if row["phase"] == MAIN]
    done = {tuple(row[name] for name in KEY): row for row in rows}
    left = sum(cell.key not in done for cell in planned(done))
    lines = [
        "In a reduced setting that two cores can do (`python bench/kgc_results.py`, cells in",
        "`bench/results/kgc_cells.csv`). Filtered, realistic ties, head and tail, whole test sets; per cent, mean and",
        "standard deviation over seeds.",
        "",
        "**Not comparable with published figures**: text features are character n-grams of the entities' names, and",
        "the second modality is **synthetic** (`tools/kgc/synthetic.py`): noisy counts of the relations of an entity",
        "in train. What can be compared are these rows with each other.",
        "",
        *(
            [f"**Not complete yet**: {left} cells are left, and what has one seed says little.", ""]
            if left
            else []
        ),
        f"Setting: {', '.join(f'{name} {value}' for name, value in SETTINGS.items())}; margin "
        f"{', '.join(f'{margin:g} {graph}' for graph, margin in MARGIN.items())}; text {NAMES} and synthetic "
        f"{SYNTHETIC} numbers, frozen. A missing rate hides each modality from that share of its entities, in training "
        "and test alike, drawn by the seed. RotatE sees no modality, so no rate changes it.",
    ]
    for graph in GRAPHS:
        lines += ["", f"### {graph}", "", "| method | missing | MRR | Hits@1 | Hits@3 | Hits@10 | MR | seeds | "
                  "weights: structure, text, synthetic |", "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        for method in METHODS:
            for rate in RATES if method != "RotatE" else (0.0,):
                where = {"graph": graph, "method": method, "missing_rate": rate}
                mrr = values(main, "mrr", **where)
                if not mrr:
                    continue
                cells = [
                    spread(values(main, name, **where))
                    for name in ("mrr", "hits_at_1", "hits_at_3", "hits_at_10")
                ]
                weights = ", ".join(
                    f"{np.mean(values(main, name, **where)):.2f}"
                    for name in ("structure", "text", "synthetic")
                )
                label = "any" if method == "RotatE" else f"{rate:.1f}"
                cells += [f"{np.mean(values(main, 'mr', **where)):.0f}", str(len(mrr)), weights]
                lines.append(f"| {method} | {label} | " + " | ".join(cells) + " |")
        lines += search_lines(graph, rows)
    lines += ["", "![curves](images/kgc-missing.png)", "", "### The claim", "",
              "Better on Hits@1, and where modalities are missing: differences of the same seed, in points.", "",
              "| graph | missing | MAT - AdaMF, Hits@1 | seeds better | MAT - AdaMF, MRR | seeds better "
              "| MAT - RotatE, Hits@1 | seeds better |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for graph in GRAPHS:
        for rate in RATES:
            lines += claim(main, graph, rate)
    cpu = [float(row["cpu_seconds"]) for row in rows]
    if cpu:
        lines += ["", f"{len(rows)} cells, {sum(cpu) / 3600:.1f} hours of processor time for training, "
                  f"{np.median(cpu):.0f} s a cell (median), on one thread."]  # fmt: skip
    return "\n".join(lines) + "\n"


def search_lines(graph: str, rows: list[dict[str, str]]) -> list[str]:
    found = [row for row in rows if row["phase"] == SEARCH and row["graph"] == graph]
    if not found:
        return []
    words = ", ".join(f"{float(row['mu']):g}: {100 * float(row['valid_mrr']):.2f}" for row in found)
    chosen = best_mu(graph, {tuple(row[name] for name in KEY): row for row in rows})
    end = "" if chosen is None else f" Chosen: {chosen:g}."
    return ["", f"mu of the adversarial term, by validation MRR (rate 0, seed {SEEDS[0]}): {words}.{end}"]


def claim(rows: list[dict[str, str]], graph: str, rate: float) -> list[str]:
    cells = []
    for other, column in (("AdaMF", "hits_at_1"), ("AdaMF", "mrr"), ("RotatE", "hits_at_1")):
        where = {"graph": graph, "missing_rate": 0.0 if other == "RotatE" else rate}
        mat = by_seed(rows, column, graph=graph, method="AdaMF-MAT", missing_rate=rate)
        them = by_seed(rows, column, method=other, **where)
        apart = [mat[seed] - them[seed] for seed in sorted(mat.keys() & them.keys())]
        if not apart:
            return []
        cells += [spread(apart), f"{sum(one > 0 for one in apart)} of {len(apart)}"]
    return [f"| {graph} | {rate:.1f} | " + " | ".join(cells) + " |"]


def by_seed(rows: list[dict[str, str]], column: str, **where: Any) -> dict[int, float]:
    found = [row for row in rows if all(row[name] == str(value) for name, value in where.items())]
    return {int(row["seed"]): float(row[column]) for row in found}


def draw(rows: list[dict[str, str]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    main = [row for row in rows if row["phase"] == MAIN]
    IMAGES.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(2, len(GRAPHS), figsize=(10, 7), sharex=True)
    for column, graph in enumerate(GRAPHS):
        for axis, what in zip(axes[:, column], ("mrr", "hits_at_1"), strict=True):
            for method, style in zip(METHODS, ("k--", "o-", "s-"), strict=True):
                points = []
                for rate in RATES:
                    seen = 0.0 if method == "RotatE" else rate
                    points.append((rate, values(main, what, graph=graph, method=method, missing_rate=seen)))
                points = [(rate, numbers) for rate, numbers in points if numbers]
                if not points:
                    continue
                means = [100 * np.mean(numbers) for _, numbers in points]
                errors = [100 * np.std(numbers, ddof=1) if len(numbers) > 1 else 0 for _, numbers in points]
                axis.errorbar([rate for rate, _ in points], means, errors, fmt=style, label=method, capsize=3)
            axis.set(ylabel=f"{'MRR' if what == 'mrr' else 'Hits@1'}, per cent", title=graph)
            axis.grid(alpha=0.3)
        axes[1, column].set_xlabel("share of each modality that is missing")
    axes[0, 0].legend()
    figure.suptitle("Reduced setting: names as text, a synthetic second modality")
    figure.tight_layout()
    figure.savefig(IMAGES / "kgc-missing.png", dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=int, metavar="N", help="stop after so many cells")
    parser.add_argument(
        "--seed", type=int, choices=SEEDS, help="only main cells of this seed, beside other processes"
    )
    parser.add_argument("--graph", choices=GRAPHS, help="only this one's, likewise")
    parser.add_argument("--list", action="store_true", help="only tell what is left")
    parser.add_argument("--page", action="store_true", help="only write the page and the curves")
    options = parser.parse_args()
    if options.list:
        left = [cell for cell in planned(read()) if cell.key not in read()]
        for cell in left:
            print(cell)
        print(f"{len(left)} left; AdaMF-MAT's cells are planned once mu has been found")
        return
    count = 0
    while not options.page and (options.limit is None or count < options.limit):
        done = read()
        left = (cell for cell in planned(done) if cell.key not in done)
        mine = (c for c in left if options.seed in (None, c.seed) and options.graph in (None, c.graph))
        cell = next(mine, None)
        if cell is None:
            break
        row = run(cell)
        append(row)
        count += 1
        told = ("graph", "method", "missing_rate", "seed", "mu", "phase", "best_epoch", "mrr", "hits_at_1",
                "cpu_seconds", "clock_seconds")  # fmt: skip
        print(f"{len(done) + 1}: " + ", ".join(f"{name} {row[name]}" for name in told), flush=True)
    current = {Cell(graph, "", 0.0, 0, 0.0, "").setting for graph in GRAPHS}
    rows = [row for row in read().values() if row["setting"] in current]
    if rows:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n\n{page(rows)}\n{END}{after}", encoding="utf-8")
        draw(rows)


if __name__ == "__main__":
    main()
