"""Reading a knowledge graph, in whichever of the known forms it lies."""

from collections.abc import Sequence
from pathlib import Path

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph
from tools.kgc.openke import ENTITIES, read_openke
from tools.kgc.run_graph import RECORDS, graph_of_run
from tools.kgc.tables import read_tables

ENDINGS = (".tsv", ".txt")


def read_graph(source: str | Path | Sequence[str | Path], name: str | None = None) -> KnowledgeGraph:
    """A knowledge graph from

    - an OpenKE folder (`entity2id.txt`, `relation2id.txt`, `train2id.txt` ...);
    - a folder of tables by name: `train`, and `valid` and `test` if they are there, as `.tsv` or `.txt`;
    - the folder of a completion run: the union of the graphs that it extracted, all of it train;
    - one table, all of it train; or two or three in the order train, valid, test.

    Rows are kept as they stand, doubles and leaks included: `tools.kgc.leaks` reports them, and
    `tools.kgc.splits.hold_out` makes a sound validation. `name` is the folder's or the first file's otherwise.

    Raises:
        InputError: in one sentence with file and row.
    """
    paths = [Path(part).expanduser() for part in ([source] if isinstance(source, str | Path) else source)]
    if not 1 <= len(paths) <= 3:
        raise InputError("a graph is a folder, or one to three tables: train, valid, test")
    if len(paths) > 1 or not paths[0].is_dir():
        return _named(read_tables(name or paths[0].stem, *paths), name)
    folder = paths[0]
    if (folder / ENTITIES).exists():
        return _named(read_openke(folder), name)
    if (folder / RECORDS).exists():
        return _named(graph_of_run(folder), name)
    train, valid, test = (_table(folder, split) for split in ("train", "valid", "test"))
    if train is None:
        raise InputError(
            f"{folder} holds no graph: neither OpenKE's {ENTITIES}, nor a table train.tsv or train.txt, "
            f"nor a run's {RECORDS}"
        )
    return read_tables(name or folder.resolve().name, train, valid, test)


def _named(graph: KnowledgeGraph, name: str | None) -> KnowledgeGraph:
    return graph if name is None or name == graph.name else KnowledgeGraph(**{**vars(graph), "name": name})


def _table(folder: Path, split: str) -> Path | None:
    found = [path for ending in ENDINGS if (path := folder / f"{split}{ending}").exists()]
    if len(found) > 1:
        raise InputError(f"{folder} holds both {found[0].name} and {found[1].name}; keep one of them")
    return found[0] if found else None
