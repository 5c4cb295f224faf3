"""Training: what only modalities can tell is learnt, seeds decide, and stopping leaves no trace."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from kgc_toys import COLOURS, coloured_graph, small_settings
from safetensors.torch import load_file

from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.learner import Learner
from tools.kgc.settings import TrainingSettings
from tools.kgc.trainer import Epoch, Silence, Trainer, evaluate_model, fit

COLOURED = small_settings(
    dimension=16, margin=6.0, batch_size=64, negatives=16, mu=0.01, epochs=60, validate_every=0
)


class StopAfter:
    """Interrupts after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left == 0


class Heard(Silence):
    def __init__(self) -> None:
        self.epochs: list[tuple[Epoch, bool]] = []

    def epoch(self, figures: Epoch, best: bool) -> None:
        self.epochs.append((figures, best))


def tensors_of(learner: Learner) -> dict[str, torch.Tensor]:
    return {name: x.clone() for name, x in learner.state().items()}


def assert_same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert first.keys() == second.keys()
    for name, x in first.items():
        assert torch.equal(x, second[name]), name


@pytest.mark.parametrize("adversarial", [True, False])
def test_modalities_answer_what_triples_cannot(tmp_path: Path, adversarial: bool) -> None:
    graph, pictures = coloured_graph()
    settings = replace(COLOURED, adversarial=adversarial)
    seeing = fit(graph, [pictures], settings, tmp_path / "seeing")
    blind = fit(graph, [], settings, tmp_path / "blind")
    # Among the colours, which is what the question is about: (thing, has colour, ?).
    right = {
        name: np.mean([model.tail_scores(h, r)[:COLOURS].argmax() == t for h, r, t in graph.test.tolist()])
        for name, model in {"seeing": seeing, "blind": blind}.items()
    }
    assert right["seeing"] >= 0.95
    assert right["blind"] <= 0.6  # four colours; chance is a quarter, always the commonest a little more
    tails = {name: evaluate_model(model, graph, graph.test).realistic["tail"] for name, model in
             {"seeing": seeing, "blind": blind}.items()}  # fmt: skip
    assert tails["seeing"].mrr > tails["blind"].mrr + 0.2


def test_a_seed_decides_everything(graph: KnowledgeGraph, modalities: list[Modality], tmp_path: Path) -> None:
    runs = [
        fit(graph, modalities, small_settings(seed=seed), tmp_path / str(i))
        for i, seed in enumerate((1, 1, 2))
    ]
    np.testing.assert_array_equal(runs[0].embedding, runs[1].embedding)
    np.testing.assert_array_equal(runs[0].weights, runs[1].weights)
    assert np.abs(runs[0].embedding - runs[2].embedding).max() > 0.01


def test_the_global_random_state_is_neither_used_nor_changed(
    graph: KnowledgeGraph, modalities: list[Modality]
) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    first = Learner(graph, modalities, small_settings())
    batch = first.sampler.batch(graph.train[:8], 3)
    first.step(batch)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("steps", [1, 3, 4, 6, 10])
@pytest.mark.parametrize("train_features", [False, True])
def test_resume_equals_an_uninterrupted_run(
    graph: KnowledgeGraph, modalities: list[Modality], tmp_path: Path, steps: int, train_features: bool
) -> None:
    """Three steps an epoch: in the middle of one, between two, before the first validation and after it."""
    settings = small_settings(train_features=train_features)
    whole = Trainer(Learner(graph, modalities, settings), tmp_path / "whole", Silence())
    (tmp_path / "whole").mkdir()
    assert whole.run() == "complete"
    (tmp_path / "parts").mkdir()
    first = Trainer(Learner(graph, modalities, settings), tmp_path / "parts", Silence())
    assert first.run(StopAfter(steps)) == "interrupted"
    second = Trainer(Learner(graph, modalities, settings), tmp_path / "parts", Silence())
    assert second.resume()
    assert second.run() == "complete"
    assert_same(tensors_of(whole._learner), tensors_of(second._learner))
    for name in ("model.safetensors",):
        assert_same(load_file(tmp_path / "whole" / name), load_file(tmp_path / "parts" / name))
    figures = [[replace(e, seconds=0.0) for e in trainer.state.epochs] for trainer in (whole, second)]
    assert figures[0] == figures[1]


def test_nothing_to_resume(graph: KnowledgeGraph, tmp_path: Path) -> None:
    assert not Trainer(Learner(graph, [], small_settings()), tmp_path, Silence()).resume()


def test_a_checkpoint_of_another_model_is_refused(graph: KnowledgeGraph, tmp_path: Path) -> None:
    Trainer(Learner(graph, [], small_settings()), tmp_path, Silence()).run()
    other = Trainer(Learner(graph, [], small_settings(dimension=7)), tmp_path, Silence())
    with pytest.raises(ValueError, match="does not fit"):
        other.resume()


def test_a_damaged_checkpoint_is_refused(graph: KnowledgeGraph, tmp_path: Path) -> None:
    Trainer(Learner(graph, [], small_settings()), tmp_path, Silence()).run()
    [tensors] = tmp_path.glob("checkpoint-*.safetensors")
    tensors.write_bytes(tensors.read_bytes()[:100])
    with pytest.raises(ValueError, match="damaged"):
        Trainer(Learner(graph, [], small_settings()), tmp_path, Silence()).resume()


def test_early_stopping_keeps_the_best(graph: KnowledgeGraph, tmp_path: Path) -> None:
    """A random graph has nothing to learn: validation gets no better for long."""
    settings = small_settings(epochs=200, validate_every=1, patience=3)
    heard = Heard()
    trainer = Trainer(Learner(graph, [], settings), tmp_path, heard)
    assert trainer.run() == "stopped early"
    assert len(heard.epochs) == trainer.state.best_epoch + 3
    best = max(figures.mrr or 0 for figures, _ in heard.epochs)
    assert best == trainer.state.best_mrr
    assert [figures.epoch for figures, was_best in heard.epochs if was_best][-1] == trainer.state.best_epoch
    kept = evaluate_model(FittedModel.load(tmp_path), graph, graph.valid)
    assert kept.realistic["both"].mrr == best


def test_one_checkpoint_is_kept(graph: KnowledgeGraph, tmp_path: Path) -> None:
    Trainer(Learner(graph, [], small_settings()), tmp_path, Silence()).run()
    assert [path.name for path in tmp_path.glob("*checkpoint-*")] == ["checkpoint-4-0.safetensors"]


def test_a_training_that_diverges_says_so(graph: KnowledgeGraph, tmp_path: Path) -> None:
    learner = Learner(graph, [], small_settings())
    with torch.no_grad():
        learner.model.structure.fill_(torch.inf)
    with pytest.raises(ValueError, match="diverged"):
        Trainer(learner, tmp_path, Silence()).run()


def test_a_graph_without_training_triples_is_refused(graph: KnowledgeGraph, tmp_path: Path) -> None:
    empty = replace(graph, train=graph.train[:0])
    with pytest.raises(ValueError, match="no training triples"):
        fit(empty, [], small_settings(), tmp_path)


def test_published_settings_are_the_defaults() -> None:
    settings = TrainingSettings()
    assert (settings.dimension, settings.margin, settings.negatives, settings.batch_size) == (
        200,
        12.0,
        128,
        1024,
    )
