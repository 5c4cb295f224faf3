"""First stage of the miniature's Qwen2-VL: its eyes. The vision tower alone answers dense labels at every token."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from mini.train.cells import cell_labels
from mini.train.pictures import PictureStore, jitter, normalised
from mini.train.progress import Optimisers, Stage
from mini.train.qwen import CELLS, PART, VOCABULARY, build, load_bpe, see, special_ids, trained
from mini.world.facts import ARRANGEMENTS, COLOURS, KINDS, STYLES, Layout


@dataclass
class Labels:
    """What every merged token should know: what lies in its cell, and the facts of the whole picture."""

    kinds: torch.Tensor
    colours: torch.Tensor
    counts: torch.Tensor
    colour_of: torch.Tensor
    rank_of: torch.Tensor
    style: torch.Tensor
    arrangement: torch.Tensor


def dense_labels(layouts: list[Layout]) -> Labels:
    """`kinds` [n, 16, 12] and `colours` [n, 16, 6] by cell; `counts`, `colour_of`, `rank_of` [n, 12]; the rest [n]."""
    n = len(layouts)
    kinds, colours = cell_labels(layouts, CELLS)
    counts = torch.zeros(n, len(KINDS), dtype=torch.long)
    colour_of, rank_of = torch.full((n, len(KINDS)), -100), torch.full((n, len(KINDS)), -100)
    style, arrangement = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long)
    for i, layout in enumerate(layouts):
        scene = layout.scene
        style[i] = STYLES.index(scene.style or STYLES[0])
        arrangement[i] = 0 if scene.arrangement is None else 1 + ARRANGEMENTS.index(scene.arrangement)
        for rank, group in enumerate(scene.groups):
            kind = KINDS.index(group.kind)
            counts[i, kind], rank_of[i, kind] = group.count, rank
            colour_of[i, kind] = COLOURS.index(group.colour or COLOURS[0])
    return Labels(kinds.flatten(1, 2), colours.flatten(1, 2), counts, colour_of, rank_of, style, arrangement)


SIZES = {
    "kinds": len(KINDS), "colours": len(COLOURS), "counts": len(KINDS) * 4, "colour_of": len(KINDS) * len(COLOURS),
    "rank_of": len(KINDS) * 3, "style": len(STYLES), "arrangement": 3, "cell": CELLS * CELLS,
}  # fmt: skip
"""Logits that each merged token answers with in the first stage."""


class DenseHeads(torch.nn.Module):
    """Linear readers on every merged token; thrown away after the first stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.head = torch.nn.Linear(width, sum(SIZES.values()))

    def loss(self, tokens: torch.Tensor, labels: Labels) -> tuple[torch.Tensor, dict[str, float]]:
        parts = dict(
            zip(
                SIZES,
                self.head(self.norm(tokens)).float().split(list(SIZES.values()), -1),
                strict=True,
            )
        )
        n, cells = tokens.shape[:2]

        def everywhere(name: str, target: torch.Tensor, classes: int) -> torch.Tensor:
            """Cross-entropy of a fact of the whole picture, asked at every token."""
            logits = parts[name].view(n, cells, -1, classes)
            wide = target.view(n, 1, -1).expand(-1, cells, -1)
            return F.cross_entropy(logits.flatten(0, 2), wide.flatten(), ignore_index=-100)

        own = torch.arange(cells).expand(n, -1)
        losses = {
            "kinds": 4 * F.binary_cross_entropy_with_logits(parts["kinds"], labels.kinds),
            "colours": 3 * F.binary_cross_entropy_with_logits(parts["colours"], labels.colours),
            "counts": 4 * everywhere("counts", labels.counts, 4),
            "colour_of": everywhere("colour_of", labels.colour_of, len(COLOURS)),
            "rank_of": everywhere("rank_of", labels.rank_of, 3),
            "style": everywhere("style", labels.style, len(STYLES)),
            "arrangement": everywhere("arrangement", labels.arrangement, 3),
            "cell": 0.3 * F.cross_entropy(parts["cell"].flatten(0, 1), own.flatten()),
        }
        with torch.no_grad():
            votes = parts["counts"].mean(1).view(n, len(KINDS), 4).argmax(-1)
            exact = (votes == labels.counts).all(-1).float().mean().item()
        return torch.stack(list(losses.values())).sum(), {"counts_exact": exact} | {
            k: v.item() for k, v in losses.items()
        }


def train_tower(
    work: Path, store: PictureStore, steps: int, batch: int, seed: int = 1, start: Path | None = None
) -> None:
    """First stage. Leaves `tower.pt`, the vision tower. `start` is a folder of finished models."""
    torch.manual_seed(seed)
    stage = Stage("qwen-tower", work, steps)
    if stage.done.exists():
        return
    tokenizer = load_bpe(work, seed)
    model = trained(start / PART, tokenizer) if start else build(VOCABULARY, special_ids(tokenizer))
    tower, heads = model.model.visual, DenseHeads(256)
    both = torch.nn.ModuleDict({"tower": tower, "dense": heads})
    optimisers = Optimisers(both, 2e-3, 1e-3, steps)
    parts = {"model": both, "optimisers": optimisers}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-tower-{stage.step}")
        chosen = [rng.randrange(len(store)) for _ in range(batch)]
        pictures = normalised([jitter(store.pixels[i], rng) for i in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, values = heads.loss(see(tower, pictures), dense_labels([store.layouts[i] for i in chosen]))
        torch.autograd.backward(loss)
        optimisers.step(stage.step)
        stage.tick(parts, {"loss": loss.item(), **values})
    torch.save(tower.state_dict(), work / "tower.pt")
    stage.finish()
