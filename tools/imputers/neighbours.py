"""Nearest neighbours: copy from the training rows that look most alike."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from tools.imputers.arrays import Array, like, to_numpy
from tools.imputers.base import Filler, ModalityImputer
from tools.imputers.modalities import Modalities
from tools.imputers.progress import Progress
from tools.imputers.scaling import ScaledRows


class NeighboursImputer(ModalityImputer):
    """Fill a missing modality with the mean over the nearest complete neighbours.

    Neighbours of a row with modalities O that misses m are the training rows that have m and all of O:
    complete for the question asked. Nearest by the partial-modality distance on O, found by scikit-learn's
    exact search. Where there is no such row, the mean remains.

    Keeps the training rows, and costs n_test x n_train comparisons; the search runs on the host.

    Parameters
    ----------
    n_neighbors : rows to average, or all if there are fewer.

    Attributes
    ----------
    training_rows_ : {modality: float [n_m, d_m]} in normalised units, the rows that have it.
    observed_ : bool [n, M], which training row has what. And those of `ModalityImputer`.
    """

    def __init__(self, n_neighbors: int = 5):
        self.n_neighbors = n_neighbors

    def _fit(self, rows: Modalities, progress: Progress) -> None:
        if self.n_neighbors < 1:
            raise ValueError(f"n_neighbors={self.n_neighbors} must be at least 1")
        scaled = ScaledRows(rows, self.mean_, self.scale_, cache=False)
        self.observed_ = rows.observed
        self.training_rows_ = {
            name: to_numpy(scaled.rows(m, np.flatnonzero(rows.observed[:, m])))
            for m, name in enumerate(rows.names)
        }
        progress("keeping rows", rows.n_rows, rows.n_rows)

    def _filler(self, rows: Modalities) -> Filler:
        scaled = ScaledRows(rows, self.mean_, self.scale_, cache=False)
        searches: dict[tuple[bytes, int], tuple[NearestNeighbors, np.ndarray] | None] = {}

        def fill(start: int, stop: int) -> dict[int, Array]:
            chunk = scaled.chunk(start, stop)
            patterns, pattern_of = np.unique(chunk.observed, axis=0, return_inverse=True)
            filled = {m: np.zeros((stop - start, rows.widths[m])) for m in rows.incomplete(start, stop)}
            for number, pattern in enumerate(patterns):
                at = np.flatnonzero(pattern_of.ravel() == number)
                known = [
                    to_numpy(chunk.values[m])[np.searchsorted(chunk.members[m], at)] / np.sqrt(rows.widths[m])
                    for m in np.flatnonzero(pattern)
                ]
                for m in np.flatnonzero(~pattern):
                    key = (pattern.tobytes(), int(m))
                    if key not in searches:
                        searches[key] = self._search(pattern, int(m))
                    if (search := searches[key]) is not None:
                        nearest = search[0].kneighbors(np.hstack(known), return_distance=False)
                        for neighbours in nearest.T:  # one after the other: memory for r rows, not r x k
                            filled[int(m)][at] += search[1][neighbours]
                        filled[int(m)][at] /= nearest.shape[1]
            return {
                m: like(
                    values[~chunk.observed[:, m]] * self.scale_[rows.names[m]] + self.mean_[rows.names[m]],
                    rows.example,
                )
                for m, values in filled.items()
            }

        return fill

    def _search(self, pattern: np.ndarray, m: int) -> tuple[NearestNeighbors, np.ndarray] | None:
        """An index of the training rows that have `pattern` and m, and their features of m."""
        donors = np.flatnonzero(self.observed_[:, pattern].all(axis=1) & self.observed_[:, m])
        if not pattern.any() or not len(donors):
            return None
        known = [
            self._training(int(other), donors) / np.sqrt(self.widths_[other])
            for other in np.flatnonzero(pattern)
        ]
        index = NearestNeighbors(n_neighbors=min(self.n_neighbors, len(donors)), algorithm="brute")
        return index.fit(np.hstack(known)), self._training(m, donors)

    def _training(self, m: int, numbers: np.ndarray) -> np.ndarray:
        """Features of modality m of training rows that all have it."""
        place = np.cumsum(self.observed_[:, m]) - 1  # training row -> row of the compact array
        return np.asarray(self.training_rows_[self.modalities_[m]][place[numbers]])
