"""Entity alternation: every candidate describes the same graph from another entity (paper, 2.3)."""

from collections.abc import Sequence

from data.record import Edge
from tools.knowledge.graph import LITERAL_RELATIONS, SCENE, to_networkx
from tools.knowledge.labels import normalise


def entities(edges: Sequence[Edge]) -> list[str]:
    """Everything that the graph says something about, most connected first, ties in order of appearance.

    Spellings of one label count as one entity, named as it is written first. The scene itself is an entity only if
    there is no other.
    """
    aligned = [Edge(head=normalise(e.head), relation=e.relation, tail=normalise(e.tail)) for e in edges]
    degree = dict(to_networkx(aligned).degree())
    spelling: dict[str, str] = {}
    for edge in edges:
        spelling.setdefault(normalise(edge.head), edge.head)
    named = [label for label in spelling if label != SCENE] or list(spelling)
    return [spelling[label] for label in sorted(named, key=lambda label: -degree[label])]


def choose(edges: Sequence[Edge], count: int) -> list[str]:
    """`count` subjects; with fewer entities than that they come round again, and `walk` gives each turn another view.

    Empty if there is no graph.
    """
    found = entities(edges)
    return [found[index % len(found)] for index in range(count)] if found else []


def walk(edges: Sequence[Edge], subject: str, turn: int) -> list[Edge]:
    """The graph's edges in the order in which the subject's `turn`-th description should meet them.

    Turn 0 is the graph as it stands, so that all first descriptions share their prefix. Later turns start at one of
    the subject's relations to another entity, then at the next one; without such relations the order stays.
    """
    label = normalise(subject)
    relations = [
        edge
        for edge in edges
        if edge.relation not in LITERAL_RELATIONS and label in (normalise(edge.head), normalise(edge.tail))
    ]
    if turn == 0 or not relations:
        return list(edges)
    focus = relations[(turn - 1) % len(relations)]
    near = [edge for edge in edges if label == normalise(edge.head) and edge is not focus]
    ahead = [focus, *near]
    return ahead + [edge for edge in edges if not any(edge is other for other in ahead)]
