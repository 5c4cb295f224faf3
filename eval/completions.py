"""Completions made by the program itself: `python -m agent.run` as a subprocess, and its folder afterwards.

agent and eval meet in run folders only, so a setting of a run is a word on its command line here. A run that is whole
ends at once when it is asked for again, and one that was cut off goes on; that is the program's own doing.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.missing import Mask
from eval.errors import EvalError
from eval.runfolder import RECORDS, RunFolder, open_run
from eval.specs import DataSpec, MaskSpec, digest

Tell = Callable[[str], None]

MADE_BY_OTHER_SETTINGS = "was made by other settings"
"""What the program says of a folder whose models, data or prompts have changed since."""
USABLE = (0, 1)
"""Exit statuses of a run that is through: all done, or some samples failed."""
MOST_FOLDERS = 50


@dataclass(frozen=True)
class Wanted:
    """One run: the data, what is hidden, and the method's own flags."""

    name: str
    data: DataSpec
    split: str
    mask: MaskSpec
    rate: float
    limit: int | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    exact: Mask | None = None
    """The mask itself, where the program could not make it from type, rate and seed."""

    @property
    def folder(self) -> str:
        """Name of its folder, the same for every experiment that wants the same."""
        identity = [
            self.data.name,
            str(self.data.root),
            self.data.options,
            self.split,
            self.mask.model_dump(),
        ]
        mask = None if self.exact is None else self.exact.released_form().decode()
        mark = digest([*identity, self.rate, dict(self.flags), *([mask] if mask else [])])[:8]
        return f"{self.data.name}-{self.split}-{self.mask.type}-{self.rate:g}-{self.name}-{mark}".replace(
            " ", "-"
        )

    def arguments(self, out: Path) -> list[str]:
        """What follows `python -m agent.run`."""
        words = ["--dataset", self.data.name, "--split", self.split, "--type", self.mask.type]
        words += ["--out", str(out), "--plain", "--skip-leak-check"]
        if self.exact is None:
            words += ["--rate", f"{self.rate:g}"]
        else:
            words += ["--mask", str(mask_file(out))]
        if self.data.root is not None:
            words += ["--root", str(self.data.root)]
        if self.data.options:
            words += ["--data-options", ",".join(f"{k}={v}" for k, v in self.data.options.items())]
        if self.mask.seed is not None:
            words += ["--seed", str(self.mask.seed)]
        if self.limit is not None:
            words += ["--limit", str(self.limit)]
        for flag, value in self.flags.items():
            if isinstance(value, bool):
                words += [f"--{flag}"] if value else []
            else:
                words += [f"--{flag}", str(value)]
        return words


@dataclass(frozen=True)
class Cost:
    """What a run took. Memory is that of the largest process."""

    seconds: float | None
    peak_mib: float | None


def complete(wanted: Wanted, runs: Path, tell: Tell) -> RunFolder:
    """Make, resume or find the run. Raises `EvalError` with the program's own last sentence if it cannot be."""
    runs.mkdir(parents=True, exist_ok=True)
    for number in range(1, MOST_FOLDERS):
        out = runs / (wanted.folder if number == 1 else f"{wanted.folder}-{number}")
        status, said = _run(wanted, out, tell)
        if status in USABLE:
            return open_run(out)
        if MADE_BY_OTHER_SETTINGS not in said:
            raise EvalError(
                f"The completions {wanted.name!r} of {wanted.data.name} could not be made (exit status {status}): "
                f"{said or 'see ' + str(log_of(out))}"
            )
        # The models, prompts or data are other than when this folder was made; it stays, another one is begun.
    raise EvalError(
        f"There are {MOST_FOLDERS} runs called {wanted.folder} in {runs} already; remove old ones."
    )


def cost_of(run: RunFolder) -> Cost:
    """What the run took, all sessions that added something together; unknown for a folder made elsewhere."""
    try:
        known = json.loads(_cost_file(run.path).read_text())
        return Cost(float(known["seconds"]), float(known["peak_mib"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Cost(run.manifest.figures.seconds or None, None)


def log_of(out: Path) -> Path:
    """Everything that the program said, beside its folder."""
    return out.with_name(f"{out.name}.log")


def mask_file(out: Path) -> Path:
    """The mask of a run whose mask does not follow from type, rate and seed, beside its folder."""
    return out.with_name(f"{out.name}.mask.json")


def _cost_file(out: Path) -> Path:
    return out.with_name(f"{out.name}.cost.json")


def _run(wanted: Wanted, out: Path, tell: Tell) -> tuple[int, str]:
    """(exit status, its last error or last line)."""
    if wanted.exact is not None:
        wanted.exact.save(mask_file(out))
    before, started = _size(out / RECORDS), time.monotonic()
    command = [sys.executable, "-m", "agent.run", *wanted.arguments(out)]
    last = ""
    with log_of(out).open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command[1:])}\n")
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                log.write(line)
                log.flush()
                if line.strip():
                    last = line.strip() if not last.startswith("error:") else last
                    tell(f"  {wanted.name}: {line.rstrip()}")
            _, state, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            # The terminal has told the program as well; it finishes what is under way and leaves a folder to go on in.
            process.wait()
            raise
        process.returncode = os.waitstatus_to_exitcode(state)
    if process.returncode in USABLE and _size(out / RECORDS) != before:
        _add_cost(out, time.monotonic() - started, usage.ru_maxrss / 1024)
    return process.returncode, last.removeprefix("error: ")


def _add_cost(out: Path, seconds: float, peak_mib: float) -> None:
    path = _cost_file(out)
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        known = {}
    path.write_text(
        json.dumps(
            {
                "seconds": round(seconds + float(known.get("seconds", 0)), 1),
                "peak_mib": round(max(peak_mib, float(known.get("peak_mib", 0))), 1),
            }
        )
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
