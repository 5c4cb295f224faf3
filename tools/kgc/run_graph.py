"""The union of the graphs that a finished run extracted, as one knowledge graph."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from data.files import lines
from data.record import Edge
from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph
from tools.kgc.tables import graph_of
from tools.knowledge.labels import normalise

RECORDS = "records.jsonl"
MAX_LINE = 64 * 2**20
"""Bytes of one record."""


class _Row(BaseModel):
    """What is read of a record."""

    model_config = ConfigDict(extra="ignore")

    graph: list[Edge] = []


def graph_of_run(folder: str | Path) -> KnowledgeGraph:
    """All different triplets that the samples' present modalities gave, in train, in the order in which they appear.

    Labels are in normal form (`tools.knowledge.labels`), so that "Three stars" of one sample and "3 star" of another
    are one entity. Candidates' graphs stay out: they were imagined. A last line that a killed run left unfinished
    is passed over.

    Raises:
        InputError: no records, a line that is none, or no triplet in any of them.
    """
    folder = Path(folder).expanduser()
    path = folder / RECORDS
    if not path.is_file():
        raise InputError(f"{folder} is no run folder: it has no {RECORDS}")
    triples = dict.fromkeys(
        triple for row in _rows(path) for edge in row.graph if all(triple := _labels(edge))
    )
    if not triples:
        raise InputError(f"{path}: no record has a graph; there is nothing to fit to")
    return graph_of(folder.resolve().name, list(triples))


def _rows(path: Path) -> Iterator[_Row]:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        whole = file.read(1) == b"\n"
    last = sum(1 for _ in lines(path, MAX_LINE))
    for number, line in lines(path, MAX_LINE):
        if number == last and not whole:
            return
        if line is None:
            raise InputError(f"{path}, line {number}: longer than {MAX_LINE:,} bytes, no record")
        try:
            yield _Row.model_validate_json(line)
        except ValidationError as error:
            raise InputError(f"{path}, line {number}: no record: {error.errors()[0]['msg']}") from None


def _labels(edge: Edge) -> tuple[str, str, str]:
    return normalise(edge.head), normalise(edge.relation), normalise(edge.tail)
