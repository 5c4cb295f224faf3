"""The run folder by itself: append, resume, repair."""

import errno
import json
import os

import pytest

from agent import files
from agent.blobs import BlobStore
from agent.errors import StoreError, UsageError
from agent.manifest import describe_run
from agent.store import RunFolder, read_records
from data.record import Blob, Candidate, Failure, Record
from data.sample import Domain


def manifest(**identity):
    return describe_run(
        identity=identity, command=["run"], settings={}, data={}, mask={}, models={}, prompts={}, warnings=[]
    )


def record(name, index=0, failed=False, image=None):
    return Record(
        sample_id=name,
        index=index,
        status="failed" if failed else "completed",
        domain=Domain.GENERAL,
        missing=None,
        candidates=[Candidate(index=0, subject="s", description="d", seed=1, image=image)] if image else [],
        failure=Failure(stage="read", problem="no") if failed else None,
    )


async def test_resume_knows_what_is_done(tmp_path):
    with RunFolder.open(tmp_path / "run", manifest(a=1)) as folder:
        await folder.append(record("x", 3))
        await folder.append(record("y", 4, failed=True))
    with RunFolder.open(tmp_path / "run", manifest(a=1)) as folder:
        assert {name: (one.index, one.status) for name, one in folder.done.items()} == {
            "x": (3, "completed"),
            "y": (4, "failed"),
        }
        assert len(folder.manifest.sessions) == 2
        with pytest.raises(ValueError, match="x has a record"):
            await folder.append(record("x"))


@pytest.mark.parametrize(
    "torn", [b'{"sample_id": "z"', b"{", b'{"sample_id": "z", "text": "' + b"x" * 200_000]
)
async def test_torn_last_line_is_cut_off(tmp_path, torn):
    with RunFolder.open(tmp_path, manifest()) as folder:
        await folder.append(record("x"))
    whole = (tmp_path / "records.jsonl").read_bytes()
    (tmp_path / "records.jsonl").write_bytes(whole + torn)
    with RunFolder.open(tmp_path, manifest()) as folder:
        assert list(folder.done) == ["x"] and any("cut short" in note for note in folder.notes)
        await folder.append(record("z"))
    assert [one.sample_id for one in read_records(tmp_path)] == ["x", "z"]


async def test_damaged_lines_and_lost_pictures_are_done_again(tmp_path):
    with RunFolder.open(tmp_path, manifest()) as folder:
        kept = await folder.blobs.put(b"kept", "image/png")
        lost = await folder.blobs.put(b"lost", "image/png")
        for name, image in (("a", kept), ("b", lost), ("c", None)):
            await folder.append(record(name, image=image))
    (tmp_path / lost.path).write_bytes(b"")
    lines = (tmp_path / "records.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "records.jsonl").write_bytes(lines[0] + lines[1] + b"\0" * 40 + b"\n" + lines[2] + lines[0])
    with RunFolder.open(tmp_path, manifest()) as folder:
        assert set(folder.done) == {"a", "c"}
    assert [one.sample_id for one in read_records(tmp_path)] == ["a", "c"]
    assert len((tmp_path / "retried.jsonl").read_bytes().splitlines()) == 3


async def test_failed_samples_are_tried_again_only_on_request(tmp_path):
    with RunFolder.open(tmp_path, manifest()) as folder:
        await folder.append(record("x"))
        await folder.append(record("y", failed=True))
    with RunFolder.open(tmp_path, manifest()) as folder:
        assert set(folder.done) == {"x", "y"}
    with RunFolder.open(tmp_path, manifest(), retry_failed=True) as folder:
        assert set(folder.done) == {"x"}
        await folder.append(record("y"))
    assert [one.status for one in read_records(tmp_path)] == ["completed", "completed"]


def test_one_run_at_a_time(tmp_path):
    another = rf"process {os.getpid()} on .* is working in"
    with RunFolder.open(tmp_path, manifest()), pytest.raises(StoreError, match=another):
        RunFolder.open(tmp_path, manifest())
    RunFolder.open(tmp_path, manifest()).close()


def test_other_identity_is_named(tmp_path):
    RunFolder.open(tmp_path, manifest(method={"candidates": 5}, prompts="a" * 64)).close()
    with pytest.raises(StoreError) as caught:
        RunFolder.open(tmp_path, manifest(method={"candidates": 3}, prompts="b" * 64))
    assert "method.candidates was 5 and is now 3; prompts was aaaaaaaaaaaa... and is now bbbb" in str(
        caught.value
    )
    RunFolder.open(tmp_path, manifest(method={"candidates": 5}, prompts="a" * 64)).close()


def test_disk_that_is_full_at_the_first_start_is_no_strange_folder(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("agent.store.write_atomic", full)
    with pytest.raises(StoreError, match="give the same command again"):
        RunFolder.open(tmp_path, manifest())
    monkeypatch.undo()
    assert (tmp_path / "records.jsonl").read_bytes() == b""
    RunFolder.open(tmp_path, manifest()).close()


def test_records_without_a_manifest_are_left_alone(tmp_path):
    (tmp_path / "records.jsonl").write_text("mine")
    with pytest.raises(StoreError, match="is not a run folder"):
        RunFolder.open(tmp_path, manifest())
    assert (tmp_path / "records.jsonl").read_text() == "mine"


def test_damaged_manifest_is_one_sentence(tmp_path):
    RunFolder.open(tmp_path, manifest()).close()
    (tmp_path / "manifest.json").write_text('{"format": 2}')
    with pytest.raises(StoreError, match="not a manifest of this version"):
        RunFolder.open(tmp_path, manifest())


async def test_append_that_fails_leaves_whole_lines(tmp_path, monkeypatch):
    """A disk that takes half a line and then no more."""
    with RunFolder.open(tmp_path, manifest()) as folder:
        await folder.append(record("x"))
        write = os.write
        left = [100]

        def full(handle, data):
            if left[0] == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            taken, left[0] = data[: left[0]], 0
            return write(handle, taken)

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StoreError, match="the disk is full"):
            await folder.append(record("y"))
        monkeypatch.undo()
        with pytest.raises(
            StoreError, match="the disk is full"
        ):  # for good: what follows would be lost as well
            await folder.append(record("z"))
    assert [one.sample_id for one in read_records(tmp_path)] == ["x"]


async def test_sample_whose_picture_could_not_be_written_is_not_recorded(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with RunFolder.open(tmp_path, manifest()) as folder:
        monkeypatch.setattr("agent.blobs.write_atomic", full)
        with pytest.raises(StoreError):
            await folder.blobs.put(b"p", "image/png")
        monkeypatch.undo()
        with pytest.raises(StoreError, match="the disk is full"):
            await folder.append(record("x"))


async def test_blobs_are_stored_once_by_content(tmp_path):
    blobs = BlobStore(tmp_path)
    first, second = await blobs.put(b"p", "image/png"), await blobs.put(b"p", "image/png")
    assert first == second and await blobs.get(first) == b"p"
    assert first.path == f"blobs/{first.sha256[:2]}/{first.sha256}.png"
    assert not blobs.holds(Blob(sha256="0" * 64, media_type="image/png", size=1))


def test_atomic_write_leaves_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write_atomic(path, b"old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError):
        files.write_atomic(path, b"new", durable=True)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_folder_in_the_cache_that_cannot_be_made_is_one_sentence(tmp_path):
    assert files.make_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(
        UsageError, match=r"cannot write in .*/file/b: Not a directory; name another folder with"
    ):
        files.make_folder(tmp_path / "file" / "b")


def test_manifest_is_plain_json_with_sessions(tmp_path):
    RunFolder.open(tmp_path, manifest(a=1)).close()
    written = json.loads((tmp_path / "manifest.json").read_text())
    assert written["identity"] == {"a": 1} and len(written["fingerprint"]) == 64
    assert written["packages"]["pydantic"] and written["machine"]["cores"] >= 1
    assert written["sessions"][0]["outcome"] == "running"
