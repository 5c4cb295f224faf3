"""Own-folder data, a loopback endpoint, and real `python -m agent.run` processes against both."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from llm_double import Double

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 600.0
"""Seconds after which a process that should have said something is taken for hung."""


@pytest.fixture
def double() -> Iterator[Double]:
    server = Double()
    yield server
    server.allow(float("inf"))
    server.shutdown()
    server.server_close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of twelve pictures with descriptions."""
    root = tmp_path / "photos"
    root.mkdir()
    rows = []
    for number in range(12):
        Image.new("RGB", (40, 30), (20 * number, 255 - 20 * number, 90)).save(root / f"{number}.png")
        text = f"A picture of colour number {number}."
        rows.append({"id": f"p{number}", "image": f"{number}.png", "text": text, "labels": ["colour"]})
    (root / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@dataclass
class Process:
    """A running `python -m agent.run`."""

    popen: Any
    out: Path

    def wait(self) -> tuple[int, str, str]:
        """Exit status, standard output and standard error."""
        said, complained = self.popen.communicate(timeout=PATIENCE)
        return self.popen.returncode, said, complained

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def ids(self) -> list[str]:
        """Ids in `records.jsonl`, in order."""
        return [record["sample_id"] for record in self.records()]

    def records(self) -> list[dict]:
        path = self.out / "records.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def manifest(self) -> dict:
        return json.loads((self.out / "manifest.json").read_text())

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to become true while the process runs."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert self.popen.poll() is None, self.popen.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)


@dataclass
class Runner:
    """Starts runs that complete the texts of `photos` with the double, scored by graphs alone."""

    photos: Path
    double: Double
    folder: Path
    started: list[Process] = field(default_factory=list)

    def arguments(self, *more: str, out: str | None = "run") -> list[str]:
        """Later flags win over the usual ones."""
        given = {"dataset": "folder", "root": self.photos, "type": "text", "rate": 1}
        given |= {"candidates": 2, "weights": "graph=1", "lmm": "double", "lmm-url": self.double.url}
        given |= {"out": self.folder / out} if out else {}
        return [*(word for name, value in given.items() for word in (f"--{name}", str(value))), *more]

    def __call__(self, *more: str, preexec: Callable[[], None] | None = None, **env: str) -> Process:
        """`env` is added to an environment without settings."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "LMM_", "OPENAI_"))}
        clean |= {
            "KB_CACHE_DIR": str(self.folder / "cache"),
            "PYTHONPATH": str(REPOSITORY),
            "OMP_NUM_THREADS": "1",
        }
        popen = subprocess.Popen(
            [sys.executable, "-m", "agent.run", *self.arguments(*more)],
            cwd=self.folder,
            env=clean | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec,
        )
        self.started.append(Process(popen, self.folder / "run"))
        return self.started[-1]


@dataclass
class Result:
    """How a run in this process ended."""

    status: int
    said: str
    complained: str
    process: Process

    def __getattr__(self, name: str) -> Any:
        return getattr(self.process, name)


@pytest.fixture
def here(
    start: "Runner", monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """The same run in this process: quicker, for what needs no kill."""

    def run(*more: str, out: str | None = "run", **env: str) -> Result:
        from agent.run import main

        for name in [name for name in os.environ if name.startswith(("KB_", "LMM_", "OPENAI_"))]:
            monkeypatch.delenv(name)
        for name, value in {"KB_CACHE_DIR": str(start.folder / "cache"), **env}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(start.folder)
        capsys.readouterr()
        status = main(start.arguments(*more, out=out))
        said, complained = capsys.readouterr()
        return Result(status, said, complained, Process(None, start.folder / (out or "runs")))

    return run


@pytest.fixture
def start(photos: Path, double: Double, tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(photos, double, tmp_path)
    yield runner
    for process in runner.started:
        if process.popen.poll() is None:
            process.popen.kill()
            process.popen.communicate()
