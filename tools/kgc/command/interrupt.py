"""Ctrl-C and SIGTERM while training: the first ends after the current step, the second at once."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Call it to learn whether a signal has come."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self) -> bool:
        return self.number != 0

    @property
    def exit_status(self) -> int:
        """128 + the signal's number, as shells expect."""
        return 128 + self.number

    def arrived(self, number: int, frame: FrameType | None) -> None:
        if self.number:
            raise KeyboardInterrupt
        self.number = number
        print("stopping after this step; once more to stop at once", file=sys.stderr)


@contextmanager
def interrupt() -> Iterator[Interrupt]:
    """Handles both signals inside the block. For the main thread."""
    handler = Interrupt()
    before = {number: signal.signal(number, handler.arrived) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield handler
    finally:
        for number, old in before.items():
            signal.signal(number, old)
