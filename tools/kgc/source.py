"""Where the graph and the modalities of a training come from: what a run folder must know to go on."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.kgc.errors import InputError
from tools.kgc.features import hide, read_modality
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.names import name_features
from tools.kgc.reading import read_graph
from tools.kgc.splits import hold_out
from tools.kgc.synthetic import synthetic_modality

TEXT, SYNTHETIC = "text", "synthetic"
"""What the built-in modalities are called."""


@dataclass(frozen=True)
class Source:
    """Paths and choices; the same source gives the same data as long as the files stay the same."""

    graph: tuple[str, ...]
    """A folder, or one to three tables."""
    features: dict[str, str] = field(default_factory=dict)
    """Modality -> file."""
    masks: dict[str, str] = field(default_factory=dict)
    """Modality -> file of who has it."""
    names: int = 0
    """Width of text features from the entities' names; 0 for none."""
    synthetic: int = 0
    """Width of a made-up modality; 0 for none."""
    missing_rate: float = 0.0
    """Share of each modality's entities that are deprived of it."""
    missing_seed: int = 0
    held_out: float = 0.0
    """Share of train that becomes validation; 0 to keep the splits."""
    without: tuple[str, ...] = ()
    """Modalities that are left out (ablation)."""
    structure_only: bool = False
    """No modality at all: RotatE (ablation)."""
    seed: int = 0
    """Of the text features, the made-up modality and the validation held out."""

    def open(self) -> tuple[KnowledgeGraph, list[Modality]]:
        """Read it all. Raises InputError."""
        graph = self.open_graph()
        return graph, [] if self.structure_only else self._modalities(graph)

    def open_graph(self) -> KnowledgeGraph:
        """The graph alone, with its held-out validation."""
        graph = read_graph(self.graph)
        return hold_out(graph, self.held_out, self.seed) if self.held_out else graph

    def _modalities(self, graph: KnowledgeGraph) -> list[Modality]:
        modalities = []
        if unknown := [name for name in self.masks if name not in self.features]:
            raise InputError(f"there is a mask for {unknown[0]} but no file of its features")
        for name, path in self.features.items():
            modalities.append(read_modality(path, graph, name, self.masks.get(name)))
        if self.names:
            modalities.append(name_features(graph.entities, self.names, self.seed, TEXT))
        if self.synthetic:
            modalities.append(synthetic_modality(graph, self.synthetic, seed=self.seed, name=SYNTHETIC))
        names = [modality.name for modality in modalities]
        if len(set(names)) < len(names):
            raise InputError(f"two modalities have the same name among {', '.join(names)}")
        if self.missing_rate:  # each modality from a seed of its own: they do not go missing together
            modalities = [
                hide(modality, self.missing_rate, self.missing_seed + 1000 * m)
                for m, modality in enumerate(modalities)
            ]
        if unknown := [name for name in self.without if name not in names]:
            raise InputError(
                f"there is no modality {unknown[0]!r} to leave out, only {', '.join(names) or 'none'}"
            )
        return [modality for modality in modalities if modality.name not in self.without]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, words: dict[str, Any]) -> "Source":
        return cls(**{**words, "graph": tuple(words["graph"]), "without": tuple(words["without"])})


def fingerprint(graph: KnowledgeGraph, modalities: Sequence[Modality]) -> str:
    """SHA-256 over names, splits, features and masks."""
    digest = hashlib.sha256()
    digest.update("\n".join([*graph.entities, "", *graph.relations]).encode())
    arrays: list[NDArray[Any]] = [graph.train, graph.valid, graph.test]
    for modality in modalities:
        digest.update(modality.name.encode())
        arrays += [modality.features, modality.present]
    for array in arrays:
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
