"""What is said while cells are worked out: one line when all seeds of a line are through, and at once what broke."""

from collections.abc import Sequence

from eval.cells import Cell, Result
from eval.completions import Tell


class Progress:
    """Counts the cells that are done; `done` is what `eval.pool.work_through` calls."""

    def __init__(self, todo: Sequence[Cell], tell: Tell) -> None:
        self._todo, self._tell = todo, tell
        self.results: dict[int, Result] = {}
        """By number of the cell."""
        self._left: dict[str, int] = {}
        for cell in todo:
            self._left[_place(cell)] = self._left.get(_place(cell), 0) + 1
        self._seconds: dict[str, list[float]] = {place: [] for place in self._left}

    def done(self, number: int, result: Result) -> None:
        cell, self.results[number] = self._todo[number], result
        place = _place(cell)
        self._left[place] -= 1
        counted = f"  {len(self.results):,}/{len(self._todo):,} {place}"
        if result.status == "broken":
            self._tell(f"{counted}, seed {cell.seed}: broken: {result.problem}")
        else:
            self._seconds[place].append(result.seconds)
        known = self._seconds[place]
        if not self._left[place] and known:
            seeds = f"{len(known)} seeds" if len(known) > 1 else "1 seed"
            self._tell(f"{counted}: {seeds}, {sum(known) / len(known):.1f} s each")


def _place(cell: Cell) -> str:
    rate = "" if cell.rate is None else f", rate {cell.rate:g}"
    return f"{cell.dataset}{rate}, {cell.encoder}, {cell.head_name} head, {cell.method.name}"
