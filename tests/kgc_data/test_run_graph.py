"""The union of a run's graphs."""

import json
from pathlib import Path

import pytest
from kgc_forms import record

from tools.kgc.errors import InputError
from tools.kgc.run_graph import graph_of_run


def test_labels_meet_in_normal_form_and_doubles_count_once(tmp_path: Path) -> None:
    first = record("a", ("Three stars", "left of", "a house"), ("house", "count", "2"))
    second = record("b", ("3 star", "Left of", "the houses"), ("?", "near", " "))
    torn = record("c", ("x", "y", "z"))[:-5]
    (tmp_path / "records.jsonl").write_text(f"{first}\n{record('none')}\n{second}\n{torn}")
    graph = graph_of_run(tmp_path)
    assert graph.name == tmp_path.name and graph.entities == ("3 star", "house", "2")
    assert graph.relations == ("left of", "count") and graph.train.tolist() == [[0, 0, 1], [1, 1, 2]]
    assert len(graph.valid) == len(graph.test) == 0


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run folder: it has no records\.jsonl"):
        graph_of_run(tmp_path)
    path = tmp_path / "records.jsonl"
    path.write_text(record("a") + "\n")
    with pytest.raises(InputError, match="no record has a graph"):
        graph_of_run(tmp_path)
    path.write_text(record("a") + "\n{\n" + record("b") + "\n")
    with pytest.raises(InputError, match=r"records\.jsonl, line 2: no record"):
        graph_of_run(tmp_path)
    path.write_text(json.dumps({"graph": [{"head": "a"}]}) + "\n")
    with pytest.raises(InputError, match="line 1: no record: Field required"):
        graph_of_run(tmp_path)
