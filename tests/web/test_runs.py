"""A run folder that changes while it is browsed: every record is the one that was asked for."""

import time
from pathlib import Path

import pytest
from web_helpers import PATIENCE

from agent.browser.replies import Refused
from agent.browser.runs import Run, Runs
from agent.manifest import Manifest, describe_run
from agent.store import RunFolder
from data.record import Candidate, Failure, Record
from data.sample import Domain, Modality


def manifest() -> Manifest:
    return describe_run(
        identity={}, command=["run"], settings={}, data={}, mask={}, models={}, prompts={}, warnings=[]
    )


def record(name: str, failed: bool = False) -> Record:
    candidate = Candidate(index=0, subject="s", description="d" * 400, text=f"text of {name}", seed=1)
    return Record(
        sample_id=name,
        index=int(name[1:]),
        status="failed" if failed else "completed",
        domain=Domain.GENERAL,
        missing=Modality.TEXT,
        candidates=[] if failed else [candidate],
        chosen=None if failed else 0,
        failure=Failure(stage="read", problem="no") if failed else None,
    )


def read(runs: Runs) -> Run:
    """The only run, listed as far as it goes."""
    run = runs.get(runs.listed()[0]["key"])
    run.refresh()
    wait_for(run)
    return run


def wait_for(run: Run) -> None:
    end = time.monotonic() + PATIENCE
    while not run.listing.whole:
        assert time.monotonic() < end
        time.sleep(0.01)


def found(run: Run) -> dict[str, str]:
    """Status by id as it is listed, where the record behind each row is its own."""
    assert [run.record(row.row["id"]).sample_id for row in run.listing.rows] == [
        row.row["id"] for row in run.listing.rows
    ]
    return {row.row["id"]: row.row["status"] for row in run.listing.rows}


async def test_a_failure_that_was_done_again_leaves_no_record_in_anothers_place(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run", manifest()) as folder:
        await folder.append(record("s0", failed=True))
        for number in range(1, 4):
            await folder.append(record(f"s{number}"))
    size = (tmp_path / "run" / "records.jsonl").stat().st_size
    runs = Runs((tmp_path,))
    assert found(read(runs)) == {"s0": "failed", "s1": "completed", "s2": "completed", "s3": "completed"}
    with RunFolder.open(tmp_path / "run", manifest(), retry_failed=True) as folder:
        await folder.append(record("s0"))
    assert (tmp_path / "run" / "records.jsonl").stat().st_size > size, "its size tells nothing"
    assert found(read(runs)) == dict.fromkeys(("s1", "s2", "s3", "s0"), "completed")


async def test_a_run_that_goes_on_is_not_read_anew(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run", manifest()) as folder:
        await folder.append(record("s0"))
        runs = Runs((tmp_path,))
        before = read(runs)
        await folder.append(record("s1"))
        assert read(runs) is before and list(found(before)) == ["s0", "s1"]


async def test_a_record_in_anothers_place_is_refused_and_then_found(tmp_path: Path) -> None:
    """Two failures that failed again alike, in another order: only their own ids tell."""
    with RunFolder.open(tmp_path / "run", manifest()) as folder:
        for number in range(3):
            await folder.append(record(f"s{number}", failed=True))
    runs = Runs((tmp_path,))
    run = read(runs)
    path = tmp_path / "run" / "records.jsonl"
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(second + first + third)
    with pytest.raises(Refused, match="in another place now") as caught:
        run.record("s0")
    assert caught.value.status == 409
    assert list(found(read(runs))) == ["s1", "s0", "s2"]


async def test_a_file_that_is_replaced_between_two_looks_is_not_listed_on(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run", manifest()) as folder:
        await folder.append(record("s0", failed=True))
        await folder.append(record("s1"))
    runs = Runs((tmp_path,))
    run = read(runs)
    path = tmp_path / "run" / "records.jsonl"
    path.write_bytes(
        b"".join(record(f"s{number}").model_dump_json().encode() + b"\n" for number in (1, 0, 2))
    )
    run.listing.start(again=True)
    wait_for(run)
    assert list(found(read(runs))) == ["s1", "s0", "s2"] and len(run.listing.rows) == 2


async def test_a_record_that_is_not_read_yet_is_not_said_to_be_absent(tmp_path: Path) -> None:
    with RunFolder.open(tmp_path / "run", manifest()) as folder:
        await folder.append(record("s0"))
    runs = Runs((tmp_path,))
    run = runs.get(runs.listed()[0]["key"])
    with pytest.raises(Refused, match="still being read"):
        run.record("s0")
    with pytest.raises(Refused, match="has no record of 's9'"):
        read(runs).record("s9")
