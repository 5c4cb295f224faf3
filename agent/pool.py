"""Keeps a bounded number of samples in flight, each from its first question to its record before the next begins.

Depth-first on purpose: one large batch over the graph holds all samples half done (measured 68 against 215 samples/s
in chunks), and an interrupt would find nothing finished.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

SPARE = 1.5
"""Samples in flight, times their mean requests at once, per request that the endpoint takes: with exactly as many,
requests fall into step and the endpoint idles between (0.86 of ideal, against 0.97-0.99)."""


async def work_through(
    items: Iterator[T], work: Callable[[T], Awaitable[None]], at_once: int, stop: asyncio.Event
) -> None:
    """Apply `work` to every item, `at_once` at a time, in order of beginning. Once `stop` is set no further item is
    begun, and what is in flight is finished. The first exception of `work` cancels the others and is raised."""
    taking = asyncio.Lock()
    end = object()

    async def worker() -> None:
        while not stop.is_set():
            async with taking:  # an iterator that reads files is neither quick nor safe to share
                item = await asyncio.to_thread(next, items, end)
            if item is end or stop.is_set():
                return
            await work(item)  # type: ignore[arg-type]  # `end` is the only value that is no T

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(at_once):
                workers.create_task(worker())
    except BaseExceptionGroup as group:
        raise _first(group) from None


def samples_in_flight(requests: int, candidates: int) -> int:
    """How many samples keep `requests` requests in flight. A sample alternates between single questions (its own
    knowledge, twice) and `candidates` questions at once (descriptions, candidates' knowledge)."""
    mean = (2 + 2 * candidates) / 4
    return max(2, math.ceil(SPARE * requests / mean))


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
