"""Modality adversarial training (MAT): generators imagine modalities, the model learns to tell them from real ones.

A generator per modality makes an embedding out of noise and the structural embedding of an entity. Fused with that
structure, it gives a synthetic entity e*; each positive (h, r, t) gives three synthetic triples

    (h*, r, t),    (h, r, t*),    (h*, r, t*).

The model adds mu * sum_j L(F_positive, F_j) to its loss, the generators minimise sum_j L(F_j, F_positive); L is the
self-adversarial loss with one negative, so its weight is 1. (The authors' code has these scores in one long row by
accident, and so weighs them over the batch in the model's step; the formula is followed here.)
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tools.kgc.loss import positive_term
from tools.kgc.model import CompletionModel
from tools.kgc.rotation import rotate, sum_of_moduli

SLOPE = 0.01
"""Of the LeakyReLU."""


class Ends(NamedTuple):
    """Positives of a batch, embedded."""

    head_structure: Tensor
    """[B, D] before fusion."""
    tail_structure: Tensor
    head: Tensor
    """[B, D] fused."""
    tail: Tensor
    angle: Tensor
    """[B, d]"""


class Adversary(nn.Module):
    """Generators Linear(noise + D, hidden), LeakyReLU, Linear(hidden, D), one per modality; and their noise."""

    def __init__(self, count: int, width: int, noise: int, hidden: int, random: torch.Generator) -> None:
        super().__init__()
        self.noise = noise
        # On the meta device first: their weights come from `random`, not from torch's global generator.
        with torch.device("meta"):
            layers = [
                nn.Sequential(nn.Linear(noise + width, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, width))
                for _ in range(count)
            ]
        self.generators = nn.ModuleList(layers).to_empty(device="cpu")
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                for values in (layer.weight, layer.bias):
                    nn.init.uniform_(
                        values, -(layer.in_features**-0.5), layer.in_features**-0.5, generator=random
                    )

    def forward(self, structure: Tensor, random: torch.Generator) -> list[Tensor]:
        """[N, D] structures -> an imagined embedding [N, D] per modality. Noise is drawn on the CPU."""
        made = []
        for generator in self.generators:
            noise = torch.randn(len(structure), self.noise, generator=random, dtype=structure.dtype)
            made.append(generator(torch.cat([noise.to(structure.device), structure], dim=1)))
        return made

    def synthetic_scores(self, model: CompletionModel, ends: Ends, random: torch.Generator) -> Tensor:
        """[3, B]: scores of (h*, r, t), (h, r, t*), (h*, r, t*). A synthetic entity has every modality."""
        head, tail = (
            self._imagine(model, structure, random)
            for structure in (ends.head_structure, ends.tail_structure)
        )
        turned, turned_real = rotate(head, ends.angle), rotate(ends.head, ends.angle)
        differences = torch.stack([turned - ends.tail, turned_real - tail, turned - tail])
        return model.margin - sum_of_moduli(differences)

    def _imagine(self, model: CompletionModel, structure: Tensor, random: torch.Generator) -> Tensor:
        parts = [structure, *self(structure, random)]
        present = torch.ones(len(structure), len(parts), dtype=torch.bool, device=structure.device)
        return model.fuse(parts, present)[0]


def model_term(positives: Tensor, synthetic: Tensor) -> Tensor:
    """sum_j L(F_positive, F_j) of [B] and [3, B] scores."""
    return sum_of_losses(positives.expand_as(synthetic), synthetic)


def generator_term(positives: Tensor, synthetic: Tensor) -> Tensor:
    """sum_j L(F_j, F_positive) of [B] and [3, B] scores."""
    return sum_of_losses(synthetic, positives.expand_as(synthetic))


def sum_of_losses(better: Tensor, worse: Tensor) -> Tensor:
    """sum_j L(better_j, worse_j) of [J, B] scores, one negative each."""
    return len(better) * (positive_term(better) + positive_term(-worse)) / 2
