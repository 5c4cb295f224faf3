"""What is wrong with the splits of a knowledge graph: doubles, shared rows, relations that repeat each other, and
what is asked for in test but was never in train.

Relations r and q are called inverse if more than `OVERLAP` of r's triples (h, r, t) have a (t, q, h) in the graph,
and duplicate if they have a (h, q, t); at least `SUPPORT` triples, all splits together, because a random split alone
hides a fifth of the partners from train. Toutanova and Chen (2015) found such pairs in FB15k, Akrami et al.
(SIGMOD 2020) in most benchmarks, with a stricter 0.8. A test row whose partner is in train can be answered by copying.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from tools.kgc.graph import KnowledgeGraph, Triples
from tools.kgc.splits import codes, sound_valid

OVERLAP = 0.5
SUPPORT = 10
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Shared:
    """Rows of one split that stand in another too."""

    split: str
    other: str
    rows: int
    distinct: int
    """Different triples among these rows."""
    of: int
    """Rows of `split`."""


@dataclass(frozen=True)
class Pair:
    """A relation of which more than half the triples are another one's, turned round or as they are."""

    relation: str
    other: str
    kind: str
    """inverse (with itself: symmetric) or duplicate."""
    triples: int
    of: int


@dataclass(frozen=True)
class Unseen:
    """Rows of valid or test that ask for what no train row mentions."""

    split: str
    entity_rows: int
    entities: int
    relation_rows: int
    relations: tuple[str, ...]


@dataclass(frozen=True)
class LeakReport:
    """Of one graph. Counts are of rows unless they say otherwise."""

    name: str
    sizes: dict[str, int]
    repeated: dict[str, int]
    """Rows by split that repeat an earlier row of it."""
    shared: tuple[Shared, ...]
    """Only pairs that share something."""
    pairs: tuple[Pair, ...]
    copied: dict[str, int]
    """Rows of valid and test whose inverse or duplicate partner is in train."""
    unseen: tuple[Unseen, ...]
    sound_valid: int
    """Different validation triples that stand in no other split."""
    unused_entities: int
    """Entities in no triple at all."""

    @property
    def leaks(self) -> bool:
        """Whether a split shares rows with another: then figures on it are wrong."""
        return bool(self.shared)

    @property
    def broken_validation(self) -> bool:
        return any("valid" in (shared.split, shared.other) for shared in self.shared)

    def warnings(self) -> list[str]:
        """One sentence for each thing that makes figures wrong; empty for sound splits."""
        found = []
        for split, other in (("valid", "train"), ("test", "train"), ("valid", "test")):
            for shared in self.shared:
                if (shared.split, shared.other) == (split, other):
                    found.append(
                        f"{self.name}: {shared.rows:,} of {shared.of:,} {split} rows stand in {other} too "
                        f"({shared.distinct:,} different triples)"
                    )
        if self.repeated["valid"] or self.repeated["test"]:
            doubles = " and ".join(
                f"{self.repeated[s]:,} of {s}" for s in ("valid", "test") if self.repeated[s]
            )
            found.append(f"{self.name}: {doubles} are repetitions of a row of the same split")
        if self.broken_validation:
            found.append(
                f"{self.name}: choosing a model on this validation rewards learning by heart and looks at the test; "
                f"hold some out of train instead, {self.sound_valid:,} of its triples are sound"
            )
        return found

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "warnings": self.warnings()}


def leak_report(graph: KnowledgeGraph) -> LeakReport:
    """Compares the splits of a graph; a second for a graph of 100,000 triples."""
    parts = {split: getattr(graph, split) for split in SPLITS}
    marks = {split: codes(graph, rows) for split, rows in parts.items()}
    pairs, partners = _pairs(graph, np.unique(np.concatenate(list(parts.values())), axis=0))
    used = np.unique(np.concatenate([rows[:, [0, 2]].ravel() for rows in parts.values()]))
    return LeakReport(
        name=graph.name,
        sizes={split: len(rows) for split, rows in parts.items()},
        repeated={split: len(rows) - len(np.unique(rows)) for split, rows in marks.items()},
        shared=tuple(_shared(marks)),
        pairs=tuple(pairs),
        copied={split: _copied(graph, parts[split], partners) for split in ("valid", "test")},
        unseen=tuple(_unseen(graph, split) for split in ("valid", "test")),
        sound_valid=len(sound_valid(graph)),
        unused_entities=len(graph.entities) - len(used),
    )


def _shared(marks: dict[str, Triples]) -> Iterator[Shared]:
    for split, mine in marks.items():
        for other, theirs in marks.items():
            if split == other:
                continue
            both = mine[np.isin(mine, theirs)]
            if len(both):
                yield Shared(split, other, len(both), len(np.unique(both)), len(mine))


Partners = dict[str, NDArray[np.bool_]]
"""By kind: [relations, relations], whether the second answers for the first."""


def _pairs(graph: KnowledgeGraph, triples: Triples) -> tuple[list[Pair], Partners]:
    """Relations that repeat each other among different triples."""
    n, m = len(graph.entities), len(graph.relations)
    head, relation, tail = triples.T
    ends, column = np.unique(np.concatenate([head * n + tail, tail * n + head]), return_inverse=True)
    one = np.ones(len(triples))
    straight = csr_matrix((one, (relation, column[: len(triples)])), (m, len(ends)))
    turned = csr_matrix((one, (relation, column[len(triples) :])), (m, len(ends)))
    count = np.bincount(relation, minlength=m)
    pairs: list[Pair] = []
    partners: Partners = {}
    for kind, other in (("inverse", turned), ("duplicate", straight)):
        overlap = (straight @ other.T).toarray()
        if kind == "duplicate":
            np.fill_diagonal(overlap, 0)
        partners[kind] = (overlap > OVERLAP * count[:, None]) & (overlap >= SUPPORT)
        for r, q in np.argwhere(partners[kind]).tolist():
            pairs.append(
                Pair(graph.relations[r], graph.relations[q], kind, int(overlap[r, q]), int(count[r]))
            )
    return pairs, partners


def _copied(graph: KnowledgeGraph, rows: Triples, partners: Partners) -> int:
    """Rows (h, r, t) with a partner (t, q, h) or (h, q, t) in train."""
    known = frozenset(codes(graph, graph.train).tolist())
    answered = np.zeros(len(rows), bool)
    for kind, table in partners.items():
        turned = rows[:, ::-1] if kind == "inverse" else rows
        for r, q in np.argwhere(table).tolist():
            asked = np.flatnonzero(rows[:, 1] == r)
            partner = turned[asked]
            partner[:, 1] = q
            answered[asked] |= np.array([code in known for code in codes(graph, partner).tolist()], bool)
    return int(answered.sum())


def _unseen(graph: KnowledgeGraph, split: str) -> Unseen:
    rows: Triples = getattr(graph, split)
    entities = ~np.isin(rows[:, [0, 2]], graph.train[:, [0, 2]])
    relations = ~np.isin(rows[:, 1], graph.train[:, 1])
    return Unseen(
        split=split,
        entity_rows=int(entities.any(axis=1).sum()),
        entities=len(np.unique(rows[:, [0, 2]][entities])),
        relation_rows=int(relations.sum()),
        relations=tuple(graph.relations[r] for r in np.unique(rows[relations, 1])),
    )
