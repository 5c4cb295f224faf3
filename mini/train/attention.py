"""Attention for training on a CPU: the fused one has a slow backward pass, the plain one goes through float32."""

from typing import Any

import torch

NAME = "lean"


def lean_attention(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: torch.Tensor | None,
    scaling: float, dropout: float = 0.0, **_: Any,
) -> tuple[torch.Tensor, None]:  # fmt: skip
    """Softmax attention [n, heads, length, d] in the dtype of its input: half the time of transformers' plain form, and
    equal but for rounding. Without grouped keys and dropout, which the miniature does not have."""
    n, heads, length, _width = query.shape
    scores = (query * scaling) @ key.transpose(2, 3)
    if attention_mask is not None:
        scores = scores + attention_mask.to(scores.dtype)
    out = torch.softmax(scores, dim=-1) @ value
    return out.transpose(1, 2).reshape(n, length, heads, -1), None


def register_lean_attention() -> str:
    """Make it known to transformers; returns its name."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    AttentionInterface.register(NAME, lean_attention)
    AttentionMaskInterface.register(NAME, eager_mask)
    return NAME
