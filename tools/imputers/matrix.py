"""One concatenated matrix with column blocks, so that an imputer stands in a scikit-learn `Pipeline`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from tools.imputers.base import ModalityImputer
from tools.imputers.ul4m4 import UL4M4


class MatrixImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fill missing column blocks of a matrix with any of the imputers of this package.

    Parameters
    ----------
    imputer : a `ModalityImputer`; `UL4M4()` if None.
    blocks : {modality: number of columns}, consecutive and together all columns. None makes every column a
        modality of its own: plain tabular imputation.

    Attributes
    ----------
    imputer_ : the fitted imputer.

    A missing block of a row is all NaN; a block that is partly NaN is an error. Output: [n, columns], float32
    or float64 as given; `set_output`, feature names and cloning as usual in scikit-learn.
    """

    def __init__(self, imputer: ModalityImputer | None = None, blocks: Mapping[str, int] | None = None):
        self.imputer = imputer
        self.blocks = blocks

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn from X [n, columns]."""
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan")
        if self.blocks is not None and sum(self.blocks.values()) != X.shape[1]:
            raise ValueError(
                f"blocks {dict(self.blocks)} have {sum(self.blocks.values())} columns, X has {X.shape[1]}"
            )
        self.imputer_ = clone(self.imputer if self.imputer is not None else UL4M4()).fit(self._split(X))
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Fill X [n, columns] from what `fit` learnt."""
        check_is_fitted(self, "imputer_")
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False)
        filled = self.imputer_.transform(self._split(X))
        return np.hstack([np.asarray(part) for part in filled.values()])

    def _split(self, X: np.ndarray) -> dict[str, np.ndarray]:
        blocks = self.blocks or {f"column {i}": 1 for i in range(X.shape[1])}
        ends = np.cumsum(list(blocks.values()))
        return {
            name: X[:, end - width : end] for (name, width), end in zip(blocks.items(), ends, strict=True)
        }

    def __sklearn_tags__(self) -> Any:
        """Accepts NaN, keeps float32."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
