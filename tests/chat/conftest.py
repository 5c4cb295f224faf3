"""Real `python -m agent.chat` processes, driven through a pseudo-terminal or a pipe, against a loopback endpoint."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyte
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from streaming_double import StreamingDouble

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = ("stdin", "stdout", "stderr")
PATIENCE = 600.0
"""Seconds after which a process that should have said something is taken for hung."""


@pytest.fixture
def double() -> Iterator[StreamingDouble]:
    server = StreamingDouble()
    yield server
    server.allow(float("inf"))
    server.shutdown()
    server.server_close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of six pictures with descriptions."""
    root = tmp_path / "photos"
    root.mkdir()
    rows = []
    for number in range(6):
        Image.new("RGB", (40, 30), (40 * number, 255 - 40 * number, 90)).save(root / f"{number}.png")
        rows.append(
            {"id": f"photo{number}", "image": f"{number}.png", "text": f"A picture of colour {number}."}
        )
    (root / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


class Zygote:
    """The process from which chats are forked."""

    def __init__(self) -> None:
        env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        self._popen = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "zygote.py")],
            env=env, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reply()

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps(request) + "\n")
        self._popen.stdin.flush()
        return self._reply()

    def _reply(self) -> dict[str, Any]:
        assert self._popen.stdout is not None
        return dict(json.loads(self._popen.stdout.readline()))

    def close(self) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        self._popen.wait()


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@dataclass
class Process:
    """A running chat."""

    zygote: Zygote
    pid: int
    status: int | None = None

    def poll(self) -> int | None:
        if self.status is None:
            self.status = self.zygote.ask(pid=self.pid)["status"]
        return self.status

    def wait(self) -> int:
        end = time.monotonic() + PATIENCE
        while (status := self.poll()) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        return status

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        if self.poll() is None:
            self.signal(signal.SIGKILL)
            self.wait()


class Terminal:
    """A chat with a terminal of its own, as a person would see it."""

    def __init__(self, start: Callable[[list[str]], Process], columns: int, rows: int) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=5_000)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        self.process = start([os.ttyname(slave)] * 3)
        self._slave = slave
        self._before = ""

    def text(self) -> str:
        """Everything that was printed, one screen line a line."""
        history = [
            "".join(line[x].data for x in range(self.screen.columns)) for line in self.screen.history.top
        ]
        return "\n".join(line.rstrip() for line in [*history, *self.screen.display]).rstrip()

    def flat(self) -> str:
        """The same with every run of spaces and line ends as one space: wrapped sentences in one piece."""
        return " ".join(self.text().split())

    def until(self, wanted: str | Callable[[str], bool]) -> str:
        """Wait until something is on the screen that was not there at the last `until`; that part of the text.

        What came behind a text that was waited for, the next prompt for one, is left for the next `until`: it may have
        arrived in the same piece.
        """
        found = wanted if callable(wanted) else (lambda text: wanted in text)
        end = time.monotonic() + PATIENCE
        while not found(self._new()):
            assert time.monotonic() < end, self.text()
            if not self._read(0.2) and self.process.poll() is not None and not self._read(0.1):
                assert found(self._new()), self.text()
        part, text = self._new(), self.flat()
        behind = 0 if callable(wanted) else len(part) - part.index(wanted) - len(wanted)
        self._before = text[: len(text) - behind]
        return part

    def _new(self) -> str:
        """What differs from the text at the last `until`: what stood there while something ran may be gone."""
        text = self.flat()
        pairs = enumerate(zip(self._before, text, strict=False))
        same = min(len(self._before), len(text))
        return text[next((place for place, (was, now) in pairs if was != now), same) :]

    def prompt(self) -> str:
        """Wait until a command is asked for."""
        return self.until(lambda text: re.search(r"\S+ #\d+ >$", text) is not None)

    def send(self, text: str) -> None:
        os.write(self._master, text.encode())

    def do(self, line: str) -> str:
        """Give a command and wait for the next prompt; what came between."""
        self.send(f"{line}\r")
        return self.prompt()

    def ctrl(self, letter: str) -> None:
        self.send(chr(ord(letter.upper()) - 64))

    def leave(self) -> int:
        """Ctrl-D, then the exit status."""
        self.ctrl("d")
        return self.wait()

    def wait(self) -> int:
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, self.text()
            self._read(0.05)
        self._read(0.05)
        return int(self.process.status or 0)

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            return False
        self.raw += data
        self._stream.feed(data)
        if b"\x1b[6n" in data:  # the program asks where the cursor is
            cursor = self.screen.cursor
            self.send(f"\x1b[{cursor.y + 1};{cursor.x + 1}R")
        return bool(data)

    def close(self) -> None:
        self.process.kill()
        os.close(self._master)
        os.close(self._slave)


@dataclass
class Result:
    """How a script of commands ended."""

    status: int
    said: str
    complained: str

    @property
    def flat(self) -> str:
        return " ".join(self.said.split())


@dataclass
class Chats:
    """Starts chats about the texts that `photos` misses, answered by the double, scored by graphs alone."""

    zygote: Zygote
    photos: Path
    double: StreamingDouble
    folder: Path
    open: list[Terminal] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)

    @property
    def walks(self) -> Path:
        return self.folder / "cache" / "walks"

    def arguments(self, *more: str, usual: bool = True) -> list[str]:
        given: dict[str, Any] = {"dataset": "folder", "root": self.photos, "type": "text", "rate": 1}
        given |= {
            "candidates": 2,
            "weights": "graph=1",
            "lmm": "double",
            "lmm-url": self.double.url,
            "retries": 0,
        }
        flags = [word for name, value in given.items() for word in (f"--{name}", str(value))] if usual else []
        return [*flags, *more]

    def env(self, **more: str) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "LMM_", "OPENAI_"))}
        clean |= {"KB_CACHE_DIR": str(self.folder / "cache"), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        clean.pop("NO_COLOR", None)
        return clean | more

    def start(
        self, files: list[str], argv: list[str], env: dict[str, str], program: str = "agent.chat"
    ) -> Process:
        reply = self.zygote.ask(program=program, argv=argv, env=env, cwd=str(self.folder), files=files)
        self.processes.append(Process(self.zygote, reply["pid"]))
        return self.processes[-1]

    def terminal(
        self, *more: str, columns: int = 110, rows: int = 50, usual: bool = True, **env: str
    ) -> Terminal:
        """A chat in a pseudo-terminal."""
        argv = self.arguments(*more, usual=usual)
        self.open.append(Terminal(lambda files: self.start(files, argv, self.env(**env)), columns, rows))
        return self.open[-1]

    def begin(
        self,
        *lines: str,
        flags: tuple[str, ...] = (),
        usual: bool = True,
        program: str = "agent.chat",
        **env: str,
    ) -> Process:
        """A chat that reads its commands from a file (or another program of the project)."""
        files = [self.folder / name for name in FILES]
        files[0].write_text("".join(f"{line}\n" for line in lines))
        for path in files[1:]:
            path.unlink(missing_ok=True)
        argv = self.arguments(*flags, usual=usual)
        return self.start([str(path) for path in files], argv, self.env(**env), program)

    def ended(self, process: Process) -> Result:
        status = process.wait()
        said, complained = ((self.folder / name).read_text() for name in FILES[1:])
        return Result(status, said, complained)

    def script(self, *lines: str, **how: Any) -> Result:
        """`begin`, and wait for its end."""
        return self.ended(self.begin(*lines, **how))

    def session(self, name: str = "") -> dict[str, Any]:
        """`session.json` of the only session, or of the named one."""
        [path] = self.walks.glob(f"{name or '*'}/session.json")
        return dict(json.loads(path.read_text()))


@pytest.fixture
def chats(zygote: Zygote, photos: Path, double: StreamingDouble, tmp_path: Path) -> Iterator[Chats]:
    made = Chats(zygote, photos, double, tmp_path)
    yield made
    for terminal in made.open:
        terminal.close()
    for process in made.processes:
        process.kill()


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], str]:
    """Makes a scripted $EDITOR: Python that gets the file's text as `text` and leaves it changed."""

    def make(code: str) -> str:
        path = tmp_path / "editor.py"
        head = "from pathlib import Path; import sys; p = Path(sys.argv[1]); text = p.read_text()"
        path.write_text(f"{head}\n{code}\np.write_text(text)\n")
        return f"{sys.executable} {path}"

    return make
