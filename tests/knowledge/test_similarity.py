"""Eq. 1 on aligned nodes: what must hold for any two graphs, and figures worked out by hand."""

import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.record import Edge
from tools.knowledge.similarity import Adjacency, graph_similarity, soft_graph_similarity

LABELS = (
    "star",
    "stars",
    "red star",
    "house",
    "houses",
    "blue house",
    "2",
    "3",
    "twelve",
    "red",
    "reddish",
    "noir",
)
some_edges = st.lists(
    st.builds(
        Edge,
        head=st.sampled_from(LABELS),
        relation=st.sampled_from(("count", "left of", "above")),
        tail=st.sampled_from(LABELS),
    ),
    max_size=10,
)
adjacencies = st.sampled_from(("symmetrised", "directed"))
both = pytest.mark.parametrize("similarity", [graph_similarity, soft_graph_similarity])


def graph(*rows: tuple[str, str]) -> list[Edge]:
    return [Edge(head=head, relation="r", tail=tail) for head, tail in rows]


@both
@given(a=some_edges, b=some_edges, adjacency=adjacencies)
@settings(deadline=None)
def test_symmetric_and_bounded(similarity, a: list[Edge], b: list[Edge], adjacency: Adjacency) -> None:  # type: ignore[no-untyped-def]
    value = similarity(a, b, adjacency=adjacency)
    assert value == similarity(b, a, adjacency=adjacency)
    assert 0 <= value <= 100 + 1e-9


@both
@given(a=some_edges, b=some_edges, adjacency=adjacencies, seed=st.integers())
@settings(deadline=None)
def test_order_does_not_matter(  # type: ignore[no-untyped-def]
    similarity, a: list[Edge], b: list[Edge], adjacency: Adjacency, seed: int
) -> None:
    shuffled = random.Random(seed).sample(a, len(a))
    assert similarity(a, shuffled, adjacency=adjacency) == 100
    assert similarity(a, b, adjacency=adjacency) == similarity(shuffled, b, adjacency=adjacency)


@given(a=some_edges, b=some_edges, adjacency=adjacencies)
@settings(deadline=None)
def test_soft_is_never_below_exact(a: list[Edge], b: list[Edge], adjacency: Adjacency) -> None:
    exact = graph_similarity(a, b, adjacency=adjacency)
    assert soft_graph_similarity(a, b, adjacency=adjacency) >= exact - 1e-9


@both
def test_disjoint_graphs_score_nothing(similarity) -> None:  # type: ignore[no-untyped-def]
    assert similarity(graph(("cat", "mat")), graph(("7", "zoo"), ("zoo", "ox"))) == 0


@both
def test_empty_graphs_are_defined(similarity) -> None:  # type: ignore[no-untyped-def]
    assert similarity([], []) == 100
    assert similarity(graph(("cat", "mat")), []) == 0
    assert similarity([], graph(("cat", "mat"))) == 0


def test_by_hand() -> None:
    """a-b, a-c against a-b: rows a 1/sqrt(2), b 1, c 0 over three nodes."""
    expected = 100 * (1 / math.sqrt(2) + 1) / 3
    assert graph_similarity(graph(("a", "b"), ("a", "c")), graph(("a", "b"))) == pytest.approx(expected)


def test_direction_counts_only_when_asked_for() -> None:
    there, back = graph(("cat", "mat")), graph(("mat", "cat"))
    assert graph_similarity(there, back) == 100
    assert graph_similarity(there, back, adjacency="directed") == 0


def test_agrees_with_the_matrix_form_of_eq_1() -> None:
    rng = random.Random(0)
    nodes = [f"n{i}x" for i in range(7)]
    for _ in range(50):
        a = graph(*[(rng.choice(nodes), rng.choice(nodes)) for _ in range(6)])
        b = graph(*[(rng.choice(nodes), rng.choice(nodes)) for _ in range(6)])
        union = sorted({label for edge in a + b for label in (edge.head, edge.tail)})
        first, second = matrix(a, union), matrix(b, union)
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        cosines = np.where(lengths > 0, (first * second).sum(axis=1) / np.where(lengths > 0, lengths, 1), 0)
        assert graph_similarity(a, b) == pytest.approx(100 * cosines.mean())


def matrix(edges: list[Edge], nodes: list[str]) -> NDArray[np.float64]:
    adjacency = np.zeros((len(nodes), len(nodes)))
    for edge in edges:
        i, j = nodes.index(edge.head), nodes.index(edge.tail)
        adjacency[i, j] = adjacency[j, i] = 1
    return adjacency


def test_soft_pairs_like_labels() -> None:
    a, b = graph(("pleural effusion", "right base")), graph(("pleural effusions seen", "right base"))
    assert graph_similarity(a, b) == 0
    assert 60 < soft_graph_similarity(a, b) < 100


def test_soft_pairs_numbers_by_value_only() -> None:
    assert soft_graph_similarity(graph(("cat", "12")), graph(("cat", "1")), least=0.01) == pytest.approx(0)
    assert soft_graph_similarity(graph(("cat", "twelve")), graph(("cat", "12"))) == 100


def test_soft_takes_any_embedder() -> None:
    def colours(labels: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[1.0, 0.0] if label in ("crimson", "red") else [0.0, 1.0] for label in labels])

    a, b = graph(("star", "crimson")), graph(("star", "red"))
    assert soft_graph_similarity(a, b, embed=colours) == pytest.approx(100)
    assert soft_graph_similarity(a, b, least=0.9) == 0
