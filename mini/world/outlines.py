"""What an object covers on a drawn picture: outlines, box and area, for annotations that are true to the drawing."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from mini.world.drawing import SHAPES, Points
from mini.world.facts import Placed

FINE = 4
"""Points of the mask per pixel and axis."""


@dataclass(frozen=True)
class Outline:
    """One object in pixels: polygons of its parts, the box around them (x, y, width, height), the area they cover."""

    polygons: list[list[float]]
    """[x, y, x, y, ...] each, as COCO has them."""
    box: list[float]
    area: float


def outline(item: Placed, side: int) -> Outline:
    """The outline of one object on a picture of `side` px, cut at the picture's borders."""
    parts = [_projected(points, item, side) for points, _ in SHAPES[item.kind]]
    mask = Image.new("1", (side * FINE, side * FINE))
    pen = ImageDraw.Draw(mask)
    for part in parts:
        pen.polygon([(x * FINE, y * FINE) for x, y in part], fill=1)
    xs, ys = zip(*((x, y) for part in parts for x, y in part), strict=True)
    left, top, right, bottom = (min(max(v, 0.0), side) for v in (min(xs), min(ys), max(xs), max(ys)))
    return Outline(
        polygons=[[round(v, 2) for point in part for v in point] for part in parts],
        box=[round(v, 2) for v in (left, top, right - left, bottom - top)],
        area=round(float(np.asarray(mask).sum()) / FINE**2, 2),
    )


def _projected(points: Points, item: Placed, side: int) -> Points:
    """From shape coordinates (-1..1) to pixels, as the drawing does it; points beyond a border are put on it."""
    angle = math.radians(item.turn)
    cos, sin, scale = math.cos(angle), math.sin(angle), item.size * side / 2
    moved = (
        (item.x * side + scale * (x * cos - y * sin), item.y * side + scale * (x * sin + y * cos))
        for x, y in points
    )
    return [(min(max(x, 0.0), side), min(max(y, 0.0), side)) for x, y in moved]
