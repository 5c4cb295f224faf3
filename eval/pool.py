"""Cells in parallel: a bounded number of processes, none of which can take the experiment down with it."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from eval.cells import Cell, Result
from eval.work import prepare_process, rehearse, work

Done = Callable[[int, Result], None]
"""Called with the number of the cell in the given order, and what became of it."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_through(cells: Sequence[Cell], parts: Path, store: Path, workers: int, done: Done) -> None:
    """Every cell once; `done` is told in the order in which they end. With 0 workers in this very process.

    When a process dies (out of memory, say), nobody knows which of the cells in flight it was: all that are left are
    tried again one at a time, and the one that kills its process again is broken.
    """
    if workers == 0:
        if cells:
            rehearse()
        for number, cell in enumerate(cells):
            done(number, work(cell, parts, store))
        return
    left = _together(dict(enumerate(cells)), parts, store, workers, done)
    for number, cell in left.items():
        if _together({number: cell}, parts, store, 1, done):
            done(number, Result(status="broken", problem="its process died, most likely for lack of memory"))


def _together(
    cells: Mapping[int, Cell], parts: Path, store: Path, workers: int, done: Done
) -> dict[int, Cell]:
    """The cells that were not worked out because a process died."""
    left = dict(cells)
    if not left:
        return left
    # spawn: a forked process would inherit PyTorch's threads in an unknown state.
    context = get_context("spawn")
    with ProcessPoolExecutor(max(1, min(workers, len(left))), context, prepare_process) as pool:
        futures: dict[Future[Result], int] = {
            pool.submit(work, cell, parts, store): number for number, cell in left.items()
        }
        try:
            for future in as_completed(futures):
                result, number = future.result(), futures[future]
                del left[number]
                done(number, result)
        except BrokenProcessPool:
            return left
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return left
