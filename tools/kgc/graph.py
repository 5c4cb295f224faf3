"""The two things that link prediction starts from: a knowledge graph in splits, and features of its entities."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Triples: TypeAlias = NDArray[np.int64]
"""[n, 3]: (head, relation, tail) as ids."""


@dataclass(frozen=True)
class KnowledgeGraph:
    """Triples in three splits over named entities and relations; an id is the position of its name."""

    name: str
    entities: tuple[str, ...]
    relations: tuple[str, ...]
    train: Triples
    valid: Triples
    """May have no rows: then there is nothing to stop early on."""
    test: Triples
    """May have no rows: then there is nothing to evaluate."""


@dataclass(frozen=True)
class Modality:
    """One vector per entity, or the knowledge that there is none."""

    name: str
    features: NDArray[np.float32]
    """[n_entities, d]; rows of absent entities are 0."""
    present: NDArray[np.bool_]
    """[n_entities]: whether the entity has this modality."""
    synthetic: bool = False
    """Made up for an experiment (`tools.kgc.synthetic`): figures with it are not comparable to published ones."""
