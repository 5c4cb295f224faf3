"""The drawn world: repeatable, true to its facts, and in forms that the real readers read."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from data.catalog import open_dataset
from data.pictures import read_picture
from data.sample import Sample
from mini.dataset import NoMiniature, materialise
from mini.world.drawing import draw
from mini.world.facts import GENRES, KINDS, genres_of, place, sample_scene
from mini.world.forms import layout_of
from mini.world.texts import TELLERS, caption, describe, noun, plot


def scenes(n: int, seed: str = "test"):
    rng = random.Random(seed)
    return [(sample_scene(rng), rng) for _ in range(n)]


def test_equal_seeds_give_equal_samples_and_other_seeds_others():
    first, again, other = layout_of("mmimdb", 7, 3), layout_of("mmimdb", 7, 3), layout_of("mmimdb", 8, 3)
    assert first[0] == again[0] != other[0]
    assert np.array_equal(np.asarray(draw(first[0])), np.asarray(draw(again[0])))


@pytest.mark.parametrize("tell", [*TELLERS.values()])
def test_a_text_tells_every_fact_that_it_should(tell):
    for scene, rng in scenes(300):
        told = scene.told(rng)
        words = tell(told, rng).lower().replace(",", "").replace(".", "").split()
        for group in told.groups:
            assert noun(group) in words
            if group.colour:
                assert group.colour in words
        assert (told.style in words) == bool(told.style)


def test_what_a_text_does_not_tell_is_not_in_it():
    hidden = 0
    for scene, rng in scenes(300):
        told = scene.told(rng)
        text = plot(told, rng).lower()
        for group, whole in zip(told.groups, scene.groups, strict=True):
            colours = {g.colour for g in told.groups}
            if group.colour is None and whole.colour not in colours:
                hidden += 1
                assert whole.colour not in text.split()
    assert hidden > 20


def test_texts_are_plain_sentences():
    for scene, rng in scenes(300):
        for text in (plot(scene, rng), caption(scene.shown(), rng), describe(scene, scene.groups[0].kind)):
            assert text[0].isupper() and text.endswith(".")
            assert not any(bad in text for bad in (",,", " ,", ",.", "  ", "..", "None")), text


def test_objects_stay_on_the_canvas_and_in_their_order():
    for scene, rng in scenes(300):
        layout = place(scene, rng)
        counts = Counter(item.kind for item in layout.objects)
        assert counts == {group.kind: group.count for group in scene.groups}
        assert all(item.size / 2 <= item.x <= 1 - item.size / 2 for item in layout.objects)
        axis = "x" if scene.arrangement == "left of" else "y"
        means = [
            np.mean([getattr(i, axis) for i in layout.objects if i.kind == g.kind]) for g in scene.groups
        ]
        if scene.arrangement:
            assert means == sorted(means)


def test_genres_need_both_sides():
    """Some labels follow from picture and text together only; every label occurs."""
    found = Counter(genre for scene, _ in scenes(4000) for genre in genres_of(scene))
    assert set(found) == set(GENRES)
    joint = next(s for s, _ in scenes(4000) if "Talk-Show" in genres_of(s))
    assert "Talk-Show" not in genres_of(joint.shown())


def test_forms_are_read_by_the_real_readers(tmp_path):
    films = materialise("mmimdb", tmp_path, samples=30)
    dataset = open_dataset("mmimdb", films, "train")
    samples = [row for row in dataset if isinstance(row, Sample)]
    assert len(samples) == len(dataset) == 20
    assert all(sample.text and sample.image and sample.labels for sample in samples)
    assert read_picture(samples[0].image).size == (128, 128)
    pictures = open_dataset("coco", materialise("coco", tmp_path, samples=30), "train")
    assert {label for row in pictures for label in row.labels} <= set(KINDS)
    assert materialise("mmimdb", tmp_path, samples=30) == films


def test_the_same_drawing_made_elsewhere_is_the_same_data(tmp_path):
    roots = [materialise("mmimdb", tmp_path / place, samples=10) for place in ("here", "there")]
    first, second = (open_dataset("mmimdb", root, "train").fingerprint() for root in roots)
    assert first == second


def test_a_form_without_a_miniature_says_which_there_are(tmp_path):
    with pytest.raises(
        NoMiniature, match=r"no miniature of the data set 'folder'.*mmimdb and coco and iuxray"
    ):
        materialise("folder", tmp_path)


def test_a_data_set_that_the_models_have_not_learnt_is_refused(tmp_path):
    with pytest.raises(NoMiniature, match=r"have not learnt the data set 'iuxray'.*--root"):
        materialise("iuxray", tmp_path, samples=4, known=["general"])
    assert not list(tmp_path.iterdir())
    assert (materialise("iuxray", tmp_path, samples=4, known=["general", "xray"]) / "images").is_dir()


def test_the_command_draws_and_refuses_a_folder_in_use(tmp_path):
    def run(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mini.world", "--n", "6", *more]
        return subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])

    out = tmp_path / "films"
    assert run("--out", str(out)).returncode == 0
    assert sum(map(len, json.loads((out / "split.json").read_text()).values())) == 6
    again = run("--out", str(out))
    assert again.returncode == 2 and "is not an empty folder" in again.stderr
