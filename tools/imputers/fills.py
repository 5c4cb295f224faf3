"""Which centre supplies a missing modality (paper, step 4): the published rule in closed form, and ours.

Notation: a row has modalities O and lacks U; centre j has H_j; |a - b|^2 / d_m is the mean square of modality
m.

The published loop builds one candidate per centre f (the row, with U filled from f), and repeatedly takes the
(candidate, centre) pair with the smallest distance and copies what is still missing. The distances never
change meanwhile, so the loop equals

    S_j = sum over O and H_j of |x - c_j|^2 / d,          T_fj = sum over U, H_f and H_j of |c_f - c_j|^2 / d,
    n_fj = |H_j and (O or (U and H_f))|,                  g_f = min over j of (S_j + T_fj) / n_fj,
    source(m) = argmin over f with m in H_f of g_f, lowest f on ties.

T and n do not depend on the row, only on its pattern. For fixed j and n the smallest T wins, so per row it is
enough to look at K x (number of different n) values instead of K x K.

**The flaw.** A centre that shares nothing with the row has S = 0, and paired with itself T = 0: it scores a
perfect 0 and captures every row it knows nothing about. The `observed` rule compares only on what was
observed,

    source(m) = argmin over f with m in H_f of S_f / |O and H_f|,

and leaves the modality mean where nothing is shared. If all centres have all modalities both rules agree: the
nearest centre fills.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.imputers.arrays import Array, like, to_numpy
from tools.imputers.partial_distance import Centres, ChunkDistances

OBSERVED = -1
"""Source of a modality that was not missing."""

MEAN = -2
"""Source of a modality that no centre could fill: the mean of the training rows."""


def observed_sources(found: ChunkDistances) -> np.ndarray:
    """Sources [r, M] by the `observed` rule: a centre's index, OBSERVED or MEAN."""
    centres, missing = found.parent.centres, ~found.chunk.observed
    sources = np.full(missing.shape, OBSERVED)
    square = found.mean_square()
    nearest: dict[bytes, np.ndarray] = {}  # modalities that the same centres have share the answer
    for m in np.flatnonzero(missing.any(axis=0)):
        key = centres.present[:, m].tobytes()
        if key not in nearest:
            nearest[key] = found.nearest(square, allowed=centres.present[:, m])[0]
        labels = nearest[key][missing[:, m]]
        sources[missing[:, m], m] = np.where(labels < 0, MEAN, labels)
    return sources


def centre_distances(centres: Centres) -> np.ndarray:
    """|c_f - c_j|^2 / d for every modality and pair of centres, float64 [M, K, K]; zero unless both have
    it."""
    result = np.zeros((len(centres.values), len(centres), len(centres)))
    for m, values in enumerate(centres.values):
        for f in np.flatnonzero(centres.present[:, m]):
            square = ((values[f] - values) ** 2).sum(axis=1) / values.shape[1]
            result[m, f] = np.where(centres.present[:, m], square, 0)
    return result


def paper_sources(found: ChunkDistances, between: np.ndarray) -> np.ndarray:
    """Sources [r, M] by the published rule: a centre's index, OBSERVED or MEAN (if no centre has the
    modality).

    `between` is `centre_distances(centres)`.
    """
    observed, present = found.chunk.observed, found.parent.centres.present
    sources = np.full(observed.shape, OBSERVED)
    patterns, pattern_of = np.unique(observed, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = np.flatnonzero(pattern_of.ravel() == number)
        for m in np.flatnonzero(~pattern):
            if present[:, m].any():
                sources[rows, m] = _paper_winner(found, rows, _Table(pattern, int(m), present, between))
            else:
                sources[rows, m] = MEAN
    return sources


class _Table:
    """What of the closed form depends on the pattern only: for each (j, n) the smallest T and the f that has
    it."""

    def __init__(self, pattern: np.ndarray, m: int, present: np.ndarray, between: np.ndarray):
        tied = present[:, ~pattern].astype(int)
        count = present[:, pattern].sum(axis=1)[None, :] + tied @ tied.T  # n[f, j]
        distance = between[~pattern].sum(axis=0)  # T[f, j]
        distance = np.where(present[:, m][:, None], distance, np.inf)
        self.counts = np.unique(count[present[:, m]])
        self.counts = self.counts[self.counts > 0]
        options = np.where(count[None] == self.counts[:, None, None], distance[None], np.inf)  # [n, f, j]
        self.filler = options.argmin(axis=1).T  # [j, n], lowest f on ties
        self.distance = options.min(axis=1).T
        self.shares = present[:, pattern].any(axis=1)  # centre j shares something with such rows


def _paper_winner(found: ChunkDistances, rows: np.ndarray, table: _Table) -> np.ndarray:
    """The filling centre f of each of the rows, all of the table's pattern."""
    xp = found.parent.xp
    total = found.total[like(rows, found.total)]
    error = found.error[like(rows, found.total)]
    counts, distance, shares = (
        like(a, total, total.dtype) for a in (table.counts, table.distance, table.shares.astype(float))
    )
    filler = like(table.filler, total)
    score = (total[:, :, None] + distance[None]) / counts
    winner = _lowest(score, filler, xp)
    # Only what rests on a matrix product (S) or was rounded (T) can be off; scores of exactly zero are exact.
    slack = error[:, None, None] * shares[None, :, None] + found.parent.rounding * xp.where(
        xp.isfinite(distance), distance, xp.zeros_like(distance)
    )
    close = score - slack <= xp.amin(score + slack, axis=(1, 2))[:, None, None]
    other = close & (filler[None] != winner[:, None, None])
    doubtful = xp.any(other.reshape(len(rows), -1), axis=1)
    doubtful &= xp.any((close & (slack > 0)).reshape(len(rows), -1), axis=1)
    result = to_numpy(winner).copy()
    again = np.flatnonzero(to_numpy(doubtful))
    if len(again):
        candidates = to_numpy(xp.any(close[like(again, total)], axis=2)) & table.shares
        exact = to_numpy(total[like(again, total)]).astype(float)
        exact = np.where(candidates, found.exact_total(rows[again], candidates), exact)
        close_again = to_numpy(close[like(again, total)])
        scores = np.where(close_again, (exact[:, :, None] + table.distance) / table.counts, np.inf)
        result[again] = _lowest(scores, table.filler, np)
    return result


def _lowest(score: Array, filler: Array, xp: Any) -> Array:
    """Per row the lowest filling centre among the (j, n) of smallest score."""
    smallest = xp.amin(score, axis=(1, 2))[:, None, None]
    fillers = xp.where(score == smallest, filler[None], len(filler))
    return xp.amin(fillers, axis=(1, 2))
