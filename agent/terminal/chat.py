"""One chat: an open session, the screen, and the loop over commands.

Every command runs as a task of its own, so that Ctrl-C stops it and nothing else. What a command raises as a sentence
is printed, and the chat goes on.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import structlog

from agent.errors import UsageError
from agent.logs import LOG
from agent.talk.events import TalkEmit
from agent.terminal.editor import EditorError
from agent.terminal.inputs import Input
from agent.terminal.live import Teller
from agent.terminal.opening import Opener
from agent.terminal.screen import Screen
from agent.walk.errors import WalkError
from agent.walk.model import Moment
from agent.walk.walk import Walk
from data.pictures import PictureError
from prompts.library import PromptError
from tools.lmm.cache import CacheError
from tools.lmm.question import LMMError
from tools.loading import ModelError

if TYPE_CHECKING:
    from agent.talk.conversation import Conversation

T = TypeVar("T")
PATIENCE = 3
"""So many times Ctrl-C, and what cannot be stopped is not waited for."""
INTERRUPTED = 130

SENTENCES = (WalkError, UsageError, EditorError, PictureError, PromptError, LMMError, CacheError, ModelError)
"""Errors whose message is a sentence for the user."""


class Misused(Exception):
    """A command whose arguments do not fit; the message is one sentence."""


class Chat:
    """What the commands work on."""

    def __init__(
        self, walk: Walk, opener: Opener, screen: Screen, source: Input, end: Callable[[int], None]
    ) -> None:
        """`end` ends the whole chat because of a signal."""
        self.walk, self.opener, self.screen, self.input = walk, opener, screen, source
        self._end = end
        self.teller = Teller(screen)
        self.failures = 0
        """Commands that could not do what they should."""
        self.over = False
        """Set by `quit`."""
        self.met: list[str] = []
        self.values: list[str] = []
        self.candidates = 0
        """For completion: things of the graph and subjects, values that can be edited, the number of candidates."""
        self.conversation: Conversation | None = None
        """The talk over the open session (`agent.terminal.talking`)."""
        self.unanswered = False
        """Whether the last line of the talk found no answer, so that `retry` says it again."""
        self._task: asyncio.Task[None] | None = None
        self._pressed = 0
        self._deaf = False

    # ----------------------------------------------------------------------------------------------------- going on

    async def step(self, work: Callable[[TalkEmit], Awaitable[T]]) -> T:
        """One piece of work with everything that it does on the screen."""
        with self.teller.watching():
            return await work(self.teller.emit)

    async def asked(self, question: str) -> bool:
        """The user's yes or no."""
        try:
            return await self.input.confirm(question)
        finally:
            self._listen()  # the prompt has taken the signal's handler away

    async def edited(self, work: Awaitable[T]) -> T:
        """What comes of an editor, whose Ctrl-C is its own."""
        self._deaf = True
        try:
            return await work
        finally:
            self._deaf = False

    def fail(self, sentence: str) -> None:
        self.failures += 1
        self.screen.problem(sentence)

    async def change(self, walk: Walk) -> None:
        """Leave this session for another one."""
        left, self.walk = self.walk, walk
        self.conversation, self.unanswered = None, False
        await left.close()
        await self.opener.settle()

    async def look(self) -> None:
        """What completion offers, from the state as it is now."""
        state = await self.walk.state()
        candidates = state.get("candidates", [])
        nodes = [name for edge in state.get("graph", []) for name in (edge.head, edge.tail)]
        self.met = list(dict.fromkeys([*(one.subject for one in candidates), *nodes]))
        self.candidates = max((one.index + 1 for one in candidates), default=0)
        self.values = [name for name in await self.walk.editable() if name != "candidates"]

    def stand(self, moment: Moment | None = None) -> str:
        """Where the walk stands, in a few words."""
        head = moment or self.walk.head
        return f"{self.walk.branch.name} #{head.number} ({head.label})"

    # -------------------------------------------------------------------------------------------------------- the loop

    async def do(self, work: Callable[[], Awaitable[None]]) -> None:
        """One command, with Ctrl-C and its errors taken care of."""
        self._pressed = 0
        self._task = asyncio.ensure_future(_run(work))
        self._listen()
        try:
            await self._task
        except asyncio.CancelledError:
            if not self._pressed:
                raise  # the whole chat is to end
            self.screen.warn(f"stopped; the session stands at {self.stand()}")
        except SENTENCES as error:
            self.fail(str(error))
        except Misused as error:
            self.fail(str(error))
        except Exception as error:  # a mistake of ours must not end the session
            structlog.get_logger("agent").exception("a command failed inside the program")
            log = self.opener.settings.walks / LOG
            self.fail(f"a mistake inside the program ({type(error).__name__}); its traceback is in {log}")
        finally:
            if not self._task.done():
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task
            self._task = None

    def _listen(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupted)

    def _interrupted(self) -> None:
        if self._deaf:
            return
        if self._task is None or not self.input.interactive:
            # Nothing to stop but the chat; and a script's next commands may build upon the one that is stopped.
            self._end(signal.SIGINT)
            return
        self._pressed += 1
        if self._pressed == 1:
            self._task.cancel()
        elif self._pressed < PATIENCE:
            self.screen.hint("stopping ...; once more leaves at once")
        else:
            os._exit(INTERRUPTED)


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()
