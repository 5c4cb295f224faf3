"""One matrix with column blocks: scikit-learn's own checks, and use in a pipeline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from tools.imputers import UL4M4, MatrixImputer, MeanImputer, NeighboursImputer, RidgeImputer, ZeroImputer

IMPUTERS = [
    UL4M4(2, random_state=0),
    UL4M4(2, rule="paper", random_state=0),
    RidgeImputer(),
    NeighboursImputer(2),
]


@parametrize_with_checks([MatrixImputer(imputer) for imputer in [*IMPUTERS, MeanImputer(), ZeroImputer()]])
def test_scikit_learn_checks(estimator, check) -> None:
    check(estimator)


def test_blocks_are_modalities(make_data) -> None:
    X = make_data().X
    matrix = np.hstack(list(X.values()))
    imputer = UL4M4(5, random_state=0)
    filled = MatrixImputer(imputer, {"m0": 6, "m1": 4, "m2": 5}).fit_transform(matrix)
    np.testing.assert_array_equal(filled, np.hstack(list(imputer.fit_transform(X).values())))


def test_in_a_pipeline_with_cross_validation_and_frames(make_data) -> None:
    truth, X, _ = make_data(n=300)
    frame = pd.DataFrame(np.hstack(list(X.values())), columns=[f"f{i}" for i in range(15)])
    labels = truth["m0"][:, 0] > np.median(truth["m0"][:, 0])
    imputer = MatrixImputer(UL4M4(8, random_state=0), {"a": 6, "b": 4, "c": 5}).set_output(transform="pandas")
    assert imputer.fit_transform(frame).columns.tolist() == frame.columns.tolist()
    pipeline = make_pipeline(imputer, LogisticRegression(max_iter=1000))
    pipeline.set_params(matriximputer__imputer__n_clusters=12)
    scores = cross_val_score(pipeline, frame, labels, cv=3, error_score="raise")
    assert scores.mean() > 0.7


def test_single_columns_by_default() -> None:
    X = np.array([[1.0, 10.0], [np.nan, 10.0], [2.0, np.nan], [1.0, 10.0]])
    filled = MatrixImputer(MeanImputer()).fit_transform(X)
    np.testing.assert_allclose(filled, [[1, 10], [4 / 3, 10], [2, 10], [1, 10]])


def test_blocks_must_cover_the_columns() -> None:
    with pytest.raises(ValueError, match=r"blocks {'a': 2} have 2 columns, X has 3"):
        MatrixImputer(MeanImputer(), {"a": 2}).fit(np.ones((4, 3)))
