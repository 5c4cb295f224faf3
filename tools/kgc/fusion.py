"""Adaptive fusion: how much each modality of an entity counts (AdaMF, arXiv 2402.15444).

    s_m = w . tanh(e_m),    alpha = softmax over the modalities the entity has,    e = sum_m alpha_m e_m

One vector w is shared by all modalities. The authors' code has no mask; here a modality that an entity lacks gets the
weight 0 and no gradient, and the structure, which every entity has, takes over.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

CHUNK = 1 << 16
"""Numbers of one intermediate result, so that a few of them stay in the cache of a core."""


class AdaptiveFusion(nn.Module):
    """Weights of what there is; with `adaptive=False` equal ones (the ablation without fusion weights)."""

    def __init__(self, width: int, adaptive: bool, random: torch.Generator) -> None:
        super().__init__()
        self.attention = nn.Parameter(torch.empty(width), requires_grad=adaptive)
        nn.init.uniform_(self.attention, -(width**-0.5), width**-0.5, generator=random)
        self.adaptive = adaptive

    def forward(self, embeddings: Sequence[Tensor], present: Tensor) -> tuple[Tensor, Tensor]:
        """M embeddings [N, D] and [N, M] bool -> the fused [N, D] and the weights [N, M], whose rows sum to 1.

        No gradient goes back through the weights that are returned, only through the fused embeddings.
        """
        if self.adaptive:
            fused, weights = _Fusion.apply(self.attention, present, *embeddings)
            return fused, weights
        there = present.to(embeddings[0].dtype)
        weights = there / there.sum(dim=1, keepdim=True)
        return _weighted_sum(embeddings, weights), weights


def _weighted_sum(embeddings: Sequence[Tensor], weights: Tensor) -> Tensor:
    total = embeddings[0] * weights[:, :1]
    for m, embedding in enumerate(embeddings[1:], start=1):
        total = total.addcmul(embedding, weights[:, m : m + 1])
    return total


class _Fusion(torch.autograd.Function):
    """In blocks of rows: the many small steps of autograd over all entities at once took longer than RotatE itself."""

    @staticmethod
    def forward(ctx: Any, attention: Tensor, present: Tensor, *embeddings: Tensor) -> tuple[Tensor, Tensor]:
        scores = torch.empty(present.shape, dtype=attention.dtype, device=attention.device)
        for rows in _blocks(*embeddings[0].shape):
            for m, embedding in enumerate(embeddings):
                scores[rows, m] = embedding[rows].tanh() @ attention
        weights = scores.masked_fill(~present, -torch.inf).softmax(dim=1)
        fused = torch.empty_like(embeddings[0])
        for rows in _blocks(*fused.shape):
            torch.mul(embeddings[0][rows], weights[rows, :1], out=fused[rows])
            for m, embedding in enumerate(embeddings[1:], start=1):
                fused[rows].addcmul_(embedding[rows], weights[rows, m : m + 1])
        ctx.save_for_backward(attention, weights, *embeddings)
        ctx.mark_non_differentiable(weights)
        return fused, weights

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        """With g the gradient of e:  a_m = g . e_m,  b_m = alpha_m (a_m - sum_l alpha_l a_l), the gradient of s_m,

        de_m = alpha_m g + b_m w (1 - tanh^2 e_m),    dw = sum over rows and m of b_m tanh e_m.
        A missing modality has alpha = b = 0.
        """
        attention, weights, *embeddings = ctx.saved_tensors
        to_attention = torch.zeros_like(attention)
        results = [torch.empty_like(embedding) for embedding in embeddings]
        for rows in _blocks(*gradient.shape):
            g, alpha = gradient[rows], weights[rows]
            a = torch.stack([torch.linalg.vecdot(g, embedding[rows]) for embedding in embeddings], dim=1)
            b = alpha * (a - torch.linalg.vecdot(alpha, a).unsqueeze(1))
            for m, embedding in enumerate(embeddings):
                tanh = embedding[rows].tanh()
                to_attention.addmv_(tanh.T, b[:, m])
                slope = torch.outer(b[:, m], attention)
                result = torch.mul(g, alpha[:, m : m + 1], out=results[m][rows])
                result.add_(slope).addcmul_(slope, tanh.square_(), value=-1)
        return to_attention, None, *results


def _blocks(count: int, width: int) -> list[slice]:
    step = max(1, CHUNK // width)
    return [slice(start, start + step) for start in range(0, count, step)]
