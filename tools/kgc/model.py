"""AdaMF on RotatE: structural embeddings and projected features of each entity, fused; relations as rotations."""

from collections.abc import Sequence
from math import pi

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from tools.kgc.fusion import AdaptiveFusion
from tools.kgc.graph import Modality
from tools.kgc.settings import TrainingSettings

BLOCK = 4096
"""Entities that are embedded at a time when all are asked for."""
NEARLY_ALL = 0.9
"""From this share of the entities on, a batch projects the features of all."""


class CompletionModel(nn.Module):
    """d complex dimensions, D = 2d numbers; without modalities it is RotatE.

    Structural embeddings start uniform in +-(margin + epsilon) / D, relations in +-(margin + epsilon) / d and turn by
    relation * pi * d / (margin + epsilon) radians. e_m = W_m f_m + b_m, one linear map per modality.
    """

    present: Tensor
    """Bool [n, 1 + M]: which embeddings an entity has, the structure first."""

    def __init__(
        self,
        n_entities: int,
        n_relations: int,
        modalities: Sequence[Modality],
        settings: TrainingSettings,
        random: torch.Generator,
    ) -> None:
        super().__init__()
        d, width = settings.dimension, 2 * settings.dimension
        reach = settings.margin + settings.epsilon
        self.margin, self._radians = settings.margin, pi * d / reach
        self.modalities = tuple(modality.name for modality in modalities)
        self.structure = _uniform((n_entities, width), reach / width, random)
        self.relation = _uniform((n_relations, d), reach / d, random)
        self.weight, self.bias = nn.ParameterList(), nn.ParameterList()
        for m, modality in enumerate(modalities):
            features = torch.from_numpy(modality.features)
            if settings.train_features:  # learnt, so saved with the model
                self.register_parameter(f"features_{m}", nn.Parameter(features.clone()))
            else:
                self.register_buffer(f"features_{m}", features, persistent=False)
            bound = features.shape[1] ** -0.5  # as nn.Linear
            self.weight.append(_uniform((width, features.shape[1]), bound, random))
            self.bias.append(_uniform((width,), bound, random))
        columns = [torch.from_numpy(modality.present) for modality in modalities]
        present = torch.stack([torch.ones(n_entities, dtype=torch.bool), *columns], dim=1)
        self.register_buffer("present", present, persistent=False)
        self.fusion = AdaptiveFusion(width, settings.adaptive, random) if modalities else None

    def embed(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Fused embeddings [U, D] and fusion weights [U, 1 + M] of [U] entities, each best given once."""
        structure = self.structure.index_select(0, ids)
        if self.fusion is None:
            return structure, torch.ones_like(structure[:, :1])
        parts = [structure, *(self._project(m, ids) for m in range(len(self.modalities)))]
        return self.fuse(parts, self.present.index_select(0, ids))

    def _project(self, m: int, ids: Tensor) -> Tensor:
        """Projected features [U, D] of one modality."""
        features: Tensor = getattr(self, f"features_{m}")
        if len(ids) >= NEARLY_ALL * len(
            features
        ):  # copying so many wide rows costs more than projecting the rest
            return linear(features, self.weight[m], self.bias[m]).index_select(0, ids)
        return linear(features.index_select(0, ids), self.weight[m], self.bias[m])

    def fuse(self, parts: Sequence[Tensor], present: Tensor) -> tuple[Tensor, Tensor]:
        """1 + M embeddings [U, D], the structure first, and [U, 1 + M] bool -> fused [U, D] and weights [U, 1 + M]."""
        assert self.fusion is not None
        fused: tuple[Tensor, Tensor] = self.fusion(parts, present)
        return fused

    def angles(self, relations: Tensor | None = None) -> Tensor:
        """Rotations in radians, [R, d] of all or [B, d] of the given relations."""
        chosen = self.relation if relations is None else self.relation.index_select(0, relations)
        return chosen * self._radians

    @torch.no_grad()
    def embed_all(self) -> tuple[Tensor, Tensor]:
        """Fused embeddings [n, D] and weights [n, 1 + M] of all entities, without gradient."""
        ids = torch.arange(len(self.structure), device=self.structure.device)
        blocks = [self.embed(block) for block in torch.split(ids, BLOCK)]
        fused, weights = zip(*blocks, strict=True)
        return torch.cat(fused), torch.cat(weights)


def _uniform(shape: tuple[int, ...], bound: float, random: torch.Generator) -> nn.Parameter:
    values = torch.empty(shape)
    nn.init.uniform_(values, -bound, bound, generator=random)
    return nn.Parameter(values)
