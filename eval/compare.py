"""One line against the others: paired bootstrap over test rows, and how much of the gap it closes."""

from dataclasses import dataclass

import numpy as np

from eval.cells import Cell, Store
from eval.metrics.bootstrap import Interval, interval, mean_over_seeds
from eval.results import Block, Results

COMPARED = ("macro_f1", "map", "macro_f1_tuned")


@dataclass(frozen=True)
class Difference:
    """`line` minus `other`, in points, mean over seeds, with the 95 % interval over test rows."""

    block: Block
    rate: float
    metric: str
    line: str
    other: str
    interval: Interval

    @property
    def verdict(self) -> str:
        """ahead, behind, or not told apart."""
        if self.interval.low > 0:
            return "ahead"
        return "behind" if self.interval.high < 0 else "not told apart"


@dataclass(frozen=True)
class Recovered:
    """Which part of the gap between removing and having everything a line closes, in percent."""

    block: Block
    rate: float
    metric: str
    line: str
    interval: Interval
    gap: float
    """complete minus remove, in points. Of a gap near 0 no part can be told."""


class Comparison:
    """Asks the store for the resampled figures of whole lines."""

    def __init__(self, results: Results, store: Store) -> None:
        self._results, self._store = results, store
        # Every line is compared with the reference at every metric; its cells are read once.
        self._known: dict[tuple[Block, str, float], dict[str, np.ndarray]] = {}

    def difference(self, block: Block, rate: float, metric: str, line: str, other: str) -> Difference | None:
        """None where one of the two is broken or does not have the metric."""
        mine, theirs = (self._resampled(block, each, rate, metric) for each in (line, other))
        values = [self._results.figure(block, each, rate, metric).mean for each in (line, other)]
        if mine is None or theirs is None or values[0] is None or values[1] is None:
            return None
        if mine.shape != theirs.shape or not len(mine):
            return None
        return Difference(block, rate, metric, line, other, interval(values[0] - values[1], mine - theirs))

    def interval_of(self, block: Block, rate: float, metric: str, line: str) -> Interval | None:
        """A line's own figure with its interval over test rows; None where it has none."""
        value, resampled = (
            self._results.figure(block, line, rate, metric).mean,
            self._resampled(block, line, rate, metric),
        )
        return (
            interval(value, resampled)
            if value is not None and resampled is not None and len(resampled)
            else None
        )

    def differences(self, line: str, metrics: tuple[str, ...] = COMPARED) -> list[Difference]:
        """Of a line to every other one in every block, at every rate."""
        found = [
            self.difference(block, rate, metric, line, other)
            for block in self._results.blocks
            for rate in self._results.rates(block)
            for metric in metrics
            for other in self._results.lines(block)
            if other != line and not self._same(block, rate, line, other)
        ]
        return [each for each in found if each is not None]

    def _same(self, block: Block, rate: float, line: str, other: str) -> bool:
        """Whether two lines are the same cells under two names, such as N = 5 and the method itself."""
        cells = [[each.cell for each in self._results.at(block, name, rate)] for name in (line, other)]
        ours, theirs = ([cell.identity for cell in some if isinstance(cell, Cell)] for some in cells)
        return bool(ours) and ours == theirs

    def recovered(
        self, block: Block, rate: float, metric: str, line: str, lower: str, upper: str
    ) -> Recovered | None:
        """The part of the gap between the lines `lower` (remove) and `upper` (complete)."""
        figures = [self._results.figure(block, each, rate, metric).mean for each in (line, lower, upper)]
        resampled = [self._resampled(block, each, rate, metric) for each in (line, lower, upper)]
        value, low, high = figures
        if value is None or low is None or high is None or high == low:
            return None
        if any(each is None or not len(each) for each in resampled):
            return None
        mine, bottom, top = (np.asarray(each) for each in resampled)
        gap = np.where(np.abs(top - bottom) > 1e-9, top - bottom, np.nan)
        parts = 100 * (mine - bottom) / gap
        part = interval(100 * (value - low) / (high - low), parts[~np.isnan(parts)])
        return Recovered(block, rate, metric, line, part, high - low)

    def _resampled(self, block: Block, line: str, rate: float, metric: str) -> np.ndarray | None:
        key = (block, line, rate)
        if key not in self._known:
            self._known[key] = self._read(block, line, rate)
        return self._known[key].get(metric)

    def _read(self, block: Block, line: str, rate: float) -> dict[str, np.ndarray]:
        """Resampled figures by metric, mean over the seeds; only those that every seed has."""
        found: list[dict[str, np.ndarray]] = []
        for outcome in self._results.at(block, line, rate):
            if outcome.result.status == "broken" or not isinstance(outcome.cell, Cell):
                return {}
            found.append(self._store.arrays(outcome.cell.identity, COMPARED))
        if not found:
            return {}
        return {
            metric: mean_over_seeds([each[metric] for each in found])
            for metric in COMPARED
            if all(metric in each for each in found)
        }
