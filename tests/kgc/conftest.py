"""Small knowledge graphs and modalities."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kgc_toys import random_graph, random_modalities

from tools.kgc.graph import KnowledgeGraph, Modality


@pytest.fixture
def graph() -> KnowledgeGraph:
    return random_graph(n=30, relations=3, triples=120, seed=0)


@pytest.fixture
def modalities(graph: KnowledgeGraph) -> list[Modality]:
    """Two of different widths; an entity may have both, one or none."""
    return random_modalities(graph, {"visual": 7, "text": 4}, seed=1)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture
def pykeen_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyKEEN makes folders in the user's home when it is imported."""
    monkeypatch.setenv("PYSTOW_HOME", str(tmp_path))
