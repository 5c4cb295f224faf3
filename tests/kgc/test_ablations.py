"""Missing modalities, and what each switch takes away."""

from pathlib import Path

import numpy as np
import pytest
import torch
from kgc_toys import small_settings

from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.learner import Learner
from tools.kgc.sampling import Batch
from tools.kgc.trainer import fit


def batch_of(learner: Learner) -> Batch:
    return learner.sampler.batch(learner.graph.train[:16], 5)


def test_a_missing_modality_has_weight_zero_and_no_gradient(
    graph: KnowledgeGraph, modalities: list[Modality]
) -> None:
    learner = Learner(graph, modalities, small_settings(train_features=True, adversarial=False))
    for _ in range(3):
        learner.step(batch_of(learner))
    weights = learner.fitted().weights
    present = np.stack([np.ones(30, bool), *(modality.present for modality in modalities)], axis=1)
    assert (weights[~present] == 0).all()
    assert (weights[present] > 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    learner.model.zero_grad()
    learner.model_loss(learner.sampler.batch(graph.train, 5)).backward()
    for m, modality in enumerate(modalities):
        gradient = learner.model.get_parameter(f"features_{m}").grad
        assert gradient is not None
        assert (gradient[~torch.from_numpy(modality.present)] == 0).all()
        assert (gradient[torch.from_numpy(modality.present)] != 0).any()


def test_what_a_missing_modalitys_row_holds_does_not_matter(
    graph: KnowledgeGraph, modalities: list[Modality], tmp_path: Path
) -> None:
    filled = [
        Modality(m.name, np.where(m.present[:, None], m.features, 9).astype(np.float32), m.present)
        for m in modalities
    ]
    one, other = (
        fit(graph, choice, small_settings(mu=0), tmp_path / name)
        for name, choice in (("zeros", modalities), ("nines", filled))
    )
    np.testing.assert_array_equal(one.weights, other.weights)
    np.testing.assert_allclose(one.embedding, other.embedding, rtol=1e-5, atol=1e-6)


def test_an_entity_without_anything_is_its_structure(
    graph: KnowledgeGraph, modalities: list[Modality]
) -> None:
    learner = Learner(graph, modalities, small_settings())
    bare = ~np.any([m.present for m in modalities], axis=0)
    assert bare.any()
    fitted = learner.fitted()
    structure = learner.model.structure.detach().numpy()
    np.testing.assert_array_equal(fitted.embedding[bare], structure[bare])
    assert (fitted.weights[bare] == [1, 0, 0]).all()


def test_without_fusion_weights_modalities_count_equally(
    graph: KnowledgeGraph, modalities: list[Modality], tmp_path: Path
) -> None:
    weights = fit(graph, modalities, small_settings(adaptive=False), tmp_path).weights
    count = (weights > 0).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weights, (weights > 0) / count, rtol=1e-6)


def test_without_modalities_it_is_rotate(graph: KnowledgeGraph, tmp_path: Path) -> None:
    learner = Learner(graph, [], small_settings())
    assert learner.adversary is None and learner.model.fusion is None
    assert {name for name, _ in learner.model.named_parameters()} == {"structure", "relation"}
    assert (fit(graph, [], small_settings(), tmp_path).weights == 1).all()


def test_no_mat_and_mu_zero_are_the_same(
    graph: KnowledgeGraph, modalities: list[Modality], tmp_path: Path
) -> None:
    """As in every published command, where mu is 0."""
    none, zero, some = (
        fit(graph, modalities, small_settings(**change), tmp_path / str(i)).embedding
        for i, change in enumerate(({"adversarial": False}, {"mu": 0.0}, {"mu": 0.5}))
    )
    np.testing.assert_array_equal(none, zero)
    assert np.abs(none - some).max() > 1e-3


def test_the_generators_learn_and_are_not_the_models_to_change(
    graph: KnowledgeGraph, modalities: list[Modality]
) -> None:
    learner = Learner(graph, modalities, small_settings())
    assert learner.adversary is not None
    batch = batch_of(learner)
    before = [x.detach().clone() for x in learner.adversary.parameters()]
    learner.model_loss(batch).backward(inputs=learner._learnt)
    assert all(x.grad is None for x in learner.adversary.parameters())
    losses = [learner.step(batch)[1] for _ in range(10)]
    assert all((x != y).any() for x, y in zip(before, learner.adversary.parameters(), strict=True))
    assert all(np.isfinite(losses))


def test_the_generators_step_leaves_the_model_alone(
    graph: KnowledgeGraph, modalities: list[Modality], monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Learner(graph, modalities, small_settings())
    batch = batch_of(learner)
    seen: dict[str, dict[str, torch.Tensor]] = {}
    generator_loss = learner.generator_loss

    def look(batch: Batch) -> torch.Tensor:  # called between the model's step and the generators'
        seen["model"] = {name: x.detach().clone() for name, x in learner.model.named_parameters()}
        seen["gradients"] = {
            name: x.grad.clone() for name, x in learner.model.named_parameters() if x.grad is not None
        }
        return generator_loss(batch)

    monkeypatch.setattr(learner, "generator_loss", look)
    learner.step(batch)
    for name, x in learner.model.named_parameters():
        assert torch.equal(x, seen["model"][name])
        assert x.grad is not None and torch.equal(x.grad, seen["gradients"][name])


def test_generators_catch_up_with_a_model_that_stands_still(
    graph: KnowledgeGraph, modalities: list[Modality]
) -> None:
    learner = Learner(graph, modalities, small_settings(learning_rate=1e-12))
    batch = batch_of(learner)
    losses = [learner.step(batch)[1] for _ in range(80)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.05


@pytest.mark.parametrize("name", ["visual", "text"])
def test_a_modality_left_out_is_not_there(
    graph: KnowledgeGraph, modalities: list[Modality], tmp_path: Path, name: str
) -> None:
    model = fit(graph, [m for m in modalities if m.name != name], small_settings(), tmp_path)
    assert model.modalities == tuple(m.name for m in modalities if m.name != name)
    assert model.weights.shape == (30, 2)
