"""Cells: what they are, how they are kept, and what becomes of one that breaks or dies."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eval.cells import Cell, Inputs, Result, Source, Store
from eval.features.saved import load_part, save_candidates, save_part
from eval.methods import NAMES
from eval.pool import work_through
from eval.specs import HeadSpec, MethodSpec
from eval.task import Part
from eval.work import work

HEAD = HeadSpec(epochs=2)


def make_cell(part: Part, parts: Path, method: str = "zero", seed: int = 0, **options: object) -> Cell:
    completion = save_candidates(part.completions["full"], parts) if method == "bridger" else None
    source = Source(save_part(part, parts), completion)
    spec = MethodSpec(method=method, name=f"the {method}", options=options)
    return Cell(
        "toys", 0.5, "an encoder", "linear", HEAD, None, spec, seed, Inputs(source, source, source), 20
    )


def test_a_part_comes_back_as_it_was_saved(small_part, tmp_path: Path) -> None:
    part = small_part()
    digest, run = save_part(part, tmp_path), save_candidates(part.completions["full"], tmp_path)
    assert save_part(part, tmp_path) == digest
    back = load_part(tmp_path, digest, {"full": run})
    assert back.ids == part.ids and np.array_equal(back.present, part.present)
    assert all(np.array_equal(back.truth[name], part.truth[name]) for name in part.truth)
    mine, theirs = back.completions["full"], part.completions["full"]
    assert np.array_equal(mine.vectors, theirs.vectors) and np.array_equal(mine.chosen, theirs.chosen)
    assert list(mine.terms) == ["good", "blind"]
    changed = replace(part, labels=~part.labels)
    assert save_part(changed, tmp_path) != digest


def test_the_identity_is_the_configuration(small_part, tmp_path: Path) -> None:
    one = make_cell(small_part(), tmp_path)
    assert one.identity == make_cell(small_part(), tmp_path).identity
    renamed = replace(
        one, dataset="others", head_name="x", method=one.method.model_copy(update={"name": "y"})
    )
    assert renamed.identity == one.identity
    others = [
        replace(one, seed=1),
        replace(one, head=HeadSpec(epochs=3)),
        replace(one, epochs=7),
        replace(one, resamples=21),
        make_cell(small_part(seed=1), tmp_path),
        make_cell(small_part(), tmp_path, "ridge"),
        make_cell(small_part(), tmp_path, "ridge", alpha=0.2),
    ]
    assert len({each.identity for each in (one, *others)}) == len(others) + 1


@pytest.mark.parametrize("method", ["zero", "ridge", "bridger"])
def test_a_cell_is_worked_out_and_kept(small_part, tmp_path: Path, method: str) -> None:
    cell, cells = make_cell(small_part(), tmp_path / "parts", method), tmp_path / "cells"
    result = work(cell, tmp_path / "parts", cells)
    assert result.status == "done" and result.fixed and result.tuned and result.map
    assert ("ss" in result.similarity) == (method != "zero")
    kept = Store(cells)
    assert kept.get(cell.identity) == result
    arrays = kept.arrays(cell.identity)
    assert arrays["scores"].shape == (40, 3)
    assert {name: each.shape for name, each in arrays.items() if name != "scores"} == {
        "macro_f1": (20,), "map": (20,), "macro_f1_tuned": (20,),
    }  # fmt: skip


def test_a_broken_cell_says_why_and_is_not_kept(small_part, tmp_path: Path) -> None:
    cell = make_cell(small_part(), tmp_path / "parts", "bridger", weights={"none": 1.0})
    result = work(cell, tmp_path / "parts", tmp_path / "cells")
    assert (result.status, result.problem) == (
        "broken",
        "the candidates have no score 'none'; they have good, blind",
    )
    assert Store(tmp_path / "cells").get(cell.identity) is None


def test_features_that_do_not_fit_are_told(small_part, tmp_path: Path) -> None:
    cell = make_cell(small_part(), tmp_path)
    narrow = small_part()
    narrow = replace(narrow, truth={name: values[:, :5] for name, values in narrow.truth.items()})
    other = replace(cell, inputs=replace(cell.inputs, test=Source(save_part(narrow, tmp_path))))
    result = work(other, tmp_path, tmp_path / "cells")
    assert result.problem is not None and "features of [5, 12] numbers" in result.problem


def test_a_damaged_result_is_worked_out_again(small_part, tmp_path: Path) -> None:
    cell, cells = make_cell(small_part(), tmp_path / "parts"), tmp_path / "cells"
    work(cell, tmp_path / "parts", cells)
    (cells / f"{cell.identity}.json").write_text('{"status": "done"')
    assert Store(cells).get(cell.identity) is None
    work(cell, tmp_path / "parts", cells)
    (cells / f"{cell.identity}.npz").unlink()
    assert Store(cells).get(cell.identity) is None


def test_a_cell_that_kills_its_process_is_broken_and_the_others_are_done(
    small_part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one thing changed is what the workers find under the name of a method."""
    part, parts = small_part(), tmp_path / "parts"
    cells = [make_cell(part, parts, name, 0) for name in ("zero", "mean")]
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, signal\n"
        "import eval.methods.mean as m\n"
        "m.Mean.apply = lambda self, task: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{site}:{Path(__file__).parents[2]}")
    found: dict[int, Result] = {}
    work_through(cells, parts, tmp_path / "cells", 2, lambda number, result: found.update({number: result}))
    assert [found[number].status for number in range(2)] == ["done", "broken"]
    assert found[1].problem == "its process died, most likely for lack of memory"


def test_every_known_method_has_a_place() -> None:
    assert {"complete", "remove", "bridger", "plain-lmm", "mpmm", "mplmm", "mmin", "dicmor"} <= set(NAMES)
