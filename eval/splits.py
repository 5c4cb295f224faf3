"""The rows of an experiment: opened, masked, labelled, and checked for leaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.catalog import open_dataset
from data.files import DatasetError
from data.leaks import LeakReport, leak_report
from data.missing import COMPLETE, Mask, coco_seed, simulate
from data.sample import Dataset, Fault, Sample
from data.views import First
from eval.errors import EvalError
from eval.specs import DataSpec, MaskSpec
from eval.task import Bools, Ints


@dataclass(frozen=True)
class Split:
    """The readable rows of one split, with their positions in it."""

    name: str
    """train, dev or test, whatever the data set calls it."""
    dataset: Dataset
    """The whole split, of which a mask knows the length."""
    samples: tuple[Sample, ...]
    positions: Ints
    faults: int
    classes: tuple[str, ...]
    """The same for all splits of a data set, in one order."""

    @property
    def labels(self) -> Bools:
        """[n, C]."""
        column = {label: number for number, label in enumerate(self.classes)}
        labels = np.zeros((len(self.samples), len(column)), dtype=bool)
        for row, sample in enumerate(self.samples):
            labels[row, [column[label] for label in sample.labels]] = True
        return labels

    @property
    def text_codes(self) -> Ints:
        """[n], equal for texts that differ in case and white space only; -1 for none."""
        seen: dict[str, int] = {}
        codes = []
        for sample in self.samples:
            mark = None if sample.text is None else " ".join(sample.text.casefold().split())
            codes.append(-1 if mark is None else seen.setdefault(mark, len(seen)))
        return np.array(codes, dtype=np.int64)

    def seed(self, spec: MaskSpec, rate: float) -> int | None:
        """Of the mask; None is the released one of that type. The released masks of COCO have one per rate."""
        return coco_seed(spec.type, rate) if spec.seed is None and self.dataset.name == "coco" else spec.seed

    @property
    def rows(self) -> int:
        """How many rows of the data set are looked at, unreadable ones included."""
        return int(self.positions.max()) + 1

    def mask(self, spec: MaskSpec, rate: float) -> Mask:
        """The mask of the whole split."""
        if spec.nested:
            return self._nested(spec, rate)
        return simulate(len(self.dataset), rate, spec.type, self.seed(spec, rate))

    def _nested(self, spec: MaskSpec, rate: float) -> Mask:
        order = simulate(self.rows, 1.0, spec.type, spec.seed)
        details = dict(list(order.details.items())[: int(self.rows * rate)])
        total = len(self.dataset)
        return Mask(type=spec.type, rate=len(details) / total, total=total, details=details)

    def present(self, mask: Mask | None) -> Bools:
        """[n, 2], (image, text): what the data have and the mask leaves."""
        rows = []
        for position, sample in zip(self.positions.tolist(), self.samples, strict=True):
            seen = mask.present(position) if mask else COMPLETE
            rows.append((seen.image and sample.image is not None, seen.text and sample.text is not None))
        return np.array(rows, dtype=bool).reshape(-1, 2)

    def to_complete(self, mask: Mask) -> int:
        """How many samples a run must complete so that all rows here that miss something are done."""
        return sum(index < self.rows for index in mask.details)


def open_split(spec: DataSpec, root: Path, role: str) -> Split:
    """One split, as far as the experiment uses it. Raises `EvalError`."""
    name = {"train": spec.train, "dev": spec.dev, "test": spec.test}[role]
    limit = {"train": spec.train_rows, "dev": spec.test_rows, "test": spec.test_rows}[role]
    try:
        dataset = open_dataset(spec.name, root, name, **spec.options)
    except DatasetError as error:
        raise EvalError(str(error)) from None
    kept: list[tuple[int, Sample]] = []
    faults = 0
    for position, row in enumerate(dataset):
        if limit is not None and position >= limit:
            break
        if isinstance(row, Fault):
            faults += 1
        else:
            kept.append((position, row))
    if not kept:
        raise EvalError(f"{spec.name}/{name} has no row that can be read.")
    if not dataset.labels or not any(sample.labels for _, sample in kept):
        raise EvalError(
            f"{spec.name}/{name} in {root} has no labels, so nothing can be classified; experiments need labelled data."
        )
    positions = np.array([position for position, _ in kept], dtype=np.int64)
    return Split(role, dataset, tuple(sample for _, sample in kept), positions, faults, dataset.labels)


def with_common_classes(splits: Mapping[str, Split]) -> dict[str, Split]:
    """The splits with the classes of all of them: a form that finds its labels in the rows finds others in each."""
    classes = tuple(dict.fromkeys(label for split in splits.values() for label in split.classes))
    return {role: replace(split, classes=classes) for role, split in splits.items()}


def check_leaks(splits: Sequence[Split], allow: bool) -> list[LeakReport]:
    """Training against the others. Raises `EvalError` for a leak that was not asked for."""
    train, *others = splits
    reports = [leak_report(_used(train), _used(other)) for other in others]
    leaking = [report for report in reports if report.leaks]
    if leaking and not allow:
        raise EvalError(
            f"{' '.join(report.summary() for report in leaking)} Give --allow-leaks to go on; "
            "the results are then marked."
        )
    return reports


def classes_without_positive(split: Split) -> list[str]:
    """Labels that no row of the split has."""
    counts = split.labels.sum(axis=0).tolist()
    return [label for label, count in zip(split.classes, counts, strict=True) if not count]


def _used(split: Split) -> Dataset:
    return First(split.dataset, split.rows)
