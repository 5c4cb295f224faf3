"""The leak report finds exactly what is there, and a held-out validation is sound."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kgc_forms import read_benchmark

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph
from tools.kgc.leaks import SUPPORT, Pair, leak_report
from tools.kgc.splits import hold_out, sound_valid

ROW = st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 5))
SPLIT = st.lists(ROW, max_size=25)


def graph(train: list, valid: list = (), test: list = ()) -> KnowledgeGraph:  # type: ignore[assignment]
    parts = [np.array(rows, np.int64).reshape(-1, 3) for rows in (train, valid, test)]
    return KnowledgeGraph("g", tuple("abcdef"), ("p", "q", "r"), *parts)


@given(SPLIT, SPLIT, SPLIT)
def test_counts_are_those_of_a_plain_count(train: list, valid: list, test: list) -> None:
    report = leak_report(graph(train, valid, test))
    splits = {"train": train, "valid": valid, "test": test}
    found = {(s.split, s.other): (s.rows, s.distinct, s.of) for s in report.shared}
    for a, mine in splits.items():
        assert report.repeated[a] == len(mine) - len(set(mine))
        for b, theirs in splits.items():
            both = [row for row in mine if row in theirs]
            assert a == b or found.get((a, b), (0, 0, len(mine))) == (len(both), len(set(both)), len(mine))
    seen = {end for h, _, t in train for end in (h, t)}
    unseen = next(u for u in report.unseen if u.split == "test")
    assert unseen.entity_rows == sum(not {h, t} <= seen for h, _, t in test)
    assert unseen.relation_rows == sum(all(r != q for _, q, _ in train) for _, r, _ in test)
    assert report.sound_valid == len(set(valid) - set(train) - set(test))


def test_inverse_and_duplicate_relations_are_found() -> None:
    n = 2 * SUPPORT
    ends = [(i, n + i) for i in range(n)]
    rows = (
        [(h, 0, t) for h, t in ends] + [(t, 1, h) for h, t in ends] + [(h, 2, t) for h, t in ends[:SUPPORT]]
    )
    test = [rows.pop(0), rows.pop(0), (0, 3, 1)]
    names = tuple(f"e{i}" for i in range(2 * n))
    empty = np.empty((0, 3), np.int64)
    g = KnowledgeGraph("g", names, ("in", "holds", "near", "other"), np.array(rows), empty, np.array(test))
    report = leak_report(g)
    assert {(p.relation, p.other, p.kind) for p in report.pairs} == {
        ("in", "holds", "inverse"),
        ("holds", "in", "inverse"),
        ("near", "holds", "inverse"),
        ("near", "in", "duplicate"),
    }
    assert Pair("in", "holds", "inverse", n, n) in report.pairs
    assert report.copied["test"] == 2 and not report.leaks and report.warnings() == []
    assert [u.relations for u in report.unseen if u.split == "test"] == [("other",)]


@settings(max_examples=60)
@given(SPLIT.filter(bool), SPLIT, SPLIT, st.floats(0.05, 0.9), st.integers(0, 5))
def test_what_is_held_out_is_sound(train: list, valid: list, test: list, share: float, seed: int) -> None:
    g = graph(train, valid, test)
    try:
        held = hold_out(g, share, seed)
    except InputError as error:
        assert "nothing can be held out" in str(error)
        return
    mine, rest = set(map(tuple, held.valid.tolist())), set(map(tuple, held.train.tolist()))
    assert len(mine) == len(held.valid) and not mine & rest and not mine & set(test)
    assert mine | rest == set(train) | set(map(tuple, sound_valid(g).tolist()))
    assert {e for h, _, t in rest for e in (h, t)} == {e for h, _, t in train for e in (h, t)}
    assert {r for _, r, _ in rest} == {r for _, r, _ in train}
    assert held.valid.tolist() == hold_out(g, share, seed).valid.tolist() and held.test is g.test


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_no_such_share(share: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        hold_out(graph([(0, 0, 1)]), share)


def test_db15k_is_caught(db15k: KnowledgeGraph) -> None:
    report = leak_report(db15k)
    shared = {(s.split, s.other): (s.rows, s.distinct) for s in report.shared}
    assert shared["valid", "train"] == (8_719, 6_584) and shared["valid", "test"] == (1_105, 824)
    assert shared["test", "valid"] == (824, 824) and ("test", "train") not in shared
    assert report.repeated == {"train": 0, "valid": 2_423, "test": 0} and report.sound_valid == 73
    assert report.broken_validation and any(
        "8,719 of 9,904 valid rows stand in train" in w for w in report.warnings()
    )
    held = leak_report(hold_out(db15k, 0.05, seed=1))
    assert not held.leaks and held.warnings() == [] and held.sizes["valid"] == 73 + 3_961


def test_unseen_entities_and_sound_splits(benchmark: KnowledgeGraph) -> None:
    report = leak_report(benchmark)
    rows = {unseen.split: unseen.entity_rows for unseen in report.unseen}
    assert rows["test"] == {"DB15K": 77, "MKG-W": 306, "MKG-Y": 388}[benchmark.name]
    assert report.leaks == (benchmark.name == "DB15K")


def test_mkg_y_asks_for_what_a_duplicate_relation_tells() -> None:
    report = leak_report(read_benchmark("MKG-Y"))
    assert Pair("playsFor", "isAffiliatedTo", "duplicate", 3_510, 3_524) in report.pairs
    assert report.copied["test"] == 618


def test_a_clean_validation_stays(toy: KnowledgeGraph, folder: Path) -> None:
    assert sound_valid(toy).shape == (0, 3)
    held = hold_out(toy, 0.3)
    assert held.valid.tolist() == [[1, 1, 0]], "the only triple whose ends and relation occur elsewhere"
