"""`python -m tools.kgc train` and `evaluate`, as somebody uses them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from kgc_toys import random_graph

from tools.kgc.command import main
from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph

ROOT = Path(__file__).resolve().parents[2]
QUICK = [
    *(
        "--dimension",
        "4",
        "--margin",
        "3",
        "--batch-size",
        "32",
        "--negatives",
        "3",
        "--learning-rate",
        "0.02",
    ),
    *("--epochs", "4", "--validate-every", "2", "--hidden", "8", "--threads", "1"),
]


def write_tables(folder: Path, graph: KnowledgeGraph) -> Path:
    folder.mkdir()
    for split in ("train", "valid", "test"):
        rows = [
            f"{graph.entities[h]}\t{graph.relations[r]}\t{graph.entities[t]}\n"
            for h, r, t in getattr(graph, split).tolist()
        ]
        (folder / f"{split}.tsv").write_text("".join(rows))
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_tables(tmp_path / "data", random_graph(n=30, relations=3, triples=120, seed=0))


@pytest.fixture
def features(tmp_path: Path, data: Path) -> Path:
    """For every entity; two rows are NaN throughout: those lack the modality."""
    from tools.kgc.reading import read_graph

    rows = np.random.default_rng(0).normal(size=(len(read_graph(data).entities), 5)).astype(np.float32)
    rows[[1, 3]] = np.nan
    np.save(tmp_path / "pictures.npy", rows)
    return tmp_path / "pictures.npy"


def test_train_then_evaluate(
    data: Path, features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    status = main(
        [
            "train",
            str(data),
            "--out",
            str(run),
            "--features",
            f"visual={features}",
            "--synthetic",
            "6",
            *QUICK,
        ]
    )
    out = capsys.readouterr()
    assert status == 0, out.err
    assert "SYNTHETIC" in out.out and "validation MRR" in out.err
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["outcome"] == "complete"
    assert [figures["epoch"] for figures in manifest["epochs"]] == [1, 2, 3, 4]
    assert manifest["epochs"][1]["mrr"] is not None and manifest["epochs"][0]["mrr"] is None
    assert manifest["settings"]["dimension"] == 4 and manifest["packages"]["torch"]
    assert [(m["name"], m["synthetic"]) for m in manifest["modalities"]] == [
        ("visual", False),
        ("synthetic", True),
    ]
    assert main(["evaluate", str(run), "--per-relation"]) == 0
    out = capsys.readouterr()
    assert "realistic" in out.out and "optimistic" in out.out and "not comparable" in out.out
    figures = json.loads((run / "evaluation-test.json").read_text())
    assert figures["realistic"]["both"]["count"] == 2 * 12
    assert set(figures["relations"]) <= {"r0", "r1", "r2"}


@pytest.mark.parametrize(
    ("flags", "modalities", "adversarial"),
    [
        ([], ("visual", "synthetic"), True),
        (["--no-mat"], ("visual", "synthetic"), False),
        (["--without", "visual"], ("synthetic",), True),
        (["--structure-only"], (), True),
    ],
)
def test_ablations_are_one_flag_each(
    data: Path,
    features: Path,
    tmp_path: Path,
    flags: list[str],
    modalities: tuple[str, ...],
    adversarial: bool,
) -> None:
    run = tmp_path / "run"
    given = ["--features", f"visual={features}", "--synthetic", "6"]
    assert main(["train", str(data), "--out", str(run), *given, *QUICK, *flags]) == 0
    model = FittedModel.load(run)
    assert model.modalities == modalities
    assert model.settings["adversarial"] is adversarial


def test_equal_weights_by_flag(data: Path, features: Path, tmp_path: Path) -> None:
    given = ["--features", f"visual={features}", "--no-fusion-weights"]
    assert main(["train", str(data), "--out", str(tmp_path / "run"), *given, *QUICK]) == 0
    assert set(np.unique(FittedModel.load(tmp_path / "run").weights)) == {0.0, 0.5, 1.0}


def test_missing_rate_hides_that_share(data: Path, features: Path, tmp_path: Path) -> None:
    for rate, hidden in (("0", 0), ("0.5", 14)):
        run = tmp_path / rate
        given = ["--features", f"visual={features}", "--missing-rate", rate]
        assert main(["train", str(data), "--out", str(run), *given, *QUICK]) == 0
        lacking = (FittedModel.load(run).weights[:, 1] == 0).sum()
        assert lacking == 2 + hidden


def test_hold_out_makes_a_validation_and_is_remembered(data: Path, tmp_path: Path) -> None:
    (data / "valid.tsv").unlink()
    run = tmp_path / "run"
    assert main(["train", str(data), "--out", str(run), "--hold-out", "0.2", *QUICK]) == 0
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["data"]["valid"] > 0 and "best" in manifest
    assert main(["evaluate", str(run), "--split", "valid"]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["DATA"], "--out"),
        (["DATA", "--out", "RUN", "--dimension", "0"], "dimension must be at least 1"),
        (["DATA", "--out", "RUN", "--features", "visual=absent.npy"], "no file absent.npy"),
        (["DATA", "--out", "RUN", "--mask", "visual=mask.npy"], "mask for visual"),
        (["DATA", "--out", "RUN", "--without", "sound"], "no modality 'sound'"),
        (["DATA", "--out", "RUN", "--missing-rate", "2", "--synthetic"], "between 0 and 1"),
        (["DATA", "--out", "RUN", "--device", "abacus"], "abacus"),
        (["DATA", "--out", "RUN", "--threads", "0"], "--threads"),
        (["DATA", "--out", "DATA"], "not empty"),
        (["DATA", "--resume", "RUN"], "no graph and no --out"),
        (["--resume", "RUN"], "manifest.json"),
        (["NOWHERE", "--out", "RUN"], "NOWHERE"),
    ],
)
def test_wrong_usage_is_one_sentence(
    data: Path, tmp_path: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"DATA": str(data), "RUN": str(tmp_path / "run")}
    assert main(["train", *(places.get(word, word) for word in arguments)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and sentence in err
    assert not (tmp_path / "run").exists()


def test_evaluate_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path)]) == 2
    assert "no fitted model" in capsys.readouterr().err


def test_changed_data_are_noticed_on_resume(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["train", str(data), "--out", str(run), *QUICK]) == 0
    lines = (data / "train.tsv").read_text().splitlines()
    (data / "train.tsv").write_text("\n".join(lines[:-1]) + "\n")
    assert main(["train", "--resume", str(run), "--epochs", "6"]) == 2
    assert "have changed" in capsys.readouterr().err


def test_more_epochs_for_a_finished_run(data: Path, tmp_path: Path) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    assert main(["train", str(data), "--out", str(short), *QUICK]) == 0
    assert main(["train", "--resume", str(short), "--epochs", "8"]) == 0
    assert main(["train", str(data), "--out", str(long), *QUICK, "--epochs", "8"]) == 0
    np.testing.assert_array_equal(FittedModel.load(short).embedding, FittedModel.load(long).embedding)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_saves_and_says_how_to_go_on(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = [*QUICK, "--epochs", "100000", "--validate-every", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.kgc", "train", str(data), "--out", str(run), "--names", "8", *settings],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    while not (run / "checkpoint.json").exists():  # it is training by then
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "stopping after this step" in err
    found = re.search(r"go on with: python -m (tools\.kgc train --resume .*)", out)
    assert found
    epoch = json.loads((run / "checkpoint.json").read_text())["epoch"]
    assert json.loads((run / "manifest.json").read_text())["outcome"] == "interrupted"
    assert main([*found.group(1).split()[1:], "--epochs", str(epoch + 2)]) == 0
    assert FittedModel.load(run).modalities == ("text",)
