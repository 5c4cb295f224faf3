"""The self-adversarial loss (Sun et al., ICLR 2019, eq. 5-6), plain, and as one pass over shared embeddings.

    L(p, n) = -1/2 [ mean_b log sig(p_b) + mean_b sum_k w_bk log sig(-n_bk) ],   w = softmax_k(temperature n), constant

It is PyKEEN's NSSALoss with the same temperature. -log sig(-x) is softplus(x), which does not overflow.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import softplus

from tools.kgc.rotation import TINY

CHUNK = 1 << 18
"""Numbers of one intermediate result of `negative_term`: 1 MiB of float32, which stays in the cache of a core."""


def positive_term(scores: Tensor) -> Tensor:
    """-mean log sig(p) over [B] scores."""
    return softplus(-scores).mean()


def self_adversarial_loss(positives: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """L(p, n) of [B] and [B, K] scores."""
    weights = torch.softmax(temperature * negatives.detach(), dim=1)
    return (positive_term(positives) + (weights * softplus(negatives)).sum(dim=1).mean()) / 2


def negative_term(
    entities: Tensor, queries: Tensor, candidates: Tensor, sides: Tensor, margin: float, temperature: float
) -> Tensor:
    """-mean_b sum_k w_bk log sig(-n_bk), n_bk = margin - sum_i |entities[candidates_bk] - queries[b, sides_bk]|_i.

    The published formulation gathers a projected row per negative and lets autograd keep all of them, several times
    over. Here each entity comes once, as a row of `entities`, and a positive's K scores are all known after one small
    chunk, so their weights and gradients are too: the chunk, still in the cache, becomes its own gradient and is added
    to those of `entities` and `queries`. Nothing of size B * K * 2d ever exists.

    Args:
        entities: [U, 2d], the different entities of the batch.
        queries: [B, 2, 2d], where the tail (0) and the head (1) of each positive should lie.
        candidates: [B, K] int64, rows of `entities` that replace them.
        sides: [B, K] int64, 0 where the candidate replaces the tail, 1 where it replaces the head.
    """
    term: Tensor = _NegativeTerm.apply(entities, queries, candidates, sides, margin, temperature)
    return term


class _NegativeTerm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        entities: Tensor,
        queries: Tensor,
        candidates: Tensor,
        sides: Tensor,
        margin: float,
        temperature: float,
    ) -> Tensor:
        (B, K), width = candidates.shape, entities.shape[1]
        d, flat = width // 2, queries.reshape(2 * B, width)
        lines = 2 * torch.arange(B, device=sides.device).unsqueeze(1) + sides
        wanted = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        to_entities, to_queries = torch.zeros_like(entities), torch.zeros_like(flat)
        total = entities.new_zeros(())
        step = max(1, CHUNK // (K * width))
        with torch.no_grad():
            for start in range(0, B, step):
                rows = candidates[start : start + step].flatten()
                line = lines[start : start + step].flatten()
                difference = entities.index_select(0, rows).sub_(flat.index_select(0, line))
                real, imaginary = difference[:, :d], difference[:, d:]
                modulus = real.square().addcmul_(imaginary, imaginary).sqrt_()
                scores = margin - modulus.sum(dim=1).view(-1, K)
                weights = torch.softmax(temperature * scores, dim=1)
                total += (weights * softplus(scores)).sum()
                if wanted:
                    # d term / d difference = -(w sig(n) / B) difference / |difference|, 0 where that is 0
                    slope = (weights * scores.sigmoid()).div_(-B).view(-1, 1)
                    scale = torch.div(slope, modulus.clamp_(min=TINY), out=modulus)
                    real.mul_(scale)
                    imaginary.mul_(scale)
                    to_entities.index_add_(0, rows, difference)
                    to_queries.index_add_(0, line, difference, alpha=-1)
        ctx.save_for_backward(to_entities, to_queries.view_as(queries))
        return total / B

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None, None, None]:
        to_entities, to_queries = ctx.saved_tensors
        return to_entities * gradient, to_queries * gradient, None, None, None, None
