"""Ctrl-C and SIGTERM: the first lets everything in flight finish, the second stops, the third does not wait at all."""

import asyncio
import os
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Interrupt:
    """Handles both signals while a run works. `stop` is set by the first; the second cancels the task that entered.

    `async with Interrupt(tell) as interrupt: ...`; `tell` prints one line.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.stop = asyncio.Event()
        self.count = 0
        self.signal = signal.SIGINT
        self._tell = tell
        self._task: asyncio.Task[object] | None = None

    @property
    def exit_status(self) -> int:
        """128 + the signal's number, as shells expect: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.signal

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._arrived, number)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)

    def _arrived(self, number: signal.Signals) -> None:
        self.count += 1
        self.signal = number
        if self.count == 1:
            self._tell(
                "finishing the samples in flight; once more to stop at once (the same command goes on)"
            )
            self.stop.set()
        elif self.count == 2 and self._task:
            self._tell("stopping")
            self._task.cancel()
        else:
            os._exit(self.exit_status)
