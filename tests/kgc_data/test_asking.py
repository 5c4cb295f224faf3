"""What people ask a fitted model: predict, explain and check, as commands and as functions."""

import argparse
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tools.kgc.answers import answer, explain
from tools.kgc.command import check, predict
from tools.kgc.command import explain as explain_command
from tools.kgc.errors import InputError
from tools.kgc.facts import facts_of, load_facts, save_facts
from tools.kgc.features import hide
from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.lookup import Names


@pytest.fixture
def model(toy: KnowledgeGraph, tmp_path: Path) -> Path:
    """Entities on a line, relations that do not turn: the nearest entity is the best answer, itself first."""
    embedding = np.zeros((4, 2), np.float32)
    embedding[:, 0] = [0, 1, 2.5, 4.5]  # Norway, Oslo, Rome, Bergen By
    weights = np.array([[0.5, 0.3, 0.2], [1, 0, 0], [0.4, 0, 0.6], [0.4, 0.6, 0]], np.float32)
    fitted = FittedModel(
        graph=toy.name,
        entities=toy.entities,
        relations=toy.relations,
        modalities=("visual", "text"),
        synthetic=("visual",),
        embedding=embedding,
        angle=np.zeros((2, 1), np.float32),
        weights=weights,
        margin=6.0,
        settings={},
    )
    fitted.save(tmp_path / "model")
    save_facts(tmp_path / "model", toy)
    return tmp_path / "model"


def call(module: ModuleType, *argv: Any) -> int:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    status: int = module.run(parser.parse_args([str(word) for word in argv]))
    return status


def test_answers_are_ranked_and_known_ones_marked(model: Path, toy: KnowledgeGraph) -> None:
    fitted, facts = FittedModel.load(model), load_facts(model)
    assert facts == facts_of(toy) == {(1, 0, 0), (1, 1, 0), (3, 1, 0), (2, 1, 0)}
    tails = answer(fitted, 1, 1, None, facts, top=3)
    assert [(a.rank, a.entity, a.score, a.known) for a in tails] == [
        (1, "Oslo", 6.0, False),
        (2, "Norway", 5.0, True),
        (3, "Rome", 4.5, False),
    ]
    heads = answer(fitted, None, 1, 0, facts, top=9, new_only=True)
    assert [(a.rank, a.entity) for a in heads] == [(1, "Norway")]
    assert [a.known for a in answer(fitted, None, 1, 0, facts, top=9)] == [False, True, True, True]


def test_predict_prints_them(model: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(predict, model, "--head", "oslo", "--relation", "P17", "--top", 2) == 0
    shown = capsys.readouterr().out
    assert "(Oslo, P17, ?)" in shown and "known" in shown and "synthetic modality: visual" in shown
    assert "Rome" not in shown
    assert call(predict, model, "--tail", "bergen by", "--relation", "capital_of", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["entity"] for line in lines] == ["Bergen By", "Rome", "Oslo", "Norway"]
    assert set(lines[0]) == {"rank", "entity", "score", "known"} and lines[0]["known"] is False
    (model / "facts.safetensors").unlink()
    assert call(predict, model, "--head", "Oslo", "--relation", "P17") == 0
    assert "known answers are not marked" in capsys.readouterr().out
    assert call(predict, model, "--head", "Oslo", "--relation", "P17", "--json", "--graph", folder) == 0
    assert [json.loads(line)["known"] for line in capsys.readouterr().out.splitlines()][1] is True


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--head", "Osl", "--relation", "P17"], "'Osl' is no entity of this graph; did you mean Oslo?"),
        (["--head", "xyzzy", "--relation", "P17"], "no entity has a name like it"),
        (["--head", "", "--relation", "P17"], "no entity has a name like it"),
        (["--head", "Oslo", "--relation", "capital"], "is no relation of this graph; did you mean capital of?"),
        (["--relation", "P17"], "one of them"),
        (["--head", "Oslo", "--tail", "Rome", "--relation", "P17"], "one of them"),
        (["--head", "Oslo", "--relation", "P17", "--top", "0"], "--top must be at least 1"),
    ],
)  # fmt: skip
def test_predict_refuses(model: Path, argv: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        call(predict, model, *argv)
    assert sentence in str(error.value)


def test_predict_needs_facts_and_the_right_graph(model: Path, tmp_path: Path) -> None:
    (model / "facts.safetensors").write_bytes(b"broken")
    with pytest.raises(InputError, match=r"facts\.safetensors cannot be read"):
        call(predict, model, "--head", "Oslo", "--relation", "P17")
    (model / "facts.safetensors").unlink()
    with pytest.raises(InputError, match="--new-only needs --graph"):
        call(predict, model, "--head", "Oslo", "--relation", "P17", "--new-only")
    (tmp_path / "other.tsv").write_text("a\tr\tb\n")
    with pytest.raises(InputError, match="other entities or relations than the model"):
        call(predict, model, "--head", "Oslo", "--relation", "P17", "--graph", tmp_path / "other.tsv")
    with pytest.raises(ValueError, match="no fitted model"):
        call(predict, tmp_path, "--head", "Oslo", "--relation", "P17")


def test_an_ambiguous_name_finds_nobody() -> None:
    names = Names(["New_York", "New York", "http://a.org/resource/Paris"], "entity")
    assert names.id("New_York") == 0 and names.id("New York") == 1 and names.id("paris") == 2
    with pytest.raises(InputError, match="did you mean New_York or New York"):
        names.id("new york")
    assert names.close("York") == ["New_York"]


def test_weights_without_a_modality_keep_their_proportions(model: Path) -> None:
    fitted = FittedModel.load(model)
    norway, oslo = explain(fitted, 0), explain(fitted, 1)
    assert norway.has == ("visual", "text") and norway.lacks == ()
    assert norway.weights == pytest.approx({"structure": 0.5, "visual": 0.3, "text": 0.2})
    assert norway.without["visual"] == pytest.approx({"structure": 5 / 7, "text": 2 / 7})
    assert norway.without["text"] == pytest.approx({"structure": 5 / 8, "visual": 3 / 8})
    assert oslo.has == () and oslo.lacks == ("visual", "text") and oslo.without == {}


def test_without_is_what_the_model_itself_would_weigh(toy: KnowledgeGraph) -> None:
    """The same model, asked once with the entities' pictures and once without."""
    from tools.kgc.learner import Learner
    from tools.kgc.settings import TrainingSettings

    rng = np.random.default_rng(0)
    visual, text = (
        Modality(name, rng.standard_normal((4, 3)).astype(np.float32), np.array([True, True, True, False]))
        for name in ("visual", "text")
    )
    settings = TrainingSettings(dimension=4, seed=1)
    whole = Learner(toy, [visual, text], settings).fitted()
    less = Learner(toy, [hide(visual, 1), text], settings).fitted()
    for entity in range(3):
        told, truth = explain(whole, entity).without["visual"], explain(less, entity)
        assert told == pytest.approx({k: w for k, w in truth.weights.items() if k != "visual"}, abs=1e-6)
    assert explain(whole, 3).weights == {"structure": 1, "visual": 0, "text": 0}


def test_explain_prints_them(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(explain_command, model, "Norway", "oslo") == 0
    shown = capsys.readouterr().out
    assert "visual (synthetic)" in shown and "without text" in shown and "0.625" in shown
    assert "has structure; lacks visual, text" in shown
    assert call(explain_command, model, "Rome", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["has"] == ["text"] and told["without"]["text"] == {"structure": 1.0, "visual": 0.0}
    with pytest.raises(InputError, match="did you mean Rome"):
        call(explain_command, model, "Rom")


def test_check_tells_and_its_status_says_whether_to_worry(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(check, folder) == 0
    assert "no split shares a row" in capsys.readouterr().out
    paths = [tmp_path / f"{split}.tsv" for split in ("train", "valid", "test")]
    for path in paths:
        path.write_text("a\tr\tb\n")
    assert call(check, *paths) == 1
    shown = capsys.readouterr().out
    assert "1 of 1 valid rows stand in train too" in shown and "hold some out of train instead" in shown
    assert call(check, *paths, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["shared"][0] == {"split": "train", "other": "valid", "rows": 1, "distinct": 1, "of": 1}
    assert len(told["warnings"]) == 4


def test_names_in_brackets_are_no_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    none = np.zeros((1, 1), np.float32)
    fitted = FittedModel(
        "[/g]",
        ("[/b]", "[red]x"),
        ("[r]",),
        ("[m]",),
        (),
        np.zeros((2, 2), np.float32),
        none,
        np.full((2, 2), 0.5, np.float32),
        1.0,
        {},
    )
    fitted.save(tmp_path)
    assert call(predict, tmp_path, "--head", "[/b]", "--relation", "[r]") == 0
    assert call(explain_command, tmp_path, "[red]x") == 0
    shown = capsys.readouterr().out
    assert "([/b], [r], ?)" in shown and "[red]x" in shown and "[m]" in shown
