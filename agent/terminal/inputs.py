"""Where commands come from: a person at a terminal, with history and completion, or lines of a script."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agent.terminal.screen import Screen, clean

HISTORY = "chat-history"
YES, NO = ("y", "yes"), ("n", "no")


class Input(Protocol):
    """Gives one line after the other."""

    interactive: bool
    """Whether somebody is there to answer a question."""

    async def line(self, prompt: str, completion: object | None = None) -> str | None:
        """The next line without its end; None at the end (Ctrl-D). `completion` is a prompt_toolkit completer.

        Raises `KeyboardInterrupt` for Ctrl-C."""
        ...

    async def confirm(self, question: str) -> bool:
        """The answer to a question of yes or no; no answer is no."""
        ...


class Keyboard:
    """A terminal."""

    interactive = True

    def __init__(self, screen: Screen, folder: Path) -> None:
        """`folder`: where the history of commands is kept."""
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory, History, InMemoryHistory

        history: History
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / HISTORY).touch(mode=0o600)
            history = FileHistory(folder / HISTORY)
        except OSError:
            history = InMemoryHistory()
        self._screen = screen
        self._session: PromptSession[str] = PromptSession(
            history=history,
            complete_while_typing=False,
            enable_open_in_editor=False,
            reserve_space_for_menu=6,
        )
        self._question: PromptSession[str] = PromptSession()

    async def line(self, prompt: str, completion: object | None = None) -> str | None:
        from prompt_toolkit.completion import Completer
        from prompt_toolkit.formatted_text import FormattedText
        from prompt_toolkit.output import ColorDepth

        completer = completion if isinstance(completion, Completer) else None
        depth = ColorDepth.MONOCHROME if self._screen.console.no_color else None
        try:
            return await self._session.prompt_async(
                FormattedText([("bold", clean(prompt))]), completer=completer, color_depth=depth
            )
        except EOFError:
            return None

    async def confirm(self, question: str) -> bool:
        while True:
            try:
                said = (await self._question.prompt_async(f"{clean(question)} [y/n] ")).strip().lower()
            except (EOFError, KeyboardInterrupt):
                return False
            if said in (*YES, *NO):
                return said in YES


class Lines:
    """A pipe or a file, or a terminal without editing of the line (`--plain`). Where nobody types, each line is
    repeated on the screen before it is done, so that the output reads by itself."""

    def __init__(self, screen: Screen, source: int | None = None) -> None:
        """`source`: a file descriptor; standard input without one."""
        self._screen = screen
        self._loop = asyncio.get_running_loop()
        self._source = sys.stdin.fileno() if source is None else source
        self.interactive = os.isatty(self._source)
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._ahead: list[str] = []
        self._reader: threading.Thread | None = None

    async def line(self, prompt: str, completion: object | None = None) -> str | None:
        if self.interactive:
            self._screen.ask(clean(prompt))
            return await self._next()
        line = self._ahead.pop() if self._ahead else await self._next()
        if line is not None:
            self._screen.show(f"{clean(prompt)}{clean(line)}")
        return line

    async def confirm(self, question: str) -> bool:
        """A line of a script that is neither yes nor no is the next command, and means no."""
        if self.interactive:
            self._screen.ask(f"{clean(question)} [y/n] ")
            return (await self._next() or "").strip().lower() in YES
        line = await self._next()
        said = (line or "").strip().lower()
        known = said in (*YES, *NO)
        if line is not None and not known:
            self._ahead.append(line)
        answer = said in YES
        self._screen.say(f"{question} [y/n] {said if known else 'n (no answer in the input)'}")
        return answer

    async def _next(self) -> str | None:
        if self._reader is None:
            # A thread that nobody waits for: a read from a pipe cannot be taken back.
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()
        line = await self._queue.get()
        if line is None:
            self._queue.put_nowait(None)  # the end stays the end
        return line

    def _read(self) -> None:
        # os.read and no Python file: its lock, held by a waiting thread, would abort the interpreter's end.
        rest = b""
        while data := self._read_some():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._put(line)
        if rest:
            self._put(rest)
        self._call(lambda: self._queue.put_nowait(None))

    def _read_some(self) -> bytes:
        try:
            return os.read(self._source, 65_536)
        except OSError:
            return b""

    def _put(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._call(lambda: self._queue.put_nowait(text))

    def _call(self, function: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)
