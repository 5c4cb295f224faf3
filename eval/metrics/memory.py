"""Peak memory of a piece of work in this process."""

import contextlib
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Peak:
    """From its making on: the highest resident size, and what of it came on top of the start. Linux only."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")  # resets the high-water mark
        self._start = _field("VmRSS")

    def added_mib(self) -> float | None:
        """None where the system does not tell."""
        peak = _field("VmHWM")
        return None if peak is None or self._start is None else round(max(0.0, peak - self._start), 1)


def _field(name: str) -> float | None:
    """A size of /proc/self/status in MiB."""
    with contextlib.suppress(OSError, ValueError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return None
