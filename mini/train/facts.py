"""Linear readers of facts from one vector, thrown away after training: what a pooled text or an embedding must tell."""

import torch
import torch.nn.functional as F

from mini.world import chest
from mini.world.chest import Film
from mini.world.facts import ARRANGEMENTS, COLOURS, KINDS, STYLES, Scene


class SceneFacts(torch.nn.Module):
    """Number and colour of every kind; `whole` also style and arrangement. What is not told is a class of its own."""

    def __init__(self, width: int, whole: bool = False) -> None:
        super().__init__()
        self.head = torch.nn.Linear(width, len(KINDS) * (4 + len(COLOURS) + 1))
        self.whole_head = torch.nn.Linear(width, len(STYLES) + 1 + len(ARRANGEMENTS) + 1) if whole else None

    def loss(self, features: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
        """`features` [n, width]."""
        counts = torch.zeros(len(scenes), len(KINDS), dtype=torch.long)
        colours = torch.full((len(scenes), len(KINDS)), -100)
        for i, scene in enumerate(scenes):
            for group in scene.groups:
                kind = KINDS.index(group.kind)
                counts[i, kind] = group.count
                colours[i, kind] = COLOURS.index(group.colour) if group.colour else len(COLOURS)
        logits = self.head(features).float().view(len(scenes), len(KINDS), -1)
        by_count = F.cross_entropy(logits[..., :4].flatten(0, 1), counts.flatten())
        by_colour = F.cross_entropy(logits[..., 4:].flatten(0, 1), colours.flatten(), ignore_index=-100)
        total = 4 * by_count + by_colour
        if self.whole_head is None:
            return total
        style, arrangement = (
            self.whole_head(features).float().split([len(STYLES) + 1, len(ARRANGEMENTS) + 1], -1)
        )
        styles = torch.tensor([STYLES.index(s.style) if s.style else len(STYLES) for s in scenes])
        orders = [ARRANGEMENTS.index(s.arrangement) if s.arrangement else len(ARRANGEMENTS) for s in scenes]
        both = F.cross_entropy(style, styles) + F.cross_entropy(arrangement, torch.tensor(orders))
        return total + 0.5 * both


PLACES = (None, *chest.SIDES, chest.BOTH, "midline")
"""Where a kind of finding is; None where it is not there."""


class FilmFacts(torch.nn.Module):
    """Place, zone and size of every kind of finding. What is not told is a class of its own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.parts = (len(PLACES), len(chest.ZONES) + 1, 3)
        self.head = torch.nn.Linear(width, len(chest.KINDS) * sum(self.parts))

    def loss(self, features: torch.Tensor, films: list[Film]) -> torch.Tensor:
        """`features` [n, width]."""
        kinds = list(chest.KINDS)
        places = torch.zeros(len(films), len(kinds), dtype=torch.long)
        zones, sizes = (torch.full((len(films), len(kinds)), -100) for _ in range(2))
        for i, film in enumerate(films):
            for finding in film.findings:
                kind, spec = kinds.index(finding.kind), chest.KINDS[finding.kind]
                places[i, kind] = PLACES.index(finding.side or "midline")
                if spec.place == "zone":
                    zones[i, kind] = chest.ZONES.index(finding.zone) if finding.zone else len(chest.ZONES)
                if spec.sizes:
                    sizes[i, kind] = spec.sizes.index(finding.size) if finding.size else 2
        logits = self.head(features).float().view(len(films) * len(kinds), -1).split(self.parts, -1)
        losses = []
        for weight, part, labels in zip((4, 1, 1), logits, (places, zones, sizes), strict=True):
            if bool((labels != -100).any()):
                losses.append(weight * F.cross_entropy(part, labels.flatten(), ignore_index=-100))
        return torch.stack(losses).sum()
