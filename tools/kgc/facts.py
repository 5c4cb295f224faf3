"""The triples that a model was fitted and evaluated on, beside it: what is a fact already is no prediction."""

from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph

FACTS = "facts.safetensors"


def save_facts(folder: str | Path, graph: KnowledgeGraph) -> None:
    """Write the different triples of all splits, ids as in the graph, into a model's folder."""
    triples = np.unique(np.concatenate([graph.train, graph.valid, graph.test]), axis=0)
    fresh = Path(folder) / f".{FACTS}"
    save_file({"triples": triples}, fresh)
    fresh.replace(Path(folder) / FACTS)


def load_facts(folder: str | Path) -> frozenset[tuple[int, int, int]] | None:
    """What `save_facts` wrote; None if a folder has none.

    Raises:
        InputError: the file is damaged.
    """
    path = Path(folder) / FACTS
    if not path.is_file():
        return None
    try:
        triples = load_file(path)["triples"]
    except (SafetensorError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read: {error!r}; without the file, known answers are not marked"
        ) from None
    return known(triples.reshape(-1, 3))


def facts_of(graph: KnowledgeGraph) -> frozenset[tuple[int, int, int]]:
    """The different triples of all splits."""
    return known(np.concatenate([graph.train, graph.valid, graph.test]))


def known(triples: np.ndarray) -> frozenset[tuple[int, int, int]]:
    return frozenset((head, relation, tail) for head, relation, tail in triples.tolist())
