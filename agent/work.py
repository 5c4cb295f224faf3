"""The samples of a run: the data set, its missing mask, and what there is to complete, in order."""

import hashlib
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import UsageError
from agent.settings import Settings
from data.catalog import open_dataset
from data.files import DatasetError
from data.missing import Mask, Present, as_is, read_mask, simulate
from data.record import Failure, Record
from data.sample import Dataset, Domain, Fault, Modality, Sample
from data.views import First, Masked
from prompts.library import Library


@dataclass(frozen=True)
class Item:
    """One row to complete, or one that cannot even be read."""

    index: int
    row: Sample | Fault
    """As it is in the data: what the mask hides is still there, for the record's ground truth."""
    present: Present

    def failed(self, dataset: Dataset, stage: str, problem: str) -> Record:
        """The record of a row that cannot be completed."""
        sample = self.row if isinstance(self.row, Sample) else None
        lacking = [modality for modality in Modality if not getattr(self.present, modality.value)]
        return Record(
            sample_id=self.row.id,
            index=self.index,
            status="failed",
            domain=dataset.domain,
            missing=lacking[0] if len(lacking) == 1 else None,
            labels=list(sample.labels) if sample else [],
            text=sample.text if sample and self.present.text else None,
            failure=Failure(stage=stage, problem=problem),
        )


@dataclass(frozen=True)
class Work:
    """An opened data set with its mask."""

    dataset: Dataset
    mask: Mask
    limit: int | None

    @property
    def total(self) -> int:
        """How many samples miss something, as far as the limit goes."""
        return min(self.limit or len(self.mask.details), len(self.mask.details))

    @property
    def rows(self) -> int:
        """Rows up to the last sample to complete."""
        if self.total == len(self.mask.details):
            return len(self.dataset)
        return sorted(self.mask.details)[self.total - 1] + 1

    @property
    def image_missing(self) -> bool:
        """Whether pictures have to be drawn at all."""
        return self.mask.count(Modality.IMAGE) > 0

    @property
    def name(self) -> str:
        """For a run folder, such as `mmimdb-train-mixed-0.7`."""
        mask = self.mask.type if self.mask.type == "as-is" else f"{self.mask.type}-{self.mask.rate:g}"
        return re.sub(r"[^\w.+-]+", "-", f"{self.dataset.name}-{self.dataset.split}-{mask}")

    @property
    def view(self) -> Dataset:
        """The data set as the run sees it: masked, and no longer than it was completed."""
        return First(Masked(self.dataset, self.mask), self.rows)

    def items(self, done: Container[str]) -> Iterator[Item]:
        """Rows to complete and rows that cannot be read, without those that are done. Reads lazily."""
        for index, row in enumerate(self.dataset):
            if index >= self.rows:
                return
            wanted = index in self.mask.details or isinstance(row, Fault)
            if wanted and row.id not in done:
                yield Item(index, row, self.mask.present(index))

    def notices(self) -> list[str]:
        """What the user must know of it before anything else."""
        if self.mask.details:
            return []
        return [
            f"WARNING: nothing is missing in {self.dataset.name}/{self.dataset.split} (mask {self.mask.type}, rate "
            f"{self.mask.rate:g}), so there is nothing to complete; --type and --rate can hide something"
        ]

    def describe(self) -> dict[str, Any]:
        """The data set for the manifest."""
        data = self.dataset
        return {
            "name": data.name,
            "split": data.split,
            "root": str(data.root.resolve()),
            "rows": len(data),
            "domain": data.domain.value,
            "text_form": data.text_form,
            "labels": len(data.labels),
            "fingerprint": data.fingerprint(),
            "notes": list(data.notes),
        }

    def describe_mask(self, settings: Settings) -> dict[str, Any]:
        return {
            "type": self.mask.type,
            "rate": self.mask.rate,
            "seed": settings.resolved_seed if settings.mask is None and settings.type != "as-is" else None,
            "file": str(settings.mask) if settings.mask else None,
            "samples": self.mask.total,
            "missing_text": self.mask.count(Modality.TEXT),
            "missing_image": self.mask.count(Modality.IMAGE),
            "sha256": hashlib.sha256(self.mask.released_form()).hexdigest(),
        }


def open_work(settings: Settings, root: Path) -> Work:
    """Open the data set and make or read its mask. Reads the index only, but all rows for `--type as-is`.

    Raises:
        UsageError: the data set or the mask cannot be used, or no prompt knows the form of its texts.
    """
    try:
        dataset = open_dataset(settings.dataset, root, settings.split, **settings.data_options)
        check_form(dataset.domain, dataset.text_form, "--data-options: ")
        mask = _mask(settings, dataset)
    except DatasetError as error:
        raise UsageError(str(error)) from None
    return Work(dataset, mask, settings.limit)


def check_form(domain: Domain, form: str, where: str = "") -> None:
    """Raises `UsageError` for a form of texts that `prompts/<domain>/forms.yaml` does not know: the LMM could not be
    told what to write, and that would come out only after everything before was asked."""
    known = Library().table(f"{domain}/forms")
    if form not in known:
        raise UsageError(f"{where}there is no text form {form!r} for {domain}; there are {', '.join(known)}")


def _mask(settings: Settings, dataset: Dataset) -> Mask:
    if settings.mask:
        return read_mask(settings.mask, len(dataset))
    if settings.type == "as-is":
        return as_is(dataset)
    return simulate(len(dataset), settings.rate, settings.type, settings.resolved_seed)
