"""From a run's records to a scorer: `fit-run` through the command as it is typed."""

import json
from pathlib import Path

import pytest
from kgc_forms import record

from data.record import Edge
from tools.kgc.command import main
from tools.kgc.fitted import FittedModel
from tools.scorers.plausibility import load_plausibility

QUICK = ("--epochs", "40", "--dimension", "16", "--validate-every", "0", "--threads", "1")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Thirty samples of a world in which stars are above houses and houses below stars, in three colours."""
    folder = tmp_path / "first"
    folder.mkdir()
    lines = []
    for i in range(30):
        star, house = f"star {i % 6}", f"house {i % 5}"
        colour = ("red", "green", "blue")[i % 3]
        lines.append(
            record(str(i), (star, "above", house), (house, "below", star), (star, "attribute", colour))
        )
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")
    return folder


async def test_it_tells_the_usual_from_the_absurd(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    assert main(["fit-run", str(run), "--out", str(out), *QUICK, "--epochs", "150"]) == 0
    shown = capsys.readouterr().out
    assert f"--kgc {out}" in shown
    scorer = load_plausibility(out)
    usual, notes = await scorer.plausibility([Edge(head="Star 1", relation="above", tail="the house 2")])
    absurd, _ = await scorer.plausibility([Edge(head="red", relation="above", tail="blue")])
    assert usual > 70 > absurd and notes == []
    assert main(["predict", str(out), "--head", "star 1", "--relation", "above", "--top", "1"]) == 0
    assert "(star 1, above, ?)" in capsys.readouterr().out


def test_the_same_command_gives_the_same_model(run: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["fit-run", str(run), "--out", str(tmp_path / name), *QUICK]) == 0
    first, second = (FittedModel.load(tmp_path / name) for name in ("a", "b"))
    assert (first.embedding == second.embedding).all() and first.modalities == ("text",)
    assert len(first.entities) == 14 and first.graph == "first"


def test_a_graph_that_can_spare_nothing_is_fitted_whole(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text(record("a", ("star", "above", "house")) + "\n")
    out = tmp_path / "model"
    assert main(["fit-run", str(tmp_path), "--out", str(out), *QUICK, "--structure-only"]) == 0
    assert FittedModel.load(out).entities == ("star", "house")


def test_a_zero_that_is_typed_counts(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model"
    assert main(["fit-run", str(run), "--out", str(out), *QUICK, "--names", "0", "--hold-out", "0"]) == 0
    assert FittedModel.load(out).modalities == ()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["data"]["valid"] == 0 and manifest["settings"]["learning_rate"] == 3e-3
    capsys.readouterr()
    assert main(["fit-run", str(run), "--out", str(tmp_path / "other"), "--learning-rate", "0"]) == 2
    assert capsys.readouterr().err == "error: learning_rate must be a positive number, not 0.0\n"


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["fit-run"], "give the folder of one run and --out DIR"),
        (["fit-run", "nowhere", "--out", "x"], "nowhere is no run folder: it has no records.jsonl"),
        (["check", "nowhere"], "there is no file nowhere"),
        (["predict", "nowhere", "--head", "a", "--relation", "b"], "nowhere has no fitted model"),
        (["explain", "nowhere", "a"], "nowhere has no fitted model"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(
    argv: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(argv) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
