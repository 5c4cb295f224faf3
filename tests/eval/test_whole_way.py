"""From a run folder to the page, through the command: features, cells, tables, plots, resume, a broken cell."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from eval.run import main

MINE = {
    "title": "A tiny experiment",
    "question": "Does it go all the way?",
    "rates": [0.3, 0.5],
    "seeds": 2,
    "resamples": 40,
    "runs": {"full": {"candidates": 2}, "other": {"lmm": "absent", "lmm-url": "gopher://nowhere"}},
    "heads": {"linear": {"epochs": 40, "learning_rate": 1e-2}},
    "methods": [
        "complete", "remove", "mean",
        {"method": "bridger", "name": "Knowledge Bridger", "run": "full"},
        {"method": "bridger", "name": "N = 1", "run": "full", "among": 1},
        {"method": "bridger", "name": "N = 2", "run": "full", "among": 2},
        {"method": "bridger", "name": "gone", "run": "other"},
    ],
    "ranking": ["full"],
    "views": ["rates", "bars", "candidates", "cost"],
    "published": [
        {"dataset": "mmimdb", "method": "Knowledge Bridger", "rate": 0.5, "macro_f1": 55.5, "map": 61.8},
        {"dataset": "mmimdb", "method": "only published", "rate": 0.5, "macro_f1": 12.3},
    ],
}  # fmt: skip


@pytest.fixture
def experiment(films: Path, clip: str, tmp_path: Path) -> Callable[..., Path]:
    def write(**change: object) -> Path:
        path = tmp_path / "tiny.yaml"
        content = {**MINE, "data": [{"name": "mmimdb", "root": str(films)}], "encoders": [clip], **change}
        path.write_text(yaml.safe_dump(content))
        return path

    return write


def test_the_whole_way(
    experiment: Callable[..., Path],
    make_run: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [make_run(rate, f"run{rate}", miniature=True) for rate in (0.3, 0.5)]
    out = tmp_path / "results"
    words = [str(experiment()), "--out", str(out), "--workers", "0", *(f"--run=full={run}" for run in runs)]
    assert main(words) == 1  # one line cannot be completed
    first = capsys.readouterr().out
    assert "22 cells, 0 of them known" in first and "broken: gone:" in first
    folder = out / "tiny"

    frame = pd.read_parquet(folder / "cells.parquet")
    csv = pd.read_csv(folder / "cells.csv")
    assert len(frame) == len(csv) and list(frame.columns) == list(csv.columns)
    assert set(frame["line"]) == {"complete", "remove", "mean", "Knowledge Bridger", "N = 1", "N = 2", "gone"}
    assert frame["miniature"].all()
    broken = frame[frame["status"] == "broken"]
    assert set(broken["line"]) == {"gone"} and len(broken) == 2 and broken["problem"].str.len().min() > 20
    scores = frame[(frame["metric"] == "macro_f1") & frame["label"].isna()].groupby("line")["value"].mean()
    assert scores["complete"] > 90 and scores["Knowledge Bridger"] > 90  # colours are told apart by any CLIP
    assert set(frame[frame["metric"] == "f1"]["label"]) >= {"Action", "Drama", "Comedy", "Horror"}

    page = (folder / "index.html").read_text()
    _reads_alone(page)
    assert "22 of" not in page and "broken" in page and "only published" in page
    tables = {path.name: path.read_text() for path in (folder / "tables").iterdir()}
    plots = [path for path in (folder / "plots").iterdir()]
    assert {path.suffix for path in plots} == {".svg", ".png"} and len(plots) == 10
    for name, text in tables.items():
        assert "MINIATURE" in text, name
    for path in plots:
        assert path.suffix == ".png" or "MINIATURE" in path.read_text(), path.name
    main_table = next(
        text for name, text in tables.items() if name.startswith("01-main") and name.endswith(".md")
    )
    gone = next(line for line in main_table.splitlines() if line.startswith("| gone"))
    assert gone.count("broken") == 10 and "*55.5*" in main_table and "| only published |" in main_table

    assert main(words) == 1
    assert "22 cells, 22 of them known" in capsys.readouterr().out
    again = pd.read_parquet(folder / "cells.parquet")
    pd.testing.assert_frame_equal(frame, again)


def test_one_run_serves_all_rates_of_nested_masks(
    experiment: Callable[..., Path],
    make_run: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    methods = [
        "remove",
        {"method": "bridger", "run": "full"},
        {"method": "bridger", "name": "twice", "run": "full"},
    ]
    mine = experiment(mask={"nested": True}, methods=methods, ranking=[], published=[], seeds=1)
    words = [str(mine), "--out", str(tmp_path / "r"), "--workers", "0"]
    assert main([*words, f"--run=full={make_run(0.5, 'released')}"]) == 2
    assert "hid other modalities" in capsys.readouterr().err
    assert main([*words, f"--run=full={make_run(0.5, 'nested', nested=True)}"]) == 0
    assert "4 cells, 0 of them known" in capsys.readouterr().out  # two lines are the same cells
    frame = pd.read_parquet(tmp_path / "r" / "tiny" / "cells.parquet")
    used = frame[frame["metric"] == "trained_on"].set_index(["line", "rate"])["value"].to_dict()
    assert used == {
        ("remove", 0.3): 28, ("remove", 0.5): 20, ("bridger run=full", 0.3): 40, ("bridger run=full", 0.5): 40,
        ("twice", 0.3): 40, ("twice", 0.5): 40,
    }  # fmt: skip
    against = next((tmp_path / "r" / "tiny" / "tables").glob("*difference-macro_f1-*.md")).read_text()
    assert "| remove |" in against and "| twice |" not in against


def test_a_run_folder_of_another_data_set_is_refused(
    experiment: Callable[..., Path],
    make_run: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = experiment(methods=["remove", {"method": "bridger", "run": "full"}], ranking=[], published=[])
    words = [str(mine), "--out", str(tmp_path / "results")]
    for folder, said in (
        (make_run(0.5, "coco", name="coco"), "is of coco, this experiment is of mmimdb"),
        (make_run(0.5, "half"), "hid other modalities"),
        (tmp_path, "is no run folder"),
    ):
        assert main([*words, f"--run=full={folder}"]) == 2
        assert said in capsys.readouterr().err


def test_dev_and_test_can_be_masked_too(
    experiment: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = experiment(
        methods=["complete", "remove", "ridge"], ranking=[], published=[], rates=[0.5], seeds=1, runs={}
    )
    assert main([str(mine), "--out", str(tmp_path / "r"), "--test-rate", "0.6", "--workers", "0"]) == 0
    capsys.readouterr()
    page = (tmp_path / "r" / "tiny" / "index.html").read_text()
    assert "mixed, rate 0.6" in page
    frame = pd.read_parquet(tmp_path / "r" / "tiny" / "cells.parquet")
    assert set(frame["status"]) == {"done"} and set(frame["line"]) == {"complete", "remove", "ridge"}
    cells = [json.loads(path.read_text()) for path in (tmp_path / "r" / "cache" / "cells").glob("*.json")]
    notes = [note for cell in cells for note in cell["notes"]]
    assert sorted(notes) == [
        "12 rows of test were classified with zeros for what they miss",
        "7 rows of dev were classified with zeros for what they miss",
    ]


def _reads_alone(page: str) -> None:
    """Nothing is fetched, nothing is run, and both colour schemes are there."""
    assert not re.search(r"<script|<link|<img|@import|src=|url\((?!#)", page)
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", page))
    names = (
        "w3.org",
        "matplotlib.org",
        "purl.org",
        "creativecommons.org",
    )  # of vocabularies, not to be fetched
    assert all(any(name in each for name in names) for each in addresses)
    assert "prefers-color-scheme: dark" in page and "currentColor" in page
    assert page.count("<svg") == 5 and "#0a0b0c" not in page
