"""Dense labels that the vision tower learns from first: linear readers at every token, thrown away afterwards."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from mini.train.marks import Marked
from mini.train.qwen import PATCH, SIDE, merge_order

PATCHES = SIDE // PATCH


@dataclass(frozen=True)
class Fact:
    """What is asked of the whole picture at every merged token: `items` questions with `classes` answers each."""

    items: int
    classes: int
    weight: float = 1.0


class Readers(torch.nn.Module):
    """Reads the marks of a kind of picture off the patches, and facts of the whole off the merged tokens."""

    def __init__(
        self, marks: int, traits: int, facts: dict[str, Fact], patch: int = 192, token: int = 256
    ) -> None:
        super().__init__()
        self.marks, self.traits, self.facts = marks, traits, facts
        self.patch_norm, self.token_norm = torch.nn.LayerNorm(patch), torch.nn.LayerNorm(token)
        self.patch_head = torch.nn.Linear(patch, marks + traits)
        self.token_head = torch.nn.Linear(token, sum(f.items * f.classes for f in facts.values()))

    def loss(
        self, patches: torch.Tensor, tokens: torch.Tensor, found: list[Marked], labels: dict[str, torch.Tensor],
    ) -> tuple[torch.Tensor, dict[str, float]]:  # fmt: skip
        """`patches` [n, 64, 192], `tokens` [n, 16, 256]; `labels` [n, items] by fact, -100 for no label.

        Also returns each part, and per fact the share of pictures in which the tokens' mean answer has it wholly right.
        """
        marks, traits = mark_labels(found, self.marks)
        read = self.patch_head(self.patch_norm(patches)).float()
        said = read[..., : self.marks], read[..., self.marks :]
        rare = torch.tensor(8.0)
        losses = {
            "marks": 6 * F.binary_cross_entropy_with_logits(said[0], marks, pos_weight=rare),
            "traits": _cross_entropy(said[1].flatten(0, 1), traits.flatten()),
        }
        values: dict[str, float] = {}
        answers = self.token_head(self.token_norm(tokens)).float()
        parts = answers.split([f.items * f.classes for f in self.facts.values()], -1)
        for (name, fact), part in zip(self.facts.items(), parts, strict=True):
            logits = part.unflatten(-1, (fact.items, fact.classes))
            wide = labels[name][:, None].expand(-1, tokens.shape[1], -1)
            losses[name] = fact.weight * _cross_entropy(logits.flatten(0, 2), wide.flatten())
            with torch.no_grad():
                best = logits.mean(1).argmax(-1)
                right = (best == labels[name]) | (labels[name] == -100)
                values[f"{name}_right"] = right.all(-1).float().mean().item()
        values |= {name: value.item() for name, value in losses.items() if name in ("marks", "traits")}
        return torch.stack(list(losses.values())).sum(), values


def mark_labels(found: list[Marked], marks: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Which mark has its centre in which patch: float [n, 64, marks]; and its trait: [n, 64], -100 for none."""
    wanted = torch.zeros(len(found), PATCHES, PATCHES, marks)
    traits = torch.full((len(found), PATCHES, PATCHES), -100)
    for i, (targets, _) in enumerate(found):
        for each in targets:
            column, row = (min(max(int(v * PATCHES), 0), PATCHES - 1) for v in (each.x, each.y))
            wanted[i, row, column, each.mark] = 1
            traits[i, row, column] = each.trait
    return merge_order(wanted), merge_order(traits)


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Zero where there is no label at all."""
    return F.cross_entropy(logits, labels) if bool((labels != -100).any()) else logits.sum() * 0
