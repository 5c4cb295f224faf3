"""What every imputer takes in: one array per modality, and which of their rows are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.imputers.arrays import (
    Array,
    compute_dtype,
    index_like,
    is_tensor,
    namespace,
    release_pages,
    to_numpy,
)

CHUNK_BYTES = 16 * 2**20
"""Rows are worked on in chunks of about this size (as float32), so memory does not grow with their number."""

CHUNK_ROWS = 8192
"""And never more rows than this, since distances take another K numbers per row."""


@dataclass(frozen=True)
class Modalities:
    """Checked input: `arrays[m]` is [n_rows, widths[m]]; `observed[i, m]` says whether row i has modality m.

    The arrays stay what and where the caller has them (host memory, file, GPU); `dtype` is the precision
    for calculations.
    """

    names: tuple[str, ...]
    arrays: tuple[Array, ...]
    observed: np.ndarray
    dtype: str

    @property
    def n_rows(self) -> int:
        """Number of samples n."""
        return len(self.observed)

    @property
    def widths(self) -> tuple[int, ...]:
        """Number of features of each modality."""
        return tuple(int(a.shape[1]) for a in self.arrays)

    @property
    def example(self) -> Array:
        """An array of the kind and on the device on which to calculate."""
        return self.arrays[0]

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Row ranges (start, stop) that cover all rows; pages of memory maps are released after each."""
        size = min(max(256, CHUNK_BYTES // (4 * sum(self.widths))), CHUNK_ROWS)
        for start in range(0, self.n_rows, size):
            yield start, min(start + size, self.n_rows)
            for array in self.arrays:
                release_pages(array)

    def rows_with(self, m: int, start: int, stop: int) -> np.ndarray:
        """Numbers, counted from `start`, of the rows in the range that have modality m."""
        return np.flatnonzero(self.observed[start:stop, m])

    def incomplete(self, start: int, stop: int) -> list[int]:
        """The modalities that some row in the range misses."""
        return [m for m in range(len(self.names)) if not self.observed[start:stop, m].all()]

    def take(self, m: int, rows: np.ndarray, start: int = 0) -> Array:
        """The given rows of modality m, as they are; `rows` are counted from `start`."""
        part = self.arrays[m][start:]
        if len(rows) and len(rows) == rows[-1] - rows[0] + 1:  # contiguous: a view instead of a gather
            return part[int(rows[0]) : int(rows[-1]) + 1]
        return part[index_like(rows, part)]


def read_modalities(X: object, observed: object = None) -> Modalities:
    """Check a mapping {modality: float array [n, d_m]} and find out which rows are missing.

    Parameters
    ----------
    X : mapping of NumPy arrays, memory maps or PyTorch tensors of float16, bfloat16, float32 or float64.
    observed : bool array [n, M], optional
        True where a row is there, columns in the order of the mapping. What missing rows contain is then
        ignored. Without it a missing row is one that is all NaN.

    Raises
    ------
    TypeError, ValueError
        With the modality, the row and what to do about it.
    """
    if not isinstance(X, Mapping):
        raise TypeError(
            f"X must be a mapping {{modality: array [n, width]}}, got {type(X).__name__}; "
            "for one matrix with column blocks use MatrixImputer"
        )
    if not X:
        raise ValueError("X has no modality; give at least one, as {name: array [n, width]}")
    names, arrays = tuple(str(name) for name in X), tuple(X.values())
    for name, array in zip(names, arrays, strict=True):
        _check_array(name, array)
    _check_same(names, arrays)
    n_rows = int(arrays[0].shape[0])
    given = None if observed is None else _read_mask(observed, n_rows, names)
    found = Modalities(names, arrays, np.ones((n_rows, len(names)), bool), compute_dtype(list(arrays)))
    mask = np.empty((n_rows, len(names)), bool)
    for start, stop in found.chunks():
        for m, name in enumerate(names):
            part = None if given is None else given[start:stop, m]
            mask[start:stop, m] = _observed_rows(name, arrays[m][start:stop], start, part)
    return Modalities(names, arrays, mask, found.dtype)


def _check_array(name: str, array: Any) -> None:
    if not (is_tensor(array) or isinstance(array, np.ndarray)):
        raise TypeError(
            f"modality {name!r} is a {type(array).__name__}; give a NumPy array or a PyTorch tensor [n, width]"
        )
    if array.ndim != 2:
        raise ValueError(f"modality {name!r} has shape {tuple(array.shape)}; it must be [n, width]")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(
            f"modality {name!r} is empty: shape {tuple(array.shape)}; give at least one row and column"
        )
    if "float" not in str(array.dtype):
        raise TypeError(f"modality {name!r} has type {array.dtype}; convert it to float32 first")


def _check_same(names: tuple[str, ...], arrays: tuple[Array, ...]) -> None:
    counts = {name: int(a.shape[0]) for name, a in zip(names, arrays, strict=True)}
    if len(set(counts.values())) > 1:
        raise ValueError(
            f"modalities have unequal row counts {counts}; row i must be the same sample in each"
        )
    places = {f"tensor on {a.device}" if is_tensor(a) else "NumPy array" for a in arrays}
    if len(places) > 1:
        raise TypeError(
            f"modalities are of different kinds ({', '.join(sorted(places))}); give all as one kind"
        )


def _read_mask(observed: Any, n_rows: int, names: tuple[str, ...]) -> np.ndarray:
    mask = to_numpy(observed)
    if mask.dtype != bool or mask.shape != (n_rows, len(names)):
        raise ValueError(
            f"observed has type {mask.dtype} and shape {mask.shape}; it must be bool of shape "
            f"{(n_rows, len(names))}: True where a sample has {', '.join(names)}"
        )
    return mask


def _observed_rows(name: str, part: Array, start: int, given: np.ndarray | None) -> np.ndarray:
    """Which rows of a chunk are there; a chunk is `part`, whose first row has number `start`."""
    xp = namespace(part)
    # One cheap sum per row sorts out the rows that are certainly finite; only the others are looked at
    # closely.
    dtype = xp.float64 if str(part.dtype).endswith("float64") else xp.float32
    with np.errstate(over="ignore", invalid="ignore"):
        finite = to_numpy(xp.isfinite(xp.sum(part, axis=1, dtype=dtype)))
    doubtful = np.flatnonzero(~finite if given is None else ~finite & given)
    rows = finite.copy() if given is None else given.copy()
    if not len(doubtful):
        return rows
    values = part[index_like(doubtful, part)]
    nans = to_numpy(xp.isnan(values)).sum(axis=1)
    if (infinite := to_numpy(xp.isinf(values)).any(axis=1)).any():
        row = start + int(doubtful[infinite.argmax()])
        raise ValueError(
            f"modality {name!r} has an infinite value in row {row}; remove it or mark the row missing"
        )
    partial = nans > 0 if given is not None else (nans > 0) & (nans < part.shape[1])
    if partial.any():
        which = int(partial.argmax())
        cause = "a missing row must be all NaN" if given is None else "the row is marked as observed"
        raise ValueError(
            f"modality {name!r} has {nans[which]} NaN of {part.shape[1]} values in row "
            f"{start + int(doubtful[which])}, but {cause}; fill or mask the whole row"
        )
    rows[doubtful] = nans == 0
    return rows
