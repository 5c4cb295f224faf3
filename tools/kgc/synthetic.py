"""A made-up modality, for experiments on graphs whose pictures cannot be had. It is labelled synthetic wherever it
goes; figures with it say nothing about pictures and must not be put beside published ones.

It imitates what a picture tells: what kind of thing an entity is, and not which facts hold of it. How it is made:

1. Count in how many TRAIN triples the entity is the head, and in how many the tail, of every relation: a profile of
   2 * n_relations counts. Validation and test are never looked at.
2. Forget half of the columns, the same for all entities, drawn by the seed: the information is partial.
3. log(1 + count), times the column's inverse document frequency, scaled to length 1.
4. Project to `width` by a Gaussian random matrix, scale rows to length sqrt(width), add Gaussian noise of deviation
   `noise` to every component.

An entity without a count in a kept column lacks the modality; so do those that a caller hides
(`tools.kgc.features.hide`). Whoever holds validation out of train must do so first.
"""

import numpy as np
from numpy.typing import NDArray

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph, Modality

WIDTH = 128
NOISE = 1.0
KEPT = 0.5
"""Share of the columns that are not forgotten."""


def synthetic_modality(
    graph: KnowledgeGraph, width: int = WIDTH, noise: float = NOISE, seed: int = 0, name: str = "synthetic"
) -> Modality:
    """The modality described above, [n_entities, width]; equal train triples and seed give the same.

    Raises:
        InputError: the width is not positive or the noise negative.
    """
    if width < 1 or not 0 <= noise < np.inf:
        raise InputError(
            f"a synthetic modality needs a width from 1 and a noise from 0, not {width} and {noise}"
        )
    rng = np.random.default_rng(seed)
    profile = _profile(graph)
    columns = np.sort(rng.permutation(profile.shape[1])[: max(1, round(KEPT * profile.shape[1]))])
    profile = profile[:, columns]
    document = (profile > 0).sum(axis=0)
    weighted = np.log1p(profile) * np.log(1 + len(profile) / (1 + document))
    present = np.asarray(profile.any(axis=1))
    projected = _rows_to(weighted[present], 1.0) @ rng.standard_normal((profile.shape[1], width))
    features = np.zeros((len(graph.entities), width), np.float32)
    features[present] = _rows_to(projected, np.sqrt(width)) + noise * rng.standard_normal(projected.shape)
    return Modality(name, features, present, synthetic=True)


def _profile(graph: KnowledgeGraph) -> NDArray[np.float64]:
    """[n_entities, 2 * n_relations]: train triples by relation with the entity as head, then as tail."""
    m = len(graph.relations)
    counts = np.zeros((len(graph.entities), 2 * m))
    head, relation, tail = graph.train.T
    np.add.at(counts, (head, relation), 1)
    np.add.at(counts, (tail, m + relation), 1)
    return counts


def _rows_to(rows: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True) * length)
