"""Features through a real encoder and their cache; run folders that fit, and those that do not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from data.catalog import open_dataset
from data.missing import simulate
from data.sample import ImageRef
from eval.cost import run_cost
from eval.errors import EvalError
from eval.features.cache import FeatureCache
from eval.features.encoders import Encoder, resolve
from eval.features.extract import Extractor, stacked
from eval.features.parts import build_part, candidates_of
from eval.runfolder import open_run
from eval.specs import DataSpec, MaskSpec
from eval.splits import check_leaks, open_split

MakeRun = Callable[..., Path]


class NeverLoaded(Encoder):
    """An encoder that must not be needed."""

    def load(self) -> object:  # type: ignore[override]
        raise AssertionError("everything should have come from the cache")


def test_features_are_computed_once_and_known_again(films: Path, clip: str, tmp_path: Path) -> None:
    encoder = resolve(clip, None)
    pictures: list[ImageRef | None] = [ImageRef(path=films / "dataset" / f"{n:07}.jpeg") for n in range(3)]
    texts = ["A red circle.", None, "A red circle."]
    with FeatureCache(tmp_path, encoder.digest) as cache, Extractor(encoder, cache) as extractor:
        first, words = extractor.images([*pictures, None]), extractor.texts(texts)
    assert first[3] is None and words[1] is None and np.array_equal(words[0], words[2])
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) for vector in first[:3])
    never = NeverLoaded(encoder.label, encoder.kind, encoder.model, encoder.digest)
    with FeatureCache(tmp_path, encoder.digest) as cache, Extractor(never, cache) as extractor:
        again = extractor.images(pictures)
        assert np.array_equal(extractor.texts(texts)[0], words[0])
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=False))


def test_a_picture_that_cannot_be_read_is_noted_and_the_others_go_on(
    films: Path, clip: str, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpeg"
    broken.write_bytes(b"\xff\xd8\xffnothing")
    encoder = resolve(clip, None)
    with FeatureCache(tmp_path, encoder.digest) as cache, Extractor(encoder, cache) as extractor:
        found = extractor.images([ImageRef(path=broken), ImageRef(path=films / "dataset" / "0000000.jpeg")])
        assert found[0] is None and found[1] is not None
        assert "broken.jpeg" in extractor.notes[0]


def test_features_of_two_encoders_do_not_go_together() -> None:
    unit = np.ones(4, np.float32) / 2
    assert (
        stacked([unit, None], 4)[0].tolist() == [1, 1, 1, 1] and np.isnan(stacked([unit, None], 4)[1]).all()
    )
    with pytest.raises(EvalError, match="has 3 numbers where the others have 4"):
        stacked([np.ones(3, np.float32)], 4)


@pytest.mark.parametrize(
    ("name", "said"), [("vit", "is written default, clip:MODEL"), ("clip:mini", "No run on the miniature")]
)
def test_encoders_that_cannot_be(name: str, said: str) -> None:
    with pytest.raises(EvalError, match=said):
        resolve(name, None)


def test_a_run_becomes_candidates(films: Path, clip: str, make_run: MakeRun, tmp_path: Path) -> None:
    run, encoder = open_run(make_run(0.5)), resolve(clip, None)
    split = open_split(DataSpec(name="mmimdb", root=films), films, "train")
    mask = simulate(40, 0.5, "mixed")
    with FeatureCache(tmp_path, encoder.digest) as cache, Extractor(encoder, cache) as extractor:
        part = build_part(split, mask, extractor)
        found = candidates_of(run, split, mask, part.width, extractor)
        few = mask.model_copy(update={"details": dict(list(mask.details.items())[:5])})
        some = candidates_of(run, split, few, part.width, extractor)
    assert set(some.rows) == set(few.details)  # the run has completed more than this mask hides
    assert part.exists.all() and (~part.present).sum() == 20
    assert len(found) == 40 and found.chosen.sum() == 20 and set(found.index) == {0, 1}
    assert set(found.rows) == set(np.flatnonzero(~part.whole)) == set(mask.details)
    assert [part.present[row, slot] for row, slot in zip(found.rows, found.slots, strict=True)] == [
        False
    ] * 40
    assert list(found.terms) == ["graph", "clip"]


def test_a_run_of_other_data_is_refused(films: Path, make_run: MakeRun) -> None:
    dataset, mask = open_dataset("mmimdb", films, "train"), simulate(40, 0.5, "mixed")
    open_run(make_run(0.5, "fits")).check(dataset, mask)
    for name, data, said in (
        ("other", {"name": "coco"}, r"is of coco/train, this experiment is of mmimdb/train"),
        ("split", {"split": "test"}, r"is of mmimdb/test"),
        ("state", {"fingerprint": "0"}, r"another state of mmimdb/train"),
    ):
        with pytest.raises(EvalError, match=said):
            open_run(make_run(0.5, name, **data)).check(dataset, mask)
    with pytest.raises(EvalError, match=r"hid other modalities \(mixed, rate 0.3\)"):
        open_run(make_run(0.3, "rate")).check(dataset, mask)


def test_what_is_no_run_folder_is_refused(tmp_path: Path, make_run: MakeRun) -> None:
    with pytest.raises(EvalError, match="is no run folder"):
        open_run(tmp_path / "nowhere")
    (tmp_path / "manifest.json").write_text(json.dumps({"outcome": "complete"}))
    with pytest.raises(EvalError, match=r"no manifest of a run \(fingerprint"):
        open_run(tmp_path)
    folder = make_run(0.5)
    with (folder / "records.jsonl").open("a") as records:
        records.write('{"sample_id": "x"')
    with pytest.raises(EvalError, match="line 21: not a record"):
        list(open_run(folder).records())


def test_the_cost_of_the_first_candidates_leaves_out_the_later_ones(make_run: MakeRun) -> None:
    run = open_run(make_run(0.5))
    whole, first = run_cost(run), run_cost(run, among=1)
    assert (whole.samples, whole.failed, whole.calls, whole.tokens) == (20, 0, 3, 360)
    assert (first.calls, first.tokens, first.lmm_seconds) == (2, 240, 1.0)


def test_leaks_are_refused_unless_asked_for(films: Path) -> None:
    spec = DataSpec(name="mmimdb", root=films)
    train, test = open_split(spec, films, "train"), open_split(spec, films, "test")
    assert not check_leaks([train, test], allow=False)[0].leaks
    with pytest.raises(EvalError, match="--allow-leaks"):
        check_leaks([train, train], allow=False)
    assert check_leaks([train, train], allow=True)[0].leaks


def test_only_part_of_a_split_still_has_the_mask_of_the_whole(films: Path) -> None:
    split = open_split(DataSpec(name="mmimdb", root=films, train_rows=10), films, "train")
    whole = split.mask(MaskSpec(), 0.5)
    assert len(split.samples) == 10 and whole.total == 40
    hidden = ~split.present(whole)
    assert hidden.any(axis=1).sum() == split.to_complete(whole) == sum(at < 10 for at in whole.details)


@pytest.mark.parametrize("kind", ["mixed", "text"])
def test_nested_masks_lie_within_each_other_and_are_exact_on_the_rows_that_are_used(
    films: Path, kind: Literal["mixed", "text"]
) -> None:
    split = open_split(DataSpec(name="mmimdb", root=films, train_rows=10), films, "train")
    spec = MaskSpec(type=kind, nested=True)
    low, high = split.mask(spec, 0.3), split.mask(spec, 0.7)
    assert (len(low.details), len(high.details), low.total) == (3, 7, 40)
    assert list(high.details.items())[:3] == list(low.details.items()) and max(high.details) < 10
    assert high.rate == pytest.approx(7 / 40) and split.to_complete(high) == 7
    assert split.mask(MaskSpec(type=kind, nested=True, seed=1), 0.7) != high


def test_data_without_labels_are_refused(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_text('{"id": "1", "text": "a"}\n{"id": "2", "text": "b"}\n')
    with pytest.raises(EvalError, match="has no labels"):
        open_split(DataSpec(name="folder", root=tmp_path, train="all"), tmp_path, "train")
