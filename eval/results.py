"""What came out: every cell in one tidy table, and its figures by line and missing rate."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eval.cells import Cell, Missing, Result

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("macro_f1", "map", "ss", "macro_f1_tuned", "micro_f1", "micro_f1_tuned")
"""In the order of tables; all in percent."""
TITLES = {
    "macro_f1": "macro F1",
    "map": "mAP",
    "ss": "SS",
    "macro_f1_tuned": "macro F1, tuned",
    "micro_f1": "micro F1",
    "micro_f1_tuned": "micro F1, tuned",
}


@dataclass(frozen=True)
class Outcome:
    """A cell and what became of it. `result` of a cell that could not be begun is broken, its seed None."""

    cell: Cell | Missing
    result: Result

    @property
    def seed(self) -> int | None:
        return self.cell.seed if isinstance(self.cell, Cell) else None

    def figures(self) -> dict[str, float]:
        """All figures by metric that it has."""
        result = self.result
        found: dict[str, float | None] = {"map": result.map, **result.similarity}
        if result.fixed is not None:
            found |= {"macro_f1": result.fixed.macro_f1, "micro_f1": result.fixed.micro_f1}
        if result.tuned is not None:
            found |= {
                "macro_f1_tuned": result.tuned.macro_f1,
                "micro_f1_tuned": result.tuned.micro_f1,
                "threshold": result.tuned.threshold,
            }
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Block:
    """What shares a table: one data set, encoder and head."""

    dataset: str
    encoder: str
    head: str


@dataclass(frozen=True)
class Figure:
    """A metric over the seeds. `mean` is None where there is none; `broken` says why, if that is why."""

    mean: float | None = None
    std: float | None = None
    seeds: int = 0
    broken: str | None = None


class Results:
    """All outcomes of an experiment, to be asked by block, line, rate and metric."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self.outcomes = list(outcomes)
        self._by: dict[tuple[Block, str, float | None], list[Outcome]] = {}
        for outcome in self.outcomes:
            cell = outcome.cell
            key = (Block(cell.dataset, cell.encoder, cell.head_name), cell.method.name, cell.rate)
            self._by.setdefault(key, []).append(outcome)

    @property
    def blocks(self) -> list[Block]:
        return list(dict.fromkeys(block for block, _, _ in self._by))

    @property
    def broken(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.result.status == "broken"]

    def lines(self, block: Block) -> list[str]:
        """Names of the methods in the order of the experiment."""
        return list(dict.fromkeys(name for where, name, _ in self._by if where == block))

    def rates(self, block: Block) -> list[float]:
        return sorted({rate for where, _, rate in self._by if where == block and rate is not None})

    def at(self, block: Block, line: str, rate: float) -> list[Outcome]:
        """The seeds of a line; one that does not depend on the rate stands at every rate."""
        return self._by.get((block, line, rate)) or self._by.get((block, line, None), [])

    def figure(self, block: Block, line: str, rate: float, metric: str) -> Figure:
        """Mean and standard deviation (n - 1) over the seeds that are there; broken if any of them is broken."""
        outcomes = self.at(block, line, rate)
        problem = next((each.result.problem for each in outcomes if each.result.status == "broken"), None)
        values = [value for each in outcomes if (value := each.figures().get(metric)) is not None]
        if not values or problem is not None:
            return Figure(broken=problem)
        spread = statistics.stdev(values) if len(values) > 1 else None
        return Figure(statistics.fmean(values), spread, len(values))

    def table(
        self, experiment: str, labels: Mapping[str, Sequence[str]], miniature: dict[str, bool]
    ) -> "pd.DataFrame":
        """Tidy: one row per cell and figure, per class where `label` is given; a broken cell has one row, with why."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for outcome in self.outcomes:
            cell, result = outcome.cell, outcome.result
            where = {
                "experiment": experiment,
                "dataset": cell.dataset,
                "miniature": miniature[cell.dataset],
                "encoder": cell.encoder,
                "head": cell.head_name,
                "line": cell.method.name,
                "method": cell.method.method,
                "options": ", ".join(f"{k}={v}" for k, v in cell.method.options.items()),
                "rate": math.nan if cell.rate is None else cell.rate,
                "seed": outcome.seed,
                "status": result.status,
                "problem": result.problem,
                "cell": cell.identity if isinstance(cell, Cell) else None,
            }
            rows += [where | each for each in _measurements(outcome, labels[cell.dataset])]
        columns = ["metric", "label", "value"]
        frame = pd.DataFrame(rows)
        frame["seed"] = frame["seed"].astype("Int64")
        return frame[[name for name in frame.columns if name not in columns] + columns]


def _measurements(outcome: Outcome, labels: Sequence[str]) -> list[dict[str, Any]]:
    result = outcome.result
    if result.status == "broken":
        return [{"metric": None, "label": None, "value": math.nan}]
    found: dict[str, float | None] = {
        **outcome.figures(),
        "seconds": result.seconds,
        "peak_mib": result.peak_mib,
        "trained_on": result.trained_on,
    }
    rows = [{"metric": name, "label": None, "value": _number(value)} for name, value in found.items()]
    classes = {"average_precision": result.average_precision}
    classes |= {"f1": result.fixed.f1} if result.fixed else {}
    classes |= {"f1_tuned": result.tuned.f1} if result.tuned else {}
    for name, values in classes.items():
        rows += [
            {"metric": name, "label": label, "value": _number(value)}
            for label, value in zip(labels, values, strict=True)
        ]
    return rows


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
