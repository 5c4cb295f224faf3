"""What the miniature's Qwen2-VL is taught in each step: batches of turns of one system prompt each.

Two steps of three are of the general domain and one is of radiographs, whose world is smaller; talk is in every second
one.
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
    crowd,
    drill,
    reading_turn,
    ties,
    told_text,
)
from mini.train.films import FilmStore
from mini.train.medical import MedicalTeacher, crowded_film, medical_drill, medical_turn, told_report
from mini.train.pictures import PictureStore, jitter, normalised
from mini.train.talk import TalkTeacher
from mini.world.chest import Film, sample_film
from mini.world.facts import Scene, sample_scene
from prompts.library import Library

EXERCISES = ("refine", "triplets", "drill", "describe", "ties", "merged", "triplets", "rule")
FILM_EXERCISES = ("drill", "merged", "rule", "describe", "consolidate")
"""Of each domain, one kind a step."""


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
        self.talk = TalkTeacher(library)
        self.scenes, self.films = scenes, films
        kinds = [len(layout.scene.groups) for layout in scenes.layouts]
        self.simple = [i for i, n in enumerate(kinds) if n == 1]
        self.mixed = [i for i, n in enumerate(kinds) if n > 1 or i % 3 == 0]

    def of(self, step: int, size: int, most: int, rng: random.Random) -> Iterator[Lesson]:
        """`size` readings of pictures and half as many of texts, and the rest; at most `most` kinds or findings."""
        turn, kind = divmod(step, 3)
        if kind == 2:
            yield from self._of_films(turn, size, most, rng)
        else:
            yield from self._of_scenes(2 * turn + kind, size, most, rng)
        if step % 2:
            yield self._talk(step // 2, size, rng)

    def _talk(self, step: int, size: int, rng: random.Random) -> Lesson:
        if step % 2:
            drills = [self.talk.drill(rng) for _ in range(size // 2)]
            return Lesson("talk_dense", drills, weight=0.5, noise=False)
        turns = self.talk.batch(size, rng)
        name = "found" if turns[0].task == "talk.found" else "asked"
        return Lesson(name, turns, weight=0.5, noise=False)

    # ------------------------------------------------------------------ the general domain

    def _of_scenes(self, step: int, size: int, most: int, rng: random.Random) -> Iterator[Lesson]:
        shares, n = (LONG, size * 3 // 5) if step % 3 == 2 else (SHORT, size)
        name = "long" if shares is LONG else "short"
        chosen = [rng.choice(self.simple if most == 1 else self.mixed) for _ in range(n)]
        pictures = normalised([jitter(self.scenes.pixels[i], rng) for i in chosen])
        turns = [
            reading_turn(self.general, None, self.scenes.scene(i).shown(), Modality.TEXT, rng, shares)
            for i in chosen
        ]
        for _ in range(n // 2):
            text, told = told_text(told_scene(rng, most), rng)
            turns.append(reading_turn(self.general, text, told, Modality.IMAGE, rng, shares))
        yield Lesson(name, turns, pictures)
        missing = Modality.TEXT if step % 4 == 3 else Modality.IMAGE
        turns = [self._describing(missing, most, rng) for _ in range(size * 3 // 5)]
        yield Lesson("describe", turns)
        exercise = EXERCISES[step % len(EXERCISES)]
        turns = [self._scene_exercise(exercise, most, rng) for _ in range(size * 2 // 5)]
        if exercise == "refine":
            yield Lesson("refine", turns)
        else:
            yield Lesson(f"{exercise}_dense", turns, weight=0.5, noise=False)

    def _describing(self, missing: Modality, most: int, rng: random.Random) -> Turn:
        """Every candidate begins with a description, and binding each kind of a graph to its own number and colour is
        learnt late, so there are many of them."""
        scene = told_scene(rng, most)
        facts = scene.told(rng) if missing is Modality.IMAGE or rng.random() < 0.3 else scene.shown()
        return self.general.describing(facts, missing, rng)

    def _scene_exercise(self, kind: str, most: int, rng: random.Random) -> Turn:
        """Refined texts; and exercises, most of whose tokens are facts: words, relations, and crowded texts to read or
        describe. To write triplets is to copy, and few ordinary texts have two relations that could be mixed up."""
        if kind == "refine":
            scene = told_scene(rng, most)
            return self.general.refining(scene.told(rng) if rng.random() < 0.3 else scene.shown(), rng)
        if kind == "drill":
            return drill(rng)
        if kind == "ties":
            return ties(rng)
        text, told = told_text(crowd(rng), rng)
        if kind == "describe":
            return self.general.describing(told, Modality.IMAGE, rng)
        return reading_turn(self.general, text, told, Modality.IMAGE, rng, {kind: 1.0})

    # ------------------------------------------------------------------ radiographs and their reports

    def _of_films(self, step: int, size: int, most: int, rng: random.Random) -> Iterator[Lesson]:
        shares, n = (LONG, size // 2) if step % 4 == 3 else (SHORT, size)
        name = "long" if shares is LONG else "short"
        # Radiographs and reports have system prompts of their own.
        chosen = [self._film(most, rng) for _ in range(n)]
        pictures = normalised([jitter(self.films.rgb(i), rng) for i in chosen])
        turns = [medical_turn(self.medical, None, self.films.film(i).shown(), rng, shares) for i in chosen]
        yield Lesson(f"film_{name}", turns, pictures)
        turns = []
        for _ in range(n - n // 4):
            text, told = told_report(sample_film(rng, most), rng)
            turns.append(medical_turn(self.medical, text, told, rng, shares))
        yield Lesson(f"report_{name}", turns)
        turns = self._film_writing(size // 2, step, most, rng)
        yield Lesson(turns[0].task.replace(".", "_"), turns)
        exercise = FILM_EXERCISES[step % len(FILM_EXERCISES)]
        turns = [self._film_exercise(exercise, rng) for _ in range(size // 2)]
        yield Lesson(f"film_{exercise}_dense", turns, weight=0.5, noise=False)

    def _film(self, most: int, rng: random.Random) -> int:
        """A radiograph; normal ones are soon learnt, so half of them make room for others."""
        index = rng.randrange(len(self.films))
        while len(self.films.film(index).findings) > most:
            index = rng.randrange(len(self.films))
        if not self.films.film(index).findings and rng.random() < 0.5:
            return self._film(most, rng)
        return index

    def _film_exercise(self, kind: str, rng: random.Random) -> Turn:
        if kind == "drill":
            return medical_drill(rng)
        text, told = told_report(crowded_film(rng), rng)
        if kind == "describe":
            return self.medical.describing(told, Modality.IMAGE, rng)
        return medical_turn(self.medical, text, told, rng, {kind: 1.0})

    def _film_writing(self, n: int, step: int, most: int, rng: random.Random) -> list[Turn]:
        kind = step % 3
        turns = []
        for _ in range(n):
            film = sample_film(rng, most)
            facts: Film = film.told(rng) if kind == 0 else film.shown()
            if kind == 2:
                turns.append(self.medical.refining(facts, rng))
            else:
                missing = Modality.IMAGE if kind == 0 else Modality.TEXT
                turns.append(self.medical.describing(facts, missing, rng))
        return turns


def told_scene(rng: random.Random, most: int) -> Scene:
    """A scene to tell. Single kinds are soon learnt, so two thirds of them make room for more."""
    scene = sample_scene(rng, most)
    return sample_scene(rng, most) if most > 1 and len(scene.groups) == 1 and rng.random() < 0.67 else scene
