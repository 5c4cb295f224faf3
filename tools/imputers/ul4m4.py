"""UL4M4: fill missing modalities from the centres of a clustering of incomplete rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from tools.imputers.arrays import Array, like
from tools.imputers.base import Filler, ModalityImputer
from tools.imputers.fills import MEAN, centre_distances, observed_sources, paper_sources
from tools.imputers.modalities import Modalities
from tools.imputers.partial_distance import Centres, ChunkDistances, Distances
from tools.imputers.partial_kmeans import centres_from_rows, choose_seeds, lloyd
from tools.imputers.progress import Progress
from tools.imputers.scaling import ScaledRows


class UL4M4(ModalityImputer):
    """Unsupervised Learning for Missing Modalities in Multimodal Learning (arXiv 2606.15743).

    Rows are normalised per feature, clustered with a distance over the modalities that two rows share, and a
    missing modality is copied from a centre.

    Parameters
    ----------
    n_clusters : number of centres K, at most the number of rows that have any modality.
    rule : "observed" (default) compares centres with a row on its observed modalities only; "paper" is the
        published completion loop, in which a centre that shares nothing with a row scores a perfect zero. See
        `fills`.
    init : "k-means++", or int [K]: the numbers of the training rows to start from.
    max_iter : most updates of the centres.
    tol : stop when the centres move by less than this mean square, in units of the features' variance.
    random_state : seed (int, RandomState or None), for the choice of the first centres.

    Attributes
    ----------
    cluster_centers_ : {modality: float64 [K, d_m]} in normalised units; NaN where a centre lacks the
        modality. In the units of the features: `cluster_centers_[m] * scale_[m] + mean_[m]`.
    presence_ : bool [K, M], which centre has which modality.
    labels_ : int [n], nearest centre of each training row; -1 if it shares nothing with any.
    fill_sources_ : int [n, M], which centre filled what in the training rows: its index, -1 where the
        modality was observed, -2 where the mean was taken.
    inertia_ : float, sum of squared distances of the training rows to their centres; `inertia_history_`
        before each update.
    n_iter_ : number of passes over the rows.

    And those of `ModalityImputer`. Memory beyond the data does not grow with n except for masks, labels and,
    up to 128 MiB, a normalised copy; time per update is proportional to n, K and the number of observed
    features.
    """

    def __init__(
        self,
        n_clusters: int = 64,
        *,
        rule: str = "observed",
        init: Any = "k-means++",
        max_iter: int = 100,
        tol: float = 1e-4,
        random_state: Any = None,
    ):
        self.n_clusters = n_clusters
        self.rule = rule
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def _fit(self, rows: Modalities, progress: Progress) -> None:
        self._check_parameters(rows)
        scaled = ScaledRows(rows, self.mean_, self.scale_, cache=True)
        if isinstance(self.init, str):
            seeds = choose_seeds(scaled, self.n_clusters, check_random_state(self.random_state), progress)
        else:
            seeds = np.asarray(self.init)
        clusters = lloyd(scaled, centres_from_rows(scaled, seeds), self.max_iter, self.tol, progress)
        if not clusters.converged:
            warnings.warn(
                f"UL4M4 stopped after max_iter={self.max_iter} passes, before the centres settled; "
                "raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.presence_ = clusters.centres.present
        self.cluster_centers_ = {
            name: np.where(self.presence_[:, m][:, None], clusters.centres.values[m], np.nan)
            for m, name in enumerate(rows.names)
        }
        self.inertia_history_ = clusters.inertia
        self.n_iter_ = len(clusters.inertia)
        self._describe_training_rows(scaled, clusters.centres)

    def _describe_training_rows(self, scaled: ScaledRows, centres: Centres) -> None:
        distances, choose = Distances(scaled, centres), self._rule(centres)
        labels, sources, inertia = [], [], 0.0
        for chunk in scaled.chunks():
            found = distances.to(chunk)
            label, square = found.nearest(found.mean_square())
            labels.append(label)
            sources.append(choose(found))
            inertia += float(square[label >= 0].sum())
        self.labels_, self.fill_sources_ = np.concatenate(labels), np.concatenate(sources)
        self.inertia_ = inertia

    def fill_sources(self, X: Mapping[str, Array], *, observed: Any = None) -> np.ndarray:
        """Which centre fills what in X: int [n, M], coded like `fill_sources_`."""
        rows = self.read(X, observed)
        choose = self._sources(rows)
        return np.concatenate([choose(start, stop) for start, stop in rows.chunks()])

    def _training_filler(self, rows: Modalities) -> Filler:
        return self._copier(rows, lambda start, stop: self.fill_sources_[start:stop])

    def _filler(self, rows: Modalities) -> Filler:
        return self._copier(rows, self._sources(rows))

    def _copier(self, rows: Modalities, choose: Any) -> Filler:
        """Copies what the sources [r, M] say that `choose` gives for a row range."""
        # One more row, the mean, so that MEAN finds it as the last but OBSERVED rows are never looked up.
        fills = []
        for m, name in enumerate(rows.names):
            raw = np.nan_to_num(self.cluster_centers_[name]) * self.scale_[name] + self.mean_[name]
            array = rows.arrays[m]
            fills.append(like(np.vstack([raw, self.mean_[name]]), array, array.dtype))

        def fill(start: int, stop: int) -> dict[int, Array]:
            sources, missing = choose(start, stop), ~rows.observed[start:stop]
            result = {}
            for m in np.flatnonzero(missing.any(axis=0)):
                source = sources[missing[:, m], m]
                result[int(m)] = fills[m][like(np.where(source == MEAN, len(fills[m]) - 1, source), fills[m])]
            return result

        return fill

    def _sources(self, rows: Modalities) -> Any:
        values = [np.nan_to_num(self.cluster_centers_[name]) for name in rows.names]
        centres = Centres(values, self.presence_)
        scaled = ScaledRows(rows, self.mean_, self.scale_, cache=False)
        distances, choose = Distances(scaled, centres), self._rule(centres)
        return lambda start, stop: choose(distances.to(scaled.chunk(start, stop)))

    def _rule(self, centres: Centres) -> Any:
        if self.rule == "observed":
            return observed_sources
        between = centre_distances(centres)

        def by_paper(found: ChunkDistances) -> np.ndarray:
            return paper_sources(found, between)

        return by_paper

    def _check_parameters(self, rows: Modalities) -> None:
        if self.rule not in ("observed", "paper"):
            raise ValueError(f"unknown rule {self.rule!r}; known: observed, paper")
        if self.max_iter < 1:
            raise ValueError(f"max_iter={self.max_iter}; at least one update is needed")
        usable = int(rows.observed.any(axis=1).sum())
        if not 1 <= self.n_clusters <= usable:
            raise ValueError(
                f"n_clusters={self.n_clusters} must be between 1 and the number of rows with any modality, {usable} "
                f"(n_samples={rows.n_rows}); lower n_clusters or add rows"
            )
        if isinstance(self.init, str):
            if self.init != "k-means++":
                raise ValueError(
                    f"unknown init {self.init!r}; give 'k-means++' or {self.n_clusters} row numbers"
                )
            return
        seeds = np.asarray(self.init)
        inside = seeds.shape == (self.n_clusters,) and ((seeds >= 0) & (seeds < rows.n_rows)).all()
        if not inside or not rows.observed[seeds].any(axis=1).all():
            raise ValueError(f"init must be {self.n_clusters} numbers of rows that have some modality")
