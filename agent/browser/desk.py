"""One open session: its walk, what it is doing, and who is told of it.

Long work (steps, talk) is a task of its own, which every page of the session hears of through the channel; the request
that began it is answered at once. One thing at a time, as the walk has it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel

from agent.browser.channel import Channel
from agent.browser.replies import SENTENCES, Refused
from agent.browser.settings import Tools
from agent.browser.views import session_of, view_of
from agent.plan import Plan
from agent.walk.events import Event, Problem
from agent.walk.models import Models
from agent.walk.walk import Walk
from graphs.ranking import reweigh

if TYPE_CHECKING:
    from agent.talk.confirm import Pending
    from agent.talk.conversation import Conversation

Tell = Callable[[BaseModel], None]
Work = Callable[[Tell], Awaitable[object]]
log = structlog.get_logger(__name__)


class Desk:
    """Lives from the opening of a session to its closing."""

    def __init__(self, walk: Walk, plan: Plan, models: Models, tools: Tools) -> None:
        self.walk, self.plan, self.models, self.tools = walk, plan, models, tools
        self.channel = Channel()
        self.activity: str | None = None
        """What is under way: next, run, retry, regenerate, talk."""
        self.used = time.monotonic()
        """When it was last asked for."""
        self.pages = 0
        """Pages that listen."""
        self._task: asyncio.Task[None] | None = None
        self._talk: Conversation | None = None
        self._asked: dict[str, Any] | None = None
        self._answer: asyncio.Future[bool] | None = None

    # ------------------------------------------------------------------------------------------------------- long work

    def begin(self, activity: str, work: Work) -> None:
        """Start something long. Raises `Refused` while something is under way."""
        self.check_free()
        self.channel.begin()
        self.activity = activity
        self.channel.tell({"type": "activity", "activity": activity})
        self._task = asyncio.get_running_loop().create_task(self._do(activity, work))

    def check_free(self) -> None:
        if self.activity is not None:
            raise Refused(f"{self.activity} is still under way; wait for it or stop it", 409)

    async def stop(self) -> None:
        """End what is under way; the walk's head stays where it was."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([self._task])

    async def _do(self, activity: str, work: Work) -> None:
        try:
            await work(self._tell)
        except asyncio.CancelledError:
            self.channel.tell({"type": "stopped", "activity": activity})
        except (*SENTENCES, Refused) as error:
            self._tell(Problem(sentence=str(error), recoverable=False))
        except Exception as error:  # the page must hear of a mistake of ours too
            log.exception("something failed inside the program", activity=activity)
            sentence = (
                f"an error inside the program ({type(error).__name__}); its traceback is in the page's log"
            )
            self._tell(Problem(sentence=sentence, recoverable=False))
        finally:
            self.activity, self._task = None, None
            self._asked, self._answer = None, None
            self.changed()

    def _tell(self, event: Event | BaseModel) -> None:
        self.channel.tell_text(event.model_dump_json())

    def changed(self) -> None:
        """Whatever a page shows of this session may be another now."""
        self.channel.tell({"type": "changed", "activity": self.activity})

    # ------------------------------------------------------------------------------------------------------------ talk

    def say(self, text: str | None) -> None:
        """A line of the conversation; None: the last one once more. Raises `Refused`."""
        talk = self._conversation()

        async def work(tell: Tell) -> None:
            await (talk.again(tell) if text is None else talk.say(text, tell))

        self.begin("talk", work)

    def answer(self, call: str, yes: bool) -> None:
        """The user's answer to what an action asked before it writes. Raises `Refused`."""
        waiting = self._answer
        if self._asked is None or waiting is None or waiting.done() or self._asked["call"] != call:
            raise Refused("nothing of that kind is waiting for an answer any more", 409)
        waiting.set_result(yes)

    async def _confirm(self, pending: "Pending") -> bool:
        self._asked = {"call": pending.call, "tool": pending.tool, "sentence": pending.sentence}
        self._answer = asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        finally:
            self._asked, self._answer = None, None

    def _conversation(self) -> "Conversation":
        if self._talk is None:
            from agent.talk.conversation import Conversation
            from agent.talk.neighbours import CompleteSamples

            neighbours = CompleteSamples(self.plan, self.models)
            self._talk = Conversation(
                self.walk, self.models, tools=self.tools, confirm=self._confirm, neighbours=neighbours
            )
        return self._talk

    # --------------------------------------------------------------------------------------------------------- looking

    async def snapshot(self) -> dict[str, Any]:
        """Everything about the session, as it is at the head of its current branch: of one moment, so what has to be
        waited for comes first, and once more if the walk has moved meanwhile."""
        walk = self.walk
        head = None
        while head != walk.head.number:
            head = walk.head.number
            state = await walk.state(head)
        options = walk.options()
        return {
            **session_of(walk.session),
            "view": view_of(state),
            "next": walk.next_step,
            "activity": self.activity,
            "problem": walk.problem,
            "notices": walk.notices,
            "models": walk.session.models,
            "options": {**asdict(options), "ablate": sorted(options.ablate)},
            "asked": self._asked,
        }

    async def weighed(self, weights: dict[str, float]) -> dict[str, Any]:
        """What other weights would make of the scores at hand; nothing is changed."""
        state = await self.walk.state()
        options = replace(self.walk.options(), weights=weights)
        update = reweigh(state, options)  # type: ignore[arg-type]
        qualities = {candidate.index: candidate.scores.quality for candidate in update["candidates"]}
        return {"qualities": qualities, "chosen": update["chosen"]}

    async def close(self) -> None:
        await self.stop()
        self.channel.close()
        await self.walk.close()
