"""The partial-modality distance between rows and centres, and which centre is nearest.

Paper: d(a, b) = sqrt(mean over the modalities m that both have of |a_m - b_m|^2 / d_m); infinite if they
share none. Differences of all rows to all centres would take n x K x d numbers; instead, per modality,

    |z - c|^2 / d = |z|^2 / d + |c|^2 / d - z (2 c / d)'

so one matrix product over the rows that have the modality does the work, and a row costs n x K numbers. The
subtraction loses digits. Where that could change which centre is nearest, the few candidates are compared
again by float64 differences; the lowest index wins a tie. The labels are therefore those of the slow way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.imputers.arrays import Array, like, namespace, to_numpy
from tools.imputers.scaling import Chunk, ScaledRows

ROUNDING = {"float32": 1e-5, "float64": 1e-13}
"""Bound on the error of a mean square distance, relative to the mean squares of the row and the centre. Some
eighty times what single-precision products of 512 and 4,096 terms were seen to lose."""

PAIR_BYTES = 32 * 2**20
"""Float64 differences are made for at most this much at a time."""


@dataclass(frozen=True)
class Centres:
    """K centres in normalised units: `values[m]` float64 [K, d_m], zero where `present` [K, M] is False."""

    values: list[np.ndarray]
    present: np.ndarray

    def __len__(self) -> int:
        return len(self.present)


class Distances:
    """Distances of the rows of `source` to fixed centres, chunk by chunk, on the device of the rows."""

    def __init__(self, source: ScaledRows, centres: Centres):
        self.source, self.centres = source, centres
        example, dtype = source.source.example, source.source.dtype
        self.xp = namespace(example)
        self._dtype = getattr(self.xp, dtype)
        self.rounding = ROUNDING[dtype]
        lengths = [(c**2).mean(axis=1) for c in centres.values]
        self._longest = max(float(length.max()) for length in lengths)
        self._present = self._on_device(centres.present.astype(float))
        self._lengths = [self._on_device(length) for length in lengths]
        self._products = [self._on_device(-2 * c.T / c.shape[1]) for c in centres.values]

    def _on_device(self, values: np.ndarray) -> Array:
        return like(values, self.source.source.example, self._dtype)

    def to(self, chunk: Chunk) -> ChunkDistances:
        """Sums and counts for one chunk of r rows: two [r, K] arrays."""
        n_rows = chunk.stop - chunk.start
        total = self._on_device(np.zeros((n_rows, len(self.centres))))
        longest = self._on_device(np.zeros(n_rows))
        for m, (members, z, length) in enumerate(
            zip(chunk.members, chunk.values, chunk.lengths, strict=True)
        ):
            if not len(members):
                continue
            part = z @ self._products[m]
            part += length[:, None] * self._present[:, m][None, :]
            part += self._lengths[m][None, :]
            at = slice(None) if len(members) == n_rows else like(members, z)
            total[at] += part
            longest[at] = self.xp.maximum(longest[at], length)
        total = self.xp.where(total < 0, self.xp.zeros_like(total), total)
        shared = self._on_device(chunk.observed.astype(float)) @ self._present.T
        return ChunkDistances(self, chunk, total, shared, self.rounding * (longest + self._longest))


@dataclass(frozen=True)
class ChunkDistances:
    """`total[i, j]`: sum over shared modalities of |z_i - c_j|^2 / d; `shared[i, j]`: how many are shared.

    `total` is off by at most `shared * error[:, None]`.
    """

    parent: Distances
    chunk: Chunk
    total: Array
    shared: Array
    error: Array

    def mean_square(self) -> Array:
        """Squared distances [r, K]; infinite where nothing is shared."""
        xp = self.parent.xp
        infinite = xp.full_like(self.total, float("inf"))
        return xp.where(self.shared > 0, self.total / xp.where(self.shared > 0, self.shared, 1), infinite)

    def nearest(self, square: Array, allowed: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Nearest centre of every row, and the squared distance; lowest index on ties.

        `square` is `mean_square()`, `allowed` [K] the centres that may win. Label -1 and an infinite distance
        mean that the row shares nothing with any of them.
        """
        xp = self.parent.xp
        if allowed is not None and not allowed.all():
            keep = like(allowed, square)
            square = xp.where(keep[None, :], square, xp.full_like(square, float("inf")))
        best = xp.amin(square, axis=1)
        close = square <= (best + 2 * self.error)[:, None]
        doubtful = np.flatnonzero(to_numpy((xp.sum(close, axis=1) > 1) & xp.isfinite(best)))
        labels, best = to_numpy(xp.argmin(square, axis=1)).copy(), to_numpy(best).astype(float)
        if len(doubtful):
            pick = like(doubtful, square)
            candidates = to_numpy(close[pick])
            shared = np.maximum(to_numpy(self.shared[pick]), 1)
            exact = np.where(candidates, self.exact_total(doubtful, candidates) / shared, np.inf)
            labels[doubtful], best[doubtful] = exact.argmin(axis=1), exact.min(axis=1)
        labels[np.isinf(best)] = -1
        return labels, best

    def exact_total(self, rows: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """Sums of squares by float64 differences for some pairs of rows and centres.

        `rows` are numbers within the chunk, sorted; `pairs` [len(rows), K] says which centres to compare each
        with. Float64 [len(rows), K], zero elsewhere.
        """
        result = np.zeros(pairs.shape)
        centres, source = self.parent.centres, self.parent.source
        for m, centre in enumerate(centres.values):
            sharing = pairs & centres.present[:, m] & self.chunk.observed[rows, m][:, None]
            involved = np.flatnonzero(sharing.any(axis=1))
            step = max(1, PAIR_BYTES // (8 * centre.shape[1] * (1 + int(sharing.sum(axis=1).max(initial=0)))))
            for at in (involved[i : i + step] for i in range(0, len(involved), step)):
                z = source.exact_rows(m, self.chunk.start + rows[at])
                i, j = np.nonzero(sharing[at])
                result[at[i], j] += ((z[i] - centre[j]) ** 2).sum(axis=1) / centre.shape[1]
        return result
