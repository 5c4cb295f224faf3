"""--kgc: off by default and then nothing changes; on, it is part of what the run is."""

import numpy as np
import pytest

from agent.errors import UsageError
from agent.flags import parse
from agent.plan import make_plan
from agent.settings import Settings
from tools.kgc.fitted import FittedModel


def settings(*argv):
    return parse(Settings, argv, prog="run", description="", epilog="")


def save_model(folder, seed=0):
    rng = np.random.default_rng(seed)
    FittedModel(
        graph="toy",
        entities=("star", "house", "tree"),
        relations=("left of",),
        modalities=(),
        synthetic=(),
        embedding=rng.standard_normal((3, 4)).astype(np.float32),
        angle=rng.standard_normal((1, 2)).astype(np.float32),
        weights=np.ones((3, 1), np.float32),
        margin=6.0,
        settings={},
    ).save(folder)
    return folder


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(tmp_path):
    return save_model(tmp_path / "model")


def test_off_by_default_and_then_no_trace():
    plan = make_plan(settings())
    assert plan.kgc is None and "kgc" not in plan.models(True) and "kgc" not in plan.identity(True)
    assert settings().method()["weights"] == {"graph": 1.0, "clip": 0.5, "blip": 0.5}


def test_it_adds_a_term_unless_told_otherwise(model):
    flag = ("--kgc", str(model))
    assert settings(*flag).options.weights == {"graph": 1.0, "clip": 0.5, "blip": 0.5, "kgc": 0.5}
    assert settings(*flag, "--weights", "graph=1,kgc=2").options.weights["kgc"] == 2
    assert settings(*flag, "--weights", "graph=1").options.weights == {
        "graph": 1,
        "clip": 0,
        "blip": 0,
        "kgc": 0.5,
    }


@pytest.mark.parametrize("without", [("--weights", "graph=1,kgc=0"), ("--ablate", "graph-score")])
def test_without_weight_or_graphs_it_is_not_used_and_says_so(model, without):
    plan = make_plan(settings("--kgc", str(model), *without))
    assert plan.kgc is None and any("--kgc is not used" in notice for notice in plan.notices)
    assert "kgc" not in plan.settings.options.weights


def test_the_model_and_not_its_place_is_the_identity(model, tmp_path):
    here = make_plan(settings("--kgc", str(model))).identity(True)
    moved = save_model(tmp_path / "elsewhere" / "copy")
    assert make_plan(settings("--kgc", str(moved))).identity(True) == here
    other = save_model(tmp_path / "other", seed=1)
    assert make_plan(settings("--kgc", str(other))).identity(True) != here
    assert make_plan(settings()).identity(True) != here


def test_bad_folders_and_weights(tmp_path, model):
    with pytest.raises(UsageError, match=r"nothing holds no fitted model \(model.safetensors: No such file"):
        make_plan(settings("--kgc", str(tmp_path / "nothing")))
    with pytest.raises(UsageError, match="name it with --kgc DIR"):
        settings("--weights", "graph=1,kgc=1")
    (model / "model.json").write_text("{")
    with pytest.raises(UsageError, match=r"model\.json is damaged"):
        make_plan(settings("--kgc", str(model)))
