"""Trains the independent recognisers of drawn scenes and of radiographs; about five minutes each on one core."""

import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from mini.recogniser import CELLS, SIDE, FilmReader, Net, SceneReader, save
from mini.train.compute import mixed
from mini.train.films import FilmStore
from mini.train.marks import Marked, film_targets, scene_targets
from mini.train.pictures import PictureStore, Pixels
from mini.train.progress import Stage


def train_scenes(work: Path, out: Path, store: PictureStore, steps: int, batch: int, seed: int = 1) -> None:
    """Kinds in their number, colours, order and style of drawn scenes. Writes `scenes.safetensors` to `out`."""
    targets = [scene_targets(layout) for layout in store.layouts]
    _train("scenes", work, out, SceneReader(), steps, batch, seed, pooled(store.pixels), targets)


def train_films(work: Path, out: Path, store: FilmStore, steps: int, batch: int, seed: int = 1) -> None:
    """Findings, places and sizes of radiographs. Writes `films.safetensors` to `out`."""
    reader = FilmReader()
    targets = [film_targets(exposure, reader) for exposure in store.exposures]
    _train("films", work, out, reader, steps, batch, seed, pooled(store.grey), targets)


def _train(
    kind: str, work: Path, out: Path, reader: SceneReader | FilmReader, steps: int, batch: int, seed: int,
    pixels: torch.Tensor, targets: list[Marked],
) -> None:  # fmt: skip
    stage = Stage(f"recogniser-{kind}", work, steps)
    torch.manual_seed(seed)
    net = Net(reader.marks, reader.traits, reader.whole).to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps + 1, pct_start=0.15)
    parts = {"model": net, "optimiser": optimiser, "schedule": schedule}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-recogniser-{kind}-{stage.step}")
        chosen = [rng.randrange(len(pixels)) for _ in range(batch)]
        seen, shift = roughened(pixels[chosen].to(torch.get_default_device()), rng)
        with mixed():
            marks, traits, whole = net(seen)
        losses = loss(marks.float(), traits.float(), whole.float(), [targets[i] for i in chosen], shift)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        stage.tick(parts, {name: value.item() for name, value in losses.items()})
    save(net, kind, out)
    stage.finish()


def loss(
    marks: torch.Tensor, traits: torch.Tensor, whole: torch.Tensor, targets: list[Marked],
    shift: tuple[float, float],
) -> dict[str, torch.Tensor]:  # fmt: skip
    """CenterNet's focal loss of the marks (equation 1 of "Objects as Points"), cross-entropy of the rest."""
    wanted = np.zeros(marks.shape, dtype=np.float32)
    kinds = np.full((len(marks), CELLS, CELLS), -100)
    line = np.arange(CELLS)
    total = 0
    for i, (found, _) in enumerate(targets):
        for each in found:
            x, y = (each.x + shift[0]) * CELLS, (each.y + shift[1]) * CELLS
            column, row = (int(min(max(v, 0), CELLS - 1)) for v in (x, y))
            wide = min(max(each.size * CELLS / 6, 0.5), 1.5)
            blob = np.exp(-((line[:, None] - row) ** 2 + (line[None, :] - column) ** 2) / (2 * wide**2))
            wanted[i, each.mark] = np.maximum(wanted[i, each.mark], blob)
            near = slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2)
            kinds[i][near] = each.trait
            total += 1
    goal, centre = torch.as_tensor(wanted), torch.as_tensor(wanted == 1)
    sure = marks.sigmoid()
    hit = -((1 - sure) ** 2 * F.logsigmoid(marks))[centre].sum()
    miss = -((1 - goal) ** 4 * sure**2 * F.logsigmoid(-marks))[~centre].sum()
    styles, places = torch.tensor([style for _, style in targets]), torch.as_tensor(kinds)
    return {
        "marks": (hit + miss) / max(1, total),
        "traits": _cross_entropy(traits, places),
        "whole": _cross_entropy(whole, styles),
    }


def _cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Zero where there is no label at all."""
    return F.cross_entropy(logits, labels) if bool((labels != -100).any()) else logits.sum() * 0


def pooled(pixels: Pixels) -> torch.Tensor:
    """All pictures [n, side, side(, 3)] at 64 px and with three channels or one: uint8 [n, channels, 64, 64]."""
    kept = []
    for start in range(0, len(pixels), 256):
        some = torch.from_numpy(np.array(pixels[start : start + 256])).float()  # in main memory, all of them
        some = some.permute(0, 3, 1, 2) if some.ndim == 4 else some.unsqueeze(1)
        kept.append(F.avg_pool2d(some, some.shape[-1] // SIDE).byte())
    return torch.cat(kept)


def roughened(pixels: torch.Tensor, rng: random.Random) -> tuple[torch.Tensor, tuple[float, float]]:
    """uint8 [n, channels, 64, 64] to float [n, 3, 64, 64], 0-1, as a diffusion model might have drawn them: shifted,
    soft, with other brightness, contrast and noise; and the shift (x, y) as a share of the side.

    Shift and softness change once a batch, which is quick.
    """
    seen = pixels.float() / 255
    left, up = rng.randint(-3, 3), rng.randint(-3, 3)
    seen = F.pad(seen, (3, 3, 3, 3), mode="replicate")[
        ..., 3 + up : 3 + up + SIDE, 3 + left : 3 + left + SIDE
    ]
    if rng.random() < 0.5:
        small = F.interpolate(seen, size=rng.choice((28, 32, 40, 48)), mode="bilinear", antialias=True)
        seen = F.interpolate(small, size=SIDE, mode="bicubic")
    n = len(seen)
    gain, offset = 1 + 0.2 * (2 * torch.rand(n, 1, 1, 1) - 1), 0.08 * (2 * torch.rand(n, 1, 1, 1) - 1)
    noisy = seen * gain + offset + rng.choice((0.0, 0.02, 0.05)) * torch.randn_like(seen)
    return noisy.clamp(0, 1).expand(-1, 3, -1, -1), (-left / SIDE, -up / SIDE)
