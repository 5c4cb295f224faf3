"""Held-out error: hide some of what is there, fill it, and compare with what it was."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import check_random_state

from tools.imputers.arrays import Array, as_float, to_numpy
from tools.imputers.base import ModalityImputer
from tools.imputers.modalities import Modalities, read_modalities
from tools.imputers.progress import Progress, no_progress


@dataclass(frozen=True)
class HeldOut:
    """Error of one imputer on hidden slots.

    `rmse`: {modality: root mean square error in deviations of the training rows}, 1 being about that of the mean;
    only modalities of which something was hidden. `overall`: over all hidden numbers. `cosine`: mean cosine between
    the filled and the true row, in normalised units (0 for the mean). `hidden`: number of slots. `seconds`:
    processor time for fitting and filling.
    """

    rmse: dict[str, float]
    overall: float
    cosine: float
    hidden: int
    seconds: float


def hide(observed: np.ndarray, fraction: float, random_state: int | None = 0) -> np.ndarray:
    """Mark a part of the slots as hidden: bool [n, M], True where a slot is hidden.

    About `fraction` of the slots are drawn, never the last of a row (nothing could be told from nothing), and never
    all of a modality.

    Raises
    ------
    ValueError
        If the fraction is not between 0 and 1, or nothing can be hidden.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"cannot hide a fraction of {fraction}; give a number between 0 and 1, such as 0.1")
    random = check_random_state(random_state)
    drawn: np.ndarray = observed & (random.uniform(size=observed.shape) < fraction)
    keep = drawn & (drawn.sum(axis=1) == observed.sum(axis=1))[:, None]
    # In a row of which all would go, one slot stays, drawn among them.
    last = np.where(keep, random.uniform(size=observed.shape), -1).argmax(axis=1)
    rescued = np.flatnonzero(keep.any(axis=1))
    drawn[rescued, last[rescued]] = False
    for m in np.flatnonzero(drawn.any(axis=0) & (drawn == observed).all(axis=0)):
        drawn[random.choice(np.flatnonzero(drawn[:, m])), m] = False
    if not drawn.any():
        raise ValueError(
            f"nothing to hold out: of {len(observed)} rows, {int((observed.sum(axis=1) > 1).sum())} have two "
            f"modalities, and none was drawn at a fraction of {fraction}"
        )
    return drawn


def held_out_error(
    imputer: ModalityImputer,
    X: Mapping[str, Array],
    *,
    observed: np.ndarray | None = None,
    fraction: float = 0.1,
    random_state: int | None = 0,
    progress: Progress = no_progress,
) -> HeldOut:
    """Hide part of X, fit `imputer` on the rest, fill what was hidden, and measure.

    The imputer is left fitted on the rest. The same `random_state` hides the same slots for every imputer.
    """
    rows = read_modalities(X, observed)
    hidden = hide(rows.observed, fraction, random_state)
    start = time.process_time()
    imputer.fit(X, observed=rows.observed & ~hidden, progress=progress)
    squares, counts = np.zeros(len(rows.names)), np.zeros(len(rows.names))
    cosines: list[np.ndarray] = []
    spent = time.process_time() - start
    affected = np.flatnonzero(hidden.any(axis=1))
    step = max(1, next(stop - start for start, stop in rows.chunks()))
    for at in (affected[i : i + step] for i in range(0, len(affected), step)):
        part = replace(
            rows, arrays=tuple(rows.take(m, at) for m in range(len(rows.names))), observed=rows.observed[at]
        )
        start = time.process_time()
        filled = imputer.transform(
            dict(zip(part.names, part.arrays, strict=True)), observed=part.observed & ~hidden[at]
        )
        spent += time.process_time() - start
        for m in range(len(rows.names)):
            which = np.flatnonzero(hidden[at, m])
            truth = _normalised(imputer, part, m, which)
            guess = _normalised(imputer, replace(part, arrays=tuple(filled.values())), m, which)
            squares[m] += ((truth - guess) ** 2).sum()
            counts[m] += truth.size
            norms = np.linalg.norm(truth, axis=1) * np.linalg.norm(guess, axis=1)
            cosines.append((truth * guess).sum(axis=1) / np.where(norms > 0, norms, 1))
    rmse = {name: float(np.sqrt(squares[m] / counts[m])) for m, name in enumerate(rows.names) if counts[m]}
    return HeldOut(
        rmse=rmse,
        overall=float(np.sqrt(squares.sum() / counts.sum())),
        cosine=float(np.concatenate(cosines).mean()),
        hidden=int(hidden.sum()),
        seconds=spent,
    )


def _normalised(imputer: ModalityImputer, rows: Modalities, m: int, which: np.ndarray) -> np.ndarray:
    name = rows.names[m]
    values = to_numpy(as_float(rows.take(m, which), "float64"))
    return np.asarray((values - imputer.mean_[name]) / imputer.scale_[name])
