"""One thread owns a model; what callers ask for at the same time goes through it in one batch.

Models are not safe to call from several threads, and a batch costs little more than one item. Callers are many samples
in flight, each with a few pictures or texts; they only await `submit`. Nothing here is bound to an event loop.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Collects items into batches and runs `work` on each batch in a thread of its own, first come first served.

    `work` takes up to `max_batch` items and returns one result per item, in order. When it raises, each item of the
    batch is run again alone, so that one bad item fails only its own caller. `linger` is how long, in seconds, the
    first item of a batch waits for company.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Result]], *, name: str, max_batch: int, linger: float
    ) -> None:
        self._work = work
        self._name = name
        self._max_batch = max_batch
        self._linger = linger
        self._queue: queue.SimpleQueue[tuple[Item, Future[Result]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        # A daemon, so that a second Ctrl-C ends the program in the middle of a batch.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def submit(self, item: Item) -> Result:
        """The result of one item. A caller that is cancelled while its item still waits takes the item out."""
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"{self._name} is closed.")
            self._queue.put((item, future))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Finish what was submitted, then end the thread. May be called twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            last_call = time.monotonic() + self._linger
            closing = False
            while len(batch) < self._max_batch and not closing:
                try:
                    entry = self._queue.get(timeout=max(0.0, last_call - time.monotonic()))
                except queue.Empty:
                    break
                if entry is None:
                    closing = True
                else:
                    batch.append(entry)
            self._settle([(item, future) for item, future in batch if future.set_running_or_notify_cancel()])
            if closing:
                break

    def _settle(self, batch: list[tuple[Item, Future[Result]]]) -> None:
        if not batch:
            return
        try:
            results = self._work([item for item, _ in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{self._name} gave {len(results)} results for {len(batch)} items.")
        # BaseException: panics of libraries written in Rust derive from it, and a dead thread would hang every caller.
        except BaseException as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
            else:
                for entry in batch:
                    self._settle([entry])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
