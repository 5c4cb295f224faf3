"""Figures of multi-label classification, all by scikit-learn, in percent."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, f1_score

from eval.task import Bools, Floats

THRESHOLDS = np.round(np.arange(0.02, 0.99, 0.02), 2)
"""Tried on dev."""


@dataclass(frozen=True)
class Figures:
    """Of one set of predictions. `counted` are the classes in the means: those with a positive row; the others would
    be 0 or undefined whatever was predicted. Per class [C], NaN where not counted."""

    macro_f1: float
    micro_f1: float
    map: float
    f1: np.ndarray
    average_precision: np.ndarray
    counted: Bools


def figures(labels: Bools, scores: Floats, threshold: float = 0.5) -> Figures:
    """Macro and micro F1 at the threshold, and mean average precision, of scores [n, C] in 0-1.

    Raises `ValueError` if the shapes differ, a score is no number, or no class has a positive row.
    """
    _check(labels, scores)
    counted = np.asarray(labels.any(axis=0))
    guessed = scores > threshold
    f1 = np.full(labels.shape[1], np.nan)
    precision = np.full(labels.shape[1], np.nan)
    f1[counted] = f1_score(labels[:, counted], guessed[:, counted], average=None, zero_division=0)
    precision[counted] = average_precision_score(labels[:, counted], scores[:, counted], average=None)
    return Figures(
        macro_f1=100 * float(f1[counted].mean()),
        micro_f1=100
        * float(f1_score(labels[:, counted], guessed[:, counted], average="micro", zero_division=0)),
        map=100 * float(precision[counted].mean()),
        f1=100 * f1,
        average_precision=100 * precision,
        counted=counted,
    )


def tuned_threshold(labels: Bools, scores: Floats) -> float:
    """The one threshold for all classes with the best macro F1 on these rows (dev); the lowest of equals."""
    _check(labels, scores)
    counted = labels.any(axis=0)
    found = [
        f1_score(labels[:, counted], scores[:, counted] > t, average="macro", zero_division=0)
        for t in THRESHOLDS
    ]
    return float(THRESHOLDS[int(np.argmax(found))])


def _check(labels: Bools, scores: Floats) -> None:
    if labels.shape != scores.shape:
        raise ValueError(f"scores of shape {scores.shape} do not fit labels of shape {labels.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} scores are not numbers")
    if not labels.any():
        raise ValueError("no class has a positive row, so there is nothing to measure")
