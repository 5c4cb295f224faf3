"""The two drawn worlds, scenes and radiographs, as the trainers of pictures and of pairs see them: the same questions
to both, so that one diffusion model, one CLIP and one BLIP can be trained on both."""

import random
from dataclasses import replace
from typing import Protocol

import torch

from mini.recogniser import FilmReader, SceneReader
from mini.train.conversations import told_text
from mini.train.facts import FilmFacts, SceneFacts
from mini.train.films import FilmStore
from mini.train.marks import Marked, film_targets, scene_targets
from mini.train.medical import told_report
from mini.train.pictures import PictureStore, Pixels
from mini.world.chest import Film
from mini.world.described import describe as describe_film
from mini.world.described import subjects
from mini.world.facts import Scene
from mini.world.texts import describe as describe_scene


class Reader(Protocol):
    """A module that answers for the facts of pictures or texts from one vector each."""

    def loss(self, features: torch.Tensor, facts: list[Scene | Film]) -> torch.Tensor: ...


class World(Protocol):
    """Drawn pictures with everything known about them."""

    name: str
    marks: int
    traits: int

    def __len__(self) -> int: ...

    def rgb(self, index: int) -> Pixels:
        """uint8 [128, 128, 3]."""

    def marked(self, index: int) -> Marked: ...

    def things(self, index: int) -> int:
        """How many kinds or findings; a curriculum starts with one."""

    def shown(self, index: int) -> Scene | Film:
        """What the picture shows."""

    def prompt(self, index: int, rng: random.Random) -> tuple[str, Scene | Film]:
        """A description as candidates have it, and the facts in it."""

    def text(self, index: int, rng: random.Random) -> tuple[str, Scene | Film]:
        """A text of any form about the picture, and the facts in it."""

    def facts(self, width: int, whole: bool = False) -> torch.nn.Module:
        """A new `Reader` of vectors of this width; `whole` asks for more than what there is, too."""


class Scenes:
    """Scenes of MM-IMDb and COCO."""

    name = "scenes"
    marks, traits = SceneReader.marks, SceneReader.traits

    def __init__(self, store: PictureStore) -> None:
        self.store = store

    def __len__(self) -> int:
        return len(self.store)

    def rgb(self, index: int) -> Pixels:
        pixels: Pixels = self.store.pixels[index]
        return pixels

    def marked(self, index: int) -> Marked:
        return scene_targets(self.store.layouts[index])

    def things(self, index: int) -> int:
        return len(self.store.scene(index).groups)

    def shown(self, index: int) -> Scene:
        return self.store.scene(index).shown()

    def prompt(self, index: int, rng: random.Random) -> tuple[str, Scene]:
        """Some facts are not told, and deeds cannot be drawn."""
        scene = self.store.scene(index)
        told = scene if rng.random() < 0.35 else replace(scene.told(rng), deed=scene.deed)
        return describe_scene(told, rng.choice(told.groups).kind), told

    def text(self, index: int, rng: random.Random) -> tuple[str, Scene]:
        return told_text(self.store.scene(index), rng)

    def facts(self, width: int, whole: bool = False) -> SceneFacts:
        return SceneFacts(width, whole)


class Films:
    """Radiographs of IU X-ray."""

    name = "films"

    def __init__(self, store: FilmStore) -> None:
        self.store, self.reader = store, FilmReader()
        self.marks, self.traits = self.reader.marks, self.reader.traits

    def __len__(self) -> int:
        return len(self.store)

    def rgb(self, index: int) -> Pixels:
        return self.store.rgb(index)

    def marked(self, index: int) -> Marked:
        return film_targets(self.store.exposures[index], self.reader)

    def things(self, index: int) -> int:
        return max(1, len(self.store.film(index).findings))

    def shown(self, index: int) -> Film:
        return self.store.film(index).shown()

    def prompt(self, index: int, rng: random.Random) -> tuple[str, Film]:
        film = self.store.film(index)
        told = film.shown() if rng.random() < 0.35 else film.told(rng)
        return describe_film(told, rng.choice(subjects(told))), told

    def text(self, index: int, rng: random.Random) -> tuple[str, Film]:
        return told_report(self.store.film(index), rng)

    def facts(self, width: int, whole: bool = False) -> FilmFacts:
        return FilmFacts(width)


class Mixture:
    """Batches from several worlds, each with its fixed share, one world after the other within a batch."""

    def __init__(self, worlds: list[World], shares: list[float]) -> None:
        self.worlds = worlds
        self.shares = [share / sum(shares) for share in shares]
        things = [[world.things(i) for i in range(len(world))] for world in worlds]
        self._pools = {
            most: [[i for i, n in enumerate(of) if n <= most] for of in things]
            for most in (1, 2, max(max(of) for of in things))
        }

    def sizes(self, batch: int) -> list[int]:
        """How many of a batch are of each world; at least one."""
        rest = [max(1, round(batch * share)) for share in self.shares[1:]]
        return [batch - sum(rest), *rest]

    def chosen(self, batch: int, most: int, rng: random.Random) -> list[list[int]]:
        """Indices by world, of pictures with at most `most` kinds of thing (1, 2, or any more for all)."""
        pools = self._pools.get(most) or self._pools[max(self._pools)]
        return [rng.choices(pool, k=n) for pool, n in zip(pools, self.sizes(batch), strict=True)]
