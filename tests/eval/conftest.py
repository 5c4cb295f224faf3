"""Two toy problems in the form of a cell's task: in one, zeros are far from anything that occurs; in the other, what is
missing cannot be told linearly from what is there."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from eval.experiment import HeadSpec
from eval.task import Bools, Candidates, Floats, Part, Task

HEAD = HeadSpec(epochs=40, learning_rate=1e-2)
WIDTH = 12


def part_of(image: Floats, text: Floats, labels: Bools, present: Bools) -> Part:
    truth = {"image": image.astype(np.float32), "text": text.astype(np.float32)}
    rows = len(labels)
    return Part(truth, present, labels, np.arange(rows), tuple(f"s{i}" for i in range(rows)))


def hide(random: np.random.Generator, rows: int, rate: float, kinds: tuple[int, ...] = (0, 1)) -> Bools:
    """Presence mask [n, 2]: `rate` of the rows miss one of `kinds` (0 image, 1 text)."""
    present = np.ones((rows, 2), dtype=bool)
    hidden = random.permutation(rows)[: int(rate * rows)]
    present[hidden, random.choice(kinds, size=len(hidden))] = False
    return present


def with_run(part: Part, random: np.random.Generator, noise: tuple[float, ...] = (0.2, 1.0, 3.0)) -> Part:
    """A run whose first candidate is the most like the truth; its score `good` says so aloud, `blind` says nothing."""
    rows, slots = np.nonzero(~part.present)
    wanted = np.where(slots[:, None] == 0, part.truth["image"][rows], part.truth["text"][rows])
    count = len(rows)
    quality = np.repeat([-n for n in noise], count).astype(np.float32)
    vectors = [wanted + random.normal(size=wanted.shape) * n for n in noise]
    candidates = Candidates(
        rows=np.tile(rows, len(noise)),
        slots=np.tile(slots, len(noise)),
        index=np.repeat(np.arange(len(noise)), count),
        chosen=np.repeat(np.arange(len(noise)) == 0, count),
        quality=quality,
        terms={"good": quality, "blind": random.normal(size=len(quality)).astype(np.float32)},
        vectors=np.concatenate(vectors).astype(np.float32),
    )
    return replace(part, completions={"full": candidates, "plain": candidates})


@pytest.fixture
def far() -> Task:
    """Features around 4; training is complete, dev and test miss texts, so that zeros come as a surprise."""
    random = np.random.default_rng(0)
    mix = [np.abs(random.normal(size=(6, WIDTH))) for _ in range(2)]

    def make(rows: int, rate: float) -> Part:
        cause = random.normal(size=(rows, 6))
        image, text = (4 + cause @ each + 0.3 * random.normal(size=(rows, WIDTH)) for each in mix)
        labels = cause.sum(axis=1)[:, None] + cause[:, :3] > 0.3
        return with_run(part_of(image, text, labels, hide(random, rows, rate, (1,))), random)

    return Task(make(300, 0.0), make(100, 0.6), make(300, 0.6), HEAD, seed=0)


@pytest.fixture
def crooked() -> Task:
    """The image is an angle, the text twice that angle, and two of three classes follow linearly from the text only."""
    random = np.random.default_rng(1)
    mix = [random.normal(size=(2, WIDTH)) for _ in range(2)]

    def make(rows: int) -> Part:
        angle = random.uniform(0, 2 * np.pi, size=rows)
        views = [np.stack([np.cos(k * angle), np.sin(k * angle)], axis=1) for k in (1, 2)]
        image, text = (
            2 * v @ m + 0.1 * random.normal(size=(rows, WIDTH)) for v, m in zip(views, mix, strict=True)
        )
        labels = np.stack([views[1][:, 0] > 0, views[1][:, 1] > 0, views[0][:, 0] > 0], axis=1)
        return part_of(image, text, labels, hide(random, rows, 0.6))

    return Task(make(500), make(100), make(300), HEAD, seed=0)


@pytest.fixture
def small_part() -> Callable[..., Part]:
    """Random rows with a run."""

    def make(rows: int = 40, seed: int = 0, classes: int = 3) -> Part:
        random = np.random.default_rng(seed)
        labels = random.uniform(size=(rows, classes)) > 0.5
        features = random.normal(size=(2, rows, WIDTH)) + labels.sum(axis=1)[:, None]
        return with_run(part_of(features[0], features[1], labels, hide(random, rows, 0.5)), random)

    return make
