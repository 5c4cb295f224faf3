"""A toy problem whose answer needs both modalities, in the form of a cell's task."""

from collections.abc import Callable

import numpy as np
import pytest

from eval.experiment import HeadSpec
from eval.task import Candidates, Part, Task

HEAD = HeadSpec(epochs=60, learning_rate=1e-2)


def make_part(
    random: np.random.Generator, mix: dict[str, np.ndarray], rows: int, rate: float, classes: int
) -> Part:
    """Features are noisy views of a common cause; every class follows from one half of it."""
    cause = random.normal(size=(rows, 6))
    truth = {
        name: (cause @ matrix + 0.3 * random.normal(size=(rows, matrix.shape[1]))).astype(np.float32) + 1
        for name, matrix in mix.items()
    }
    labels = cause[:, :classes] + cause[:, -classes:] > 0.3
    present = np.ones((rows, 2), dtype=bool)
    hidden = random.permutation(rows)[: int(rate * rows)]
    present[hidden, random.integers(2, size=len(hidden))] = False
    return Part(truth, present, labels, np.arange(rows), tuple(f"s{i}" for i in range(rows)))


def with_candidates(
    part: Part, random: np.random.Generator, noise: tuple[float, ...] = (0.2, 1.0, 3.0)
) -> Part:
    """A run whose first candidate is the most like the truth, and whose terms say so: `good` aloud, `blind` not."""
    rows, slots = np.nonzero(~part.present)
    made = [
        part.truth["image"][rows] * (slots[:, None] == 0) + part.truth["text"][rows] * (slots[:, None] == 1)
        for _ in noise
    ]
    vectors = [m + random.normal(size=m.shape) * n for m, n in zip(made, noise, strict=True)]
    count = len(rows)
    quality = np.concatenate([np.full(count, -n) for n in noise])
    candidates = Candidates(
        rows=np.tile(rows, len(noise)),
        slots=np.tile(slots, len(noise)),
        index=np.repeat(np.arange(len(noise)), count),
        chosen=np.repeat(np.arange(len(noise)) == 0, count),
        quality=quality.astype(np.float32),
        terms={
            "good": quality.astype(np.float32),
            "blind": random.normal(size=len(quality)).astype(np.float32),
        },
        vectors=np.concatenate(vectors).astype(np.float32),
    )
    return Part(
        part.truth,
        part.present,
        part.labels,
        part.text_codes,
        part.ids,
        {"full": candidates, "plain": candidates},
    )


@pytest.fixture
def make_task() -> Callable[..., Task]:
    def make(
        rows: int = 400, rate: float = 0.6, test_rate: float = 0.0, seed: int = 0, width: int = 12
    ) -> Task:
        random = np.random.default_rng(seed)
        mix = {name: random.normal(size=(6, width)) for name in ("image", "text")}
        parts = [
            make_part(random, mix, n, r, 3) for n, r in ((rows, rate), (150, test_rate), (300, test_rate))
        ]
        train, dev, test = (with_candidates(part, random) for part in parts)
        return Task(train, dev, test, HEAD, seed=0)

    return make
