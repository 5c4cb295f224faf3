"""From structured answers to edges."""

from hypothesis import given
from hypothesis import strategies as st

from data.record import Edge
from tools.knowledge.answers import Finding, Knowledge, MedicalKnowledge, ObjectFact, Triplet, Triplets
from tools.knowledge.graph import edges_of, from_networkx, to_networkx, triplets_of

words = st.text("abcdef ", min_size=1, max_size=6).filter(str.strip)
edges = st.lists(st.builds(Edge, head=words, relation=words, tail=words), max_size=12)


def rows(graph: list[Edge]) -> list[tuple[str, str, str]]:
    return [(edge.head, edge.relation, edge.tail) for edge in graph]


def test_general_knowledge_gives_its_edges_in_order() -> None:
    knowledge = Knowledge(
        objects=[
            ObjectFact(name="star", count=2, attributes=["red", "small"]),
            ObjectFact(name="house", count=1, attributes=[]),
        ],
        relations=[Triplet(head="star", relation="above", tail="house")],
        style="noir",
    )
    assert rows(triplets_of(knowledge)) == [
        ("star", "count", "2"),
        ("star", "attribute", "red"),
        ("star", "attribute", "small"),
        ("house", "count", "1"),
        ("star", "above", "house"),
        ("scene", "style", "noir"),
    ]


def test_what_is_empty_makes_no_edge() -> None:
    assert triplets_of(Knowledge(objects=[], relations=[], style="")) == []
    assert triplets_of(MedicalKnowledge(findings=[], impression="Normal.")) == []


def test_medical_knowledge_names_place_and_observation() -> None:
    knowledge = MedicalKnowledge(
        findings=[
            Finding(
                anatomy="lungs", abnormality="dense patch", location="left base", implication="pneumonia."
            ),
            Finding(anatomy="heart", abnormality="", location="", implication="No Finding"),
            Finding(anatomy="pleura", abnormality="", location="", implication="No Finding"),
        ],
        impression="Left basal pneumonia.",
    )
    assert rows(triplets_of(knowledge)) == [
        ("lungs", "shows", "dense patch"),
        ("dense patch", "located in", "left base"),
        ("dense patch", "suggests", "Pneumonia"),
        ("heart", "shows", "no abnormality"),
        ("no abnormality", "suggests", "No Finding"),
        ("pleura", "shows", "no abnormality"),
    ]


def test_written_triplets_of_blanks_are_dropped() -> None:
    answer = Triplets(
        triplets=[Triplet(head=" a ", relation="r", tail="b"), Triplet(head=" ", relation="r", tail="b")]
    )
    assert rows(edges_of(answer)) == [("a", "r", "b")]


@given(edges)
def test_networkx_and_back(graph: list[Edge]) -> None:
    assert from_networkx(to_networkx(graph)) == graph
