"""Random multimodal data with a common cause, so that one modality tells something about the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest


class Data(NamedTuple):
    """The truth, what of it is observed (missing rows all NaN), and the mask."""

    truth: dict[str, np.ndarray]
    X: dict[str, np.ndarray]
    observed: np.ndarray


@pytest.fixture
def make_data() -> Callable[..., Data]:
    def make(n: int = 200, widths: tuple[int, ...] = (6, 4, 5), missing: float = 0.4, seed: int = 0) -> Data:
        random = np.random.default_rng(seed)
        groups = random.normal(size=(5, 3))[random.integers(5, size=n)] * 2
        cause = groups + random.normal(size=(n, 3)) * 0.5
        truth = {
            f"m{m}": (cause @ random.normal(size=(3, d)) + 0.3 * random.normal(size=(n, d)) + m).astype(
                np.float32
            )
            for m, d in enumerate(widths)
        }
        observed = random.uniform(size=(n, len(widths))) > missing
        observed[0] = True
        X = {
            name: np.where(observed[:, [m]], values, np.float32(np.nan))
            for m, (name, values) in enumerate(truth.items())
        }
        return Data(truth, X, observed)

    return make
