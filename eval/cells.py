"""Cells: one method, one missing rate, one seed. What a cell is, what it gave, and where that is kept."""

import os
import tempfile
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.methods import method_type
from eval.specs import HeadSpec, MethodSpec, digest

FORMAT = 1
"""Goes up when what all cells share changes: metrics, the training loop."""


@dataclass(frozen=True)
class Source:
    """Digests of a split, and of its completion where the method uses one (`eval.features.saved`)."""

    part: str
    completion: str | None = None


@dataclass(frozen=True)
class Inputs:
    """What a cell works on."""

    train: Source
    dev: Source | None
    test: Source


@dataclass(frozen=True)
class Cell:
    """Everything that determines a result, and under which heading it stands."""

    dataset: str
    rate: float | None
    """None: the method does not see the mask."""
    encoder: str
    head_name: str
    head: HeadSpec
    epochs: int | None
    method: MethodSpec
    seed: int
    inputs: Inputs
    resamples: int = 0
    """Of the bootstrap."""

    @property
    def identity(self) -> str:
        """The hash of its configuration. Headings (names of data set, encoder, line) are not part of it: the inputs'
        digests say what they stand for."""
        return digest(
            [
                FORMAT,
                self.method.method,
                method_type(self.method.method).version,
                self.method.options,
                self.head.model_dump(exclude={"lines"}),
                self.epochs,
                self.seed,
                asdict(self.inputs),
                self.resamples,
            ]
        )


@dataclass(frozen=True)
class Missing:
    """A cell whose inputs could not even be made: shown as broken."""

    dataset: str
    rate: float | None
    encoder: str
    head_name: str
    method: MethodSpec
    problem: str


class Measured(BaseModel):
    """Figures at one threshold, in percent; per class None where the class has no positive row."""

    model_config = ConfigDict(extra="forbid")

    threshold: float
    macro_f1: float
    micro_f1: float
    f1: list[float | None]


class Result(BaseModel):
    """What became of a cell."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["done", "broken"]
    problem: str | None = None
    """Why it is broken, one sentence."""
    fixed: Measured | None = None
    """At 0.5."""
    tuned: Measured | None = None
    """At the threshold that is best on dev."""
    map: float | None = None
    average_precision: list[float | None] = Field(default_factory=list)
    similarity: dict[str, float | None] = Field(default_factory=dict)
    trained_on: int = 0
    seconds: float = 0.0
    peak_mib: float | None = None
    """Resident memory on top of the features."""
    notes: list[str] = Field(default_factory=list)


Arrays = dict[str, np.ndarray]
"""`scores` of the test rows [n, C]; resampled figures [B] by name: macro_f1, macro_f1_tuned, map."""


@dataclass
class Store:
    """`cells/` of a results folder: one JSON per finished cell, beside it its arrays."""

    folder: Path
    known: dict[str, Result] = field(default_factory=dict)

    def get(self, identity: str) -> Result | None:
        """A finished cell's result. A broken one is not kept: it is tried again. Nor is one that cannot be read."""
        if identity in self.known:
            return self.known[identity]
        try:
            result = Result.model_validate_json((self.folder / f"{identity}.json").read_bytes())
        except (OSError, ValidationError):
            return None
        if not self._arrays_path(identity).is_file():
            return None
        self.known[identity] = result
        return result

    def _arrays_path(self, identity: str) -> Path:
        return self.folder / f"{identity}.npz"

    def arrays(self, identity: str, names: Collection[str] | None = None) -> Arrays:
        """Of a finished cell, those of the names that it has; None: all."""
        with np.load(self._arrays_path(identity), allow_pickle=False) as found:
            return {name: found[name] for name in found.files if names is None or name in names}

    def put(self, identity: str, result: Result, arrays: Arrays) -> None:
        """Arrays first: a result that is there is whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _replace(self._arrays_path(identity), lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]
        text = result.model_dump_json().encode()
        _replace(self.folder / f"{identity}.json", lambda file: file.write(text))


def numbers(values: np.ndarray) -> list[float | None]:
    """Numbers for JSON, None for NaN."""
    return [None if np.isnan(value) else round(float(value), 4) for value in values]


def _replace(path: Path, write: Any) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
