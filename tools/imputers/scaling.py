"""Per-feature normalisation of each modality over the training rows that have it, and rows normalised so.

Without it the modality with the larger numbers would decide every distance (paper, modality-specific
normalisation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tools.imputers.arrays import Array, as_float, like, namespace, to_numpy
from tools.imputers.modalities import Modalities

SCALE_FLOOR = 0.01
"""A near-constant column is scaled as if it had this part of the modality's median deviation."""

CACHE_BYTES = 128 * 2**20
"""Normalised rows are kept between passes if they fit in this much memory, otherwise made anew in each
pass."""


def fit_scaling(rows: Modalities) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Mean and standard deviation of every feature, each {modality: float64 [d_m]}, in one pass.

    Chunk statistics are merged by the update of Chan, Golub and LeVeque (1983), which does not lose digits
    when the mean is far larger than the deviation. Deviations are floored at `SCALE_FLOOR` times the median
    of those that are not zero: a test row may differ in a column that was constant in training, and must not
    explode. If all columns are constant the deviation is 1.

    Raises
    ------
    ValueError
        When a modality has no row at all.
    """
    for m, name in enumerate(rows.names):
        if not rows.observed[:, m].any():
            raise ValueError(
                f"modality {name!r} is missing in all {rows.n_rows} rows; drop it or add rows with it"
            )
    counts = [0] * len(rows.names)
    means = [np.zeros(width) for width in rows.widths]
    squares = [np.zeros(width) for width in rows.widths]
    for start, stop in rows.chunks():
        for m in range(len(rows.names)):
            found = rows.rows_with(m, start, stop)
            if not len(found):
                continue
            part = as_float(rows.take(m, found, start), rows.dtype)
            xp = namespace(part)
            mean = to_numpy(xp.mean(part, axis=0, dtype=xp.float64))
            part -= like(mean, part, part.dtype)
            # The rounded mean leaves a rest, which is taken off again below.
            rest = to_numpy(xp.mean(part, axis=0, dtype=xp.float64))
            square = len(found) * (to_numpy(xp.mean(part * part, axis=0, dtype=xp.float64)) - rest**2)
            shift, total = mean - means[m], counts[m] + len(found)
            squares[m] += square + shift**2 * (counts[m] * len(found) / total)
            means[m] += shift * (len(found) / total)
            counts[m] = total
    precision = float(np.finfo(rows.dtype).eps)
    scales = [
        _floored(np.sqrt(np.maximum(square, 0) / count), precision * np.abs(mean))
        for square, count, mean in zip(squares, counts, means, strict=True)
    ]
    return dict(zip(rows.names, means, strict=True)), dict(zip(rows.names, scales, strict=True))


def _floored(deviation: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    deviation = np.where(deviation <= rounding, 0.0, deviation)
    varying = deviation[deviation > 0]
    return (
        np.maximum(deviation, SCALE_FLOOR * np.median(varying)) if len(varying) else np.ones_like(deviation)
    )


@dataclass(frozen=True)
class Chunk:
    """Normalised rows `start` to `stop`; for each modality m only the rows that have it.

    `members[m]`: numbers of these rows, counted from `start`; `values[m]`: their features [len(members[m]),
    d_m]; `lengths[m]`: their mean square |z|^2 / d_m; `observed`: [stop - start, M].
    """

    start: int
    stop: int
    observed: np.ndarray
    members: list[np.ndarray]
    values: list[Array]
    lengths: list[Array]


class ScaledRows:
    """The rows of `source`, normalised with given statistics: z = (x - mean) / scale."""

    def __init__(
        self, source: Modalities, mean: dict[str, np.ndarray], scale: dict[str, np.ndarray], cache: bool
    ):
        self.source = source
        self.mean = [mean[name] for name in source.names]
        self.scale = [scale[name] for name in source.names]
        self._shift = [like(mu, source.example, self._dtype) for mu in self.mean]
        self._factor = [like(1 / sigma, source.example, self._dtype) for sigma in self.scale]
        self._rest = [self._rounded_off(m) for m in range(len(self.mean))]
        size = int(source.observed.sum(axis=0) @ np.array(source.widths)) * np.dtype(source.dtype).itemsize
        self._kept: list[Chunk] | None = list(self._made()) if cache and size <= CACHE_BYTES else None

    @property
    def _dtype(self) -> object:
        return getattr(namespace(self.source.example), self.source.dtype)

    def chunks(self) -> Iterator[Chunk]:
        """All rows, in order."""
        return iter(self._kept) if self._kept is not None else self._made()

    def _made(self) -> Iterator[Chunk]:
        for start, stop in self.source.chunks():
            yield self.chunk(start, stop)

    def chunk(self, start: int, stop: int) -> Chunk:
        """Rows `start` to `stop`, normalised."""
        members = [self.source.rows_with(m, start, stop) for m in range(len(self.mean))]
        values = [self.rows(m, found, start) for m, found in enumerate(members)]
        xp = namespace(self.source.example)
        lengths = [xp.einsum("ij,ij->i", z, z) / z.shape[1] for z in values]
        return Chunk(start, stop, self.source.observed[start:stop], members, values, lengths)

    def rows(self, m: int, numbers: np.ndarray, start: int = 0) -> Array:
        """Given rows of modality m, normalised; `numbers` are counted from `start`."""
        z = as_float(self.source.take(m, numbers, start), self.source.dtype)
        z -= self._shift[m]
        z *= self._factor[m]
        if self._rest[m] is not None:
            z -= self._rest[m]
        return z

    def _rounded_off(self, m: int) -> Array | None:
        """What the mean loses in the precision of calculation, in deviations: matters if it is far above
        them."""
        rest = (self.mean[m] - to_numpy(self._shift[m]).astype(float)) / self.scale[m]
        return like(rest, self.source.example, self._dtype) if np.abs(rest).max() > 1e-7 else None

    def exact_rows(self, m: int, numbers: np.ndarray) -> np.ndarray:
        """Given rows of modality m, normalised, as float64 on the host: what near-ties are decided with.

        The very numbers that sums are made of, so a row that is alone in its cluster is at distance zero from it.
        """
        return to_numpy(self.rows(m, numbers)).astype(float)
