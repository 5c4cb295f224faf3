"""What all imputers share: the scikit-learn interface on a mapping of modalities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from tools.imputers.arrays import Array, is_tensor, like, namespace, release_pages, to_numpy
from tools.imputers.modalities import Modalities, read_modalities
from tools.imputers.progress import Progress, no_progress
from tools.imputers.scaling import fit_scaling

Filler = Callable[[int, int], dict[int, Array]]
"""Given a row range, the features [r, d_m] of the rows in it that miss modality m, for each such m."""


class ModalityImputer(BaseEstimator, ABC):  # type: ignore[misc]
    """Base class: reads, checks, learns mean and deviation, and writes what a subclass computes.

    `fit`, `transform` and `fit_transform` take `X`, a mapping {modality: float array [n, d_m]} of NumPy
    arrays, memory maps or PyTorch tensors (then all calculation is done on their device). A missing row is
    all NaN, or False in `observed`, bool [n, M] with columns in the order of the mapping. `transform` returns
    a mapping of the same kind, types and order, in which observed rows are unchanged, bit by bit.

    Attributes
    ----------
    modalities_ : list of the M modality names, in order.
    widths_ : list of their numbers of features d_m.
    mean_, scale_ : {modality: float64 [d_m]}, statistics of the training rows; see `scaling.fit_scaling`.
    n_observed_ : int [M], training rows that have each modality.
    """

    def fit(
        self,
        X: Mapping[str, Array],
        y: object = None,
        *,
        observed: Any = None,
        progress: Progress = no_progress,
    ) -> Self:
        """Learn from training rows.

        Raises
        ------
        TypeError, ValueError
            For unequal row counts, infinite values, partly missing rows, empty arrays or a modality that no
            row has; the message says where and what to do.
        """
        self._learn(read_modalities(X, observed), progress)
        return self

    def transform(
        self,
        X: Mapping[str, Array],
        *,
        observed: Any = None,
        out: Mapping[str, Array] | None = None,
        progress: Progress = no_progress,
    ) -> dict[str, Any]:
        """Fill missing rows from what `fit` learnt; nothing is learnt from X.

        `out`: writable arrays shaped like X to write into, for example memory maps; X itself to fill in
        place.
        """
        rows = self.read(X, observed)
        return self._fill(rows, self._filler(rows), out, progress)

    def fit_transform(
        self,
        X: Mapping[str, Array],
        y: object = None,
        *,
        observed: Any = None,
        out: Mapping[str, Array] | None = None,
        progress: Progress = no_progress,
    ) -> dict[str, Any]:
        """The same as `fit(X)`, then `transform(X)`, without reading X twice."""
        rows = read_modalities(X, observed)
        self._learn(rows, progress)
        return self._fill(rows, self._training_filler(rows), out, progress)

    def set_output(self, *, transform: str | None = None) -> Self:
        """Choose what `transform` maps to: "default" (as given), "numpy", "torch" or "pandas" (one frame
        each)."""
        if transform not in (None, "default", "numpy", "torch", "pandas"):
            raise ValueError(f"unknown output {transform!r}; known: default, numpy, torch, pandas")
        if transform is not None:
            # The name scikit-learn uses, so that `clone` carries the choice over.
            self._sklearn_output_config = {"transform": transform}
        return self

    @abstractmethod
    def _fit(self, rows: Modalities, progress: Progress) -> None:
        """Learn whatever is needed beyond the statistics."""

    @abstractmethod
    def _filler(self, rows: Modalities) -> Filler:
        """A function that computes the missing features of these rows, chunk by chunk."""

    def _training_filler(self, rows: Modalities) -> Filler:
        """`_filler` for the rows that were just learnt from, where that can be had cheaper."""
        return self._filler(rows)

    def _learn(self, rows: Modalities, progress: Progress) -> None:
        self.mean_, self.scale_ = fit_scaling(rows)
        self.modalities_, self.widths_ = list(rows.names), list(rows.widths)
        self.n_observed_ = rows.observed.sum(axis=0)
        self._fit(rows, progress)

    def _fill(
        self, rows: Modalities, filler: Filler, out: Mapping[str, Array] | None, progress: Progress
    ) -> dict[str, Any]:
        filled = self._targets(rows, out)
        for start, stop in rows.chunks():
            for m, values in filler(start, stop).items():
                target = filled[rows.names[m]]
                at = start + np.flatnonzero(~rows.observed[start:stop, m])
                if is_tensor(target):
                    target[like(at, target)] = namespace(target).as_tensor(values).to(target)
                else:
                    target[at] = values
                    release_pages(target)
            progress("filling", stop, rows.n_rows)
        return {name: self._container(array) for name, array in filled.items()}

    def read(self, X: object, observed: Any = None) -> Modalities:
        """Rows to be filled, with the modalities in the order they were fitted in.

        Raises:
            ValueError: they are not the modalities that this imputer was fitted on, or not all of one length.
        """
        check_is_fitted(self, "modalities_")
        rows = read_modalities(X, observed)
        if dict(zip(rows.names, rows.widths, strict=True)) != dict(
            zip(self.modalities_, self.widths_, strict=True)
        ):
            raise ValueError(
                f"fitted on {dict(zip(self.modalities_, self.widths_, strict=True))} but got "
                f"{dict(zip(rows.names, rows.widths, strict=True))}; a modality that is missing everywhere must "
                "still be given, as an array of NaN"
            )
        if list(rows.names) == self.modalities_:
            return rows
        order = [rows.names.index(name) for name in self.modalities_]
        arrays = tuple(rows.arrays[m] for m in order)
        return Modalities(tuple(self.modalities_), arrays, rows.observed[:, order], rows.dtype)

    def _targets(self, rows: Modalities, out: Mapping[str, Array] | None) -> dict[str, Array]:
        if out is None:
            return {
                name: array.clone() if is_tensor(array) else np.array(array)
                for name, array in zip(rows.names, rows.arrays, strict=True)
            }
        for name, array in zip(rows.names, rows.arrays, strict=True):
            if name not in out or tuple(out[name].shape) != tuple(array.shape):
                raise ValueError(f"out needs an array of shape {tuple(array.shape)} for modality {name!r}")
            if out[name] is not array:
                for start, stop in rows.chunks():
                    out[name][start:stop] = array[start:stop]
                    release_pages(out[name])
        return {name: out[name] for name in rows.names}

    def _container(self, array: Array) -> Any:
        kind = getattr(self, "_sklearn_output_config", {}).get("transform", "default")
        if kind == "numpy":
            return to_numpy(array)
        if kind == "torch" and not is_tensor(array):
            import torch  # only loaded when asked for

            return torch.from_numpy(array)
        if kind == "pandas":
            import pandas

            return pandas.DataFrame(to_numpy(array))
        return array
