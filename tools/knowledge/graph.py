"""Knowledge as a graph: from the LMM's structured answers to edges, and from edges to networkx and back.

In stepwise mode the LMM writes the triplets itself (paper, 2.2); in merged mode they follow from its structured
answer by the rules below, which saves a call per graph.
"""

from collections.abc import Iterable

import networkx as nx

from data.record import Edge
from tools.knowledge.answers import Knowledge, MedicalKnowledge, Triplets
from tools.knowledge.chexpert import observation

SCENE = "scene"
"""Head of edges that say something of the whole."""
COUNT, ATTRIBUTE, STYLE = "count", "attribute", "style"
LITERAL_RELATIONS = {COUNT, ATTRIBUTE, STYLE}
"""Relations whose tail is a property, not a thing."""
SHOWS, LOCATED, SUGGESTS = "shows", "located in", "suggests"
NORMAL = "no abnormality"


def triplets_of(knowledge: Knowledge | MedicalKnowledge) -> list[Edge]:
    """Edges of a consolidated answer, in a fixed order.

    General: per object its count and attributes, then the relations as they stand, then the style of the scene.
    Medical: per finding what the anatomy shows, where that is, and which CheXpert observation it suggests.
    """
    edges = _general(knowledge) if isinstance(knowledge, Knowledge) else _medical(knowledge)
    return [edge for edge in edges if edge.head and edge.tail]


def _general(knowledge: Knowledge) -> list[Edge]:
    edges: list[Edge] = []
    for thing in knowledge.objects:
        edges.append(_edge(thing.name, COUNT, str(thing.count)))
        edges += [_edge(thing.name, ATTRIBUTE, attribute) for attribute in thing.attributes]
    edges += [_edge(relation.head, relation.relation, relation.tail) for relation in knowledge.relations]
    return [*edges, _edge(SCENE, STYLE, knowledge.style)]


def _medical(knowledge: MedicalKnowledge) -> list[Edge]:
    edges: list[Edge] = []
    for finding in knowledge.findings:
        seen = finding.abnormality.strip() or NORMAL
        implication = observation(finding.implication) or finding.implication
        edges.append(_edge(finding.anatomy, SHOWS, seen))
        if seen != NORMAL:
            edges.append(_edge(seen, LOCATED, finding.location))
        edges.append(_edge(seen, SUGGESTS, implication))
    # Many findings share an implication or are normal: an edge said twice is no second edge.
    return [edge for index, edge in enumerate(edges) if edge not in edges[:index]]


def _edge(head: str, relation: str, tail: str) -> Edge:
    return Edge(head=head.strip(), relation=relation.strip(), tail=tail.strip())


def edges_of(triplets: Triplets) -> list[Edge]:
    """Edges as the LMM wrote them, in its order."""
    edges = [_edge(triplet.head, triplet.relation, triplet.tail) for triplet in triplets.triplets]
    return [edge for edge in edges if edge.head and edge.relation and edge.tail]


def to_networkx(edges: Iterable[Edge]) -> "nx.MultiDiGraph[str]":
    """A directed multigraph with the labels as nodes; each edge carries `relation` and its `order`."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for order, edge in enumerate(edges):
        graph.add_edge(edge.head, edge.tail, relation=edge.relation, order=order)
    return graph


def from_networkx(graph: "nx.MultiDiGraph[str]") -> list[Edge]:
    """Inverse of `to_networkx`: the edges in their original order."""
    found = sorted(graph.edges(data=True), key=lambda edge: edge[2]["order"])
    return [Edge(head=head, relation=data["relation"], tail=tail) for head, tail, data in found]
