"""Knowledge graphs as OpenKE stores them: five text files with a count on their first line.

`entity2id.txt` and `relation2id.txt` hold `name id`; `train2id.txt`, `valid2id.txt`, `test2id.txt` hold
`head tail relation`, in this order, which is not the order of a triple. `ent_links.txt` of MKG-W, if it is there,
gives entities a name in another graph (`address<TAB>entity`), and there that is the only readable one.
"""

from pathlib import Path

import numpy as np

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph, Triples
from tools.kgc.labels import short_labels
from tools.kgc.lines import counted, is_id, read_lines

ENTITIES, RELATIONS, LINKS = "entity2id.txt", "relation2id.txt", "ent_links.txt"


def read_openke(folder: Path) -> KnowledgeGraph:
    """The graph in a folder. Names are short labels (`tools.kgc.labels`) of the addresses.

    Raises:
        InputError: a file is absent or damaged, an id unknown or given twice, a count wrong; with file and row.
    """
    entities = _names(folder / ENTITIES)
    relations = _names(folder / RELATIONS)
    shape = len(entities), len(relations)
    train = _triples(folder / "train2id.txt", *shape)
    if not len(train):
        raise InputError(f"{folder / 'train2id.txt'} holds no triple; there is nothing to learn from")
    rest = [
        _triples(path, *shape) if path.exists() else np.empty((0, 3), np.int64)
        for path in (folder / "valid2id.txt", folder / "test2id.txt")
    ]
    linked = _linked(folder / LINKS, entities) if (folder / LINKS).exists() else entities
    return KnowledgeGraph(folder.resolve().name, short_labels(linked), short_labels(relations), train, *rest)


def _names(path: Path) -> list[str]:
    """Names by id, which must be 0 .. n-1, each once, in any order."""
    rows = list(counted(path))
    if not rows:
        raise InputError(f"{path} names nothing; a graph needs at least one entity and one relation")
    names: list[str | None] = [None] * len(rows)
    seen: dict[str, int] = {}
    for number, row in rows:
        name, identifier = _split(path, number, row)
        if not 0 <= identifier < len(rows):
            raise InputError(
                f"{path}, line {number}: the id {identifier} of {name} is not in 0 .. {len(rows) - 1}"
            )
        if names[identifier] is not None:
            raise InputError(
                f"{path}, line {number}: the id {identifier} of {name} is {names[identifier]}'s already"
            )
        if name in seen:
            raise InputError(f"{path}, line {number}: {name} was named in line {seen[name]} already")
        names[identifier], seen[name] = name, number
    return [name for name in names if name is not None]


def _split(path: Path, number: int, row: str) -> tuple[str, int]:
    """`name id`, with a tab or spaces between; the name may hold spaces."""
    row = row.rstrip()
    at = max(row.rfind("\t"), row.rfind(" "))
    name, identifier = row[: max(at, 0)].strip(), row[at + 1 :]
    if not name or not is_id(identifier):
        raise InputError(f"{path}, line {number}: expected a name and an id, found {row[:60]!r}")
    return name, int(identifier)


def _triples(path: Path, n_entities: int, n_relations: int) -> Triples:
    """Rows `head tail relation` as (head, relation, tail)."""
    triples: list[tuple[int, int, int]] = []
    for number, row in counted(path):
        cells = row.split()
        if len(cells) != 3 or not all(map(is_id, cells)):
            raise InputError(
                f"{path}, line {number}: expected three ids (head tail relation), found {row[:60]!r}"
            )
        head, tail, relation = map(int, cells)
        for entity in (head, tail):
            if entity >= n_entities:
                raise InputError(
                    f"{path}, line {number}: the entity {entity} is not in {ENTITIES}, which has {n_entities:,}"
                )
        if relation >= n_relations:
            raise InputError(
                f"{path}, line {number}: the relation {relation} is not in {RELATIONS}, which has {n_relations:,}; "
                "OpenKE stores head, tail, relation, in this order"
            )
        triples.append((head, relation, tail))
    return np.array(triples, np.int64).reshape(-1, 3)


def _linked(path: Path, entities: list[str]) -> list[str]:
    """Entities under the addresses that they are linked to; those without a link keep theirs."""
    links: dict[str, str] = {}
    for number, row in enumerate(read_lines(path), start=1):
        cells = row.split("\t")
        if len(cells) != 2 or not all(cell.strip() for cell in cells):
            raise InputError(
                f"{path}, line {number}: expected an address, a tab and an entity, found {row[:60]!r}"
            )
        links[cells[1].strip()] = cells[0].strip()
    return [links.get(entity, entity) for entity in entities]
