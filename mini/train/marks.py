"""Marks: where everything on a drawn picture is, as labels for recognisers and for the first stage of the tower."""

from dataclasses import dataclass, replace

from mini.recogniser import FilmReader
from mini.world.chest import BOTH, ZONES
from mini.world.exposure import Exposure, Placed
from mini.world.facts import COLOURS, KINDS, STYLES, Layout


@dataclass(frozen=True)
class Target:
    """Where a mark belongs (0-1), which one, how wide it is and how far above its place it begins (shares of the
    picture), and its trait (-100: none)."""

    mark: int
    x: float
    y: float
    size: float
    trait: int
    above: float = 0.0


Marked = tuple[list[Target], int]
"""What is to be found on one picture: its marks, and the class of the whole (-100: none)."""


def scene_targets(layout: Layout) -> Marked:
    """The marks of a drawn scene, and its style."""
    marks = [
        Target(KINDS.index(item.kind), item.x, item.y, item.size, COLOURS.index(item.colour))
        for item in layout.objects
    ]
    return marks, STYLES.index(layout.scene.style or STYLES[0])


def film_targets(exposure: Exposure, reader: FilmReader) -> Marked:
    """The marks of a radiograph; fluid on both sides has two."""
    marks = []
    for item in exposure.placed:
        f = item.finding
        trait = ZONES.index(f.zone) if f.zone else -100
        above = item.y if f.kind == "tube" else 0.0  # from the mouth, beyond the picture, to above the carina
        for x in _columns(exposure, item):
            marks.append(
                Target(
                    reader.names.index((f.kind, f.size)), x, item.y, max(0.12, 2 * item.size), trait, above
                )
            )
    return marks, -100


def _columns(exposure: Exposure, item: Placed) -> list[float]:
    return [item.x, 2 * exposure.body.middle - item.x] if item.finding.side == BOTH else [item.x]


def shifted(found: Marked, shift: tuple[float, float]) -> Marked:
    """The marks of a picture that was moved by `shift` (x, y), a share of its side."""
    marks, whole = found
    return [replace(mark, x=mark.x + shift[0], y=mark.y + shift[1]) for mark in marks], whole
