"""From a head's specification to probabilities."""

import numpy as np
import torch
from torch import Tensor, nn

from eval.heads.losses import loss_of
from eval.heads.networks import Attention, Linear
from eval.heads.training import Schedule, seeded, train
from eval.specs import HeadSpec
from eval.task import Bools, Floats, Pair

PREDICT_ROWS = 4096


def train_head(spec: HeadSpec, epochs: int | None, features: Pair, labels: Bools, seed: int) -> nn.Module:
    """A head on features without holes, [n, d] each, and labels [n, C].

    Raises `ValueError` when there is nothing to learn from: no row, or features that are not numbers.
    """
    if not len(labels):
        raise ValueError("no training row is left: every one misses a modality, and the method drops those")
    image, text = (tensor(features[name]) for name in ("image", "text"))
    if not (torch.isfinite(image).all() and torch.isfinite(text).all()):
        raise ValueError("the features still have holes: the method left some of them unfilled")
    wanted = tensor(labels.astype(np.float32))
    loss = loss_of(spec)
    with seeded(seed):
        head = network(spec, image.shape[1], wanted.shape[1])
        schedule = Schedule(epochs or spec.epochs, spec.batch, spec.learning_rate, spec.weight_decay)
        return train(
            head, lambda rows: loss(head(image[rows], text[rows]), wanted[rows]), len(labels), schedule
        )


def network(spec: HeadSpec, width: int, classes: int) -> nn.Module:
    """The untrained head."""
    if spec.kind == "attention":
        return Attention(width, classes)
    return Linear(width, classes, spec.hidden)


def predict(head: nn.Module, features: Pair) -> Floats:
    """Probabilities [n, C]."""
    rows = []
    with torch.inference_mode():
        for start in range(0, len(features["image"]), PREDICT_ROWS):
            part = slice(start, start + PREDICT_ROWS)
            logits = head(tensor(features["image"][part]), tensor(features["text"][part]))
            rows.append(torch.sigmoid(logits).numpy())
    return np.concatenate(rows).astype(np.float32)


def tensor(values: Floats) -> Tensor:
    """A copy: memory-mapped features are read-only."""
    return torch.from_numpy(np.array(values, dtype=np.float32))
