"""How like the truth the completed features are: SS of the paper, and the other pairings."""

import numpy as np

from eval.task import MODALITIES, Floats, Pair, Part


def similarities(part: Part, filled: Pair) -> dict[str, float]:
    """Mean cosines x100 over what was hidden and then filled; empty if nothing was.

    `ss` pairs the completed with the true feature of the same modality, as in the paper (3.1); `ss_image` and
    `ss_text` are its parts by the missing modality. `cross` pairs the completed with the present feature of the other
    modality, `cross_true` the true one with it: a completion above that agrees more with what is there than the truth
    does. `filled` and `hidden` count. A feature of zeros has no cosine and is not counted.
    """
    hidden = part.exists & ~part.present
    same: dict[str, Floats] = {}
    cross, cross_true = [], []
    for slot, name in enumerate(MODALITIES):
        other = MODALITIES[1 - slot]
        rows = np.flatnonzero(hidden[:, slot] & ~np.isnan(filled[name]).any(axis=1))
        made, truth = filled[name][rows], part.truth[name][rows]
        same[name] = cosine(made, truth)
        seen = part.present[rows, 1 - slot]
        cross.append(cosine(made[seen], part.truth[other][rows][seen]))
        cross_true.append(cosine(truth[seen], part.truth[other][rows][seen]))
    everything = np.concatenate(list(same.values()))
    if not len(everything) or np.isnan(everything).all():
        return {}
    return {
        "ss": _mean(everything),
        "ss_image": _mean(same["image"]),
        "ss_text": _mean(same["text"]),
        "cross": _mean(np.concatenate(cross)),
        "cross_true": _mean(np.concatenate(cross_true)),
        "filled": float((~np.isnan(everything)).sum()),
        "hidden": float(hidden.sum()),
    }


def cosine(one: Floats, two: Floats) -> Floats:
    """Row by row, x100 [n]; NaN where a row is all zeros. Raises `ValueError` for features of different widths."""
    if one.shape != two.shape:
        raise ValueError(f"features of shape {one.shape} do not fit features of shape {two.shape}")
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    with np.errstate(invalid="ignore"):
        found: Floats = 100 * (one * two).sum(axis=1) / np.where(norms > 0, norms, np.nan)
    return found


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
