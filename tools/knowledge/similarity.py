"""Similarity of two knowledge graphs (Eq. 1 of the paper), on aligned nodes.

Eq. 1 averages the cosine of paired rows of two adjacency matrices. Rows can only be paired once both matrices are
over the same nodes, so: labels are normalised, the nodes of both graphs are united, and node i has row i in both. A
node that one graph lacks has an all-zero row there and scores 0. Adjacency is binary (whether there is an edge, not
how often or of which relation), hence each cosine is |A & B| / sqrt(|A| |B|) of two neighbour sets.

"symmetrised" rows hold all neighbours. "directed" rows hold heads and tails in separate columns, row i of [A | A^T];
the plain A would give a zero row to every node without outgoing edges, and a graph would not equal itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data.record import Edge
from tools.knowledge.labels import is_number, normalise

Adjacency = Literal["symmetrised", "directed"]
Embedder = Callable[[Sequence[str]], NDArray[np.float64]]
"""n labels -> an (n, d) array, one row per label, of any length; all-zero rows are like nothing else."""

Column = tuple[str, str]
Rows = Mapping[str, frozenset[Column]]
"""For each node the columns in which its binary adjacency row is 1: (kind of column, neighbour)."""


def graph_similarity(
    first: Iterable[Edge], second: Iterable[Edge], *, adjacency: Adjacency = "symmetrised"
) -> float:
    """Mean row cosine over the union of nodes, x100 (Eq. 1): 0-100.

    Symmetric; 100 for equal graphs whatever the order of their edges; 0 without a common node. Two empty graphs are
    equal (100), an empty one is unlike any other (0).
    """
    a, b = _rows(first, adjacency), _rows(second, adjacency)
    union = a.keys() | b.keys()
    if not union:
        return 100.0
    # Sorted: the sum of floats must not depend on the order of a set.
    return 100 * sum(_cosine(a[node], b[node]) for node in sorted(a.keys() & b.keys())) / len(union)


def soft_graph_similarity(
    first: Iterable[Edge],
    second: Iterable[Edge],
    *,
    adjacency: Adjacency = "symmetrised",
    embed: Embedder | None = None,
    least: float = 0.4,
) -> float:
    """As `graph_similarity`, but nodes with unlike labels are paired too, since two extractions seldom use the same
    words: 0-100, never below the exact value.

    Equal labels are paired first. The rest is paired one to one so that the sum of label cosines is largest; pairs
    below `least` stay apart, and bare numbers pair with equal numbers only. A pair counts as one node, whose row
    cosine is multiplied by the cosine of its labels. `embed` defaults to `ngram_embedding`.
    """
    # The order of arguments is fixed, so that ties between pairings fall the same way from both sides.
    a, b = sorted((_rows(first, adjacency), _rows(second, adjacency)), key=_order)
    if not a and not b:
        return 100.0
    partner = {node: (node, 1.0) for node in sorted(a.keys() & b.keys())}
    partner |= _pairs(
        sorted(a.keys() - b.keys()), sorted(b.keys() - a.keys()), embed or ngram_embedding, least
    )
    renamed = {theirs: mine for mine, (theirs, _) in partner.items()}
    total = 0.0
    for mine, (theirs, likeness) in partner.items():
        row = frozenset((kind, renamed.get(node, node)) for kind, node in b[theirs])
        total += likeness * _cosine(a[mine], row)
    return 100 * total / (len(a) + len(b) - len(partner))


def ngram_embedding(labels: Sequence[str]) -> NDArray[np.float64]:
    """(n, d) TF-IDF over character 2- to 4-grams within words, fitted on these labels."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
    return np.asarray(vectoriser.fit_transform(labels).toarray(), dtype=np.float64)


def _rows(edges: Iterable[Edge], adjacency: Adjacency) -> Rows:
    rows: dict[str, set[Column]] = {}
    out, back = ("to", "from") if adjacency == "directed" else ("", "")
    for edge in edges:
        head, tail = normalise(edge.head), normalise(edge.tail)
        rows.setdefault(head, set()).add((out, tail))
        rows.setdefault(tail, set()).add((back, head))
    return {node: frozenset(columns) for node, columns in rows.items()}


def _order(rows: Rows) -> list[tuple[str, list[Column]]]:
    return sorted((node, sorted(columns)) for node, columns in rows.items())


def _cosine(a: frozenset[Column], b: frozenset[Column]) -> float:
    return len(a & b) / sqrt(len(a) * len(b))


def _pairs(mine: list[str], theirs: list[str], embed: Embedder, least: float) -> dict[str, tuple[str, float]]:
    """The best one-to-one pairing: {mine: (theirs, cosine of the labels)}."""
    from scipy.optimize import linear_sum_assignment

    mine = [label for label in mine if not is_number(label)]
    theirs = [label for label in theirs if not is_number(label)]
    if not mine or not theirs:
        return {}
    vectors = embed([*mine, *theirs])
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(length > 0, length, 1)
    likeness = np.clip(unit[: len(mine)] @ unit[len(mine) :].T, 0, 1)
    rows, columns = linear_sum_assignment(np.where(likeness >= least, likeness, 0), maximize=True)
    return {
        mine[i]: (theirs[j], float(likeness[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if likeness[i, j] >= least
    }
