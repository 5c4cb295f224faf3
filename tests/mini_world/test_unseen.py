"""Held-out wordings: true to the facts, never a trained sentence, never in training, and rich enough to measure by."""

import ast
import random
import re
from pathlib import Path

import pytest

from mini.world import reports, texts, unseen_dev, unseen_test
from mini.world.chest import CHANGES, HISTORIES, SIDES, ZONES, sample_film
from mini.world.facts import COLOURS, KINDS, STYLES, VERBS, sample_scene
from mini.world.reports import MARK, NAMES, SIZE_WORDS
from mini.world.texts import BARE_VERBS, NUMBERS, PARTICIPLES, noun, plural

ROOT = Path(__file__).parents[2]
CHANGED = {
    "new": {"new"},
    "unchanged": {"unchanged", "stable"},
    "larger": {"larger", "increasing", "increased"},
}
both = pytest.mark.parametrize("unseen", [unseen_dev, unseen_test], ids=["dev", "test"])
SCENE_WORDS = {
    **dict.fromkeys([*KINDS, *map(plural, KINDS)], "K"), **dict.fromkeys(COLOURS, "C"), **dict.fromkeys(STYLES, "S"),
    **dict.fromkeys(NUMBERS.values(), "N"), **dict.fromkeys([*VERBS, *BARE_VERBS.values(), *PARTICIPLES.values()], "V"),
}  # fmt: skip
FILM_WORDS = {
    **dict.fromkeys([word for names in NAMES.values() for name in names for word in name.lower().split()], "K"),
    **dict.fromkeys([word for words in SIZE_WORDS.values() for word in words], "Z"), **dict.fromkeys(SIDES, "L"),
    **dict.fromkeys(ZONES, "U"), **dict.fromkeys(CHANGES, "G"),
    **dict.fromkeys([word for name in HISTORIES for word in name.split()], "H"),
}  # fmt: skip


def frames(text: str, words: dict[str, str]) -> set[str]:
    """The sentences of a text with the words of facts taken out."""
    found = set()
    for part in re.split(r"(?<=[.])\s+", text.lower()):
        masked = " ".join(words.get(word, word) for word in re.findall(r"[a-z]+", part))
        found.add(re.sub(r"\b([A-Z])( \1)+\b", r"\1", masked))
    return found


def told_scenes(n: int):
    rng = random.Random("unseen")
    for _ in range(n):
        yield sample_scene(rng).told(rng), rng


def told_reports(n: int, grammar):
    rng = random.Random("unseen")
    for _ in range(n):
        film = sample_film(rng)
        told = film.told(rng)
        yield told, grammar.report(told, rng, film)


@both
@pytest.mark.parametrize("form", ["plot", "caption"])
def test_no_sentence_frame_of_plots_and_captions_is_a_trained_one(form, unseen):
    trained, held_out = (
        {
            frame
            for scene, rng in told_scenes(4000)
            for frame in frames(getattr(grammar, form)(scene, rng), SCENE_WORDS)
        }
        for grammar in (texts, unseen)
    )
    shared = {frame for frame in trained & held_out if len(frame.split()) > 2}
    assert not shared
    assert len(held_out) > len(trained) / 3


@both
def test_no_sentence_frame_of_reports_is_a_trained_one(unseen):
    trained, held_out = (
        {frame for _, said in told_reports(4000, grammar) for frame in frames(said.text, FILM_WORDS)}
        for grammar in (reports, unseen)
    )
    shared = {frame for frame in trained & held_out if len(frame.split()) > 2}
    assert not shared
    assert len(held_out) > len(trained) / 3


@both
@pytest.mark.parametrize("form", ["plot", "caption"])
def test_held_out_texts_tell_every_fact_and_no_other(form, unseen):
    for scene, rng in told_scenes(500):
        text = getattr(unseen, form)(scene, rng)
        words = re.findall(r"[a-z]+", text.lower())
        for group in scene.groups:
            assert noun(group) in words and NUMBERS[group.count] in words
            assert not group.colour or group.colour in words
        assert (scene.style in words) == bool(scene.style)
        told = {group.kind for group in scene.groups}
        assert not [kind for kind in KINDS if kind not in told and {kind, plural(kind)} & set(words)]
        if form == "plot" and scene.deed:
            verb = scene.deed[1]
            assert {verb, BARE_VERBS[verb], PARTICIPLES[verb]} & set(words)
        assert text[0].isupper() and text.endswith(".") and not re.search(r"  |,,| ,|,\.|\.\.|None", text)


@both
def test_held_out_reports_tell_every_finding(unseen):
    for told, said in told_reports(500, unseen):
        words = set(re.findall(r"[a-z]+", said.text.lower()))
        for finding in told.findings:
            names = {name.split()[-1].lower() for name in NAMES[finding.kind]} | {"enlarged"}
            assert names & words
            assert (
                not finding.zone or finding.zone in words or "lobe" in words or {"midlung", "lingula"} & words
            )
            assert not finding.change or CHANGED[finding.change] & words
        assert not re.search(r"  |,,| ,|,\.|\.\.|None|[{}]", said.text.replace(MARK, "X"))


@pytest.mark.parametrize("form", ["plot", "caption"])
def test_what_is_measured_by_has_no_sentence_frame_of_what_was_developed_by(form):
    by_dev, by_test = (
        {
            frame
            for scene, rng in told_scenes(3000)
            for frame in frames(getattr(grammar, form)(scene, rng), SCENE_WORDS)
        }
        for grammar in (unseen_dev, unseen_test)
    )
    assert not {frame for frame in by_dev & by_test if len(frame.split()) > 2}


def test_reports_to_measure_by_have_no_sentence_frame_of_those_to_develop_by():
    by_dev, by_test = (
        {frame for _, said in told_reports(3000, grammar) for frame in frames(said.text, FILM_WORDS)}
        for grammar in (unseen_dev, unseen_test)
    )
    assert not {frame for frame in by_dev & by_test if len(frame.split()) > 2}


def test_training_and_data_sets_never_import_held_out_wordings():
    for path in [
        *(ROOT / "mini" / "train").rglob("*.py"),
        *(ROOT / "mini" / "world").rglob("*.py"),
        ROOT / "mini/dataset.py",
    ]:
        names = {
            name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        }
        assert not any("unseen" in name for name in names), path
