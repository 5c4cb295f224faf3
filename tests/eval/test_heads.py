"""The shared heads and their training."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from eval.heads import predict, train_head
from eval.heads.build import network
from eval.heads.losses import focal
from eval.heads.training import Schedule, seeded, train
from eval.specs import HeadSpec


def test_focal_loss_by_hand() -> None:
    logits, labels = torch.tensor([[0.0, 2.0, -1.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    p = torch.sigmoid(logits)
    right = torch.where(labels == 1, p, 1 - p)
    expected = (-((1 - right) ** 2) * torch.log(right)).mean()
    assert focal(logits, labels) == pytest.approx(expected.item(), rel=1e-5)
    assert focal(logits, labels, alpha=3.0) == pytest.approx(3 * expected.item(), rel=1e-5)
    plain = binary_cross_entropy_with_logits(logits, labels)
    assert focal(logits, labels, gamma=0.0) == pytest.approx(plain.item(), rel=1e-5)


def test_negatives_count_at_alpha_1() -> None:
    """In the balancing form of torchvision alpha = 1 would leave them out."""
    assert focal(torch.tensor([[5.0]]), torch.tensor([[0.0]])) > 1


@pytest.mark.parametrize(
    "spec",
    [
        HeadSpec(epochs=30, learning_rate=1e-2),
        HeadSpec(kind="attention", epochs=10, learning_rate=1e-3, loss="bce"),
        HeadSpec(hidden=16, epochs=30, learning_rate=1e-2),
    ],
)
def test_a_head_learns_from_both_modalities(spec: HeadSpec) -> None:
    random = np.random.default_rng(0)
    features = {name: random.normal(size=(300, 8)).astype(np.float32) for name in ("image", "text")}
    labels = np.stack([features["image"][:, 0] > 0, features["text"][:, 0] > 0], axis=1)
    head = train_head(spec, None, features, labels, seed=0)
    found = predict(head, features)
    assert found.shape == (300, 2) and found.dtype == np.float32
    assert ((found > 0.5) == labels).mean() > 0.9


def test_the_papers_head_is_one_layer() -> None:
    assert sum(each.numel() for each in network(HeadSpec(), 768, 27).parameters()) == 2 * 768 * 27 + 27


def test_holes_and_no_rows_are_refused() -> None:
    features = {"image": np.ones((4, 2), np.float32), "text": np.full((4, 2), np.nan, np.float32)}
    labels = np.ones((4, 1), dtype=bool)
    with pytest.raises(ValueError, match="still have holes"):
        train_head(HeadSpec(), None, features, labels, 0)
    with pytest.raises(ValueError, match="no training row is left"):
        train_head(HeadSpec(), None, {k: v[:0] for k, v in features.items()}, labels[:0], 0)


def test_a_loss_that_leaves_the_numbers_is_an_error() -> None:
    layer = torch.nn.Linear(2, 1)
    with seeded(0), pytest.raises(FloatingPointError, match="lower the learning rate"):
        train(layer, lambda rows: layer(torch.full((len(rows), 2), torch.inf)).sum(), 4, Schedule(1, 2, 1.0))
