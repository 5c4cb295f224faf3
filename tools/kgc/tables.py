"""Knowledge graphs as plain tables: a line is `head<TAB>relation<TAB>tail`, by name."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph, Triples
from tools.kgc.lines import read_lines

HEADER = ("head", "relation", "tail")
"""A first line of these three words is a header and no triple."""


def read_tables(
    name: str, train: Path, valid: Path | None = None, test: Path | None = None
) -> KnowledgeGraph:
    """The graph in one to three files. Ids follow the order in which names appear: train, then valid, then test.

    Raises:
        InputError: a file is absent, or a row has not three names; with file and row.
    """
    ids = _Ids()
    parts = [ids.triples(path) if path else np.empty((0, 3), np.int64) for path in (train, valid, test)]
    if not len(parts[0]):
        raise InputError(f"{train} holds no triple; there is nothing to learn from")
    return KnowledgeGraph(name, tuple(ids.entities), tuple(ids.relations), *parts)


def graph_of(name: str, triples: Sequence[tuple[str, str, str]]) -> KnowledgeGraph:
    """A graph of triples by name, all of them in train."""
    ids = _Ids()
    train = np.array([ids.triple(*triple) for triple in triples], np.int64).reshape(-1, 3)
    none = np.empty((0, 3), np.int64)
    return KnowledgeGraph(name, tuple(ids.entities), tuple(ids.relations), train, none, none)


class _Ids:
    """Ids in order of appearance."""

    def __init__(self) -> None:
        self.entities: dict[str, int] = {}
        self.relations: dict[str, int] = {}

    def triples(self, path: Path) -> Triples:
        rows = []
        for number, line in enumerate(read_lines(path), start=1):
            cells = tuple(cell.strip() for cell in line.split("\t"))
            if number == 1 and cells == HEADER:
                continue
            if len(cells) != 3 or not all(cells):
                raise InputError(
                    f"{path}, line {number}: expected head, relation and tail with tabs between, found {line[:60]!r}"
                )
            rows.append(self.triple(cells[0], cells[1], cells[2]))
        return np.array(rows, np.int64).reshape(-1, 3)

    def triple(self, head: str, relation: str, tail: str) -> tuple[int, int, int]:
        return (
            self.entities.setdefault(head, len(self.entities)),
            self.relations.setdefault(relation, len(self.relations)),
            self.entities.setdefault(tail, len(self.entities)),
        )
