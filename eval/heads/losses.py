"""Losses of multi-label classification."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from eval.specs import HeadSpec

Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits [b, C], labels [b, C] of 0 and 1) -> scalar."""


def focal(logits: Tensor, labels: Tensor, alpha: float = 1.0, gamma: float = 2.0) -> Tensor:
    """Focal loss (Lin et al., 2017), mean over rows and classes.

    `alpha` is a plain factor, since the paper's alpha = 1 can be nothing else: in the balancing form, where a negative
    weighs 1 - alpha, it would leave out all negatives. Hence torchvision's function without its own alpha.
    """
    from torchvision.ops import sigmoid_focal_loss  # type: ignore[import-untyped]

    loss: Tensor = sigmoid_focal_loss(logits, labels, alpha=-1, gamma=gamma, reduction="mean")
    return alpha * loss


def loss_of(head: HeadSpec) -> Loss:
    """The loss that a head names. Methods with a network of their own use the same, so that nothing but the method
    differs."""
    if head.loss == "bce":
        return lambda logits, labels: binary_cross_entropy_with_logits(logits, labels)
    return lambda logits, labels: focal(logits, labels, head.alpha, head.gamma)


def masked_mse(made: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over the rows in `mask` [b]; 0 if there are none."""
    rows = mask.to(made.dtype)
    return ((made - wanted.nan_to_num()) ** 2).mean(dim=1).mul(rows).sum() / torch.clamp(rows.sum(), min=1)
