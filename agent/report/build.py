"""From a run folder to `report.html`, in two passes that hold a row per sample and never all records."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.errors import StoreError
from agent.files import store_error, write_atomic
from agent.report.digest import Row, detail, row
from agent.report.page import render
from agent.report.summary import Tally, summarise
from data.record import Record

MANIFEST = "manifest.json"
RECORDS = "records.jsonl"
REPORT = "report.html"
CHUNK = 100
"""Samples per compressed piece: the page unpacks only the pieces that are looked at or searched."""


@dataclass(frozen=True)
class Place:
    """Where in `records.jsonl` a record begins, and what the list of samples says about it."""

    offset: int
    row: Row


def write_report(run_folder: Path) -> Path:
    """Write `report.html` into the run folder and return its path; a run that still works may be reported too.

    Lines of `records.jsonl` that are not records are left out, and the page says how many. Pictures are referenced
    in `blobs/`, so the file belongs into its folder.

    Raises:
        StoreError: the folder has no readable manifest, or cannot be written.
    """
    manifest = _read_manifest(run_folder / MANIFEST)
    records = run_folder / RECORDS
    try:
        places, tally, unreadable = _survey(records)
        places.sort(key=lambda place: (place.row["index"], place.row["id"]))
        rows = [place.row for place in places]
        summary = {**summarise(manifest, tally, run_folder.resolve().name, unreadable), "chunk": CHUNK}
        path = run_folder / REPORT
        write_atomic(path, render(summary, rows, _chunks(records, places)))
    except OSError as error:
        raise store_error(error, run_folder) from error
    return path


def _read_manifest(path: Path) -> dict[str, Any]:
    """As plain JSON and not as `Manifest`: a report of an older run should still be possible."""
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise StoreError(f"{path.parent} is not a run folder: it has no {path.name}") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read {path}: {error}") from None
    if not isinstance(manifest, dict):
        raise StoreError(f"{path} must hold a JSON object")
    return manifest


def _survey(records: Path) -> tuple[list[Place], Tally, int]:
    """A row per sample (its first record, should it have two), the sums, and how many lines were not records."""
    places: dict[str, Place] = {}
    tally = Tally()
    unreadable = offset = 0
    if not records.exists():
        return [], tally, 0
    with records.open("rb") as lines:
        for line in lines:
            try:
                record = Record.model_validate_json(line)
            except ValidationError:
                unreadable += 1
            else:
                if record.sample_id not in places:
                    places[record.sample_id] = Place(offset, row(record))
                    tally.add(record)
            offset += len(line)
    return list(places.values()), tally, unreadable


def _chunks(records: Path, places: Sequence[Place]) -> Iterator[list[dict[str, Any]]]:
    if not places:
        return
    with records.open("rb") as lines:
        for start in range(0, len(places), CHUNK):
            chunk = []
            for place in places[start : start + CHUNK]:
                lines.seek(place.offset)
                chunk.append(detail(Record.model_validate_json(lines.readline())))
            yield chunk
