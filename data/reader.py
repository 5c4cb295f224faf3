"""What all readers share: order, faults instead of exceptions, duplicate ids, fingerprints."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from data.completed import Filled
from data.files import BadRow, DatasetError
from data.output import OutFolder
from data.sample import Domain, Fault, Sample

Entry = TypeVar("Entry")
"""What the index of a form knows of one row before the row is read."""


class Options(BaseModel):
    """Settings of one form. A name that is not there is an error, with the close match."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reader(ABC, Generic[Entry]):
    """One split of a data set in one on-disk form; implements `data.sample.Dataset` and `data.completed.Writable`.

    A form says how its index is made (`__init__`), how one row is read (`read`), and how rows are written
    back (`write`).
    """

    name: str
    form: ClassVar[str]
    """Which of the data set's on-disk forms this is: raw, arrow, kaggle ..."""
    expects: ClassVar[str]
    """The files by which the form is known, as they stand in a sentence."""
    options_type: ClassVar[type[Options]]
    """The same for all forms of one data set."""
    domain: Domain = Domain.GENERAL
    text_form: str

    def __init__(self, root: Path, split: str | None, options: Options) -> None:
        """Reads the index. `root` is what `find` returned. Raises `DatasetError`."""
        self.root, self.split, self.options = root, split or "all", options
        self.notes: list[str] = []
        self.labels: tuple[str, ...] = ()
        self._unknown: set[str] = set()

    @classmethod
    @abstractmethod
    def find(cls, folder: Path) -> Path | None:
        """The folder in or under `folder` that has this form; None if there is none. Raises `DatasetError`
        for half of it."""

    @property
    def source(self) -> "Reader[Entry]":
        return self

    @abstractmethod
    def entries(self) -> Iterable[tuple[str, Entry]]:
        """(id, entry) of every row in order. The id names the row in a fault, should it be unreadable. Never raises."""

    @abstractmethod
    def read(self, entry: Entry) -> Sample:
        """Reads one row. Raises `BadRow` with a sentence."""

    @abstractmethod
    def stamps(self) -> Iterable[str]:
        """Names, sizes and times of the files that make up this split."""

    @abstractmethod
    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        """Writes the rows in this form's layout into `out`, which is told what could not be written."""

    @abstractmethod
    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample | Fault]:
        seen: set[str] = set()
        for number, (name, entry) in enumerate(self.entries(), 1):
            row = self._checked(name, entry)
            if row.id in seen:
                repeated = (
                    f"{self.root}, row {number}: the id {row.id} stands in an earlier row; give each its own."
                )
                row = Fault(
                    id=f"{row.id} (row {number})", problem=row.problem if isinstance(row, Fault) else repeated
                )
            seen.add(row.id)
            yield row

    def _checked(self, name: str, entry: Entry) -> Sample | Fault:
        try:
            sample = self.read(entry)
            sample.model_dump_json()  # fails for text that is not Unicode, which no record could hold
            return sample
        except BadRow as problem:
            return Fault(id=name, problem=str(problem))
        except OSError as problem:
            sentence = f"{self.root}, {name}: {problem.filename} cannot be read ({problem.strerror})."
        except ValueError as problem:
            sentence = f"{self.root}, {name}: the row holds values that are not valid ({str(problem)[:120]})."
        return Fault(id=name, problem=sentence)

    def fingerprint(self) -> str:
        """SHA-256 over names, sizes and times of the files, and over the settings, since these change the samples."""
        digest = hashlib.sha256()
        head = [self.name, self.form, self.split, self.options.model_dump(mode="json")]
        digest.update(json.dumps(head, sort_keys=True).encode())
        for line in self.stamps():
            digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
        return digest.hexdigest()

    def known_labels(
        self, found: Iterable[str], dropped: frozenset[str] = frozenset()
    ) -> tuple[list[str], list[str]]:
        """(labels of the data set, unknown ones), each once. A label seen for the first time that the data
        set's list does not have gets a note: the sample is as good as any for completion, so it is kept
        without that label."""
        known: dict[str, None] = {}
        unknown: dict[str, None] = {}
        for label in found:
            if label in self.labels:
                known[label] = None
            elif label not in dropped:
                unknown[label] = None
                if label not in self._unknown:
                    self._unknown.add(label)
                    if len(self._unknown) <= 20:
                        self.notes.append(
                            f"The label {label!r} is not in the label list of {self.name}; samples keep the rest."
                        )
        return list(known), list(unknown)

    def check_count(self, what: str, found: int, published: int | None) -> None:
        if published is not None and found != published:
            self.notes.append(f"{self.name}/{self.split} has {found:,} {what}; published are {published:,}.")


def chosen_splits(given: str | None, known: Sequence[str], default: str, where: Path) -> list[str]:
    """The splits that `given` names, joined with a plus sign. Raises `DatasetError` that lists the known ones."""
    names = (given or default).split("+")
    for name in names:
        if name not in known:
            raise DatasetError(
                f"{where} has no split {name!r}; it has {', '.join(known) or 'none'} (join them with a plus sign)."
            )
    if len(set(names)) < len(names):
        raise DatasetError(f"The split {given} names a split twice.")
    return names
