"""What a run found for the missing parts of a data set, and writing the data set back with it.

`write` puts the data set back in its own on-disk layout, with the completions in place; `data.table.write_table` writes
the same as Parquet. A part that is missing and was not completed stays missing: never is the hidden ground truth of a
simulated mask written, because what is written are the samples of the (masked) view that the run saw.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO, runtime_checkable

from data.files import DatasetError
from data.output import OutFolder
from data.pictures import Format, PictureError, as_format, content
from data.sample import Dataset, Fault, Modality, Sample

SIDECAR = "completed.jsonl"
"""One line per completed sample, {id, modality, quality}, beside the data set's own files."""


@dataclass(frozen=True)
class Completion:
    """The chosen completion of one sample: a text, or a picture as encoded bytes or as a file."""

    text: str | None = None
    image: bytes | Path | None = field(default=None, repr=False)
    quality: float | None = None
    """Quality score of the chosen candidate (Eq. 2 of the paper), where one was computed."""


@dataclass(frozen=True)
class Filled:
    """A sample as it is written: with the completion that fills what it lacks, if there is one."""

    sample: Sample
    completion: Completion | None = None

    @property
    def text(self) -> str | None:
        """The sample's own text, else the completed one, else None."""
        return self.completion.text if self.fills is Modality.TEXT and self.completion else self.sample.text

    @property
    def drawn(self) -> bytes | Path | None:
        """The completed picture; None where the sample has its own, or none at all."""
        return self.completion.image if self.fills is Modality.IMAGE and self.completion else None

    @property
    def fills(self) -> Modality | None:
        """Which part the completion fills. A part that the sample has is never replaced."""
        if self.completion is None:
            return None
        if self.sample.image is None and self.completion.image is not None:
            return Modality.IMAGE
        if self.sample.text is None and self.completion.text is not None:
            return Modality.TEXT
        return None

    @property
    def missing(self) -> Modality | None:
        """The modality that the sample lacks (the picture if it lacks both)."""
        return next((each for each in Modality if not self.sample.has(each)), None)

    def put_picture(self, out: OutFolder, name: str, fmt: Format) -> bool:
        """Places the sample's own picture file, or writes the completed one as `fmt`, in `out` by that name.

        False if there is none, or none that can be read or written, which is noted. Raises `OSError` if the disk cannot
        take it.
        """
        if (own := self.sample.image) is not None:
            return out.place(own.path, name, self.sample.id)
        if self.drawn is None:
            return False
        try:
            picture = as_format(content(self.drawn), fmt, f"the completion of {self.sample.id}")
        except PictureError as problem:
            out.note(str(problem))
            return False
        return out.put(picture, name, self.sample.id)


@runtime_checkable
class Writable(Protocol):
    """A data set that knows how to write itself back."""

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        """Writes `rows` in the form's own layout into `out`, as a stream; what could not be written is noted there."""
        ...


def write(
    dataset: Dataset, out: Path, completions: Mapping[str, Completion], taken: Iterable[str] = ()
) -> list[str]:
    """Writes `dataset` (or a masked or shortened view of one) into the folder `out` in its own layout.

    `completions` maps sample ids to what fills them. Untouched files are hard-linked, or copied where that is
    impossible. Streams: one sample is held at a time. `taken` are names in `out` that are not the data set's to write.
    Returns notes, for example rows that were left out because they cannot be read. Raises `DatasetError` if the form
    cannot be written, `OSError` if the disk cannot take it.
    """
    source = getattr(dataset, "source", dataset)
    if not isinstance(source, Writable):
        raise DatasetError(
            f"The data set {dataset.name} has no writer for its own layout; use the Parquet table."
        )
    folder = prepare(dataset, out, taken)
    left_out: list[str] = []
    with folder.own(SIDECAR).open("w", encoding="utf-8") as sidecar:
        rows = filled(dataset, completions, left_out)
        source.write(_recorded(rows, sidecar), folder)
    return folder.notes + left_out_note(left_out)


def prepare(dataset: Dataset, out: Path, taken: Iterable[str] = ()) -> OutFolder:
    """Makes the folder `out`. Raises `DatasetError` if it is the data set's own or holds that, whose files would be
    overwritten."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.samefile(folder) for folder in (dataset.root, *dataset.root.resolve().parents)):
        raise DatasetError(
            f"{out} is the folder of the data set itself, or holds it; write the completed one elsewhere."
        )
    return OutFolder(out, taken)


def filled(
    dataset: Iterable[Sample | Fault], completions: Mapping[str, Completion], left_out: list[str]
) -> Iterator[Filled]:
    """The samples with their completions; ids of unreadable rows are appended to `left_out`."""
    for sample in dataset:
        if isinstance(sample, Fault):
            left_out.append(sample.id)
        else:
            yield Filled(sample, completions.get(sample.id))


def left_out_note(ids: list[str]) -> list[str]:
    if not ids:
        return []
    some = ", ".join(ids[:5]) + (" ..." if len(ids) > 5 else "")
    return [f"{len(ids)} rows could not be read and are left out of the completed data set: {some}"]


def _recorded(rows: Iterable[Filled], sidecar: TextIO) -> Iterator[Filled]:
    for row in rows:
        if row.fills is not None and row.completion is not None:
            line = {"id": row.sample.id, "modality": row.fills.value, "quality": row.completion.quality}
            sidecar.write(json.dumps(line, ensure_ascii=False) + "\n")
        yield row
