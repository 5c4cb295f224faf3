"""Which entities the candidates are described from, and in which order they meet the graph."""

from hypothesis import given
from hypothesis import strategies as st

from data.record import Edge
from tools.knowledge.subjects import choose, entities, walk


def edge(head: str, relation: str, tail: str) -> Edge:
    return Edge(head=head, relation=relation, tail=tail)


SCENE = [
    edge("house", "count", "1"),
    edge("Star", "count", "2"),
    edge("Star", "attribute", "red"),
    edge("house", "left of", "stars"),
    edge("star", "guards", "house"),
    edge("scene", "style", "noir"),
]


def test_most_connected_entity_first_and_the_scene_is_none() -> None:
    assert entities(SCENE) == ["Star", "house"]


def test_ties_keep_their_order() -> None:
    assert entities([edge("b", "count", "1"), edge("a", "count", "2")]) == ["b", "a"]


def test_fewer_entities_than_candidates_come_round_again() -> None:
    assert choose(SCENE, 5) == ["Star", "house", "Star", "house", "Star"]
    assert choose(SCENE, 1) == ["Star"]


def test_without_a_graph_there_is_no_subject() -> None:
    assert choose([], 3) == []


def test_a_graph_of_nothing_but_the_scene_still_has_a_subject() -> None:
    assert choose([edge("scene", "style", "noir")], 2) == ["scene", "scene"]


def test_each_turn_starts_at_another_relation() -> None:
    assert walk(SCENE, "Star", 0) == SCENE
    first, second = walk(SCENE, "Star", 1), walk(SCENE, "Star", 2)
    assert first[0] == edge("house", "left of", "stars")
    assert second[0] == edge("star", "guards", "house")
    assert walk(SCENE, "Star", 3) == first


def test_an_entity_without_relations_keeps_the_order() -> None:
    alone = [edge("star", "count", "2"), edge("star", "attribute", "red")]
    assert walk(alone, "star", 4) == alone


names = st.sampled_from(("star", "house", "red", "2", "scene"))
graphs = st.lists(
    st.builds(Edge, head=names, relation=st.sampled_from(("count", "above", "near")), tail=names), max_size=8
)


@given(graphs, st.integers(0, 6))
def test_every_walk_covers_the_whole_graph(graph: list[Edge], turn: int) -> None:
    for subject in entities(graph):
        walked = walk(graph, subject, turn)
        assert sorted(map(str, walked)) == sorted(map(str, graph))
