"""One sample walked over the compiled graph: the engine of `agent.chat` and `agent.web`.

A session is a folder. It is locked while a `Walk` is open on it, and everything that happens is on disk when it has
happened, so a walk can end at any moment, by whatever means, and `resume` goes on.

```
session.json         the tree of moments, branches, settings, the conversation     agent.walk.model
checkpoints.sqlite   the state at every moment                                     LangGraph
calls.jsonl          every question and answer, drawing and score                  agent.walk.calls
blobs/               pictures by SHA-256                                           agent.blobs
```

Not thread-safe, one event loop: a `Walk` does one thing at a time and answers `WalkError` to a second one. To stop a
step, cancel the task that awaits it: the head stays where it was.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from agent.walk.calls import LoggedCall
from agent.walk.difference import Difference
from agent.walk.events import Emit, silent
from agent.walk.model import Branch, Moment, Session, Turn
from agent.walk.models import Models
from agent.walk.source import Case
from data.record import Blob, Record
from graphs.context import Context, Options
from prompts.library import Library
from tools.lmm.question import LMM


class WalkError(Exception):
    """Something cannot be done with this session; the message is one clear sentence."""


class Walk:
    """One open session."""

    # ------------------------------------------------------------------------------------------ opening and closing

    @classmethod
    async def create(cls, folder: Path, case: Case, models: Models) -> Self:
        """A new session in a new or empty folder, at its start: nothing is asked yet, no model is loaded yet.

        `case` comes from `agent.walk.source`, `models` from `agent.walk.models`. A case with a record (from a run
        folder) gets a second moment, `recorded`, with everything that the run found out, as its head.

        Raises:
            WalkError: the folder is not empty.
            StoreError: it cannot be written, or another program works in it.
        """
        raise NotImplementedError

    @classmethod
    async def resume(cls, folder: Path, models: Models | None = None) -> Self:
        """Go on with a session. Without `models` everything can be looked at, edited and exported, nothing asked.

        Raises:
            WalkError: no session, or a broken one: what is broken, what can be saved and how.
            StoreError: another program works in it.
        """
        raise NotImplementedError

    @classmethod
    async def replay(cls, file: Path, folder: Path) -> Self:
        """Rebuild an exported session (`export_json`) in a new folder, moment by moment over the graph, with every
        answer, picture and score taken from the file: needs no endpoint and no model.

        Raises:
            WalkError: the file is no export, or the replay asks what the file has no answer to (the prompts or the
                code have changed since); the question is named.
        """
        raise NotImplementedError

    @classmethod
    async def rebuild(cls, folder: Path) -> Self:
        """Make `checkpoints.sqlite` anew from `session.json`, `calls.jsonl` and `blobs/` by replaying them; the broken
        file is kept beside it. Raises `WalkError` if that cannot be done."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close the files and let go of the folder; a second time does nothing. The models are not the walk's."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -------------------------------------------------------------------------------------- where the walk stands

    folder: Path
    session: Session
    """To read, not to write."""
    notices: list[str]
    """What the user should know on opening, one sentence each: other models than before, a torn line ..."""

    @property
    def branch(self) -> Branch:
        """The current branch."""
        raise NotImplementedError

    @property
    def head(self) -> Moment:
        """Where the current branch stands."""
        raise NotImplementedError

    @property
    def next_step(self) -> str | None:
        """Name of the step that `next` would do; None when the walk is finished."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """Whether a step, an edit or a replay is under way."""
        raise NotImplementedError

    @property
    def problem(self) -> str | None:
        """The sentence of the last step's `Problem` on this branch; None after anything has succeeded."""
        raise NotImplementedError

    def options(self, at: int | None = None) -> Options:
        """The method's settings in force on the current branch, or as they were at a moment."""
        raise NotImplementedError

    def library(self) -> Library:
        """The prompts in force on the current branch: the project's, with its edited ones in their place."""
        raise NotImplementedError

    async def state(self, at: int | None = None) -> dict[str, Any]:
        """The graph's state (`graphs.state.CompletionState`) at the head, or at a moment."""
        raise NotImplementedError

    def history(self, branch: str | None = None) -> list[Moment]:
        """From the start to the head of a branch (the current one)."""
        raise NotImplementedError

    def calls(self, run: int | None = None, step: str | None = None) -> list[LoggedCall]:
        """Questions and answers in the order in which they ended: all, or those of one run (`Moment.run`; failed
        attempts have runs too), or those whose node (`extract`) or step (`extract.objects`) is `step`."""
        raise NotImplementedError

    def file(self, sha256: str) -> Path:
        """The file of a picture of this session. Raises `WalkError` for anything that is not the SHA-256 of one, so
        what a browser sends can be handed in as it is."""
        raise NotImplementedError

    async def record(self, at: int | None = None) -> Record:
        """The record as a batch run would have written it, with a warning for every edited prompt and value.

        Raises `WalkError` while steps are left."""
        raise NotImplementedError

    async def diff(self, a: str | int, b: str | int) -> Difference:
        """What differs between two branches (by name) or moments (by number): prompts, options, knowledge, edges,
        candidates, scores, choice."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------------ going on

    async def next(self, emit: Emit = silent) -> Moment | None:
        """Do the next step. None: it ended with a `Problem` (which was told); the head has not moved.

        Raises `WalkError` when the walk is finished, busy, or has no models."""
        raise NotImplementedError

    async def run(self, emit: Emit = silent) -> Moment | None:
        """`next` until the walk is finished. None: a step ended with a `Problem`."""
        raise NotImplementedError

    async def retry(self, emit: Emit = silent) -> Moment | None:
        """After a `Problem`: try that step again, with a new chance for an endpoint that was down.

        Otherwise: do the last step again from its parent, asking everything anew, past the response cache. The
        old outcome stays in the tree."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------- time and change

    async def back(self, steps: int = 1) -> Moment:
        """Move the head `steps` moments towards the start. Nothing is lost: `go` returns. Raises `WalkError` at the
        start."""
        raise NotImplementedError

    async def go(self, moment: int) -> Moment:
        """Move the head of the current branch to any moment of the session."""
        raise NotImplementedError

    async def edit(self, values: Mapping[str, Any], at: int | None = None, emit: Emit = silent) -> Moment:
        """Change values of the state at the head, or at a moment, and stand there: what comes after is done anew by
        `next`. `values` are plain JSON values; `editable()` says which there are.

        A candidate is changed by {"candidates": [{"index": 2, "description": "..."}]}: only what is named. With
        `knowledge` alone the graph is made anew from it.

        Raises `WalkError` for an unknown key or a value that does not fit, with where and why."""
        raise NotImplementedError

    async def editable(self, at: int | None = None) -> dict[str, Any]:
        """Values that `edit` takes, as plain JSON values, with what they are now."""
        raise NotImplementedError

    def edit_prompt(self, name: str, text: str | None) -> None:
        """Use another wording on the current branch from now on; None returns to the project's. `library().names()`
        has the names. Asks nothing: go back and `next` to see what it does.

        Raises `WalkError` for an unknown name (close ones are named) or a text without the slots of the original."""
        raise NotImplementedError

    def set_options(self, **changes: Any) -> None:
        """Change settings of the method on the current branch (fields of `graphs.context.Options`; None returns to
        the session's). Asks nothing. `seed` counts from the next `intake` on.

        Raises `WalkError` for an unknown name or a value that does not fit."""
        raise NotImplementedError

    def fork(self, name: str, at: int | None = None) -> Branch:
        """A new branch at the head, or at a moment, with the current one's prompts and options; it becomes the
        current one. Raises `WalkError` for a name that is taken or no name."""
        raise NotImplementedError

    def switch(self, name: str) -> Branch:
        """Make another branch the current one. Raises `WalkError` for an unknown one, with the close names."""
        raise NotImplementedError

    async def regenerate(self, subject: str, emit: Emit = silent) -> Moment | None:
        """One more candidate around `subject`: described, drawn or written, re-read, scored, and all ranked anew.
        Needs a walk that has been ranked. None: it ended with a `Problem`."""
        raise NotImplementedError

    async def reweigh(self, weights: Mapping[str, float], emit: Emit = silent) -> Moment:
        """Quality and choice anew from the scores at hand; nothing is asked. The weights stay set on the branch."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------- for agent.talk

    async def context(self, emit: Emit = silent, step: str = "talk") -> Context:
        """What a node would be handed now: models, options and prompts of the branch. Everything done with it is told
        to `emit` and logged under `step`. Loads the models at first use: raises what `Models.context` raises."""
        raise NotImplementedError

    async def lmm(self, emit: Emit = silent, step: str = "talk") -> LMM:
        """The LMM of `context`."""
        raise NotImplementedError

    async def keep(self, data: bytes, media_type: str) -> Blob:
        """A picture into the session's blobs."""
        raise NotImplementedError

    def say(self, turn: Turn) -> None:
        """Add a turn to the conversation, with the time and the moment; on disk on return."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------------ taking out

    async def export_markdown(self) -> str:
        """The session to read: the line of the current branch with questions, answers, graph, candidates, choice and
        the conversation. Pictures as links into the folder."""
        raise NotImplementedError

    async def export_json(self) -> str:
        """The whole session as one JSON text with everything in it, pictures too (base64); `replay` rebuilds it."""
        raise NotImplementedError

    async def save_record(self, path: Path) -> Record:
        """Append the record to a `.jsonl`, or write it as a `.json`. Raises `WalkError`, `StoreError`."""
        raise NotImplementedError

    async def save_test_case(self, path: Path) -> None:
        """Input, recorded answers and expected record of the current line as one JSON, for `agent.walk.case.check`
        in a test. Raises `WalkError`, `StoreError`."""
        raise NotImplementedError
