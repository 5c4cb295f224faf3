"""A knowledge graph in text: every thing with its number and properties, and below it what it is related to."""

from collections.abc import Collection, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from agent.terminal.screen import clean, plural
from data.record import Edge
from tools.knowledge.graph import ATTRIBUTE, COUNT, LITERAL_RELATIONS, SCENE, STYLE

MOST_EDGES = 80

Key = tuple[str, str, str]


def key(edge: Edge) -> Key:
    return edge.head, edge.relation, edge.tail


def graph_view(edges: Sequence[Edge], reference: Collection[Edge] | None = None) -> RenderableType:
    """The graph as a list of trees. Against a `reference` (the sample's graph, for a candidate's), edges that it has
    not are marked `+`, and those that it has besides come last, marked `-`."""
    if not edges and not reference:
        return Text("the graph is empty", style="dim")
    known = {key(edge) for edge in reference} if reference is not None else None
    lines = [_head_line(edges)]
    lines += [line for group in _groups(edges[:MOST_EDGES]) for line in _node(group, known)]
    if len(edges) > MOST_EDGES:
        lines.append(Text(f"and {len(edges) - MOST_EDGES} more edges", style="dim"))
    if reference is not None:
        mine = {key(edge) for edge in edges}
        lines += [_edge_line("- ", edge, "red") for edge in reference if key(edge) not in mine]
    return Group(*lines)


def edges_view(added: Sequence[Edge], removed: Sequence[Edge]) -> RenderableType:
    """What a graph has gained and lost."""
    return Group(
        *[_edge_line("+ ", edge, "green") for edge in added],
        *[_edge_line("- ", edge, "red") for edge in removed],
    )


def _head_line(edges: Sequence[Edge]) -> Text:
    nodes = {edge.head for edge in edges}
    nodes |= {edge.tail for edge in edges if edge.relation not in LITERAL_RELATIONS}
    return Text(f"{plural(len(nodes), 'node')}, {plural(len(edges), 'edge')}", style="dim")


def _groups(edges: Sequence[Edge]) -> list[list[Edge]]:
    """Edges by head, in the order in which the heads come."""
    heads: dict[str, list[Edge]] = {}
    for edge in edges:
        heads.setdefault(edge.head, []).append(edge)
    return list(heads.values())


def _node(edges: list[Edge], known: set[Key] | None) -> list[Text]:
    """One thing: what is said of it in its line, and its relations as branches."""
    line = Text(clean(edges[0].head), style="bold" if edges[0].head != SCENE else "bold dim")
    branches = []
    for edge in edges:
        style = "green" if known is not None and key(edge) not in known else ""
        mark = "+" if style else ""
        if edge.relation == COUNT:
            line.append(f" {mark}x{clean(edge.tail)}", style=f"not bold {style or 'cyan'}")
        elif edge.relation == ATTRIBUTE:
            line.append(f"  {mark}{clean(edge.tail)}", style=f"not bold {style or 'magenta'}")
        elif edge.relation == STYLE:
            line.append(f"  {mark}{clean(edge.tail)}", style=f"not bold italic {style}")
        else:
            branches.append((edge, mark, style))
    lines = [line]
    for number, (edge, mark, style) in enumerate(branches, 1):
        twig = Text("└─ " if number == len(branches) else "├─ ", style="dim")
        twig.append(mark, style=style)
        twig.append(clean(edge.relation), style=f"not dim italic {style}")
        twig.append(" → ", style="dim")
        twig.append(clean(edge.tail), style=f"not dim {style}")
        lines.append(twig)
    return lines


def _edge_line(mark: str, edge: Edge, style: str) -> Text:
    return Text(f"{mark}{clean(edge.head)} | {clean(edge.relation)} | {clean(edge.tail)}", style=style)
