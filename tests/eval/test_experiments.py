"""The experiments' files and the command's flags."""

from pathlib import Path

import pytest

from eval.errors import EvalError
from eval.experiment import Experiment, load, names, parse
from eval.flags import changed, given, parser
from eval.run import main

EXPECTED = {"table1", "table2", "table3", "table6", "candidates", "scale", "encoders", "mini", "choice"}


def flags(*words: str) -> Experiment:
    options = parser().parse_args(list(words))
    return changed(load(options.experiment)[1], options)


def test_every_experiment_can_be_loaded() -> None:
    assert set(names()) == EXPECTED
    for name in names():
        _, experiment = load(name)
        assert experiment.question.endswith("?") and experiment.compared_with


def test_published_figures_stand_where_a_line_is() -> None:
    for name in names():
        _, experiment = load(name)
        lines, data = {each.name for each in experiment.methods}, {each.name for each in experiment.data}
        for each in experiment.published:
            assert each.method in lines and each.dataset in data
            assert each.rate is None or each.rate in experiment.rates


def test_a_head_that_was_chosen_after_test_rows_were_seen_is_said_to_be() -> None:
    """The setting is `mini`'s; whatever uses it prints the note on its page."""
    tuned = load("mini")[1].heads["linear"]
    using = [each for each in (load(name)[1] for name in names()) if tuned in each.heads.values()]
    assert len(using) == 2
    for experiment in using:
        assert any("chosen after figures on test rows" in note for note in experiment.notes)


@pytest.mark.parametrize(
    ("name", "dataset", "rate", "method", "figures"),
    [
        ("table1", "mmimdb", 0.7, "Knowledge Bridger (7B)", (55.2, 61.8, 32.3)),
        ("table1", "coco", 0.3, "MMIN", (73.2, 78.3, 37.1)),
        ("table2", "iuxray", 0.5, "Knowledge Bridger (2B)", (46.6, 67.1, 21.1)),
        ("table3", "iuxray", 0.7, "w/o knowledge ranking", (44.4, 67.8, 18.7)),
        ("table6", "iuxray", 0.7, "w/o knowledge ranking", (44.4, 64.8, 17.7)),
        ("table6", "iuxray", 0.5, "w/o knowledge modelling", (37.6, 43.4, 9.9)),
        ("candidates", "mmimdb", 0.7, "N = 1", (54.5, 59.0, 25.0)),
    ],
)
def test_published_figures_against_the_paper(
    name: str, dataset: str, rate: float, method: str, figures: tuple[float, float, float]
) -> None:
    found = [
        each
        for each in load(name)[1].published
        if (each.dataset, each.rate, each.method) == (dataset, rate, method)
    ]
    assert [(each.macro_f1, each.map, each.ss) for each in found] == [figures]


def test_flags_change_what_the_file_says() -> None:
    found = flags(
        "table1", "--dataset", "mmimdb", "--root", "/films", "--rates", "0.7", "--seeds", "2", "--train-rows", "50",
        "--methods", "remove", "bridger", "--test-rate", "0.4", "--agent", "lmm=mini", "--agent", "2b:lmm-url=http://x",
        "--allow-leaks",
    )  # fmt: skip
    assert [each.name for each in found.data] == ["mmimdb"] and found.data[0].root == Path("/films")
    assert found.data[0].train == "train+dev" and found.data[0].train_rows == 50
    assert (found.rates, found.seeds, found.allow_leaks) == ((0.7,), 2, True)
    assert found.test_mask is not None and (found.test_mask.rate, found.test_mask.type) == (0.4, "mixed")
    assert [each.name for each in found.methods] == [
        "remove",
        "Knowledge Bridger (2B)",
        "Knowledge Bridger (7B)",
    ]
    assert found.runs["2b"]["lmm"] == "mini" and found.runs["2b"]["lmm-url"] == "http://x"
    assert "lmm-url" not in found.runs["7b"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tabel1"], r"no experiment 'tabel1' \(did you mean table1"),
        (["mini", "--methods", "brigder"], r"no method 'brigder' \(did you mean bridger"),
        (["mini", "--dataset", "mmimbd"], r"no data set 'mmimbd' \(did you mean mmimdb"),
        (["mini", "--heads", "liner"], r"no head 'liner' \(did you mean linear"),
        (["mini", "--rates", "1.5"], "rates must lie above 0"),
        (["mini", "--seeds", "0"], "seeds"),
        (["mini", "--agent", "lmm"], "NAME=VALUE"),
        (["mini", "--agent", "nin:lmm=x"], r"no run 'nin' \(did you mean nine"),
        (["table1", "--root", "/x"], "name it with --dataset"),
        (["mini", "--dataset", "mmimdb", "--root", "/nowhere/at/all"], "does not exist"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(error)


def test_a_file_that_is_no_experiment_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    for content, said in (("[1", "cannot be read"), ("title: x", "question"), ("titel: x", "titel|title")):
        path.write_text(content)
        assert main([str(path)]) == 2
        assert str(path) in (error := capsys.readouterr().err) and any(
            word in error for word in said.split("|")
        )


def test_experiments_that_contradict_themselves() -> None:
    good = load("mini")[1].model_dump(exclude={"heads"})
    for change, said in (
        ({"methods": ["zero", "zero"]}, "two methods are called 'zero'"),
        ({"ranking": ["fulll"]}, "no run 'fulll'"),
        ({"reference": "nobody"}, "no method 'nobody'"),
        ({"heads": {"linear": {"lines": ["nobody"]}}}, "no method 'nobody'"),
        ({"methods": [{"method": "ridge", "alfa": 1}], "reference": None}, "alfa"),
    ):
        with pytest.raises(EvalError, match=said):
            parse({**good, **change}, "mine")


def test_given_run_folders() -> None:
    assert given(["full=a", "full=b", "plain=c"]) == {"full": [Path("a"), Path("b")], "plain": [Path("c")]}
    with pytest.raises(EvalError, match="NAME=FOLDER"):
        given(["full"])


def test_the_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert all(name in capsys.readouterr().out for name in ["mini"]) and main([]) == 2
