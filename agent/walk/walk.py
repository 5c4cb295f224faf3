"""One sample walked over the compiled graph: the engine of `agent.chat` and `agent.web`.

A session is a folder. It is locked while a `Walk` is open on it, and everything that happens is on disk when it has
happened, so a walk can end at any moment, by whatever means, and `resume` goes on.

```
session.json         the tree of moments, branches, settings, the conversation     agent.walk.model
checkpoints.sqlite   the state at every moment                                     agent.walk.machine
calls.jsonl          every question and answer, drawing and score                  agent.walk.calls
blobs/               pictures by SHA-256                                           agent.blobs
```

Not thread-safe, one event loop: a `Walk` does one thing at a time and answers `WalkError` to a second one. To stop a
step, cancel the task that awaits it: the head stays where it was.
"""

import asyncio
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from agent.files import store_error, write_atomic
from agent.walk import export as exports
from agent.walk.actions import Action, action_of
from agent.walk.calls import CallLog, LoggedCall
from agent.walk.changes import LONGEST, editable, made_by, made_for
from agent.walk.difference import Difference, states_that_differ, values_that_differ
from agent.walk.engine import OUTSIDE, Engine
from agent.walk.errors import Broken, WalkError
from agent.walk.events import Emit, silent
from agent.walk.folder import BLOBS, CALLS, CHECKPOINTS, WalkFolder
from agent.walk.machine import Machine
from agent.walk.markdown import markdown
from agent.walk.model import INPUT, NAME, Branch, Moment, Session, Turn, now
from agent.walk.models import Models
from agent.walk.options import check, options_of, plain
from agent.walk.provenance import by_hand, changed_since
from agent.walk.reweighed import options_at
from agent.walk.source import Case
from agent.walk.used import first_of, prompts_of
from data.record import Blob, Record
from graphs.completion import record_of
from graphs.context import Context, Options
from prompts.library import Library, PromptError
from tools.lmm.question import LMM

__all__ = ["Broken", "Walk", "WalkError"]

RANKED = ("rank", "verify")


class Walk:
    """One open session."""

    def __init__(self, engine: Engine) -> None:
        """Not to be called: `create`, `resume` and the others open everything first."""
        self.folder: Path = engine.path
        self.session: Session = engine.session
        """To read, not to write."""
        self.notices: list[str] = list(engine.log.notices)
        """What the user should know on opening, one sentence each: other models than before, a torn line ..."""
        self._engine = engine

    # ------------------------------------------------------------------------------------------ opening and closing

    @classmethod
    async def create(cls, folder: Path, case: Case, models: Models) -> Self:
        """A new session in a new or empty folder, at its start: nothing is asked yet, no model is loaded yet.

        `case` comes from `agent.walk.source`, `models` from `agent.walk.models`. A case with a record (from a run
        folder) has a moment of the kind `recorded` for every step of the run, and stands where the run ended.

        Raises:
            WalkError: the folder is not empty.
            StoreError: it cannot be written, or another program works in it.
        """
        session = Session(
            name=folder.name,
            created=now(),
            source=case.source,
            thread=uuid.uuid4().hex,
            task=INPUT.dump_python(case.task, mode="json"),
            recorded=case.record,
            options=plain(models.options) | case.options,
            models=models.described,
            library=Library().digest(),
        )
        options_of(session.options)
        held = await asyncio.to_thread(WalkFolder.create, folder, session)
        walk = cls(await Engine.open(held, models))
        try:
            walk.notices += case.notices
            await walk._engine.begin(case)
        except BaseException:
            await walk.close()
            raise
        return walk

    @classmethod
    async def resume(cls, folder: Path, models: Models | None = None) -> Self:
        """Go on with a session. Without `models` everything can be looked at, edited and exported, nothing asked.

        Raises:
            WalkError: no session, or a broken one: what is broken, what can be saved and how.
            StoreError: another program works in it.
        """
        held = await asyncio.to_thread(WalkFolder.open, folder)
        walk = cls(await Engine.open(held, models))
        try:
            if not walk.session.moments:
                raise Broken(
                    f"{folder} was left before its session had begun; start a new one in another folder"
                )
            await walk._engine.machine.values(walk.head.checkpoint)
        except BaseException:
            await walk.close()
            raise
        walk.notices += changed_since(walk.session, models)
        return walk

    @classmethod
    async def replay(cls, file: Path, folder: Path) -> Self:
        """Rebuild an exported session (`export_json`) in a new folder, moment by moment over the graph, with every
        answer, picture and score taken from the file: needs no endpoint and no model.

        Raises:
            WalkError: the file is no export, or the replay asks what the file has no answer to (the prompts or the
                code have changed since); the question is named.
        """
        await exports.replay(await asyncio.to_thread(exports.read_export, file), folder)
        return await cls.resume(folder)

    @classmethod
    async def rebuild(cls, folder: Path, models: Models | None = None) -> Self:
        """Make `checkpoints.sqlite` anew from `session.json`, `calls.jsonl` and `blobs/` by replaying them; the broken
        file is kept beside it. Raises `WalkError` if that cannot be done."""
        held = await asyncio.to_thread(WalkFolder.open, folder)
        aside = folder / f"broken-{uuid.uuid4().hex[:8]}-{CHECKPOINTS}"
        try:
            calls = await asyncio.to_thread(CallLog.open, folder / CALLS)
            calls.close()
            export = await asyncio.to_thread(exports.gather, folder, held.session, calls.lines, Library())
            for name in (CHECKPOINTS, f"{CHECKPOINTS}-wal", f"{CHECKPOINTS}-shm"):
                if (folder / name).exists():
                    (folder / name).rename(aside.with_name(aside.name + name.removeprefix(CHECKPOINTS)))
            machine = await Machine.open(folder / CHECKPOINTS, held.session.thread)
            try:
                checkpoints = await exports.rebuild(machine, folder, export)
            finally:
                await machine.close()
            for moment, checkpoint in zip(held.session.moments, checkpoints, strict=True):
                moment.checkpoint = checkpoint
            held.save()
        except OSError as error:
            raise store_error(error, folder) from error
        finally:
            held.close()
        return await cls.resume(folder, models)

    async def close(self) -> None:
        """Close the files and let go of the folder; a second time does nothing. The models are not the walk's."""
        await self._engine.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -------------------------------------------------------------------------------------- where the walk stands

    @property
    def branch(self) -> Branch:
        """The current branch."""
        return self.session.branch

    @property
    def head(self) -> Moment:
        """Where the current branch stands."""
        return self.session.head

    @property
    def next_step(self) -> str | None:
        """Name of the step that `next` would do; None when the walk is finished."""
        return self.head.next

    @property
    def busy(self) -> bool:
        """Whether a step, an edit or a replay is under way."""
        return self._engine.busy

    @property
    def problem(self) -> str | None:
        """The sentence of the last step's `Problem` on this branch; None after anything has succeeded."""
        failed = self._engine.failed.get(self.session.current)
        return failed.sentence if failed else None

    def options(self, at: int | None = None) -> Options:
        """The method's settings in force on the current branch, or as they were at a moment."""
        changes = self.branch.options if at is None else self._engine.moment(at).options
        return options_of(self.session.options, changes)

    def library(self) -> Library:
        """The prompts in force on the current branch: the project's, with its edited ones in their place."""
        return Library(replaced=self.branch.prompts)

    async def state(self, at: int | None = None) -> dict[str, Any]:
        """The graph's state (`graphs.state.CompletionState`) at the head, or at a moment."""
        return await self._engine.machine.values(
            (self.head if at is None else self._engine.moment(at)).checkpoint
        )

    def history(self, branch: str | None = None) -> list[Moment]:
        """From the start to the head of a branch (the current one)."""
        return self.session.line(self._engine.branch(branch).head if branch else self.branch.head)

    def steps_after(self, number: int) -> int:
        """How many steps the current line has gone since a moment; a run's own steps are done again like any others."""
        before = {one.number for one in self.session.line(number)}
        return sum(one.kind in ("step", "recorded") for one in self.history() if one.number not in before)

    def made(self, key: str, at: int | None = None, candidate: int | None = None) -> Moment:
        """The latest moment, on the line to the head or to `at`, that set a value of the state (`graph`, `chosen`, ...)
        or a field of the candidates (`description`, `image`, `scores`): where to `edit` it so that all that depends on
        it is done anew. `candidate`: a field of the candidate of this index, in the round in which it was made.

        Raises `WalkError` if there is none, and for a candidate of which nothing can be done anew."""
        line = self.history() if at is None else self.session.line(self._engine.moment(at).number)
        found = made_by(key, line) if candidate is None else made_for(key, candidate, line, self.session)
        if found is None:
            raise WalkError(f"nothing has made {key!r} on this line yet")
        return found

    async def prompts_used(self) -> list[tuple[Moment, set[str]]]:
        """The moments of the current line, each with the names of the prompts that it asked with, whatever their
        wording was; also those of a run that the session was opened from."""
        used, known = [], 0
        for moment in self.history():
            state = await self.state(moment.number)
            calls = state.get("calls", [])
            used.append((moment, {name for call in calls[known:] for name in prompts_of(call, state)}))
            known = len(calls)
        return used

    async def first_use(self, prompt: str) -> Moment | None:
        """The first moment of the current line that asked with a prompt: `go` to its parent with `redo`, and `next`
        does it anew. None: nothing has used it yet."""
        return first_of(prompt, await self.prompts_used(), self.session)

    def calls(self, run: int | None = None, step: str | None = None) -> list[LoggedCall]:
        """Questions and answers in the order in which they ended: all, or those of one run (`Moment.run`; failed
        attempts have runs too), or those whose node (`extract`) or step (`extract.objects`) is `step`."""
        return [
            line
            for line in self._engine.log.lines
            if isinstance(line, LoggedCall)
            and (run is None or line.run == run)
            and (step is None or step in (line.node, line.asked.step))
        ]

    def file(self, sha256: str) -> Path:
        """The file of a picture of this session. Raises `WalkError` for anything that is not the SHA-256 of one, so
        what a browser sends can be handed in as it is."""
        if re.fullmatch(r"[0-9a-f]{64}", sha256):
            for path in (self.folder / BLOBS / sha256[:2]).glob(f"{sha256}*"):
                return path
        raise WalkError("there is no such picture in this session")

    async def record(self, at: int | None = None) -> Record:
        """The record as a batch run would have written it, with a warning for every edited prompt and value.

        Raises `WalkError` while steps are left."""
        moment = self.head if at is None else self._engine.moment(at)
        if moment.next is not None:
            raise WalkError(
                f"there is no record yet: the walk is at {moment.label}, and {moment.next} comes next"
            )
        record = record_of(await self.state(moment.number))
        return record.model_copy(
            update={"warnings": [*record.warnings, *by_hand(self.session, moment.number)]}
        )

    async def diff(self, a: str | int, b: str | int) -> Difference:
        """What differs between two branches (by name) or moments (by number): prompts, options, knowledge, edges,
        candidates, scores, choice."""
        (name_a, left, prompts_a, options_a), (name_b, right, prompts_b, options_b) = map(self._side, (a, b))
        lines = [{m.number for m in self.session.line(m.number)} for m in (left, right)]
        state_a, state_b = await self.state(left.number), await self.state(right.number)
        return Difference(
            a=name_a,
            b=name_b,
            common=max(lines[0] & lines[1]),
            prompts=values_that_differ(prompts_a, prompts_b),
            options=values_that_differ(
                plain(options_of(self.session.options, options_a)),
                plain(options_of(self.session.options, options_b)),
            ),
            **states_that_differ(state_a, state_b),
        )

    # ------------------------------------------------------------------------------------------------------ going on

    async def next(self, emit: Emit = silent) -> Moment | None:
        """Do the next step. None: it ended with a `Problem` (which was told); the head has not moved.

        Raises `WalkError` when the walk is finished, busy, or has no models."""
        if self.next_step is None:
            raise WalkError("the walk is finished; go back, edit or fork to go on from an earlier moment")
        return await self._engine.attempt(Action("step", self.next_step), self.head, emit)

    async def run(self, emit: Emit = silent) -> Moment | None:
        """`next` until the walk is finished. None: a step ended with a `Problem`."""
        moment: Moment | None = self.head
        while moment is not None and self.next_step is not None:
            moment = await self.next(emit)
        return moment

    async def retry(self, emit: Emit = silent) -> Moment | None:
        """After a `Problem`: try that step again, with a new chance for an endpoint that was down.

        Otherwise: do the last step again from its parent, asking everything anew, past the response cache. The
        old outcome stays in the tree."""
        failed = self._engine.failed.get(self.session.current)
        if failed is not None:
            parent = self._engine.moment(failed.parent)
            return await self._engine.attempt(failed.action, parent, emit, failed.fresh)
        if self.head.kind not in ("step", "regenerate") or self.head.parent is None:
            raise WalkError(f"there is nothing to try again: the last thing was {self.head.label}")
        parent = self._engine.moment(self.head.parent)
        return await self._engine.attempt(action_of(self.head), parent, emit, fresh=True)

    # ------------------------------------------------------------------------------------------------- time and change

    async def back(self, steps: int = 1) -> Moment:
        """Move the head `steps` moments towards the start. Nothing is lost: `go` returns. Weights of a reweigh that is
        left behind count no more. Raises `WalkError` at the start."""
        self._engine.check_free()
        line = self.history()
        if not 0 < steps < len(line):
            raise WalkError(
                f"cannot go back {steps}: the line has {len(line) - 1} moments after the start"
                if len(line) > 1
                else "the walk is at its start"
            )
        return await self.go(line[-1 - steps].number)

    async def go(self, moment: int, redo: bool = False) -> Moment:
        """Move the head of the current branch to any moment of the session, with the weights in force there.
        `redo`: to do anew what follows, so everything that is set now stays set, weights too."""
        self._engine.check_free()
        found = self._engine.moment(moment)
        if not redo:
            self.branch.options = options_at(self.session, found)
        return self._engine.stand(found)

    async def edit(self, values: Mapping[str, Any], at: int | None = None, emit: Emit = silent) -> Moment:
        """Change values of the state at the head, or at a moment, and stand there: what comes after is done anew by
        `next`. `values` are plain JSON values; `editable()` says which there are.

        A candidate is changed by {"candidates": [{"index": 2, "description": "..."}]}: only what is named. With
        `knowledge` alone the graph is made anew from it.

        Raises `WalkError` for an unknown key or a value that does not fit, with where and why."""
        parent = self.head if at is None else self._engine.moment(at)
        plain_values = dict(values)
        with self._engine.working():
            return await self._engine.change(Action("edit", parent.node, plain_values), parent, emit)

    async def editable(self, at: int | None = None) -> dict[str, Any]:
        """Values that `edit` takes, as plain JSON values, with what they are now."""
        return editable(await self.state(at))

    def edit_prompt(self, name: str, text: str | None) -> None:
        """Use another wording on the current branch from now on; None returns to the project's. `library().names()`
        has the names. Asks nothing: go back and `next` to see what it does.

        Raises `WalkError` for an unknown name (close ones are named) or a text without the slots of the original."""
        self._engine.check_free()
        project = Library()
        try:
            original = project.text(name)
            if text is not None:
                if len(text) > LONGEST:
                    raise WalkError(
                        f"the new text of the prompt {name} is longer than {LONGEST:,} characters"
                    )
                project.replace(name, text)
        except PromptError as error:
            raise WalkError(str(error)) from None
        prompts = {key: value for key, value in self.branch.prompts.items() if key != name}
        if text is not None and text.strip() != original.strip():
            prompts[name] = text
        self.branch.prompts = prompts
        self._engine.save()

    def set_options(self, **changes: Any) -> None:
        """Change settings of the method on the current branch (fields of `graphs.context.Options`; None returns to
        the session's). Asks nothing. `seed` counts from the next `intake` on.

        Raises `WalkError` for an unknown name or a value that does not fit."""
        self._engine.check_free()
        given = {name: value for name, value in changes.items() if value is not None}
        checked = check(given)
        check(dict.fromkeys(changes))
        kept = {name: value for name, value in self.branch.options.items() if name not in changes}
        merged = {**kept, **checked}
        self.branch.options = {k: v for k, v in merged.items() if v != self.session.options.get(k)}
        self._engine.save()

    def fork(self, name: str, at: int | None = None) -> Branch:
        """A new branch at the head, or at a moment, with the current one's prompts and options (weights as
        with `go`); it becomes the current one. Raises `WalkError` for a name that is taken or no name."""
        self._engine.check_free()
        if not re.fullmatch(NAME, name):
            raise WalkError(f"{name!r} cannot name a branch: use 64 letters, digits, dots or dashes at most")
        if name in self.session.branches:
            raise WalkError(f"there is a branch {name!r} already; switch to it, or take another name")
        head = self.head if at is None else self._engine.moment(at)
        origin = self.branch
        self.session.branches[name] = Branch(
            name=name,
            head=head.number,
            origin=origin.name,
            prompts=dict(origin.prompts),
            options=dict(options_at(self.session, head)),
        )
        self.session.current = name
        self._engine.save()
        return self.branch

    def switch(self, name: str) -> Branch:
        """Make another branch the current one. Raises `WalkError` for an unknown one, with the close names."""
        self._engine.check_free()
        self.session.current = self._engine.branch(name).name
        self._engine.save()
        return self.branch

    async def regenerate(self, subject: str, emit: Emit = silent) -> Moment | None:
        """One more candidate around `subject`: described, drawn or written, re-read, scored, and all ranked anew.
        Needs a walk that has been ranked. None: it ended with a `Problem`."""
        subject = " ".join(subject.split())
        if not subject:
            raise WalkError("name the subject to regenerate with")
        if not any(moment.node in RANKED for moment in self.history()):
            raise WalkError(
                "nothing is ranked yet, so another candidate has no rivals; step on to rank first"
            )
        return await self._engine.attempt(Action("regenerate", "rank", {"subject": subject}), self.head, emit)

    async def reweigh(self, weights: Mapping[str, float], emit: Emit = silent) -> Moment:
        """Quality and choice anew from the scores at hand; nothing is asked. The weights count from there on."""
        checked: dict[str, float] = check({"weights": dict(weights)})["weights"]
        if not any(moment.node in RANKED for moment in self.history()):
            raise WalkError("nothing is ranked yet, so there are no scores to weigh; step on to rank")
        with self._engine.working():
            before = self.branch.options
            self.branch.options = {**before, "weights": checked}
            try:
                action = Action("reweigh", self.head.node, {"weights": checked})
                return await self._engine.change(action, self.head, emit)
            except BaseException:
                self.branch.options = before
                raise

    # ------------------------------------------------------------------------------------------------- for agent.talk

    async def context(self, emit: Emit = silent, step: str = "talk") -> Context:
        """What a node would be handed now: models, options and prompts of the branch. Everything done with it is told
        to `emit` and logged under `step`. Loads the models at first use: raises what `Models.context` raises."""
        witness = self._engine.witness(emit, OUTSIDE, step, self.head)
        return await self._engine.context(witness)

    async def lmm(self, emit: Emit = silent, step: str = "talk") -> LMM:
        """The LMM of `context`."""
        return (await self.context(emit, step)).lmm

    async def keep(self, data: bytes, media_type: str) -> Blob:
        """A picture into the session's blobs."""
        return await self._engine.blobs.put(data, media_type)

    def say(self, turn: Turn) -> None:
        """Add a turn to the conversation, with the time and the moment; on disk on return."""
        self.session.conversation.append(turn.model_copy(update={"at": now(), "moment": self.head.number}))
        self._engine.save()

    # ------------------------------------------------------------------------------------------------------ taking out

    async def export_markdown(self, beside: Path | None = None) -> str:
        """The session to read: the line of the current branch with questions, answers, graph, candidates, choice and
        the conversation. Pictures are links from the folder `beside` into the session's; without it they are in the
        text itself (base64, at its end)."""
        state, lines, session = (
            await self.state(),
            list(self._engine.log.lines),
            self.session.model_copy(deep=True),
        )
        return await asyncio.to_thread(markdown, session, lines, state, self.folder, beside)

    async def export_json(self) -> str:
        """The whole session as one JSON text with everything in it, pictures too (base64); `replay` rebuilds it."""
        export = await self._gathered()
        return await asyncio.to_thread(export.model_dump_json)

    async def save_record(self, path: Path) -> Record:
        """Append the record to a `.jsonl`, or write it as a `.json`. Raises `WalkError`, `StoreError`."""
        record = await self.record()
        line = record.model_dump_json() + "\n"
        if path.suffix == ".jsonl":
            await asyncio.to_thread(_append, path, line.encode())
        else:
            await asyncio.to_thread(_write, path, (record.model_dump_json(indent=2) + "\n").encode())
        return record

    async def save_test_case(self, path: Path) -> None:
        """Input, recorded answers and expected record of the current line as one JSON, for `agent.walk.case.compare`
        in a test. Raises `WalkError`, `StoreError`."""
        record = await self.record()
        export = exports.line_alone(await self._gathered(), self.head.number, record)
        await asyncio.to_thread(lambda: _write(path, export.model_dump_json(indent=1).encode()))

    def _side(self, name: str | int) -> tuple[str, Moment, dict[str, str], dict[str, Any]]:
        """Of a difference: its title, moment, prompts and options."""
        if isinstance(name, int):
            moment = self._engine.moment(name)
            return f"#{name}", moment, moment.prompts, moment.options
        branch = self._engine.branch(name)
        return f"{name} #{branch.head}", self.session.moments[branch.head], branch.prompts, branch.options

    async def _gathered(self) -> exports.Export:
        session, lines = self.session.model_copy(deep=True), list(self._engine.log.lines)
        return await asyncio.to_thread(exports.gather, self.folder, session, lines, Library())


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomic(path, data)
    except OSError as error:
        raise store_error(error, path.parent) from error


def _append(path: Path, line: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(line)
    except OSError as error:
        raise store_error(error, path.parent) from error
