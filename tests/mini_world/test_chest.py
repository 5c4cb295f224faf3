"""Drawn radiographs: repeatable, every fact visible, and only there where the facts say."""

import random
from dataclasses import replace

import numpy as np
import pytest

from mini.world.chest import BOTH, KINDS, SIDES, STRUCTURES, ZONES, Film, Finding, cells_of, sample_film
from mini.world.described import describe, impression, subjects
from mini.world.exposure import place
from mini.world.mesh import mesh
from mini.world.radiograph import FINDINGS, draw
from tools.knowledge.chexpert import OBSERVATIONS


def films(n: int, seed: str = "chest"):
    rng = random.Random(seed)
    return [(sample_film(rng), rng) for _ in range(n)]


def every_finding():
    for name, kind in KINDS.items():
        sides = {"midline": (None,), "base": (*SIDES, BOTH)}.get(kind.place, SIDES)
        for side in sides:
            for zone in ZONES if kind.place == "zone" else (None,):
                for size in kind.sizes or (None,):
                    yield Finding(name, side, zone, size)


def drawn(exposure):
    return np.asarray(draw(exposure), dtype=np.int16)


def test_equal_seeds_give_equal_films_and_pictures():
    first, again, other = (place(sample_film(random.Random(s)), random.Random(s)) for s in (1, 1, 2))
    assert first == again != other
    assert draw(first).mode == "L" and draw(first).size == (128, 128)
    assert np.array_equal(drawn(first), drawn(again)) and not np.array_equal(drawn(first), drawn(other))


def test_every_kind_and_place_occurs_and_implications_are_chexperts():
    seen = {(f.kind, f.side, f.zone, f.size) for film, _ in films(6000) for f in film.findings}
    assert seen == {(f.kind, f.side, f.zone, f.size) for f in every_finding()}
    assert {kind.implication for kind in KINDS.values()} <= set(OBSERVATIONS)


def test_films_are_consistent():
    counts = [0, 0, 0, 0]
    for film, _ in films(2000):
        counts[len(film.findings)] += 1
        kinds = [f.kind for f in film.findings]
        assert kinds == sorted(set(kinds), key=list(KINDS).index)
        abnormal = {KINDS[f.kind].structure for f in film.findings}
        assert film.normal == tuple(s for s in STRUCTURES if s not in abnormal)
        cells = [cell for f in film.findings for cell in cells_of(f)]
        assert len(cells) == len(set(cells))
        assert all(f.change is None or not f.device for f in film.findings)
    assert min(counts) > 100 and counts[0] > 400


DRAWN = [finding for finding in every_finding() if finding.kind in FINDINGS]
"""All but the heart's size, which is measured by itself."""


@pytest.mark.parametrize("finding", DRAWN, ids=lambda f: f"{f.size}-{f.kind}-{f.side}-{f.zone}")
def test_every_finding_is_visible_where_it_is(finding):
    """The picture with the finding differs from the one without it, clearly, on its side and at its height."""
    for seed in range(3):
        exposure = place(Film((finding,)), random.Random(seed))
        change = np.abs(drawn(exposure) - drawn(replace(exposure, placed=())))
        assert (change > 25).sum() >= 12
        ys, xs = np.nonzero(change > 25)
        if finding.side in SIDES and finding.kind != "pacemaker":
            on_left = (xs > 64).mean()
            assert on_left > 0.9 if finding.side == "left" else on_left < 0.1
        if finding.side == BOTH:
            assert 0.3 < (xs > 64).mean() < 0.7
        if finding.zone:
            body = exposure.body
            middle = (ys.mean() / 128 - body.apex - 0.03) / (body.dome[finding.side] - body.apex)
            assert int(middle * 3) == ZONES.index(finding.zone)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.sizes and name in FINDINGS])
def test_large_findings_change_much_more_of_the_picture(kind):
    side, zone = "right", "mid" if KINDS[kind].place == "zone" else None
    covered = {}
    for size in KINDS[kind].sizes:
        areas = []
        for seed in range(5):
            exposure = place(Film((Finding(kind, side, zone, size),)), random.Random(seed))
            areas.append((np.abs(drawn(exposure) - drawn(replace(exposure, placed=()))) > 12).sum())
        covered[size] = (min(areas), max(areas))
    assert covered["small"][1] * 1.5 < covered["large"][0]


def test_the_hearts_size_is_visible():
    widths = {}
    for size in (None, "mild", "severe"):
        film = Film((Finding("cardiomegaly", size=size),)) if size else Film()
        for seed in range(5):
            row = drawn(place(film, random.Random(seed)))[82:92].mean(axis=0)
            level = (row[40:90].max() + row[25:105].min()) / 2
            widths.setdefault(size, []).append((row[20:112] > level).sum())
    assert max(widths[None]) < min(widths["mild"]) and max(widths["mild"]) < min(widths["severe"])


def test_no_finding_hides_another():
    """In full films every finding still changes the picture at its place."""
    for film, rng in films(60, "hidden"):
        exposure = place(film, rng)
        whole = drawn(exposure)
        for item in exposure.placed:
            if item.finding.kind in FINDINGS:
                rest = tuple(other for other in exposure.placed if other is not item)
                change = np.abs(whole - drawn(replace(exposure, placed=rest)))
                assert (change > 18).sum() >= 10, item


def test_labels_follow_from_the_facts():
    film = Film(
        (Finding("nodule", "left", "mid", "small", "unchanged"), Finding("effusion", BOTH, size="large"))
    )
    assert mesh(film) == ["Nodule/lung/lingula/left/small/chronic", "Pleural Effusion/bilateral/large"]
    assert mesh(Film()) == ["normal"]
    fever = Film((Finding("consolidation", "right", "upper"),), history="fever")
    assert mesh(fever)[-1] == "Pneumonia" and "Pneumonia" not in mesh(replace(fever, history="fall"))


def test_a_description_begins_with_its_subject_and_has_every_finding():
    for film, rng in films(400, "described"):
        for facts in (film.shown(), film.told(rng)):
            for subject in subjects(facts):
                said = describe(facts, subject)
                assert said.lower().startswith(subject.lower())
                assert all(f.abnormality in said.lower() for f in facts.findings)
                assert all(structure in said.lower() for structure in facts.normal)
                assert len(said.split()) <= 70
            assert impression(facts).endswith(".")
