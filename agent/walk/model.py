"""`session.json`: what a walk is about, and how far it has come, as a tree of moments.

Each moment is one checkpoint with how it came about, so the tree can be shown, exported and replayed without reading
a checkpoint. The states themselves lie in `checkpoints.sqlite`, the questions and answers in `calls.jsonl`.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from data.record import Blob, Record, Usage
from data.sample import Modality
from graphs.state import CompletionInput

MAIN = "main"
"""The branch that every session begins with."""
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""What a branch may be called."""


INPUT: TypeAdapter[CompletionInput] = TypeAdapter(CompletionInput)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FromDataset(Strict):
    """A sample of a data set, under a missing mask."""

    kind: Literal["dataset"] = "dataset"
    dataset: str
    root: Path
    split: str
    id: str
    index: int
    missing: Modality
    miniature: bool = False


class FromFile(Strict):
    """The user's own picture, or own text; the other modality is the missing one."""

    kind: Literal["file"] = "file"
    image: Path | None = None
    """Exactly one of `image` and `text` is set."""
    text: str | None = None


class FromRun(Strict):
    """A record of a run folder."""

    kind: Literal["run"] = "run"
    folder: Path
    id: str


Source = Annotated[FromDataset | FromFile | FromRun, Field(discriminator="kind")]

Kind = Literal["start", "step", "edit", "regenerate", "reweigh", "recorded"]


class Moment(Strict):
    """One point in time: a checkpoint, and how it came about."""

    number: int
    """Counts up over all branches, from 0."""
    parent: int | None
    """None for the start."""
    checkpoint: str
    """LangGraph's checkpoint id."""
    branch: str
    """Where it was made."""
    kind: Kind
    node: str
    """The node of the graph whose outcome the checkpoint is; `__start__` before the first."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """edit: the values; regenerate: {"subject": ...}; reweigh: {"weights": {...}}."""
    prompts: dict[str, str] = Field(default_factory=dict)
    """Texts of the prompts that differed from the project's when it was made, by name."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options that differed from the session's when it was made."""
    run: int
    """The attempt that made it; `Walk.calls(run=...)` has its calls."""
    next: str | None
    """The step that follows; None: finished."""
    changed: list[str] = Field(default_factory=list)
    failure: str | None = None
    usage: Usage = Field(default_factory=Usage)
    """Of this step alone."""
    at: str
    """When it was made, ISO 8601 in UTC."""
    seconds: float = 0.0

    @property
    def label(self) -> str:
        """In a few words: `rank`, `edit graph`, `regenerate red car`."""
        if self.kind == "edit":
            return f"edit {', '.join(self.arguments)}"
        if self.kind == "regenerate":
            return f"regenerate {self.arguments['subject']}"
        if self.kind == "reweigh":
            return "reweigh " + ",".join(f"{k}={v:g}" for k, v in self.arguments["weights"].items())
        return self.node if self.kind in ("step", "recorded") else self.kind


class Branch(Strict):
    """A line of moments with settings of its own."""

    name: str = Field(pattern=NAME)
    head: int
    """Number of the moment where it stands."""
    origin: str | None = None
    """The branch that it was forked from."""
    prompts: dict[str, str] = Field(default_factory=dict)
    """Edited prompts by name: {"general/describe": "..."}."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options that differ from the session's: {"mode": "stepwise"}."""


class Turn(Strict):
    """One turn of the conversation. The engine keeps it; `agent.talk` gives it its meaning."""

    role: Literal["user", "assistant", "tool"]
    text: str
    tool: str | None = None
    """Name of the tool: called (assistant) or answering (tool)."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    call: str | None = None
    """The tool call that this turn makes or answers, where the endpoint gives it an id."""
    pictures: list[Blob] = Field(default_factory=list)
    """By reference: `Walk.file(sha256)` has the bytes."""
    moment: int | None = None
    """Where the walk stood."""
    error: bool = False
    at: str = ""
    """Set by `Walk.say`."""


class Session(Strict):
    """The whole of `session.json`. No secrets, no picture bytes."""

    version: Literal[1] = 1
    name: str
    created: str
    source: Source
    thread: str
    """LangGraph's thread id; one per session."""
    task: dict[str, Any]
    """`graphs.state.CompletionInput` as JSON."""
    recorded: Record | None = None
    """With `FromRun`: the record as it stands in the run."""
    options: dict[str, Any]
    """The method's settings (`graphs.context.Options`) as plain values; branches and moments hold what differs."""
    models: dict[str, Any] = Field(default_factory=dict)
    """Which models, as in a manifest."""
    library: str = ""
    """SHA-256 over the project's prompts when the session was made."""
    moments: list[Moment] = Field(default_factory=list)
    branches: dict[str, Branch] = Field(default_factory=dict)
    current: str = MAIN
    runs: int = 0
    """Attempts made so far; the next one has this number."""
    conversation: list[Turn] = Field(default_factory=list)

    def input(self) -> CompletionInput:
        """`task` as the graph takes it."""
        return INPUT.validate_python(self.task)

    @property
    def branch(self) -> Branch:
        return self.branches[self.current]

    @property
    def head(self) -> Moment:
        return self.moments[self.branch.head]

    def line(self, number: int) -> list[Moment]:
        """From the start to a moment."""
        line = [self.moments[number]]
        while (parent := line[-1].parent) is not None:
            line.append(self.moments[parent])
        return line[::-1]

    def children(self, number: int) -> list[Moment]:
        return [moment for moment in self.moments if moment.parent == number]


def now() -> str:
    """The time as moments and turns hold it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
