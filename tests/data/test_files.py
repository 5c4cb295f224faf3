"""Paths never leave their root, whatever a metadata file says."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files import BadRow, clean_text, confined, file_name, walk

PART = st.sampled_from(
    ["..", ".", "a", "b", "up", "loop", "out", "", "x.png", "~", "%2e%2e", "\\..", "..\\", "a\x00", "\ud800"]
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("confined")
    (base / "root" / "a" / "b").mkdir(parents=True)
    (base / "root" / "up").symlink_to("..")
    (base / "root" / "a" / "out").symlink_to("/etc")
    (base / "root" / "loop").symlink_to("loop")
    return base / "root"


@given(parts=st.lists(PART, min_size=1, max_size=6), absolute=st.booleans())
def test_a_path_stays_inside_or_is_refused(root: Path, parts: list[str], absolute: bool) -> None:
    name = "/" * absolute + "/".join(parts)
    try:
        path = confined(root, name, "row 1")
    except BadRow as problem:
        assert str(problem).startswith("row 1: ") and "\n" not in str(problem) and str(problem).isprintable()
    else:
        assert Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


@given(st.text(max_size=30))
def test_any_text_as_a_path_stays_inside_or_is_refused(root: Path, name: str) -> None:
    with contextlib.suppress(BadRow):
        assert os.path.realpath(confined(root, name, "row")).startswith(os.path.realpath(root))


@given(st.lists(st.text(max_size=20), unique=True, max_size=20))
def test_file_names_are_distinct_and_plain(names: list[str]) -> None:
    made = [file_name(name) for name in names]
    assert len(set(made)) == len(names) and max(map(len, made), default=0) <= 240
    assert all("/" not in name and "\x00" not in name and name not in (".", "..") for name in made)


@given(st.text(max_size=50))
def test_clean_text_is_stripped_or_none(text: str) -> None:
    try:
        cleaned = clean_text(text, "row")
    except BadRow:
        assert "\x00" in text
    else:
        assert cleaned == (text.strip() or None)


def test_file_names_of_long_ids_are_short_and_distinct() -> None:
    long = [end + "字" * 199 for end in "ab"] + ["字" * 199 + end for end in "ab"]
    made = [file_name(name) for name in long]
    assert len(set(made)) == 4 and all(len(name) <= 240 and name.isascii() for name in made)
    assert file_name("films/Amélie 2") == "films%2FAm%E9lie%202", "short names stay what they were"
    assert file_name("字") != file_name("[57"), "as many digits as a character needs would be ambiguous"


def test_walk_passes_over_what_runs_sessions_and_experiments_write(tmp_path: Path) -> None:
    for made in ("runs/a/manifest.json", "runs/a/records.jsonl", "runs/a/blobs/ab/x.jpg", "s/session.json"):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
    for other in ("s/.lock", "s/blobs/y.jpg", "cats/2.jpg", "cats/1.jpg", "cats/manifest.json", "0.jpg"):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).touch()
    found = [f"{folder.relative_to(tmp_path)}/{name}" for folder, files in walk(tmp_path) for name in files]
    assert found == ["./0.jpg", "cats/1.jpg", "cats/2.jpg", "cats/manifest.json"]
    run = tmp_path / "runs" / "a"
    assert next(walk(run))[0] == run, "a folder that is asked for is walked, whatever it is"
