"""What follows the last sample: the data set written back without holes, and the report."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from agent.errors import StoreError
from agent.files import store_error
from agent.store import read_records
from data.completed import Completion, write
from data.files import BadRow, DatasetError
from data.sample import Dataset

COMPLETED = "completed"
TABLE = "parquet"


def write_completed(folder: Path, view: Dataset) -> list[str]:
    """Make `completed/` anew: the data set in its own layout, and `completed/parquet/` for `datasets.load_dataset`.

    Built beside its place and then swapped in, so that what lies there is always whole. Returns notes.

    Raises:
        StoreError: the disk is full or gone.
    """
    from data.table import write_table

    building, old = folder / f".{COMPLETED}.new", folder / f".{COMPLETED}.old"
    completions = completions_of(folder)
    try:
        for leftover in (building, old):
            shutil.rmtree(leftover, ignore_errors=True)
        try:
            notes = write(view, building, completions, taken=(TABLE,))
        except (DatasetError, BadRow) as error:
            building.mkdir(parents=True, exist_ok=True)
            notes = [str(error)]
        notes += write_table(view, building / TABLE, completions)
        if (folder / COMPLETED).exists():
            (folder / COMPLETED).rename(old)
        building.rename(folder / COMPLETED)
    except OSError as error:
        raise store_error(error, folder) from error
    finally:
        with suppress(OSError):
            shutil.rmtree(building, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
    return list(dict.fromkeys(notes))


def completions_of(folder: Path) -> Mapping[str, Completion]:
    """The chosen candidate of every completed sample, by sample id."""
    found: dict[str, Completion] = {}
    for record in read_records(folder):
        if record.chosen is None:
            continue
        chosen = record.candidates[record.chosen]
        found[record.sample_id] = Completion(
            text=chosen.text,
            image=folder / chosen.image.path if chosen.image else None,
            quality=chosen.scores.quality,
        )
    return found


def write_report(folder: Path) -> Path:
    """`report.html`. Raises `StoreError`."""
    from agent.report import write_report

    try:
        return write_report(folder)
    except OSError as error:
        raise store_error(error, folder) from error


__all__ = ["StoreError", "completions_of", "write_completed", "write_report"]
