"""A toy graph in the forms that readers know, and the benchmarks."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from data.record import Edge, Record
from data.sample import Domain, Modality
from tools.kgc.graph import KnowledgeGraph
from tools.kgc.reading import read_graph

BENCHMARKS = Path(__file__).resolve().parents[3] / "shared" / "data" / "mmkg"
ENTITIES = {"<http://dbpedia.org/resource/Oslo>": 1, "Norway": 0, "Bergen By": 3, "Rome": 2}
RELATIONS = {"capital of": 0, "http://www.wikidata.org/entity/P17": 1}
TRAIN = ["1 0 0", "1 0 1", "3 0 1"]  # head tail relation
TEST = ["2 0 1"]


def counted(path: Path, rows: Sequence[str], count: int | None = None) -> None:
    path.write_text("\n".join([str(len(rows) if count is None else count), *rows]) + "\n", encoding="utf-8")


def write_openke(folder: Path, **changes: Sequence[str]) -> Path:
    """The toy graph; `changes` replaces the rows of a file by its stem, such as train2id."""
    files: dict[str, Sequence[str]] = {
        "entity2id": [f"{name} {index}" for name, index in ENTITIES.items()],
        "relation2id": [f"{name}\t{index}" for name, index in RELATIONS.items()],
        "train2id": TRAIN,
        "valid2id": [],
        "test2id": TEST,
    }
    folder.mkdir(exist_ok=True)
    for stem, rows in {**files, **changes}.items():
        counted(folder / f"{stem}.txt", rows)
    return folder


def read_benchmark(name: str) -> KnowledgeGraph:
    """One of the published graphs; skips the test where it is not at hand."""
    if not (BENCHMARKS / name).is_dir():
        pytest.skip(f"the triples of {name} are not at hand")
    return read_graph(BENCHMARKS / name)


def record(name: str, *edges: tuple[str, str, str]) -> str:
    """A line of records.jsonl whose sample has this graph."""
    graph = [Edge(head=head, relation=relation, tail=tail) for head, relation, tail in edges]
    return Record(
        sample_id=name,
        index=0,
        status="completed",
        domain=Domain.GENERAL,
        missing=Modality.IMAGE,
        graph=graph,
    ).model_dump_json()
