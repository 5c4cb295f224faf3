"""Views of a data set: with a missing mask applied, or only its first samples. A view is a data set again."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from data.files import DatasetError
from data.missing import Mask
from data.sample import Dataset, Fault, Sample


class View:
    """What all views share: everything but the samples is the viewed data set's own."""

    def __init__(self, base: Dataset) -> None:
        self.base = base
        self.source: Dataset = getattr(base, "source", base)
        """The reader underneath, which knows how to write the form."""
        self.name, self.split, self.root = base.name, base.split, base.root
        self.domain, self.text_form, self.labels = base.domain, base.text_form, base.labels
        self.notes = base.notes

    def __len__(self) -> int:
        return len(self.base)

    def __iter__(self) -> Iterator[Sample | Fault]:
        return iter(self.base)

    def fingerprint(self) -> str:
        """The viewed data set's: a mask and a limit are settings of a run, not data."""
        return self.base.fingerprint()


class Masked(View):
    """A data set whose samples lack what a mask takes from them. Raises `DatasetError` if the lengths differ."""

    def __init__(self, base: Dataset, mask: Mask) -> None:
        super().__init__(base)
        if mask.total != len(base):
            raise DatasetError(
                f"The mask is for {mask.total:,} samples and {base.name}/{base.split} has {len(base):,}; "
                "make one with python -m data.missing --n " + str(len(base)) + "."
            )
        self.mask = mask

    def __iter__(self) -> Iterator[Sample | Fault]:
        return (visible for visible, _ in pairs(self))


class First(View):
    """The first `limit` rows of a data set."""

    def __init__(self, base: Dataset, limit: int) -> None:
        super().__init__(base)
        self.limit = limit

    def __len__(self) -> int:
        return min(self.limit, len(self.base))

    def __iter__(self) -> Iterator[Sample | Fault]:
        return islice(iter(self.base), self.limit)


def pairs(dataset: Dataset) -> Iterator[tuple[Sample | Fault, Sample | Fault]]:
    """(what may be seen, what is really there) of every row: the second is the ground truth of a simulated mask."""
    if isinstance(dataset, First):
        yield from islice(pairs(dataset.base), dataset.limit)
    elif isinstance(dataset, Masked):
        for index, (visible, truth) in enumerate(pairs(dataset.base)):
            yield (hidden(visible, dataset.mask, index) if isinstance(visible, Sample) else visible), truth
    else:
        for row in dataset:
            yield row, row


def hidden(sample: Sample, mask: Mask, index: int) -> Sample:
    """The sample without what the mask takes from row `index`."""
    present = mask.present(index)
    update: dict[str, Any] = {}
    if not present.text:
        update["text"] = None
    if not present.image:
        update["image"] = None
    return sample.model_copy(update=update) if update else sample
