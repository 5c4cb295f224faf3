"""How a walk moves: attempts that ask the models, changes that ask nothing, and the moments that come of both."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, Self

import structlog

from agent.blobs import BlobStore
from agent.errors import StoreError, UsageError
from agent.walk.actions import Action, perform
from agent.walk.calls import CallLog, LoggedCall
from agent.walk.errors import WalkError
from agent.walk.events import Emit, Problem, StepEnded, StepStarted, silent
from agent.walk.folder import CALLS, CHECKPOINTS, WalkFolder
from agent.walk.machine import START, Machine
from agent.walk.model import MAIN, Branch, Moment, Session, now
from agent.walk.models import Models
from agent.walk.observed import Witness, observed
from agent.walk.options import options_of
from agent.walk.record import last_node
from agent.walk.recorded import Answers, context_of
from agent.walk.source import Case
from data.record import Usage
from data.sample import Modality
from graphs.context import Context, Options
from prompts.library import Library, PromptError
from tools.lmm.cache import CacheError
from tools.lmm.question import EndpointError
from tools.loading import ModelError

SENTENCES = (UsageError, WalkError, EndpointError, CacheError, ModelError, PromptError)
"""Errors whose message is one sentence for the user, and whose cause may go away."""
ACCOUNT = frozenset({"usage", "calls", "spans"})
"""Keys of the state that every step changes."""
OUTSIDE = 0
"""The run of what is done with the models outside of any step, such as talk."""
WITHOUT_MODELS = "the session was opened without models, so nothing can be asked"

log = structlog.get_logger(__name__)


class Failed(NamedTuple):
    """An attempt that ended with a `Problem`: sentence, what was tried, from which moment, whether past the cache."""

    sentence: str
    action: Action
    parent: int
    fresh: bool


class Engine:
    """The open files of a session, and everything that adds a moment to it."""

    def __init__(self, held: WalkFolder, machine: Machine, calls: CallLog, models: Models | None) -> None:
        self.path: Path = held.path
        self.session: Session = held.session
        self.machine, self.log, self.models = machine, calls, models
        self.blobs = BlobStore(held.path)
        self.failed: dict[str, Failed] = {}
        """By branch: its last attempt, where that ended with a `Problem`."""
        self.busy = False
        self._held = held
        self._closed = False

    @classmethod
    async def open(cls, held: WalkFolder, models: Models | None) -> Self:
        """Takes over the lock of `held`, also when it raises `Broken` or `StoreError`."""
        try:
            calls = await asyncio.to_thread(CallLog.open, held.path / CALLS)
            try:
                machine = await Machine.open(held.path / CHECKPOINTS, held.session.thread)
            except BaseException:
                calls.close()
                raise
        except BaseException:
            held.close()
            raise
        held.session.runs = max(held.session.runs, calls.runs)
        return cls(held, machine, calls, models)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self.machine.close()
        self.log.close()
        with suppress(StoreError):  # it is written already; this only makes sure of it
            await asyncio.to_thread(self._held.save, durable=True)
        self._held.close()

    def save(self) -> None:
        self._held.save()

    # ------------------------------------------------------------------------------------------------------- where

    def moment(self, number: int) -> Moment:
        """Raises `WalkError` for one that there is not."""
        if not 0 <= number < len(self.session.moments):
            last = len(self.session.moments) - 1
            raise WalkError(f"there is no moment #{number}; they go from #0 to #{last}")
        return self.session.moments[number]

    def branch(self, name: str) -> Branch:
        """Raises `WalkError` for one that there is not, with the close names."""
        if name not in self.session.branches:
            known = list(self.session.branches)
            close = get_close_matches(name, known, 1, 0.5)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise WalkError(f"there is no branch {name!r}; {hint}")
        return self.session.branches[name]

    def options(self) -> Options:
        return options_of(self.session.options, self.session.branch.options)

    def library(self) -> Library:
        return Library(replaced=self.session.branch.prompts)

    def calls(self, run: int) -> Iterator[LoggedCall]:
        return (line for line in self.log.lines if isinstance(line, LoggedCall) and line.run == run)

    # ------------------------------------------------------------------------------------------------------ moving

    async def begin(self, case: Case) -> None:
        """The start, and with a record what the run had found out."""
        checkpoint = await self.machine.start(self.session.input())
        start = Moment(
            number=0,
            parent=None,
            checkpoint=checkpoint,
            branch=MAIN,
            kind="start",
            node=START,
            run=OUTSIDE,
            next=await self.machine.next(checkpoint),
            at=now(),
        )
        self.session.moments.append(start)
        self.session.branches[MAIN] = Branch(name=MAIN, head=0)
        if case.record is not None:
            for picture in case.pictures:
                await self.blobs.put(*picture)
            last = last_node(case.record)
            while (node := self.session.head.next) is not None and self.session.head.node != last:
                await self.change(Action("recorded", node), self.session.head, silent)
        self.save()

    @contextmanager
    def working(self) -> Iterator[None]:
        """One thing at a time."""
        self.check_free()
        self.busy = True
        try:
            yield
        finally:
            self.busy = False

    def check_free(self) -> None:
        if self._closed:
            raise WalkError("the session is closed")
        if self.busy:
            raise WalkError("a step is under way; wait for its end, or stop it")

    async def attempt(self, action: Action, parent: Moment, emit: Emit, fresh: bool = False) -> Moment | None:
        """Something that asks the models: a new moment, or a `Problem` and None. `fresh`: past the response cache."""
        with self.working():
            if self.models is None:
                raise WalkError(WITHOUT_MODELS)
            self.models.revive()
            self.blobs.failure = None
            branch = self.session.branch.name
            self.session.runs += 1
            witness = self.witness(emit, self.session.runs, action.name, parent, fresh)
            emit(StepStarted(run=witness.run, branch=branch, step=action.name, parent=parent.number))
            try:
                context = await self.context(witness)
                started = time.perf_counter()  # the loading of the models is not the step's
                self._check_generator(action, context)
                checkpoint = await perform(self.machine, action, parent.checkpoint, context)
                if (
                    self.blobs.failure is not None
                ):  # a node may have taken it for the trouble of one candidate
                    raise self.blobs.failure
                moment = await self._moved(action, parent, checkpoint, witness.run, started)
            except Exception as error:
                problem = _problem_of(error, action)
                self.failed[branch] = Failed(problem.sentence, action, parent.number, fresh)
                emit(problem)
                return None
            finally:
                witness.over = True
            emit(_ended(moment, action))
            return moment

    async def change(self, action: Action, parent: Moment, emit: Emit) -> Moment:
        """Something that asks nothing."""
        started = time.perf_counter()
        self.session.runs += 1
        witness = self.witness(silent, self.session.runs, action.name, parent)
        options = self.options()
        context = replace(context_of(Answers([], {}), witness.run, witness, options), library=self.library())
        record = self.session.recorded
        checkpoint = await perform(self.machine, action, parent.checkpoint, context, record)
        moment = await self._moved(action, parent, checkpoint, witness.run, started)
        emit(_ended(moment, action))
        return moment

    def stand(self, moment: Moment) -> Moment:
        """Make it the head of the current branch, on disk."""
        self.session.branch.head = moment.number
        self.failed.pop(self.session.current, None)
        self.save()
        return moment

    def witness(self, emit: Emit, run: int, node: str, moment: Moment, fresh: bool = False) -> Witness:
        return Witness(self.log, self.blobs, emit, run, node, moment.checkpoint, fresh)

    async def context(self, witness: Witness) -> Context:
        """The models with options and prompts of the current branch, observed."""
        if self.models is None:
            raise WalkError(WITHOUT_MODELS)
        given = await self.models.context(witness.tell)
        return observed(replace(given, options=self.options()), witness, self.library())

    def _check_generator(self, action: Action, context: Context) -> None:
        draws = action.kind == "regenerate" or action.node == "generate"
        if draws and context.generator is None and self.session.input()["missing"] is Modality.IMAGE:
            raise WalkError("no image generator was given, so the missing picture cannot be drawn")

    async def _moved(
        self, action: Action, parent: Moment, checkpoint: str, run: int, started: float
    ) -> Moment:
        """The new moment, on disk, as the head of the current branch."""
        before = await self.machine.values(parent.checkpoint)
        after = await self.machine.values(checkpoint)
        failure, branch = after.get("failure"), self.session.branch
        names = dict.fromkeys([*before, *after])
        moment = Moment(
            number=len(self.session.moments),
            parent=parent.number,
            checkpoint=checkpoint,
            branch=branch.name,
            kind=action.kind,
            node=action.node,
            arguments=dict(action.arguments),
            prompts=dict(branch.prompts),
            options=dict(branch.options),
            run=run,
            next=await self.machine.next(checkpoint),
            changed=[n for n in names if n not in ACCOUNT and before.get(n) != after.get(n)],
            failure=failure.problem if failure else None,
            usage=sum((call.usage for call in self.calls(run)), Usage()),
            at=now(),
            seconds=round(time.perf_counter() - started, 4),
        )
        self.session.moments.append(moment)
        return self.stand(moment)


def _ended(moment: Moment, action: Action) -> StepEnded:
    return StepEnded(
        run=moment.run,
        branch=moment.branch,
        step=action.name,
        moment=moment.number,
        changed=tuple(moment.changed),
        next=moment.next,
        failure=moment.failure,
        usage=moment.usage,
        seconds=moment.seconds,
    )


def _problem_of(error: Exception, action: Action) -> Problem:
    if isinstance(error, SENTENCES):
        return Problem(sentence=str(error), recoverable=True, step=action.name)
    log.error("a step failed inside the program", step=action.name, exc_info=error)
    sentence = f"an error inside the program ({type(error).__name__}: {error})"
    return Problem(sentence=sentence, recoverable=False, step=action.name)
