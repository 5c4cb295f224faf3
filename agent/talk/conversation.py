"""A conversation over one walk: the user's line goes to the LMM with tools in its hands, step by step to a reply.

    line -> [LMM -> tools]* -> reply

At most `steps` calls of the LMM for a line; who goes round in circles is stopped. Errors of tools go back to the LMM;
what changes the walk asks the user first. Every turn is in the session when it has happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from agent.errors import UsageError
from agent.talk.calling import Caller
from agent.talk.confirm import Confirm, never
from agent.talk.detection import PROBE_STEP, Tools, probe, remember, remembered
from agent.talk.events import Replied, TalkEmit, TalkStarted, WaysFound, silent
from agent.talk.hearing import Hearing
from agent.talk.line import Done, Line, Round, exchanges
from agent.talk.neighbours import Neighbours
from agent.talk.sample import Sample
from agent.talk.tools import Toolbox
from agent.talk.ways import NativeWay, SchemaWay, Way
from agent.walk.events import Problem
from agent.walk.model import Turn
from agent.walk.models import Models
from agent.walk.walk import Walk, WalkError
from data.record import Blob, Usage
from graphs.context import Context
from prompts.library import PromptError
from tools.lmm.cache import CacheError
from tools.lmm.question import EndpointError, LMMError
from tools.lmm.tools import Move, ToolCall, arguments_of
from tools.loading import ModelError
from tools.talk.questions import STEP

STEPS = 6
MEMORY = 6
"""Earlier lines that the LMM is told of."""
LONGEST = 4_000
"""Characters of a line."""
MOST_CALLS = 8
"""Calls of tools in one move of the LMM."""
MOST_REPEATS = 2
ASKING = (LMMError, WalkError, UsageError, CacheError, ModelError, PromptError)
"""Why the LMM could not be asked; one sentence each."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Told:
    """How a line ended."""

    text: str
    """The reply, or the sentence that says why there is none."""
    stopped: bool = False
    failed: bool = False
    """The LMM could not be asked: `again` may help."""
    steps: int = 0
    mistakes: int = 0
    usage: Usage = field(default_factory=Usage)


class Conversation:
    """Over one walk. Opens nothing before the first line; one line at a time."""

    def __init__(
        self,
        walk: Walk,
        models: Models,
        *,
        tools: Tools = "auto",
        confirm: Confirm = never,
        neighbours: Neighbours | None = None,
        steps: int = STEPS,
        memory: int | None = None,
    ) -> None:
        """`models`: those of the walk. `memory`: earlier lines that the LMM is told of; None: `MEMORY`, but none for
        the miniature, which has learnt lines alone."""
        self._walk, self._models = walk, models
        self._confirm, self._neighbours, self._steps = confirm, neighbours, steps
        self._memory = memory
        self._native: bool | None = None if tools == "auto" else tools == "native"
        self._busy = False
        self._down = False

    @property
    def turns(self) -> list[Turn]:
        """Everything that was said, with the calls of tools."""
        return self._walk.session.conversation

    async def say(self, text: str, emit: TalkEmit = silent) -> Told:
        """Answer one line. What goes wrong with the LMM is told as a `Problem`, not raised.

        Raises `WalkError` for an empty or overlong line, or while another one is being answered, and `StoreError` when
        the session cannot be written."""
        text = text.strip()
        if not text:
            raise WalkError("say something, or ask")
        if len(text) > LONGEST:
            raise WalkError(f"the line has {len(text):,} characters; at most {LONGEST:,} are taken")
        self._check_free()
        before = list(self.turns)
        self._walk.say(Turn(role="user", text=text))
        emit(TalkStarted(text=text))
        return await self._answer(text, before, emit)

    async def again(self, emit: TalkEmit = silent) -> Told:
        """Answer the last line once more. Raises `WalkError` if there is none, or while one is being answered."""
        self._check_free()
        last = next((i for i in range(len(self.turns) - 1, -1, -1) if self.turns[i].role == "user"), None)
        if last is None:
            raise WalkError("nothing was said yet")
        return await self._answer(self.turns[last].text, self.turns[:last], emit)

    def _check_free(self) -> None:
        if self._busy:
            raise WalkError("another line is being answered; wait for it, or stop it")

    async def _answer(self, text: str, before: Sequence[Turn], emit: TalkEmit) -> Told:
        self._busy = True
        if self._down:
            self._models.revive()
        spent = Spent()
        try:
            told = await self._talk(text, before, emit, spent)
            self._down = False
            return told
        except ASKING as error:
            return self._problem(error, emit, spent)
        finally:
            self._busy = False

    async def _talk(self, text: str, before: Sequence[Turn], emit: TalkEmit, spent: "Spent") -> Told:
        hearing = Hearing(emit)
        context = await self._walk.context(hearing, STEP)
        native = await self._is_native(context, emit)
        library = self._walk.library()
        toolbox = Toolbox(self._walk, context, emit, self._neighbours)
        tools = toolbox.tools(library.table("assistant/tools"))
        way: Way = NativeWay(library, tools) if native else SchemaWay(library)
        hearing.way = way
        known = {name: tools[name] for name in way.tools}
        caller = Caller(toolbox, known, self._confirm, emit)
        line = Line(text, (await Sample.of(self._walk)).sight(), exchanges(before, self._remembers()))
        for step in range(1, self._steps + 1):
            spent.steps = step
            reply = await context.lmm.ask(way.question(line))
            spent.usage += reply.usage
            move = named(way.move(reply.value), len(self.turns), step)
            if not move.calls:
                return self._reply(move.text, False, spent, emit, hearing.call)
            line.rounds.append(Round(move, await self._call(move, caller)))
            spent.mistakes = caller.mistakes
            if caller.repeats >= MOST_REPEATS:
                return self._reply(circling(line.done), True, spent, emit, None)
            line.sight = (await Sample.of(self._walk)).sight()
        return self._reply(unfinished(self._steps, line.done), True, spent, emit, None)

    async def _call(self, move: Move, caller: Caller) -> tuple[Done, ...]:
        """The results of a move's calls, one after another; each is in the session when it is done."""
        results = []
        for call in move.calls:
            done, pictures = await caller(call)
            self._keep(move.text, done, pictures)
            results.append(done)
        return tuple(results)

    def _keep(self, remark: str, done: Done, pictures: tuple[Blob, ...]) -> None:
        name, call = done.call.name, done.call.id
        arguments = arguments_of(done.call) or {}
        self._walk.say(Turn(role="assistant", text=remark, tool=name, arguments=arguments, call=call))
        answer = Turn(
            role="tool", text=done.text, tool=name, call=call, error=done.error, pictures=list(pictures)
        )
        self._walk.say(answer)

    def _reply(self, text: str, stopped: bool, spent: "Spent", emit: TalkEmit, call: str | None) -> Told:
        text = text.strip() or "The LMM gave an empty reply."
        self._walk.say(Turn(role="assistant", text=text))
        emit(
            Replied(
                text=text,
                stopped=stopped,
                steps=spent.steps,
                mistakes=spent.mistakes,
                usage=spent.usage,
                call=call,
            )
        )
        return Told(text, stopped, False, spent.steps, spent.mistakes, spent.usage)

    def _problem(self, error: Exception, emit: TalkEmit, spent: "Spent") -> Told:
        self._down = isinstance(error, EndpointError)
        if isinstance(error, LMMError):
            spent.usage += error.usage
        sentence = str(error).removeprefix(f"step {STEP}: ").removeprefix(f"step {PROBE_STEP}: ")
        if isinstance(error, LMMError) and error.kind == "refused" and self._native:
            sentence += "; if the endpoint has no native tool calls, --tools schema goes without them"
        self._walk.say(Turn(role="assistant", text=sentence, error=True))
        emit(Problem(sentence=sentence, recoverable=True, step=STEP))
        return Told(sentence, False, True, spent.steps, spent.mistakes, spent.usage)

    async def _is_native(self, context: Context, emit: TalkEmit) -> bool:
        """Whether the LMM is given native tools; found out once, where nobody has set it."""
        if self._native is None:
            lmm = dict(self._models.described.get("lmm", {}))
            known = remembered(self._walk.folder, lmm)
            if known is not None:
                self._native = known.native
            else:
                self._native, sentence = await probe(context.lmm)
                try:
                    remember(self._walk.folder, lmm, self._native, sentence)
                except OSError as error:  # it is asked again next time
                    log.warning("talk.not_remembered", error=str(error))
                emit(WaysFound(native=self._native, sentence=sentence))
        return self._native

    def _remembers(self) -> int:
        if self._memory is not None:
            return self._memory
        return 0 if self._models.described.get("lmm", {}).get("miniature") else MEMORY


@dataclass
class Spent:
    """What a line has cost so far."""

    steps: int = 0
    mistakes: int = 0
    usage: Usage = field(default_factory=Usage)


def named(move: Move, turn: int, step: int) -> Move:
    """The move with at most `MOST_CALLS` calls, each with an id of its own within the session: endpoints do not always
    give one, and nine letters or digits is what all of them take."""
    calls = [
        ToolCall(id=f"{turn % 100_000:05}{step:02}{number:02}", name=call.name, arguments=call.arguments)
        for number, call in enumerate(move.calls[:MOST_CALLS], 1)
    ]
    return Move(text=move.text, calls=calls)


def unfinished(steps: int, done: Sequence[Done]) -> str:
    return f"I stopped after {steps} steps without an answer. {_so_far(done)}".strip()


def circling(done: Sequence[Done]) -> str:
    return f"I stopped because the same was asked for again and again. {_so_far(done)}".strip()


def _so_far(done: Sequence[Done]) -> str:
    """The gist of what was found last."""
    found = [each.text for each in done if not each.error]
    return f"What was found last: {found[-1].splitlines()[0]}" if found else ""
