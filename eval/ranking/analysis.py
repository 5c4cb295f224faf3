"""Does ranking help? Every candidate is held against the hidden truth, which the ranking never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import nnls
from scipy.stats import spearmanr
from sklearn.model_selection import GroupKFold

from eval.metrics.bootstrap import Interval, interval, resample_counts
from eval.ranking.choice import likeness, quality
from eval.task import MODALITIES, Candidates, Floats

FOLDS = 5
RESAMPLES = 2000
STEPS = 10
"""Of the sweep: weights are multiples of 1 / STEPS that sum to 1."""


@dataclass(frozen=True)
class Score:
    """How well one score ranks the candidates of a sample."""

    name: str
    best: float
    """Share of samples in which its best candidate is the best by the truth, in percent."""
    likeness: float
    """Mean likeness to the truth of its best candidates."""
    correlation: float
    """Mean Spearman correlation with the truth within a sample; NaN where no sample has two different scores."""
    told_apart: int
    """Samples in which it does not score all candidates alike."""


@dataclass(frozen=True)
class Sweep:
    """One choice of weights and what the chosen candidates are like."""

    weights: Mapping[str, float]
    likeness: float


@dataclass(frozen=True)
class Gain:
    """By how much the chosen candidates are more like the truth than random ones, where one modality is missing."""

    missing: str
    samples: int
    gain: Interval
    """Mean over samples of the chosen one's likeness less the mean of all; 95 % of a paired bootstrap over samples."""


@dataclass(frozen=True)
class RankingReport:
    """Likeness is the cosine with the truth in the experiment's encoder, x100, mean over samples."""

    samples: int
    """With at least two candidates and a known truth."""
    candidates: float
    """Mean number per sample."""
    chosen_best: float
    """Share of samples in which the chosen candidate is the best by the truth, in percent; one of several that tie for
    the best is the best."""
    random_best: float
    """The same for a random choice, ties included: above 1 / N where candidates repeat each other."""
    chosen: float
    random: float
    best: float
    worst: float
    scores: tuple[Score, ...]
    gains: tuple[Gain, ...]
    learned: Mapping[str, float] = field(default_factory=dict)
    """Non-negative weights fitted to the truth of all samples by least squares: no method."""
    learned_likeness: float = float("nan")
    """Of choices by weights fitted to the other folds."""
    learned_same: float = float("nan")
    """Of choices by weights fitted to the same samples. Least squares fit values, not choices: see `upper`."""
    sweep: tuple[Sweep, ...] = ()

    @property
    def upper(self) -> float:
        """The most that any weights tried here give on these samples, learned or swept: no method, but a bound."""
        return max((self.learned_same, *(each.likeness for each in self.sweep)), key=_nan_last)

    @property
    def headroom(self) -> float:
        """Which part of the way from a random to the best choice the run's own choice goes, in percent."""
        return (
            100 * (self.chosen - self.random) / (self.best - self.random)
            if self.best > self.random
            else float("nan")
        )


def analyse(
    candidates: Candidates, truth: Sequence[Floats], swept: Sequence[str] = ("graph", "clip", "blip")
) -> RankingReport:
    """`truth` is ([n, d] of images, of texts). Raises `ValueError` if no sample has two candidates and a truth."""
    value = likeness(candidates, truth)
    groups = _groups(candidates, value)
    if not groups:
        raise ValueError("no sample has two candidates and a known truth, so there is no ranking to analyse")
    scores = {
        "quality": candidates.quality.astype(float),
        **{k: v.astype(float) for k, v in candidates.terms.items()},
    }
    chosen = [int(group[candidates.chosen[group]][0]) for group in groups if candidates.chosen[group].any()]
    with_choice = [group for group in groups if candidates.chosen[group].any()]
    learned = _learned(candidates, value, groups, [name for name in swept if name in candidates.terms])
    return RankingReport(
        samples=len(groups),
        candidates=float(np.mean([len(group) for group in groups])),
        chosen_best=_share(
            [value[at] >= value[group].max() for at, group in zip(chosen, with_choice, strict=True)]
        ),
        random_best=100 * float(np.mean([(value[group] >= value[group].max()).mean() for group in groups])),
        chosen=float(np.mean(value[chosen])) if chosen else float("nan"),
        random=float(np.mean([value[group].mean() for group in groups])),
        best=float(np.mean([value[group].max() for group in groups])),
        worst=float(np.mean([value[group].min() for group in groups])),
        scores=tuple(_score(name, score, value, groups) for name, score in scores.items()),
        gains=tuple(_gains(candidates, value, with_choice)),
        sweep=tuple(_sweep(candidates, value, groups, [name for name in swept if name in candidates.terms])),
        **learned,
    )


def _nan_last(value: float) -> float:
    return -np.inf if np.isnan(value) else value


def _groups(candidates: Candidates, value: np.ndarray) -> list[np.ndarray]:
    """Positions of the candidates of each sample that has two with a known truth, by number."""
    known = np.flatnonzero(~np.isnan(value))
    order = known[np.lexsort((candidates.index[known], candidates.rows[known]))]
    cuts = np.flatnonzero(np.diff(candidates.rows[order])) + 1
    return [group for group in np.split(order, cuts) if len(group) > 1]


def _gains(candidates: Candidates, value: np.ndarray, groups: list[np.ndarray]) -> list[Gain]:
    """By missing modality; one that no sample misses is left out."""
    found = []
    for slot, modality in enumerate(MODALITIES):
        mine = [group for group in groups if candidates.slots[group[0]] == slot]
        if not mine:
            continue
        gains = np.array([value[g][candidates.chosen[g]][0] - value[g].mean() for g in mine])
        resampled = resample_counts(len(mine), RESAMPLES) @ gains / len(mine)
        found.append(Gain(modality, len(mine), interval(float(gains.mean()), resampled)))
    return found


def _score(name: str, score: np.ndarray, value: np.ndarray, groups: list[np.ndarray]) -> Score:
    picked, correlations = [], []
    for group in groups:
        mine = score[group]
        picked.append(_pick(mine))
        sound = ~np.isnan(mine)
        if sound.sum() > 1 and np.ptp(mine[sound]) > 0 and np.ptp(value[group][sound]) > 0:
            correlations.append(float(spearmanr(mine[sound], value[group][sound]).statistic))
    return Score(
        name=name,
        best=_share([value[g][at] >= value[g].max() for at, g in zip(picked, groups, strict=True)]),
        likeness=float(np.mean([value[g][at] for at, g in zip(picked, groups, strict=True)])),
        correlation=float(np.mean(correlations)) if correlations else float("nan"),
        told_apart=len(correlations),
    )


def _learned(
    candidates: Candidates, value: np.ndarray, groups: list[np.ndarray], terms: list[str]
) -> dict[str, Any]:
    """Non-negative least squares of the truth on the terms, both relative to their sample's mean."""
    if not terms:
        return {}
    scores = np.nan_to_num(np.stack([candidates.terms[name] for name in terms], axis=1).astype(float))
    everything = list(range(len(groups)))
    weights = _fit(scores, value, groups, everything)
    found: dict[str, Any] = {
        "learned": {name: round(float(w), 4) for name, w in zip(terms, weights, strict=True)},
        "learned_same": _chosen_likeness(scores @ weights, value, groups),
    }
    if len(groups) >= FOLDS:
        total = 0.0
        for learn, test in GroupKFold(FOLDS).split(everything, groups=everything):
            fold = scores @ _fit(scores, value, groups, learn.tolist())
            total += _chosen_likeness(fold, value, [groups[i] for i in test]) * len(test)
        found["learned_likeness"] = total / len(groups)
    return found


def _fit(scores: np.ndarray, value: np.ndarray, groups: list[np.ndarray], which: list[int]) -> np.ndarray:
    terms = np.concatenate([scores[groups[i]] - scores[groups[i]].mean(axis=0) for i in which])
    truth = np.concatenate([value[groups[i]] - value[groups[i]].mean() for i in which])
    return np.asarray(nnls(terms, truth)[0])


def _sweep(
    candidates: Candidates, value: np.ndarray, groups: list[np.ndarray], terms: list[str]
) -> list[Sweep]:
    found = []
    for shares in _simplex(len(terms), STEPS):
        weights = {name: share / STEPS for name, share in zip(terms, shares, strict=True)}
        found.append(Sweep(weights, _chosen_likeness(quality(candidates, weights), value, groups)))
    return found


def _simplex(parts: int, total: int) -> list[tuple[int, ...]]:
    if parts == 0:
        return []
    if parts == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in _simplex(parts - 1, total - first)]


def _chosen_likeness(score: np.ndarray, value: np.ndarray, groups: list[np.ndarray]) -> float:
    return float(np.mean([value[group][_pick(score[group])] for group in groups]))


def _pick(score: np.ndarray) -> int:
    """The first of the best; a candidate without the score comes last."""
    return int(np.argmax(np.where(np.isnan(score), -np.inf, score)))


def _share(found: Sequence[object]) -> float:
    return 100 * float(np.mean([bool(each) for each in found])) if found else float("nan")
