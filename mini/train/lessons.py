"""What the miniature's Qwen2-VL is taught in each step: batches of turns of one system prompt each.

At first two steps of three are of the general domain and one is of radiographs, whose world is smaller; late every
second one is, since reports have the longest answers. Pictures take longest to be read and come first; texts in any
words and long exact answers come late.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from data.sample import Modality
from mini.train.conversations import (
    LONG,
    SHORT,
    Teacher,
    Turn,
    copying,
    crowd,
    drill,
    phrases,
    reading_turn,
    ties,
    told_text,
)
from mini.train.film_exercises import crowded_film, medical_copying, medical_drill, statements
from mini.train.films import FilmStore
from mini.train.medical import MedicalTeacher, medical_turn, told_report
from mini.train.pictures import PictureStore, jitter, normalised
from mini.train.talk import TalkTeacher
from mini.train.worn_prompts import worn
from mini.world.chest import Film, sample_film
from mini.world.facts import Scene, sample_scene
from prompts.library import Library

WORN = 0.4
"""Share of the steps whose prompts are worn."""


@dataclass(frozen=True)
class Mix:
    """How much of what is in a step; numbers of turns are parts of its size."""

    films: int
    """One step in so many is of radiographs and reports."""
    long_films: int
    """Of those, one in so many has long answers: knowledge, triplets, corrections."""
    pictures: float
    texts: float
    reports: float
    """Texts of the medical domain."""
    describing: float
    exercise: float
    talk: int
    """A talk every so many steps."""
    loose: float
    """Share of the texts told otherwise than in data sets."""
    rules: float
    """Reports that one rule each is asked of, beside the reading tasks. A run asks seven in a row."""
    exercises: tuple[str, ...]
    film_exercises: tuple[str, ...]
    """Of each domain, one kind a step."""


EARLY = Mix(
    films=3, long_films=4, pictures=1.0, texts=0.5, reports=0.75, describing=0.6, exercise=0.4, talk=2, loose=0.4,
    rules=0.0,
    exercises=("refine", "triplets", "drill", "describe", "ties", "merged", "triplets", "rule"),
    film_exercises=("drill", "merged", "statements", "rule", "describe", "consolidate"),
)  # fmt: skip
LATE = Mix(
    films=2, long_films=2, pictures=0.42, texts=0.84, reports=1.0, describing=0.34, exercise=0.5, talk=4, loose=0.6,
    rules=1.0,
    exercises=("triplets", "drill", "merged", "phrases", "ties", "drill", "consolidate", "rule", "copy", "refine"),
    film_exercises=(
        "rule", "consolidate", "merged", "triplets", "rule", "refine", "statements", "merged", "consolidate",
        "statements", "describe", "rule", "merged", "copy",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Lesson:
    """One batch. Lessons without a weight share one mean over all their answers' tokens; the others have their own."""

    name: str
    turns: list[Turn]
    pictures: torch.Tensor | None = None
    """Of the turns without a text, in order."""
    weight: float | None = None
    noise: bool = True
    """Whether some tokens of the answers are replaced on the way in."""


class Lessons:
    """Makes the lessons of a step from its number and a generator."""

    def __init__(self, scenes: PictureStore, films: FilmStore) -> None:
        library = Library()
        self.general, self.medical = Teacher(library), MedicalTeacher(library)
        worn_out = [worn(library, random.Random(f"worn-{i}")) for i in range(32)]
        self.worn = [(Teacher(each), MedicalTeacher(each)) for each in worn_out]
        self.talk = TalkTeacher(library)
        self.scenes, self.films = scenes, films
        kinds = [len(layout.scene.groups) for layout in scenes.layouts]
        self.simple = [i for i, n in enumerate(kinds) if n == 1]
        self.mixed = [i for i, n in enumerate(kinds) if n > 1 or i % 3 == 0]

    def of(self, step: int, size: int, most: int, rng: random.Random, mix: Mix) -> Iterator[Lesson]:
        """Readings of pictures and of texts, and the rest; at most `most` kinds or findings in each."""
        turn, kind = divmod(step, mix.films)
        general, medical = self.general, self.medical
        if rng.random() < WORN:
            general, medical = rng.choice(self.worn)
        if kind == mix.films - 1:
            yield from self._of_films(medical, turn, size, most, rng, mix)
        else:
            yield from self._of_scenes(general, (mix.films - 1) * turn + kind, size, most, rng, mix)
        if step % mix.talk == mix.talk - 1:
            yield self._talk(step // mix.talk, size, rng)

    def _talk(self, step: int, size: int, rng: random.Random) -> Lesson:
        if step % 2:
            drills = [self.talk.drill(rng) for _ in range(size // 2)]
            return Lesson("talk_dense", drills, weight=0.5, noise=False)
        turns = self.talk.batch(size, rng)
        name = "found" if turns[0].task == "talk.found" else "asked"
        return Lesson(name, turns, weight=0.5, noise=False)

    # ------------------------------------------------------------------ the general domain

    def _of_scenes(
        self, teacher: Teacher, step: int, size: int, most: int, rng: random.Random, mix: Mix
    ) -> Iterator[Lesson]:
        shares, n = (LONG, size * 3 // 5) if step % 3 == 2 else (SHORT, size)
        name = "long" if shares is LONG else "short"
        some = self.simple if most == 1 else self.mixed
        chosen = [rng.choice(some) for _ in range(part(mix.pictures, n))]
        pictures = normalised([jitter(self.scenes.pixels[i], rng) for i in chosen])
        turns = [
            reading_turn(teacher, None, self.scenes.scene(i).shown(), Modality.TEXT, rng, shares)
            for i in chosen
        ]
        for _ in range(part(mix.texts, n)):
            text, told = told_text(told_scene(rng, most), rng, mix.loose)
            turns.append(reading_turn(teacher, text, told, Modality.IMAGE, rng, shares))
        yield Lesson(name, turns, pictures)
        missing = Modality.TEXT if step % 4 == 3 else Modality.IMAGE
        turns = [_describing(teacher, missing, most, rng) for _ in range(part(mix.describing, size))]
        yield Lesson("describe", turns)
        exercise = mix.exercises[step % len(mix.exercises)]
        turns = [
            _scene_exercise(teacher, exercise, most, rng, mix.loose) for _ in range(part(mix.exercise, size))
        ]
        if exercise == "refine":
            yield Lesson("refine", turns)
        else:
            yield Lesson(f"{exercise}_dense", turns, weight=0.5, noise=False)

    # ------------------------------------------------------------------ radiographs and their reports

    def _of_films(
        self, teacher: MedicalTeacher, step: int, size: int, most: int, rng: random.Random, mix: Mix
    ) -> Iterator[Lesson]:
        long = step % mix.long_films == 1
        name, n = ("long", size // 2) if long else ("short", size)
        # Radiographs and reports have system prompts of their own.
        chosen = [self._film(most, rng) for _ in range(part(mix.pictures, n))]
        pictures = normalised([jitter(self.films.rgb(i), rng) for i in chosen])
        shares = LONG if long else SHORT
        turns = [medical_turn(teacher, None, self.films.film(i).shown(), rng, shares) for i in chosen]
        yield Lesson(f"film_{name}", turns, pictures)
        turns = _reading_reports(teacher, part(mix.reports, n), shares, most, rng, mix.loose)
        yield Lesson(f"report_{name}", turns)
        if mix.rules:
            turns = _reading_reports(teacher, part(mix.rules, size), {"rule": 1.0}, most, rng, mix.loose)
            yield Lesson("report_rules", turns)
        turns = _film_writing(teacher, part(mix.describing, size), step, most, rng)
        yield Lesson(turns[0].task.replace(".", "_"), turns)
        exercise = mix.film_exercises[step % len(mix.film_exercises)]
        turns = [_film_exercise(teacher, exercise, rng, mix.loose) for _ in range(part(mix.exercise, size))]
        yield Lesson(f"film_{exercise}_dense", turns, weight=0.5, noise=False)

    def _film(self, most: int, rng: random.Random) -> int:
        """A radiograph; normal ones are soon learnt, so half of them make room for others."""
        index = rng.randrange(len(self.films))
        while len(self.films.film(index).findings) > most:
            index = rng.randrange(len(self.films))
        if not self.films.film(index).findings and rng.random() < 0.5:
            return self._film(most, rng)
        return index


def part(share: float, size: int) -> int:
    """So many of `size`, at least one."""
    return max(1, round(share * size))


def told_scene(rng: random.Random, most: int) -> Scene:
    """A scene to tell. Single kinds are soon learnt, so two thirds of them make room for more."""
    scene = sample_scene(rng, most)
    return sample_scene(rng, most) if most > 1 and len(scene.groups) == 1 and rng.random() < 0.67 else scene


def _describing(teacher: Teacher, missing: Modality, most: int, rng: random.Random) -> Turn:
    """Every candidate begins with a description, and binding each kind of a graph to its own number and colour is
    learnt late, so there are many of them."""
    scene = told_scene(rng, most)
    facts = scene.told(rng) if missing is Modality.IMAGE or rng.random() < 0.3 else scene.shown()
    return teacher.describing(facts, missing, rng)


def _scene_exercise(teacher: Teacher, kind: str, most: int, rng: random.Random, loose: float) -> Turn:
    """Refined texts; and exercises, most of whose tokens are facts: words, relations, and crowded texts to read or
    describe. To write triplets is to copy, and few ordinary texts have two relations that could be mixed up."""
    if kind == "refine":
        scene = told_scene(rng, most)
        return teacher.refining(scene.told(rng) if rng.random() < 0.3 else scene.shown(), rng)
    if kind == "drill":
        return drill(rng)
    if kind == "ties":
        return ties(rng, loose=loose)
    if kind == "phrases":
        return phrases(rng, loose)
    if kind == "copy":
        return copying(rng)
    text, told = told_text(crowd(rng), rng, loose)
    if kind == "describe":
        return teacher.describing(told, Modality.IMAGE, rng)
    return reading_turn(teacher, text, told, Modality.IMAGE, rng, {kind: 1.0})


def _reading_reports(
    teacher: MedicalTeacher, n: int, shares: dict[str, float], most: int, rng: random.Random, loose: float
) -> list[Turn]:
    turns = []
    for _ in range(n):
        text, told = told_report(sample_film(rng, most), rng, loose)
        turns.append(medical_turn(teacher, text, told, rng, shares))
    return turns


def _film_exercise(teacher: MedicalTeacher, kind: str, rng: random.Random, loose: float) -> Turn:
    if kind == "drill":
        return medical_drill(rng)
    if kind == "copy":
        return medical_copying(rng)
    if kind == "statements":
        return statements(rng)
    if kind == "refine":
        return teacher.refining(sample_film(rng).shown(), rng)
    text, told = told_report(crowded_film(rng), rng, loose)
    if kind == "describe":
        return teacher.describing(told, Modality.IMAGE, rng)
    return medical_turn(teacher, text, told, rng, {kind: 1.0})


def _film_writing(teacher: MedicalTeacher, n: int, step: int, most: int, rng: random.Random) -> list[Turn]:
    kind = step % 3
    turns = []
    for _ in range(n):
        film = sample_film(rng, most)
        facts: Film = film.told(rng) if kind == 0 else film.shown()
        if kind == 2:
            turns.append(teacher.refining(facts, rng))
        else:
            missing = Modality.IMAGE if kind == 0 else Modality.TEXT
            turns.append(teacher.describing(facts, missing, rng))
    return turns
