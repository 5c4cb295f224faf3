"""The published formulation of AdaMF's training step, written down as it is described: one row per (triple, negative).

Features of the head and of the tail of every positive and every negative triple are looked up, projected and fused,
row by row; autograd does the rest. In float32 on the CPU, with the adversarial term switched off as in every
published command (mu = 0), and without the generators' own step, which changes nothing then.
"""

from math import pi

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid


class PublishedModel(nn.Module):
    """Embedding tables for structure, relations and the two kinds of features; a linear map each; one vector w."""

    def __init__(
        self, n: int, relations: int, d: int, margin: float, features: list[Tensor], trainable: bool
    ) -> None:
        super().__init__()
        self.d, self.margin, self.reach = d, margin, margin + 2.0
        self.entity = nn.Embedding(n, 2 * d)
        self.relation = nn.Embedding(relations, d)
        self.features = nn.ModuleList(
            nn.Embedding.from_pretrained(table, freeze=not trainable) for table in features
        )
        self.projections = nn.ModuleList(nn.Linear(table.shape[1], 2 * d) for table in features)
        self.attention = nn.Linear(2 * d, 1, bias=False)

    def joint(self, ids: Tensor) -> Tensor:
        parts = [self.entity(ids)]
        for table, project in zip(self.features, self.projections, strict=True):
            parts.append(project(table(ids)))
        stacked = torch.stack(parts, dim=1)
        weights = torch.softmax(self.attention(torch.tanh(stacked)).squeeze(-1), dim=-1)
        return torch.sum(weights.unsqueeze(-1) * stacked, dim=1)

    def forward(self, heads: Tensor, relations: Tensor, tails: Tensor) -> Tensor:
        """Scores of N triples."""
        head, tail = self.joint(heads), self.joint(tails)
        phase = self.relation(relations) / (self.reach / self.d / pi)
        real_head, imaginary_head = torch.chunk(head, 2, dim=-1)
        real_tail, imaginary_tail = torch.chunk(tail, 2, dim=-1)
        cos, sin = torch.cos(phase), torch.sin(phase)
        real = real_head * cos - imaginary_head * sin - real_tail
        imaginary = real_head * sin + imaginary_head * cos - imaginary_tail
        return self.margin - torch.stack([real, imaginary]).norm(dim=0).sum(dim=-1)


def published_loss(scores: Tensor, positives: int, temperature: float) -> Tensor:
    """Of the scores of B positives followed by their negatives, [B * (1 + K)], positive by positive in each round."""
    p = scores[:positives]
    n = scores[positives:].view(-1, positives).T
    weights = torch.softmax(n * temperature, dim=-1).detach()
    return -(logsigmoid(p).mean() + (weights * logsigmoid(-n)).sum(dim=-1).mean()) / 2
