"""Choosing one candidate per sample: by quality, by other weights, at random, or by the truth."""

from collections.abc import Mapping, Sequence

import numpy as np

from eval.task import Candidates, Floats, Ints


def choose(
    candidates: Candidates,
    *,
    how: str = "quality",
    weights: Mapping[str, float] | None = None,
    among: int | None = None,
    truth: Sequence[Floats] = (),
    seed: int = 0,
) -> Ints:
    """Positions of the chosen candidates, one per row that has any, by rows.

    `how`: "quality" takes the run's own choice, or with `weights` or `among` the best by the quality that these give;
    "random" draws; "best" takes the one most like `truth` ([n, d] of images, of texts). Ties go to the lowest number.
    Raises `ValueError` for a weight of a term that no candidate has.
    """
    eligible = np.arange(len(candidates))
    if among is not None:
        eligible = eligible[candidates.index < among]
    if how == "quality" and not weights and among is None:
        return np.asarray(eligible[candidates.chosen])
    if how == "random":
        value = np.random.default_rng(seed).permutation(len(candidates)).astype(float)
    elif how == "best":
        value = likeness(candidates, truth)
    else:
        value = quality(candidates, weights) if weights else candidates.quality.astype(float)
    return _first_best(candidates, eligible, value)


def quality(candidates: Candidates, weights: Mapping[str, float]) -> np.ndarray:
    """The weighted sum of the terms [k]; a term that a candidate lacks counts nothing, as in the run itself.

    Raises `ValueError` for a term that no candidate has.
    """
    total = np.zeros(len(candidates))
    for term, weight in weights.items():
        if term not in candidates.terms:
            raise ValueError(
                f"the candidates have no score {term!r}; they have {', '.join(candidates.terms) or 'none'}"
            )
        total += weight * np.nan_to_num(candidates.terms[term])
    return total


def likeness(candidates: Candidates, truth: Sequence[Floats]) -> np.ndarray:
    """Cosine of every candidate with the ground truth of its modality, x100 [k]; NaN where there is none."""
    images, texts = truth
    wanted = np.where(candidates.slots[:, None] == 0, images[candidates.rows], texts[candidates.rows])
    norms = np.linalg.norm(wanted, axis=1) * np.linalg.norm(candidates.vectors, axis=1)
    cosines: np.ndarray = 100 * (wanted * candidates.vectors).sum(axis=1) / np.where(norms > 0, norms, np.nan)
    return cosines


def _first_best(candidates: Candidates, eligible: Ints, value: np.ndarray) -> Ints:
    # lexsort: last key first. NaN would sort behind everything, as the best.
    scored = np.where(np.isnan(value), -np.inf, value)[eligible]
    order = eligible[np.lexsort((candidates.index[eligible], -scored, candidates.rows[eligible]))]
    first = np.unique(candidates.rows[order], return_index=True)[1]
    return np.asarray(order[first])
