"""What a reader gives: samples by reference, and rows that cannot be samples.

A `Sample` never holds picture bytes: a run keeps thousands of samples in flight, and a reference is a few dozen
bytes where a picture is a megabyte. `data.pictures` turns a reference into pixels, with every bound checked.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field


class Modality(StrEnum):
    """The two modalities that a sample can have."""

    IMAGE = "image"
    TEXT = "text"

    @property
    def other(self) -> "Modality":
        return Modality.TEXT if self is Modality.IMAGE else Modality.IMAGE


class Domain(StrEnum):
    """Which knowledge rules apply: `prompts/<domain>/`."""

    GENERAL = "general"
    XRAY = "xray"


class ImageRef(BaseModel):
    """Where a picture lies: a file, or one cell of a Parquet or Arrow table."""

    model_config = ConfigDict(frozen=True)

    path: Path
    row: int | None = None
    column: str | None = None


class Sample(BaseModel):
    """One row of a data set, complete or not. A modality that is absent in the data is None."""

    model_config = ConfigDict(frozen=True)

    id: str
    image: ImageRef | None = None
    text: str | None = None
    labels: tuple[str, ...] = ()
    group: str | None = None
    """Samples of one group (an X-ray study, say) must stay in one split."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """What the on-disk form holds besides, kept so that the data set can be written back whole."""

    def has(self, modality: Modality) -> bool:
        return (self.image if modality is Modality.IMAGE else self.text) is not None


class Fault(BaseModel):
    """A row that cannot become a sample. `problem` is one sentence: what, where (file, row, id), what to do."""

    model_config = ConfigDict(frozen=True)

    id: str
    problem: str


class Dataset(Protocol):
    """A split of a data set in one of the known on-disk forms. Opening reads the index only; rows are read lazily."""

    name: str
    """mmimdb, coco, iuxray or folder."""
    split: str
    domain: Domain
    text_form: str
    """The form of its texts: plot, caption, report or description."""
    labels: tuple[str, ...]
    """Every label of the data set in label order."""
    root: Path
    notes: list[str]
    """What the user should know: counts that differ from the published ones, leaks, skipped files."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample | Fault]:
        """All rows in a fixed order; a row that cannot be read is a `Fault`, never an exception."""
        ...

    def fingerprint(self) -> str:
        """SHA-256 over the index (names, sizes, times): equal means the same data."""
        ...
