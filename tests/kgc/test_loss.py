"""Values and gradients of the losses against one triple at a time, in double precision."""

from math import pi

import numpy as np
import pytest
import torch
from kgc_toys import small_settings
from torch import Tensor

import tools.kgc.loss
from tools.kgc.adversary import generator_term, model_term
from tools.kgc.fusion import AdaptiveFusion
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.learner import Learner
from tools.kgc.loss import negative_term, self_adversarial_loss
from tools.kgc.rotation import rotate, sum_of_moduli
from tools.kgc.sampling import TAIL, Batch
from tools.kgc.settings import TrainingSettings


def log_sigmoid(x: Tensor) -> Tensor:
    return torch.log(1 / (1 + torch.exp(-x)))


class Naive:
    """The formulas of the method, one entity and one triple at a time, on the parameters of a learner."""

    def __init__(self, learner: Learner) -> None:
        self.model, self.settings = learner.model, learner.settings
        self.modalities = learner.modalities

    def entity(self, i: int) -> Tensor:
        embeddings = [self.model.structure[i]]
        for m, modality in enumerate(self.modalities):
            if modality.present[i]:
                features = torch.tensor(modality.features[i], dtype=torch.float64)
                embeddings.append(self.model.weight[m] @ features + self.model.bias[m])
        if not self.modalities:
            return embeddings[0]
        fusion = self.model.fusion
        assert fusion is not None
        scores = [torch.dot(fusion.attention, e.tanh()) for e in embeddings]
        if not self.settings.adaptive:
            return sum(embeddings, torch.zeros_like(embeddings[0])) / len(embeddings)
        exponents = [score.exp() for score in scores]
        return sum(
            (x * e for x, e in zip(exponents, embeddings, strict=True)), torch.zeros_like(embeddings[0])
        ) / sum(exponents)

    def score(self, h: int, r: int, t: int) -> Tensor:
        d, s = self.settings.dimension, self.settings
        angle = self.model.relation[r] * pi * d / (s.margin + s.epsilon)
        head, tail = (torch.complex(e[:d], e[d:]) for e in (self.entity(h), self.entity(t)))
        return s.margin - (head * torch.polar(torch.ones_like(angle), angle) - tail).abs().sum()

    def loss(
        self, positives: list[tuple[int, int, int]], negatives: list[list[tuple[int, int, int]]]
    ) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for positive, corrupted in zip(positives, negatives, strict=True):
            n = torch.stack([self.score(*triple) for triple in corrupted])
            weights = torch.exp(self.settings.temperature * n.detach())
            weights = weights / weights.sum()
            total = total + log_sigmoid(self.score(*positive)) + (weights * log_sigmoid(-n)).sum()
        return -total / 2 / len(positives)


def triples_of(batch: Batch) -> tuple[list[tuple[int, int, int]], list[list[tuple[int, int, int]]]]:
    ids = batch.entities
    positives, negatives = [], []
    for b in range(len(batch.heads)):
        h, r, t = int(ids[batch.heads[b]]), int(batch.relations[b]), int(ids[batch.tails[b]])
        positives.append((h, r, t))
        negatives.append(
            [
                (h, r, int(ids[c])) if side == TAIL else (int(ids[c]), r, t)
                for c, side in zip(batch.candidates[b], batch.sides[b], strict=True)
            ]
        )
    return positives, negatives


@pytest.mark.parametrize("modal", [True, False])
@pytest.mark.parametrize("adaptive", [True, False])
@pytest.mark.parametrize("train_features", [True, False])
def test_the_loss_is_that_of_single_triples(
    graph: KnowledgeGraph,
    modalities: list[Modality],
    modal: bool,
    adaptive: bool,
    train_features: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tools.kgc.loss, "CHUNK", 100)  # several chunks even here
    settings = small_settings(adversarial=False, adaptive=adaptive, train_features=train_features)
    learner = Learner(graph, modalities if modal else [], settings)
    learner.model.double()
    batch = learner.sampler.batch(graph.train[:9], 4)
    expected = Naive(learner).loss(*triples_of(batch))
    parameters = [
        x for name, x in learner.model.named_parameters() if x.requires_grad and "features" not in name
    ]
    wanted = torch.autograd.grad(expected, parameters)
    loss = learner.model_loss(batch)
    found = torch.autograd.grad(loss, parameters)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    for x, y in zip(found, wanted, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-9, atol=1e-12)
        assert y.abs().max() > 0


def test_negative_term_is_the_plain_formula_and_its_gradient_is_right() -> None:
    random = torch.Generator().manual_seed(0)
    entities = torch.randn(7, 6, generator=random, dtype=torch.float64, requires_grad=True)
    queries = torch.randn(3, 2, 6, generator=random, dtype=torch.float64, requires_grad=True)
    candidates = torch.randint(7, (3, 4), generator=random)
    sides = torch.randint(2, (3, 4), generator=random)
    chosen = queries[torch.arange(3).unsqueeze(1), sides]
    n = 2.0 - sum_of_moduli(entities[candidates] - chosen)
    plain = 2 * self_adversarial_loss(torch.full((3,), 1e3, dtype=torch.float64), n, 1.5)
    term = negative_term(entities, queries, candidates, sides, 2.0, 1.5)
    assert term.item() == pytest.approx(plain.item(), rel=1e-12)
    for x, y in zip(
        torch.autograd.grad(3 * term, [entities, queries]),
        torch.autograd.grad(3 * plain, [entities, queries]),
        strict=True,
    ):
        torch.testing.assert_close(x, y, rtol=1e-10, atol=1e-12)


def test_no_gradient_is_worked_out_where_nobody_wants_one() -> None:
    entities, queries = torch.ones(2, 4), torch.zeros(1, 2, 4)
    ids = torch.zeros(1, 1, dtype=torch.int64)
    assert not negative_term(entities, queries, ids, ids, 1.0, 1.0).requires_grad


def test_modulus_and_its_gradient_at_zero_and_near_it() -> None:
    x = torch.tensor([[0.0, 3e-25, 3.0, 0.0, 4e-25, 4.0]], dtype=torch.float32, requires_grad=True)
    total = sum_of_moduli(x)
    total.sum().backward()
    assert total.item() == pytest.approx(5.0)
    assert x.grad is not None
    assert x.grad.isfinite().all() and x.grad.abs().max() <= 1
    assert x.grad[0, [0, 3]].tolist() == [0, 0]
    torch.testing.assert_close(x.grad[0, [2, 5]], torch.tensor([0.6, 0.8]))


def test_a_candidate_that_lies_where_it_should_has_gradient_zero() -> None:
    entities = torch.zeros(2, 4, requires_grad=True)
    queries = torch.zeros(1, 2, 4, requires_grad=True)
    ids = torch.zeros(1, 2, dtype=torch.int64)
    negative_term(entities, queries, ids, ids, 1.0, 2.0).backward()
    assert entities.grad is not None and entities.grad.abs().max() == 0


def test_rotation_is_multiplication_of_complex_numbers_and_keeps_moduli(rng: np.random.Generator) -> None:
    x, angle = torch.from_numpy(rng.normal(size=(5, 8))), torch.from_numpy(rng.normal(size=(5, 4)))
    as_complex = torch.complex(x[:, :4], x[:, 4:]) * torch.exp(1j * angle)
    torch.testing.assert_close(rotate(x, angle), torch.cat([as_complex.real, as_complex.imag], dim=1))
    torch.testing.assert_close(rotate(rotate(x, angle), -angle), x)


def test_fusion_against_its_formula_with_gradients_by_differences() -> None:
    random = torch.Generator().manual_seed(3)
    fusion = AdaptiveFusion(5, True, random).double()
    embeddings = [
        torch.randn(4, 5, generator=random, dtype=torch.float64, requires_grad=True) for _ in range(3)
    ]
    present = torch.tensor([[1, 1, 1], [1, 0, 1], [1, 0, 0], [1, 1, 0]], dtype=torch.bool)

    def fused(attention: Tensor, *parts: Tensor) -> Tensor:
        return torch.func.functional_call(fusion, {"attention": attention}, (parts, present))[0]

    assert torch.autograd.gradcheck(fused, (fusion.attention, *embeddings))
    for row in range(4):
        there = [e[row] for e, p in zip(embeddings, present[row], strict=True) if p]
        weights = torch.softmax(torch.stack([fusion.attention @ e.tanh() for e in there]), dim=0)
        expected = sum(w * e for w, e in zip(weights, there, strict=True))
        torch.testing.assert_close(fusion(embeddings, present)[0][row], expected)


def test_adversarial_terms_are_the_loss_with_one_negative(rng: np.random.Generator) -> None:
    positives, synthetic = torch.from_numpy(rng.normal(size=5)), torch.from_numpy(rng.normal(size=(3, 5)))
    against = sum(self_adversarial_loss(positives, s.unsqueeze(1), 2.0) for s in synthetic)
    torch.testing.assert_close(model_term(positives, synthetic), against)
    back = sum(self_adversarial_loss(s, positives.unsqueeze(1), 2.0) for s in synthetic)
    torch.testing.assert_close(generator_term(positives, synthetic), back)


def test_the_loss_is_pykeens(rng: np.random.Generator, pykeen_home: None) -> None:
    losses = pytest.importorskip("pykeen.losses", reason="in the dev extra")
    positives, negatives = torch.from_numpy(rng.normal(size=6)), torch.from_numpy(rng.normal(size=(6, 4)))
    theirs = losses.NSSALoss(margin=0.0, adversarial_temperature=2.0).process_slcwa_scores(
        positives.unsqueeze(1), negatives
    )
    torch.testing.assert_close(self_adversarial_loss(positives, negatives, 2.0), theirs)


def test_settings_refuse_what_cannot_be() -> None:
    for wrong in (
        {"dimension": 0},
        {"margin": 0.0},
        {"mu": -1.0},
        {"learning_rate": float("nan")},
        {"negatives": 0},
    ):
        with pytest.raises(ValueError, match="must be"):
            TrainingSettings(**wrong)
