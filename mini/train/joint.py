"""Second stage of the miniature's Qwen2-VL: reading and writing, scenes and radiographs, and talk, with the tower that
the first stage has trained."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from mini.train.compute import mixed
from mini.train.films import FilmStore
from mini.train.lessons import EARLY, LATE, Lesson, Lessons
from mini.train.pictures import PictureStore
from mini.train.progress import Optimisers, Stage
from mini.train.qwen import PART, build, export, load_bpe, look, merged, trained
from mini.train.tower import TOWER
from mini.train.turns import Encoder, turn_loss


def train_joint(
    work: Path, out: Path, scenes: PictureStore, films: FilmStore, steps: int, batch: int, seed: int = 1,
    start: Path | None = None, own_tower: bool = False,
) -> None:  # fmt: skip
    """Second stage. Writes the model to `out`.

    `start` is a folder of finished models to train further; with `own_tower` on its own tower, as without `start` on
    what the first stage has left.
    """
    torch.manual_seed(seed)
    stage = Stage("qwen-joint", work, steps, start)
    tokenizer = load_bpe(work, seed, start)
    encoder, lessons = Encoder(tokenizer), Lessons(scenes, films)
    model = trained(start / PART, tokenizer) if start else build(tokenizer)
    tower = model.model.visual
    if not own_tower:
        tower.load_state_dict(torch.load(work / TOWER, weights_only=True))
    # Trained along at the language model's rate, the tower forgot what the first stage had taught. Its last layer,
    # which merges patches to tokens, learns along: what is linear in its tokens is not yet easy to look up by kind.
    tower.requires_grad_(False)
    tower.merger.requires_grad_(True)
    model.train()
    # At the full rate a finished model first forgets (tokens right in crowds described: 0.944, 300 steps on 0.906).
    # And what a high rate unsettles takes long to settle, so a short stage has a lower one.
    gain, hold = (0.6 * min(1.0, steps / 1000) ** 0.5, 0.5) if start else (1.0, 0.8)
    optimisers = Optimisers(
        model, gain * 2e-3, gain * 1.5e-3, steps, warm=min(200, steps // 5), keep_adam=("embed",), hold=hold
    )
    parts = {"model": model, "optimisers": optimisers}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-joint-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        share = stage.step / steps
        most = 1 if not start and rng.random() > share / 0.12 else 3
        noise = 0.03 if share < 0.9 else 0.0
        mix = LATE if start or share >= 0.6 else EARLY
        loss, values = taught(model, encoder, lessons.of(stage.step, batch, most, rng, mix), noise, rng)
        torch.autograd.backward(loss)
        optimisers.step(stage.step)
        stage.tick(parts, values)
        if stage.step % 500 == 0:
            export(model, tokenizer, out)
    export(model, tokenizer, out)
    stage.finish()


def taught(
    model: Any, encoder: Encoder, lessons: Iterable[Lesson], noise: float, rng: random.Random
) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of one step, and the share of right tokens by lesson."""
    shared: list[tuple[torch.Tensor, int]] = []
    own: list[torch.Tensor] = []
    values = {}
    for lesson in lessons:
        with mixed():
            seen = None
            if lesson.pictures is not None:
                tower = model.model.visual
                with torch.no_grad():
                    patches = look(tower, lesson.pictures)
                seen = merged(tower, patches)
            summed, tokens, right = turn_loss(
                model, encoder, lesson.turns, seen, noise if lesson.noise else 0.0, rng
            )
        values[lesson.name] = right
        if lesson.weight is None:
            shared.append((summed, tokens))
        else:
            own.append(lesson.weight * summed / tokens)
    mean = torch.stack([loss for loss, _ in shared]).sum() / sum(tokens for _, tokens in shared)
    return torch.stack([mean, *own]).sum(), values
