"""Choosing the next token of every row, so that a row's choice does not depend on its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch


@dataclass(frozen=True)
class Sampling:
    """How one row samples. Its generator yields one number per token, whatever else is in the batch."""

    temperature: float
    """0 is greedy."""
    top_p: float
    generator: Random


def generator(seed: int | None, choice: int) -> Random:
    """The generator of one choice of a request; without a seed it is unpredictable."""
    return Random() if seed is None else Random(f"{seed}:{choice}")


def choose(logits: torch.Tensor, rows: Sequence[Sampling]) -> list[int]:
    """One token id per row of `logits` (B, vocabulary); -inf is never chosen.

    Inverse transform sampling in double precision: the row's uniform number is looked up in its cumulative
    distribution. Nucleus sampling (https://arxiv.org/abs/1904.09751) keeps the smallest set of mass `top_p`.
    """
    chosen: list[int] = logits.argmax(dim=-1).tolist()
    plain = [i for i, row in enumerate(rows) if row.temperature > 0 and row.top_p >= 1]
    nucleus = [i for i, row in enumerate(rows) if row.temperature > 0 and row.top_p < 1]
    if plain:
        for i, token in zip(plain, _draw(_probabilities(logits, rows, plain), rows, plain), strict=True):
            chosen[i] = token
    if nucleus:
        ordered, tokens = _probabilities(logits, rows, nucleus).sort(dim=-1, descending=True, stable=True)
        before = ordered.cumsum(dim=-1) - ordered
        limit = torch.tensor([[rows[i].top_p] for i in nucleus], dtype=torch.float64)
        places = _draw(ordered.masked_fill(before >= limit, 0), rows, nucleus)
        for number, (i, place) in enumerate(zip(nucleus, places, strict=True)):
            chosen[i] = int(tokens[number, place])
    return chosen


def _probabilities(logits: torch.Tensor, rows: Sequence[Sampling], which: list[int]) -> torch.Tensor:
    picked = logits if len(which) == len(logits) else logits[which]
    picked = picked.double()
    # The maximum goes first, so that a tiny temperature cannot overflow.
    picked = picked - picked.amax(dim=-1, keepdim=True)
    temperatures = torch.tensor([[rows[i].temperature] for i in which], dtype=torch.float64)
    return (picked / temperatures).softmax(dim=-1)


def _draw(weights: torch.Tensor, rows: Sequence[Sampling], which: list[int]) -> list[int]:
    cumulative = weights.cumsum(dim=-1)
    total = cumulative[:, -1:]
    uniform = torch.tensor([[rows[i].generator.random()] for i in which], dtype=torch.float64)
    places = torch.searchsorted(cumulative, uniform * total, right=True)
    # Rounding may point behind the last token of positive weight.
    last = (weights > 0).double().cumsum(dim=-1).argmax(dim=-1, keepdim=True)
    drawn: list[int] = torch.minimum(places, last)[:, 0].tolist()
    return drawn
