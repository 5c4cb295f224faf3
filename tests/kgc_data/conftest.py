"""Small graphs on disk, and the benchmarks' triples where they are at hand."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kgc_forms import read_benchmark, write_openke

from tools.kgc.graph import KnowledgeGraph
from tools.kgc.reading import read_graph


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four cities and countries, two relations; ids differ from the order of the names."""
    return write_openke(tmp_path / "toy")


@pytest.fixture
def toy(folder: Path) -> KnowledgeGraph:
    return read_graph(folder)


@pytest.fixture(scope="session", params=["DB15K", "MKG-W", "MKG-Y"])
def benchmark(request: pytest.FixtureRequest) -> KnowledgeGraph:
    return read_benchmark(request.param)


@pytest.fixture(scope="session")
def db15k() -> KnowledgeGraph:
    return read_benchmark("DB15K")
