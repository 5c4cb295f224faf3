"""Each method learns what zero fill cannot; what cannot be learnt is refused in a sentence."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from eval.errors import EvalError
from eval.methods import NAMES, build, method_type
from eval.methods.dicmor import _Flow
from eval.methods.frequent_text import FrequentText
from eval.methods.mmin import MMIN, _hide_one, _Imagining
from eval.metrics.classification import figures
from eval.task import Outcome, Task

SMALL = {
    "dicmor": {"steps": 3, "hidden": 32, "epochs": 30, "learning_rate": 5e-3},
    "mpmm": {"layers": 1, "width": 32, "length": 4, "epochs": 30},
    "mplmm": {"layers": 1, "length": 4, "epochs": 30, "learning_rate": 3e-3},
    "mmin": {
        "blocks": 2,
        "widths": (64, 32, 16),
        "epochs": 30,
        "learning_rate": 3e-3,
        "batch": 32,
        "dropout": 0.1,
    },
    "ul4m4": {"clusters": 16},
}
"""Sizes for problems of a dozen features; the defaults are for CLIP's."""


def learn(name: str, task: Task, **options: object) -> Outcome:
    return build(name, {**SMALL.get(name, {}), **options}).apply(task)


def f1(task: Task, outcome: Outcome) -> float:
    return figures(task.test.labels, outcome.test).macro_f1


@pytest.mark.parametrize(
    "name", ["complete", "mean", "frequent-text", "ridge", "neighbour", "ul4m4", "plain-lmm", "bridger"]
)
def test_a_filling_method_wins_over_zeros_that_come_as_a_surprise(far: Task, name: str) -> None:
    assert f1(far, learn(name, far)) > f1(far, learn("zero", far)) + 5


@pytest.mark.parametrize("name", ["neighbour", "ul4m4", "mpmm", "mplmm", "mmin", "dicmor"])
def test_a_method_that_can_bend_wins_over_zeros_where_no_line_helps(crooked: Task, name: str) -> None:
    assert f1(crooked, learn(name, crooked)) > f1(crooked, learn("zero", crooked)) + 3


def test_removing_learns_from_whole_rows_only_and_says_what_it_did_with_the_others(crooked: Task) -> None:
    outcome = learn("remove", crooked)
    assert outcome.trained_on == int(crooked.train.whole.sum()) == 200
    assert outcome.filled is None
    assert "180 rows of test were classified with zeros" in outcome.notes[0]


def test_removing_everything_is_refused(crooked: Task) -> None:
    present = crooked.train.present.copy()
    present[:, 0] = False
    with pytest.raises(ValueError, match="no training row is left"):
        learn("remove", replace(crooked, train=replace(crooked.train, present=present)))


def test_complete_data_do_not_see_the_mask(crooked: Task) -> None:
    unmasked = replace(crooked.train, present=np.ones_like(crooked.train.present))
    one, two = learn("complete", crooked), learn("complete", replace(crooked, train=unmasked))
    assert np.array_equal(one.test, two.test)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("complete", "bridger", "plain-lmm")])
def test_what_is_hidden_cannot_change_a_result(crooked: Task, name: str) -> None:
    few = {"epochs": 1} if method_type(name).own_network else {}
    short = replace(crooked, epochs=2)
    before = learn(name, short, **few)

    def scrambled(part: object) -> object:
        truth = {
            each: np.where(part.present[:, [slot]], values, np.float32(99))  # type: ignore[attr-defined]
            for slot, (each, values) in enumerate(part.truth.items())  # type: ignore[attr-defined]
        }
        return replace(part, truth=truth)  # type: ignore[type-var]

    other = replace(short, train=scrambled(short.train), dev=scrambled(short.dev), test=scrambled(short.test))  # type: ignore[arg-type]
    assert np.array_equal(before.test, learn(name, other, **few).test)


@pytest.mark.parametrize("name", ["mpmm", "mplmm", "mmin", "dicmor", "zero"])
def test_a_seed_is_a_result_and_leaves_the_generator_alone(crooked: Task, name: str) -> None:
    few = {"epochs": 1} if method_type(name).own_network else {}
    short = replace(crooked, epochs=2)
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    one, two = learn(name, short, **few), learn(name, short, **few)
    other = learn(name, replace(short, seed=1), **few)
    assert np.array_equal(one.test, two.test)
    assert not np.array_equal(one.test, other.test)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("name", ["ridge", "mmin", "dicmor", "bridger"])
def test_what_may_be_seen_is_left_as_it_is(far: Task, name: str) -> None:
    few = {"epochs": 1} if method_type(name).own_network else {}
    task = replace(far, train=far.test)
    outcome = learn(name, task, **few)
    assert outcome.filled is not None
    seen = task.train.present
    for slot, each in enumerate(("image", "text")):
        assert np.array_equal(outcome.filled[each][seen[:, slot]], task.train.truth[each][seen[:, slot]])
        assert np.isfinite(outcome.filled[each]).all()


def test_the_flow_goes_back_to_where_it_came_from() -> None:
    torch.manual_seed(0)
    flow = _Flow(width=9, hidden=16, steps=5)
    for parameter in flow.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    x = torch.randn(20, 9)
    z, log_determinant = flow(x)
    assert torch.allclose(flow.inverse(z), x, atol=1e-3)
    row = x[:1]
    jacobian = torch.autograd.functional.jacobian(lambda each: flow(each)[0], row).squeeze()
    assert torch.linalg.slogdet(jacobian)[1].item() == pytest.approx(log_determinant[0].item(), abs=1e-3)


def test_the_missing_type_prompt_of_mplmm_trains(crooked: Task) -> None:
    """As released its two factors start at zero and never leave it."""
    method = build("mplmm", SMALL["mplmm"])
    network = method.network(crooked)  # type: ignore[attr-defined]
    batch = [torch.randn(8, 12), torch.randn(8, 12), torch.rand(8, 2) > 0.3]
    network.logits(*batch).sum().backward()
    assert network.base.grad.abs().sum() > 0 and network.kind.grad.abs().sum() > 0


def test_the_errors_of_mmin_are_means_over_the_joint_feature() -> None:
    """Held against the published loss by hand, 4 MSE(h', E*) + 2 MSE(h, h~): a modality is not a mean of its own."""
    torch.manual_seed(0)
    options = MMIN(blocks=2, widths=(8, 6, 4), dropout=0.0)
    network = _Imagining(options, width=3, classes=2)
    image, text, labels = torch.randn(6, 3), torch.randn(6, 3), torch.zeros(6, 2)
    joint = torch.cat([image, text], dim=1)

    def by_hand(present: torch.Tensor) -> float:
        torch.manual_seed(1)
        shown = _hide_one(present).repeat_interleave(3, dim=1)
        imagined, _ = network.onward(joint * shown)
        returned, _ = network.back(imagined)
        wanted = present.repeat_interleave(3, dim=1)
        onward, back = ((imagined - joint) ** 2)[wanted], ((returned - joint) ** 2)[shown]
        return (4 * onward.mean() + 2 * back.mean()).item()

    def loss(present: torch.Tensor) -> float:
        torch.manual_seed(1)
        held = present.float()
        seen = image * held[:, [0]], text * held[:, [1]]
        return network.loss(*seen, present, labels, lambda *_: torch.zeros(())).item()

    complete = torch.ones(6, 2, dtype=torch.bool)
    lacking = torch.tensor(
        [[True, True], [True, False], [False, True], [True, False], [True, True], [True, False]]
    )
    for present in (complete, lacking):
        assert loss(present) == pytest.approx(by_hand(present), rel=1e-5)
    assert MMIN.version > 1, "cells of the doubled errors would be taken for these"


def test_the_most_frequent_text_is_the_one_that_repeats(crooked: Task) -> None:
    codes = np.arange(len(crooked.train))
    rows = np.flatnonzero(crooked.train.present[:, 1])[:3]
    codes[rows] = 7_000
    task = replace(crooked, train=replace(crooked.train, text_codes=codes))
    fill = FrequentText().filler(task)
    missing = np.flatnonzero(~task.train.present[:, 1])
    filled = fill(task.train).features["text"][missing]
    assert (filled == filled[0]).all()
    assert any(np.array_equal(filled[0], task.train.truth["text"][row]) for row in rows)


def test_a_sample_without_a_completion_is_left_out_and_counted(far: Task) -> None:
    run = far.test.completions["full"]
    first = run.rows[0]
    keep = run.rows != first
    cut = replace(
        run,
        rows=run.rows[keep], slots=run.slots[keep], index=run.index[keep], chosen=run.chosen[keep],
        quality=run.quality[keep], vectors=run.vectors[keep],
        terms={name: values[keep] for name, values in run.terms.items()},
    )  # fmt: skip
    part = replace(far.test, completions={"full": cut})
    outcome = learn("bridger", replace(far, train=part))
    assert outcome.trained_on == len(part) - 1
    assert outcome.notes[0] == "1 of 180 samples have no completion"
    assert outcome.filled is not None and np.isnan(outcome.filled["text"][first]).all()


def test_unknown_methods_and_options_are_named_with_what_is_close() -> None:
    with pytest.raises(EvalError, match=r"no method 'mplm' \(did you mean mplmm"):
        build("mplm", {})
    with pytest.raises(EvalError, match=r"'alfa'.*alpha"):
        build("ridge", {"alfa": 1})
    with pytest.raises(EvalError, match="has no options"):
        build("mean", {"k": 1})
    with pytest.raises(EvalError, match="observed or paper"):
        build("ul4m4", {"rule": "both"})
    with pytest.raises(EvalError, match="choose is one of"):
        build("bridger", {"choose": "luck"})


def test_a_score_that_no_candidate_has_is_named(far: Task) -> None:
    with pytest.raises(ValueError, match=r"no score 'clipp'; they have good, blind"):
        learn("bridger", replace(far, train=far.test), weights={"clipp": 1.0})


@pytest.mark.parametrize("name", NAMES)
def test_every_method_says_where_it_comes_from(name: str) -> None:
    card = method_type(name).card
    assert card.source and card.licence and card.here.endswith(".")
