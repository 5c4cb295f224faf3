"""Do two splits of a data set share samples? By group (an X-ray study), by identical text, by identical picture file.

A test sample that stands in training too makes every figure too good: of the 500 test pictures of Knowledge
Bridger's IU X-ray split 441 share a study with training, and 457 of their reports stand there word for word.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from data.sample import Dataset, Fault, ImageRef, Sample

Mark = TypeVar("Mark", str, bytes)
EXAMPLES = 5


class Leak(BaseModel):
    """Samples of the second split that have a twin in the first, in one respect."""

    model_config = ConfigDict(frozen=True)

    count: int
    """How many samples of the second split."""
    of: int
    """How many samples of the second split have a group, text or picture at all."""
    examples: tuple[tuple[str, str], ...] = ()
    """(id in the first split, id in the second)."""


class LeakReport(BaseModel):
    """What `first` (training, usually) and `second` (test) share."""

    model_config = ConfigDict(frozen=True)

    first: str
    second: str
    by_group: Leak
    by_text: Leak
    by_image: Leak
    not_compared: int = 0
    """Pictures that could not be compared: in tables, or unreadable."""

    @property
    def leaks(self) -> bool:
        return any(leak.count for leak in (self.by_group, self.by_text, self.by_image))

    def summary(self) -> str:
        """One paragraph for the user."""
        if not self.leaks:
            head = f"No leak between {self.first} and {self.second}: no shared group, text or picture"
        else:
            facts = (
                (self.by_group, "share a group (a study, say)"),
                (self.by_text, "have a text that stands word for word"),
                (self.by_image, "have a picture file that is identical to one"),
            )
            found = "; ".join(
                f"{leak.count:,} of {leak.of:,} samples {what} in {self.first}"
                for leak, what in facts
                if leak.count
            )
            head = (
                f"{self.second} leaks from {self.first}: {found}. Figures on it are too good; split by group"
            )
        rest = f" ({self.not_compared:,} pictures were not compared)" if self.not_compared else ""
        return f"{head}{rest}."


def leak_report(first: Dataset, second: Dataset) -> LeakReport:
    """Compares two splits. Reads both once; of the pictures only those are opened whose size occurs in both."""
    one, two = _Marks(first), _Marks(second)
    return LeakReport(
        first=f"{first.name}/{first.split}",
        second=f"{second.name}/{second.split}",
        by_group=_shared(one.groups, two.groups),
        by_text=_shared(one.texts, two.texts),
        by_image=_shared_pictures(one, two),
        not_compared=one.skipped + two.skipped,
    )


class _Marks:
    """What identifies the samples of one split: mark -> ids."""

    def __init__(self, dataset: Iterable[Sample | Fault]) -> None:
        self.groups: dict[str, list[str]] = defaultdict(list)
        self.texts: dict[bytes, list[str]] = defaultdict(list)
        self.sizes: dict[int, list[tuple[str, ImageRef]]] = defaultdict(list)
        self.skipped = 0
        for sample in dataset:
            if isinstance(sample, Fault):
                continue
            if sample.group is not None:
                self.groups[sample.group].append(sample.id)
            if sample.text is not None:
                self.texts[_text_mark(sample.text)].append(sample.id)
            if sample.image is not None:
                self._add_picture(sample.id, sample.image)

    def _add_picture(self, name: str, ref: ImageRef) -> None:
        try:
            if ref.row is not None:
                raise OSError("pictures in tables are not compared")
            self.sizes[ref.path.stat().st_size].append((name, ref))
        except OSError:
            self.skipped += 1


def _text_mark(text: str) -> bytes:
    """Equal for texts that differ in case and white space only."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).digest()


def _shared(one: dict[Mark, list[str]], two: dict[Mark, list[str]]) -> Leak:
    shared = [mark for mark in two if mark in one]
    twins = [(one[mark][0], name) for mark in shared for name in two[mark]]
    return Leak(count=len(twins), of=sum(map(len, two.values())), examples=tuple(twins[:EXAMPLES]))


def _shared_pictures(one: _Marks, two: _Marks) -> Leak:
    sizes = one.sizes.keys() & two.sizes.keys()
    marks: list[dict[bytes, list[str]]] = []
    for side in (one, two):
        found: dict[bytes, list[str]] = defaultdict(list)
        for name, mark in _hashed(side, sizes):
            found[mark].append(name)
        marks.append(found)
    leak = _shared(*marks)
    return leak.model_copy(update={"of": sum(map(len, two.sizes.values()))})


def _hashed(side: _Marks, sizes: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    for size in sorted(sizes):
        for name, ref in side.sizes[size]:
            try:
                with ref.path.open("rb") as file:
                    yield name, hashlib.file_digest(file, "sha256").digest()
            except OSError:
                side.skipped += 1
