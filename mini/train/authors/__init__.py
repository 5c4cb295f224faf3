"""Grammars of training texts by several authors: a model learns to read many hands.

The grammars of the data sets are one hand, and what has read but one takes its sentences for the language. The authors
of `gazette` and `correspondent` had seen neither each other's texts nor any held-out wordings, but were told which
constructions are hard.
"""

import random
from typing import Protocol

from mini.train.authors import correspondent, gazette, plain
from mini.world.chest import Film
from mini.world.facts import Scene
from mini.world.reports import Report


class Teller(Protocol):
    """Who tells scenes: each fact that is given and no other."""

    def plot(self, scene: Scene, rng: random.Random) -> str:
        """In several sentences."""

    def caption(self, scene: Scene, rng: random.Random) -> str:
        """All but the deed."""


class Author(Teller, Protocol):
    """Who tells films, too."""

    def report(self, film: Film, rng: random.Random, denied: Film | None = None) -> Report:
        """Denies only what `denied`, the whole film, lacks too."""


AUTHORS: tuple[Author, ...] = (plain, gazette, correspondent)
