"""What a walk is about: a sample of a data set, the user's own picture or text, or a record of a run."""

from dataclasses import dataclass
from pathlib import Path

from agent.plan import Plan
from agent.walk.model import Source
from data.record import Record
from data.sample import Domain, Modality
from graphs.state import CompletionInput


@dataclass(frozen=True)
class Case:
    """One sample that misses a modality."""

    source: Source
    task: CompletionInput
    record: Record | None = None
    """What a run made of it; the walk then begins where the run ended."""
    notices: tuple[str, ...] = ()
    """What the user should know, one sentence each."""

    @property
    def name(self) -> str:
        """For a session folder: `mmimdb-train-0012345`."""
        raise NotImplementedError


def from_dataset(plan: Plan, sample_id: str, missing: Modality | None = None) -> Case:
    """A sample of the plan's data set (the miniature's is drawn on first use). The mask says what is missing; `missing`
    overrules it, and is needed where the mask hides nothing of a complete sample (else: the picture). Reads rows until
    the id is found, so call it in a thread.

    Raises `UsageError`: no such data set, no such id (close ids are named), or nothing to complete it from."""
    raise NotImplementedError


def from_image(path: Path, domain: Domain = Domain.GENERAL, text_form: str | None = None) -> Case:
    """A picture file whose text is missing. `text_form`: a key of `prompts/<domain>/forms.yaml`; default description
    or report. Raises `UsageError` for what is no picture that can be read."""
    raise NotImplementedError


def from_text(text: str, domain: Domain = Domain.GENERAL, text_form: str | None = None) -> Case:
    """A text whose picture is missing. Raises `UsageError` for an empty one."""
    raise NotImplementedError


def from_run(folder: Path, sample_id: str) -> Case:
    """A record of a run folder: the walk stands where the run ended, and can go back to the start and be done anew.
    Reads records until the id is found, so call it in a thread.

    Raises `UsageError`: no run folder, no such record (close ids are named), or one of a row that could not be read."""
    raise NotImplementedError
