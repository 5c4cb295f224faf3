"""A step as it happens: running calls with their tokens on a terminal that can redraw, one line per call elsewhere."""

import asyncio
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from agent.talk.detection import PROBE_STEP
from agent.talk.events import (
    ConfirmAnswered,
    Replied,
    ReplyToken,
    TalkEvent,
    ToolAnswered,
    ToolCalled,
    WaysFound,
)
from agent.terminal.screen import Screen, clean, foreign, one_line, plural, seconds_told, spent
from agent.terminal.views.calls import call_line, step_told
from agent.walk.events import (
    Asked,
    CallEnded,
    CallRestarted,
    CallStarted,
    Drawn,
    Event,
    Note,
    Problem,
    Rated,
    Scored,
    StepEnded,
    StepStarted,
    Token,
)
from tools.talk.questions import STEP as TALK

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
REFRESH_SECONDS = 0.1
TAIL_LINES = 6
"""Of an answer that comes in alone."""
ANSWER_LINES = 12
"""Of what a tool tells the LMM."""


@dataclass
class Running:
    """One call under way."""

    asked: Asked
    started: float = field(default_factory=time.monotonic)
    text: str = ""
    pieces: int = 0
    repairing: bool = False


class Teller:
    """Prints events. `with teller.watching(): await walk.next(teller.emit)`."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._running: dict[str, Running] = {}
        self._step: str | None = None
        self._since = 0.0
        self._note = ""
        self._scored = 0
        self._live: Live | None = None
        self._keys: Keys | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Redraws what runs until the body ends, on a terminal that allows it; keys typed meanwhile do not show."""
        self._forget()
        if not self._screen.live:
            yield
            return
        keys = Keys()
        with keys.silent(), self._redrawing(keys):
            yield

    @contextmanager
    def _redrawing(self, keys: "Keys") -> Iterator[None]:
        with Live(self, console=self._screen.console, auto_refresh=False, transient=True) as live:
            self._live, self._keys = live, keys
            ticker = asyncio.get_running_loop().create_task(self._redraw(live))
            try:
                yield
            finally:
                ticker.cancel()
                self._forget()
                self._live = self._keys = None
                live.refresh()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the terminal alone for a question in the middle of `watching`."""
        live, keys = self._live, self._keys
        if live is None or keys is None:
            yield
            return
        self._live = None
        live.stop()
        try:
            with keys.heard():
                yield
        finally:
            live.start()
            self._live = live

    def _forget(self) -> None:
        self._running.clear()
        self._step, self._note, self._scored, self._since = None, "", 0, time.monotonic()

    async def _redraw(self, live: Live) -> None:
        while True:
            if self._live is not None:
                live.refresh()
            await asyncio.sleep(REFRESH_SECONDS)

    # ------------------------------------------------------------------------------------------------------ events

    def emit(self, event: Event | TalkEvent) -> None:
        """An `agent.walk.events.Emit`, and an `agent.talk.events.TalkEmit`."""
        match event:
            case ReplyToken() if running := self._running.get(event.call):
                running.text += event.text
            case Token() if (running := self._running.get(event.call)) and running.asked.step == TALK:
                running.pieces += 1  # its ReplyToken is the part for people
            case WaysFound():
                self._screen.hint(event.sentence)
            case ToolCalled():
                self._screen.show(Text.assemble(("    → ", "cyan"), clean(event.sentence)))
            case ConfirmAnswered() if not event.yes:
                self._screen.hint("      not done")
            case ToolAnswered():
                self._tool_answered(event)
            case Replied():
                self._screen.show(foreign(event.text, "yellow" if event.stopped else ""))
            case StepStarted():
                self._step, self._since, self._note = event.step, time.monotonic(), ""
                if not self._screen.live:
                    self._screen.say(f"{event.step} ...")
            case CallStarted():
                self._running[event.call] = Running(event.asked)
            case CallRestarted() if running := self._running.get(event.call):
                running.text, running.pieces, running.repairing = "", 0, event.repair is not None
            case Token() if running := self._running.get(event.call):
                running.text += event.text
                running.pieces += 1
            case CallEnded():
                self._call_ended(event)
            case Drawn():
                self._drawn(event)
            case Scored() | Rated():
                self._scored += 1
            case Note():
                self._note = event.text
                if not self._screen.live:
                    self._screen.hint(event.text)
            case StepEnded():
                self._step_ended(event)
            case Problem():
                self._problem(event)
            case _:
                pass

    def _call_ended(self, event: CallEnded) -> None:
        running = self._running.pop(event.call, None)
        if running is None:
            return
        if event.error and running.asked.step == PROBE_STEP:
            return  # no failure to the user: what follows from it is said in a sentence
        line = call_line(
            event.call,
            running.asked,
            event.usage,
            event.seconds,
            cached=event.cached,
            repaired=event.repaired,
            error=event.error,
            finish_reason=event.finish_reason,
            narrow=self._screen.narrow,
        )
        self._screen.show(line)

    def _drawn(self, event: Drawn) -> None:
        mark = ("✗ ", "red") if event.error else ("✓ ", "green")
        told = one_line(event.error or event.description, max(20, self._screen.width - 36))
        seconds = seconds_told(event.seconds)
        self._screen.show(Text.assemble(" " * 6, mark, "drawing      ", (f"{told}  {seconds}", "dim")))

    def _tool_answered(self, event: ToolAnswered) -> None:
        lines = clean(event.text).strip().split("\n")
        for line in lines[:ANSWER_LINES]:
            self._screen.show(Text(f"      {line}", style="red" if event.error else "dim"))
        if len(lines) > ANSWER_LINES:
            self._screen.hint(f"      and {plural(len(lines) - ANSWER_LINES, 'line')} more")

    def _step_ended(self, event: StepEnded) -> None:
        self._step = None
        if event.failure:
            self._screen.problem(f"{event.step}: the sample failed: {event.failure}")
        else:
            told = f"{event.step} is done: {spent(event.usage, event.seconds)}"
            self._screen.show(Text(told, style="bold"))

    def _problem(self, event: Problem) -> None:
        self._step = None
        where = f"{event.step}: " if event.step else ""
        self._screen.problem(f"{where}{event.sentence}")
        if event.recoverable:
            self._screen.hint("the session stands where it was; `retry` tries again once the cause is gone")

    # --------------------------------------------------------------------------------------------------- the live part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        running = list(self._running.values())
        spin = SPINNER[int(time.monotonic() / REFRESH_SECONDS) % len(SPINNER)]
        if not running:
            if self._step or self._note:
                scored = f", {plural(self._scored, 'score')}" if self._scored else ""
                told = self._note or f"{self._step} ..."
                line = f"{spin} {told}{scored}  {seconds_told(time.monotonic() - self._since)}"
                yield Text(one_line(line, options.max_width - 1), style="dim")
            return
        if len(running) == 1:
            yield from self._alone(running[0], spin, options.max_width)
            return
        room = max(3, options.size.height - 4)
        for one in running[:room]:
            yield self._line(one, spin, options.max_width)
        if len(running) > room:
            yield Text(f"  and {len(running) - room} more", style="dim")

    def _head(self, one: Running, spin: str) -> Text:
        text = Text.assemble((f"{spin} ", "cyan"), f"{step_told(one.asked.step):<14} ")
        text.append(f"{seconds_told(time.monotonic() - one.started):>6}", style="dim")
        if one.repairing:
            text.append(" repair", style="yellow")
        text.append(
            f"  {plural(one.pieces, 'token'):>10}  " if one.pieces else "  waiting      ", style="dim"
        )
        return text

    def _line(self, one: Running, spin: str, width: int) -> Text:
        head = self._head(one, spin)
        room = max(8, width - head.cell_len - 2)
        text = " ".join(clean(one.text[-4 * room :]).split())
        head.append(text[-room:], style="green")
        head.no_wrap, head.overflow = True, "crop"
        return head

    def _alone(self, one: Running, spin: str, width: int) -> Iterator[Text]:
        """The last lines of an answer that comes in alone."""
        yield self._head(one, spin)
        room = max(20, width - 6)
        lines = [
            line[i : i + room]
            for line in clean(one.text).split("\n")
            for i in range(0, max(len(line), 1), room)
        ]
        for line in lines[-TAIL_LINES:]:
            yield Text(f"    {line}", style="green", no_wrap=True, overflow="crop")


class Keys:
    """The terminal's echo."""

    def __init__(self) -> None:
        self._echo: list[Any] | None = None
        self._quiet: list[Any] | None = None
        try:
            self._echo = termios.tcgetattr(sys.stdin.fileno())
            self._quiet = [*self._echo]
            self._quiet[3] &= ~termios.ECHO
        except (OSError, ValueError, termios.error):
            pass  # no terminal to silence

    @contextmanager
    def silent(self) -> Iterator[None]:
        """What is typed does not show, and is kept for the next prompt. Ctrl-C stays Ctrl-C."""
        with self._set(self._quiet, self._echo):
            yield

    @contextmanager
    def heard(self) -> Iterator[None]:
        """As before `silent`."""
        with self._set(self._echo, self._quiet):
            yield

    @staticmethod
    @contextmanager
    def _set(now: list[Any] | None, after: list[Any] | None) -> Iterator[None]:
        if now is None or after is None:
            yield
            return
        with suppress(termios.error):
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, now)
        try:
            yield
        finally:
            with suppress(termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, after)
