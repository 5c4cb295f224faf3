"""Grammars of training texts by several authors: a model learns to read many hands.

The grammars of the data sets are one hand, and what has read but one takes its sentences for the language. The authors
of all but `plain` had seen neither each other's texts nor any held-out wordings, but were told which constructions are
hard; those who tell reports alone, with one sentence of the wordings to develop by as an example.
"""

import random
from typing import Protocol

from mini.train.authors import comparer, correspondent, gazette, letters, nightdesk, plain
from mini.world.chest import Film
from mini.world.facts import Scene
from mini.world.reports import Report


class Teller(Protocol):
    """Who tells scenes: each fact that is given and no other."""

    def plot(self, scene: Scene, rng: random.Random) -> str:
        """In several sentences."""

    def caption(self, scene: Scene, rng: random.Random) -> str:
        """All but the deed."""


class Reporter(Protocol):
    """Who tells films."""

    def report(self, film: Film, rng: random.Random, denied: Film | None = None) -> Report:
        """Findings and impression; nothing is trained on other sections. Denies only what `denied`, the whole film,
        lacks too."""


AUTHORS: tuple[Teller, ...] = (plain, gazette, correspondent)
REPORTERS: tuple[Reporter, ...] = (plain, gazette, correspondent, comparer, nightdesk, letters)
