"""What can be true in the drawn world, and scenes sampled from it.

A scene has one to three kinds of object. Kinds stand in a row (`left of`) or in a column (`above`), in the order in
which they are listed. A picture shows kinds, counts, colours, places and style; a text tells kinds and counts always,
the rest now and then, and what the objects do to each other, which no picture shows. So each side knows something
that the other does not, as in life.
"""

import random
from dataclasses import dataclass, field, replace
from itertools import pairwise

KINDS = ("star", "house", "tree", "fish", "heart", "moon", "boat", "flower", "car", "crown", "ghost", "key")
COLOURS = ("red", "yellow", "green", "blue", "purple", "white")
STYLES = ("noir", "pastel", "comic", "retro")
ARRANGEMENTS = ("left of", "above")
VERBS = ("chases", "guards", "loves", "fights", "hides", "follows")
MOST_COPIES = 3

KIND_WEIGHTS = (0.35, 0.45, 0.20)
"""How often a scene has one, two, three kinds."""


@dataclass(frozen=True)
class Group:
    """All objects of one kind in a scene; they share a colour. `colour` is None where a text does not tell it."""

    kind: str
    count: int
    colour: str | None


@dataclass(frozen=True)
class Scene:
    """The facts of one scene, or the part of them that a picture shows or a text tells."""

    groups: tuple[Group, ...]
    arrangement: str | None = None
    """How each group stands to the next one; None for a single group or where it is not told."""
    deed: tuple[str, str, str] | None = None
    """(kind, verb, kind): told in texts only."""
    style: str | None = None

    @property
    def relations(self) -> list[tuple[str, str, str]]:
        """Spatial relations in order, then the deed."""
        kinds = [group.kind for group in self.groups]
        spatial = [(a, self.arrangement, b) for a, b in pairwise(kinds) if self.arrangement]
        return [*spatial, self.deed] if self.deed else spatial

    def shown(self) -> "Scene":
        """What a picture shows of it."""
        return replace(self, deed=None)

    def told(self, rng: random.Random) -> "Scene":
        """What one text tells of it."""
        groups = tuple(replace(g, colour=g.colour if rng.random() < 0.8 else None) for g in self.groups)
        return Scene(
            groups,
            self.arrangement if rng.random() < 0.5 else None,
            self.deed if rng.random() < 0.9 else None,
            self.style if rng.random() < 0.5 else None,
        )


def sample_scene(rng: random.Random, most_kinds: int = 3) -> Scene:
    """A scene; `most_kinds` lets a curriculum start with fewer."""
    n = min(rng.choices((1, 2, 3), KIND_WEIGHTS)[0], most_kinds)
    kinds = rng.sample(KINDS, n)
    most = MOST_COPIES if n < 3 else 2
    groups = tuple(Group(kind, rng.randint(1, most), rng.choice(COLOURS)) for kind in kinds)
    deed = None
    if n > 1 and rng.random() < 0.8:
        doer, target = rng.sample(kinds, 2)
        deed = (doer, rng.choice(VERBS), target)
    return Scene(groups, rng.choice(ARRANGEMENTS) if n > 1 else None, deed, rng.choice(STYLES))


# Genres. The first three tables can be read from one side alone (kinds from both, style mostly from the picture, deeds
# only from the text); the last needs both sides, which is what makes a completed sample worth more than half a one.
GENRE_OF_KIND = {
    "star": "Sci-Fi", "house": "Family", "tree": "Adventure", "fish": "Documentary", "heart": "Romance",
    "moon": "Fantasy", "boat": "History", "flower": "Drama", "car": "Action", "crown": "Biography",
    "ghost": "Horror", "key": "Mystery",
}  # fmt: skip
GENRE_OF_STYLE = {"noir": "Film-Noir", "pastel": "Animation", "comic": "Comedy", "retro": "Western"}
GENRE_OF_VERB = {"chases": "Thriller", "guards": "Crime", "loves": "Music", "fights": "War"}
GENRE_OF_BOTH = {
    ("hides", "noir"): "Adult", ("follows", "noir"): "News",
    ("hides", "pastel"): "Short", ("loves", "pastel"): "Musical", ("follows", "pastel"): "Sport",
    ("hides", "comic"): "Short", ("fights", "comic"): "Reality-TV", ("follows", "comic"): "Sport",
    ("hides", "retro"): "News", ("loves", "retro"): "Musical", ("follows", "retro"): "Talk-Show",
}  # fmt: skip
GENRES = (
    "Drama", "Comedy", "Romance", "Thriller", "Crime", "Action", "Adventure", "Horror", "Documentary", "Mystery",
    "Sci-Fi", "Fantasy", "Family", "Biography", "War", "History", "Music", "Animation", "Musical", "Western", "Sport",
    "Short", "Film-Noir", "News", "Adult", "Talk-Show", "Reality-TV",
)  # fmt: skip


def genres_of(scene: Scene) -> list[str]:
    """The genres that follow from a whole scene, in label order."""
    found = {GENRE_OF_KIND[group.kind] for group in scene.groups}
    if scene.style:
        found.add(GENRE_OF_STYLE[scene.style])
    if scene.deed:
        verb = scene.deed[1]
        found |= {g for g in (GENRE_OF_VERB.get(verb), GENRE_OF_BOTH.get((verb, scene.style or ""))) if g}
    return [genre for genre in GENRES if genre in found]


@dataclass(frozen=True)
class Placed:
    """One object on the canvas: centre and size in units of the canvas side, rotation in degrees."""

    kind: str
    colour: str
    x: float
    y: float
    size: float
    turn: float


@dataclass(frozen=True)
class Layout:
    """A scene with every object placed, and a seed for what the picture shows besides (background, tint)."""

    scene: Scene
    objects: tuple[Placed, ...]
    seed: int = field(default=0)


def place(scene: Scene, rng: random.Random) -> Layout:
    """Place the objects of a scene freely inside the strip that belongs to their group."""
    n = len(scene.groups)
    objects: list[Placed] = []
    for index, group in enumerate(scene.groups):
        start, length = index / n, 1 / n
        across = scene.arrangement == "left of"
        width, height = (length, 1.0) if across else (1.0, length)
        if n == 1:
            width = height = 1.0
        spots = _spots(group.count, width, height, rng)
        for spot_x, spot_y, room in spots:
            x, y = (
                (start + spot_x, spot_y) if across and n > 1 else (spot_x, (start if n > 1 else 0.0) + spot_y)
            )
            size = room * rng.uniform(0.72, 0.95)
            slack = (room - size) / 2 + 0.02
            objects.append(
                Placed(
                    group.kind,
                    group.colour or "white",
                    min(max(x + rng.uniform(-slack, slack), size / 2), 1 - size / 2),
                    min(max(y + rng.uniform(-slack, slack), size / 2), 1 - size / 2),
                    size,
                    rng.uniform(-15, 15),
                )
            )
    return Layout(scene, tuple(objects), rng.getrandbits(32))


def _spots(count: int, width: float, height: float, rng: random.Random) -> list[tuple[float, float, float]]:
    """Centres (x, y) and room of `count` objects in a strip of the given size, along its longer side."""
    if width == height == 1.0:
        patterns = {
            1: [[(0.5, 0.5, 0.7)]],
            2: [[(0.27, 0.5, 0.48), (0.73, 0.5, 0.48)], [(0.5, 0.27, 0.48), (0.5, 0.73, 0.48)],
                [(0.28, 0.28, 0.5), (0.72, 0.72, 0.5)]],
            3: [[(0.27, 0.27, 0.46), (0.73, 0.27, 0.46), (0.5, 0.73, 0.46)],
                [(0.27, 0.73, 0.46), (0.73, 0.73, 0.46), (0.5, 0.27, 0.46)]],
        }  # fmt: skip
        return rng.choice(patterns[count])
    tall = height > width
    along, short = max(width, height), min(width, height)
    room = min(short * 0.98, along / count, 0.5)
    slots = [along * (i + 0.5) / count for i in range(count)]
    return [(short / 2, s, room) if tall else (s, short / 2, room) for s in slots]
