"""A folder that `python -m agent.run` left: its manifest, its records, and whether it is of the data at hand."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.files import BadRow, lines, read_bytes
from data.missing import Mask
from data.record import Record
from data.sample import Dataset
from eval.errors import EvalError

MANIFEST, RECORDS = "manifest.json", "records.jsonl"
MAX_MANIFEST, MAX_RECORD = 32 * 2**20, 64 * 2**20


class Loose(BaseModel):
    """What is read of a manifest; it holds more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RunData(Loose):
    name: str
    split: str
    root: Path
    fingerprint: str
    miniature: bool = False


class RunMask(Loose):
    sha256: str
    type: str
    rate: float


class RunFigures(Loose):
    to_complete: int = 0
    completed: int = 0
    failed: int = 0
    usage: dict[str, float] = Field(default_factory=dict)
    seconds: float = 0.0


class Manifest(Loose):
    outcome: str
    fingerprint: str
    data: RunData
    mask: RunMask
    models: dict[str, dict[str, Any]]
    figures: RunFigures = RunFigures()
    settings: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class RunFolder:
    """One run, read only."""

    path: Path
    manifest: Manifest

    @property
    def miniature(self) -> bool:
        """Whether its data or any of its models are the miniature's."""
        return self.manifest.data.miniature or any(m.get("miniature") for m in self.manifest.models.values())

    @property
    def digest(self) -> str:
        """Of what was run and of every record: equal means the same completions."""
        total = hashlib.sha256(self.manifest.fingerprint.encode())
        with (self.path / RECORDS).open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()[:16]

    def records(self) -> Iterator[Record]:
        """In the order in which they were finished. Raises `EvalError` that names the line which is no record."""
        path = self.path / RECORDS
        try:
            for number, line in lines(path, MAX_RECORD):
                if line is None:
                    raise EvalError(
                        f"{path}, line {number}: longer than {MAX_RECORD:,} bytes, which no record is."
                    )
                try:
                    yield Record.model_validate_json(line)
                except ValidationError as error:
                    problem = error.errors()[0]["msg"]
                    raise EvalError(
                        f"{path}, line {number}: not a record ({problem}); is the run still going on?"
                    ) from None
        except OSError as error:
            raise EvalError(f"{path} cannot be read ({error.strerror}); it is no run folder.") from None

    def check(self, dataset: Dataset, mask: Mask) -> None:
        """Raises `EvalError` if the run is of other data, or hid other modalities, than those at hand."""
        mine, theirs = (dataset.name, dataset.split), (self.manifest.data.name, self.manifest.data.split)
        if mine != theirs:
            raise EvalError(
                f"The run {self.path} is of {'/'.join(theirs)}, this experiment is of {'/'.join(mine)}; name another "
                "run folder."
            )
        if self.manifest.data.fingerprint != dataset.fingerprint():
            raise EvalError(
                f"The run {self.path} is of another state of {'/'.join(mine)} (files or options differ); run it again."
            )
        if self.manifest.mask.sha256 != hashlib.sha256(mask.released_form()).hexdigest():
            raise EvalError(
                f"The run {self.path} hid other modalities ({self.manifest.mask.type}, rate "
                f"{self.manifest.mask.rate:g}) than this experiment ({mask.type}, rate {mask.rate:g}); its type, rate "
                "and seed must be the same."
            )


def open_run(path: Path) -> RunFolder:
    """Raises `EvalError` if there is no run in the folder."""
    try:
        return RunFolder(path, Manifest.model_validate_json(read_bytes(path / MANIFEST, MAX_MANIFEST)))
    except BadRow as error:
        raise EvalError(f"{path} is no run folder of python -m agent.run: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"]) or "file"
        raise EvalError(f"{path / MANIFEST} is no manifest of a run ({place}: {problem['msg']}).") from None
