"""Readers: what is in the files is in the graph, and whatever is wrong is named with its file and row."""

import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kgc_forms import TRAIN, counted, write_openke

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph
from tools.kgc.labels import short_label, short_labels
from tools.kgc.reading import read_graph
from tools.kgc.tables import graph_of

NAMES = (
    st.text(string.ascii_letters + " _-'é字\u2028\x85", min_size=1, max_size=12).map(str.strip).filter(bool)
)


def named(graph: KnowledgeGraph, split: str) -> list[tuple[str, str, str]]:
    rows = getattr(graph, split).tolist()
    return [(graph.entities[h], graph.relations[r], graph.entities[t]) for h, r, t in rows]


def test_openke_order_names_and_ids(toy: KnowledgeGraph) -> None:
    assert toy.name == "toy" and toy.entities == ("Norway", "Oslo", "Rome", "Bergen By")
    assert toy.relations == ("capital of", "P17")
    assert toy.train.tolist() == [[1, 0, 0], [1, 1, 0], [3, 1, 0]] and toy.train.dtype == np.int64
    assert named(toy, "test") == [("Rome", "P17", "Norway")] and toy.valid.shape == (0, 3)


def test_links_give_the_names(folder: Path) -> None:
    links = "http://dbpedia.org/resource/Kongeriket_Norge\tNorway\nhttp://x.org/unused\tNobody\n"
    (folder / "ent_links.txt").write_text(links)
    assert read_graph(folder).entities == ("Kongeriket_Norge", "Oslo", "Rome", "Bergen By")


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), min_size=1, max_size=20))
def test_a_table_comes_back_as_it_is(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    path = tmp_path_factory.mktemp("table") / "g.tsv"
    path.write_text("".join(f"{h}\t{r}\t{t}\r\n" for h, r, t in rows), encoding="utf-8", newline="")
    graph = read_graph(path)
    assert named(graph, "train") == rows and graph.name == "g"
    assert graph_of("g", rows).entities == graph.entities
    assert len(set(graph.entities)) == len(graph.entities)


def test_three_tables_and_a_folder_of_them(tmp_path: Path) -> None:
    paths = [tmp_path / f"{split}.txt" for split in ("train", "valid", "test")]
    paths[0].write_text("head\trelation\ttail\na\tr\tb\n")
    paths[1].write_text("b\tr\ta\n")
    paths[2].write_text("a\tq\tc")
    graph = read_graph(paths)
    assert graph.entities == ("a", "b", "c") and graph.relations == ("r", "q")
    assert [len(graph.train), len(graph.valid), len(graph.test)] == [1, 1, 1]
    again = read_graph(tmp_path, name="own")
    assert again.entities == graph.entities and again.name == "own"
    (tmp_path / "train.tsv").write_text("a\tr\tb\n")
    with pytest.raises(InputError, match=r"holds both train\.tsv and train\.txt"):
        read_graph(tmp_path)


@pytest.mark.parametrize(
    ("file", "rows", "sentence"),
    [
        ("train2id", ["1 0 0", "1 9 0"], "train2id.txt, line 3: the entity 9 is not in entity2id.txt, which has 4"),
        ("train2id", ["1 0 7"], "line 2: the relation 7 is not in relation2id.txt, which has 2; OpenKE stores head"),
        ("train2id", ["1 0"], "line 2: expected three ids"),
        ("train2id", ["1 0 x"], "line 2: expected three ids"),
        ("train2id", ["1 0 -1"], "line 2: expected three ids"),
        ("train2id", ["1 0 " + "9" * 5000], "line 2: expected three ids"),
        ("train2id", ["1 0 0", ""], "it says 2 rows but 1 follow"),
        ("train2id", [], "holds no triple"),
        ("relation2id", [], "relation2id.txt names nothing"),
        ("relation2id", ["r 0", " 1"], "relation2id.txt, line 3: expected a name and an id"),
        ("entity2id", ["a 0", "b 0"], "line 3: the id 0 of b is a's already"),
        ("entity2id", ["a 0", "a 1"], "line 3: a was named in line 2 already"),
        ("entity2id", ["a 0", "b 5"], "line 3: the id 5 of b is not in 0 .. 1"),
        ("entity2id", ["a", "b 1"], "line 2: expected a name and an id, found 'a'"),
    ],
)  # fmt: skip
def test_bad_rows_are_named(tmp_path: Path, file: str, rows: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        read_graph(write_openke(tmp_path / "bad", **{file: rows}))
    assert sentence in str(error.value) and "\n" not in str(error.value)


def test_wrong_counts_damaged_and_absent_files(folder: Path, tmp_path: Path) -> None:
    counted(folder / "train2id.txt", TRAIN, count=7)
    with pytest.raises(InputError, match=r"train2id.txt, line 1: it says 7 rows but 3 follow"):
        read_graph(folder)
    (folder / "train2id.txt").write_text("1 0 0\n")
    with pytest.raises(InputError, match="starts with the number of its rows, not with '1 0 0'"):
        read_graph(folder)
    (folder / "train2id.txt").write_bytes(b"1\n1 0 \xff\n")
    with pytest.raises(InputError, match="line 2: not UTF-8"):
        read_graph(folder)
    (folder / "train2id.txt").unlink()
    with pytest.raises(InputError, match="there is no file"):
        read_graph(folder)
    with pytest.raises(InputError, match="there is no file"):
        read_graph(tmp_path / "none.tsv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no graph"):
        read_graph(tmp_path / "empty")
    (tmp_path / "g.tsv").write_text("a\tr\tb\na r b\n")
    with pytest.raises(InputError, match="line 2: expected head, relation and tail with tabs"):
        read_graph(tmp_path / "g.tsv")


def test_short_labels() -> None:
    assert short_label("<http://dbpedia.org/resource/AC/DC>") == "AC/DC"
    assert short_label("http://www.w3.org/2000/01/rdf-schema#seeAlso") == "seeAlso"
    assert short_label("Gilles_Mbang_Ondo") == "Gilles_Mbang_Ondo" and short_label("/m/0x1") == "/m/0x1"
    twins = ("http://a.org/ontology/type", "http://b.org/x#type", "http://c.org/ontology/kind")
    assert short_labels(twins) == (*twins[:2], "kind")
    assert short_labels(["http://a.org/resource/x", "x"]) == ("http://a.org/resource/x", "x")


@given(st.lists(st.one_of(NAMES, NAMES.map("http://a.org/resource/{}".format)), unique=True, max_size=20))
def test_short_labels_stay_different(names: list[str]) -> None:
    assert len(set(short_labels(names))) == len(names)


SIZES = {
    "DB15K": (12_842, 279, 79_222, 9_904, 9_902),
    "MKG-W": (15_000, 169, 34_196, 4_276, 4_274),
    "MKG-Y": (15_000, 28, 21_310, 2_665, 2_663),
}


def test_benchmarks_have_their_sizes_and_readable_names(benchmark: KnowledgeGraph) -> None:
    g = benchmark
    assert (len(g.entities), len(g.relations), len(g.train), len(g.valid), len(g.test)) == SIZES[g.name]
    assert len(set(g.entities)) == len(g.entities) and not any("://" in name for name in g.entities)
    first = {
        "DB15K": "The_Longest_Yard_(2005_film)",
        "MKG-W": "My_Darling_Clementine",
        "MKG-Y": "Gilles_Mbang_Ondo",
    }
    assert named(g, "train")[0][0] == first[g.name]
