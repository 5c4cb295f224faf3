"""Cross-modal ridge regression: predict the missing features linearly from the observed ones."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh, solve

from tools.imputers.arrays import Array, like, namespace, to_numpy
from tools.imputers.base import Filler, ModalityImputer
from tools.imputers.modalities import Modalities
from tools.imputers.progress import Progress
from tools.imputers.scaling import Chunk, ScaledRows


class RidgeImputer(ModalityImputer):
    """Fill a missing modality with the ridge prediction from all modalities that the row has.

    In normalised features, with C the covariance of the training rows,

        z_U = z_O (C_OO + alpha I)^-1 C_OU

    Block (a, b) of C is taken over the rows that have both a and b, so every row is used and any missing
    pattern can be answered, also one that no training row has. Such a C may have negative eigenvalues when
    there are three or more modalities; they are set to zero. On complete training rows this is ordinary ridge
    with penalty alpha x n.

    Where training never saw a modality together with anything that the row has, the mean remains.
    Cost: one pass, D^2 numbers for D features in all; with three or more modalities an eigendecomposition of
    order D.

    Parameters
    ----------
    alpha : penalty, as a part of the features' variance (which is 1).

    Attributes
    ----------
    covariance_ : float64 [D, D], modalities in order. And those of `ModalityImputer`.
    """

    def __init__(self, alpha: float = 0.1):
        self.alpha = alpha

    def _fit(self, rows: Modalities, progress: Progress) -> None:
        if not self.alpha > 0:
            raise ValueError(
                f"alpha={self.alpha} must be positive: without a penalty the system may be singular"
            )
        offsets = _offsets(rows.widths)
        total = np.zeros((offsets[-1], offsets[-1]))
        scaled = ScaledRows(rows, self.mean_, self.scale_, cache=False)
        for chunk in scaled.chunks():
            for a in range(len(rows.names)):
                for b in range(a, len(rows.names)):
                    za, zb = _common(chunk, a, b)
                    block = slice(offsets[a], offsets[a + 1]), slice(offsets[b], offsets[b + 1])
                    total[block] += to_numpy(za.T @ zb)
            progress("covariance", chunk.stop, rows.n_rows)
        mask = rows.observed.astype(float)
        counts = np.repeat(np.repeat(np.maximum(mask.T @ mask, 1), rows.widths, axis=0), rows.widths, axis=1)
        covariance = np.triu(total / counts)
        covariance += np.triu(covariance, 1).T
        self.covariance_ = covariance if len(rows.names) < 3 else _without_negative_part(covariance)

    def _filler(self, rows: Modalities) -> Filler:
        scaled = ScaledRows(rows, self.mean_, self.scale_, cache=False)
        weights: dict[bytes, np.ndarray] = {}  # by pattern, as they come up

        def fill(start: int, stop: int) -> dict[int, Array]:
            chunk = scaled.chunk(start, stop)
            xp = namespace(rows.example)
            patterns, pattern_of = np.unique(chunk.observed, axis=0, return_inverse=True)
            filled = {
                m: like(np.tile(self.mean_[rows.names[m]], (stop - start, 1)), rows.example)
                for m in rows.incomplete(start, stop)
            }
            for number, pattern in enumerate(patterns):
                if pattern.all() or not pattern.any():
                    continue
                if pattern.tobytes() not in weights:
                    weights[pattern.tobytes()] = self._weights(pattern)
                at = np.flatnonzero(pattern_of.ravel() == number)
                known = [
                    chunk.values[m][like(np.searchsorted(chunk.members[m], at), rows.example)]
                    for m in np.flatnonzero(pattern)
                ]
                predicted = xp.concatenate(known, axis=1) @ like(
                    weights[pattern.tobytes()], known[0], known[0].dtype
                )
                column = 0
                for m in np.flatnonzero(~pattern):
                    scale, part = self.scale_[rows.names[m]], predicted[:, column : column + rows.widths[m]]
                    filled[int(m)][like(at, rows.example)] += part * like(scale, part)
                    column += rows.widths[m]
            return {
                m: values[like(np.flatnonzero(~chunk.observed[:, m]), values)] for m, values in filled.items()
            }

        return fill

    def _weights(self, pattern: np.ndarray) -> np.ndarray:
        """(C_OO + alpha I)^-1 C_OU for the rows that have exactly the modalities in `pattern` [M]."""
        known = np.repeat(pattern, self.widths_)
        inner = self.covariance_[np.ix_(known, known)]
        inner[np.diag_indices_from(inner)] += self.alpha
        return np.asarray(solve(inner, self.covariance_[np.ix_(known, ~known)], assume_a="pos"))


def _offsets(widths: tuple[int, ...]) -> list[int]:
    return [0, *np.cumsum(widths).tolist()]


def _common(chunk: Chunk, a: int, b: int) -> tuple[Array, Array]:
    """The rows of modalities a and b that have both."""
    if a == b:
        return chunk.values[a], chunk.values[a]
    members = chunk.members[a], chunk.members[b]
    _, in_a, in_b = np.intersect1d(*members, assume_unique=True, return_indices=True)
    za, zb = chunk.values[a], chunk.values[b]
    return za[like(in_a, za)], zb[like(in_b, zb)]


def _without_negative_part(symmetric: np.ndarray) -> np.ndarray:
    """The nearest positive semi-definite matrix in the Frobenius norm."""
    values, vectors = eigh(symmetric)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)
