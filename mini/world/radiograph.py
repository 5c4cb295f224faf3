"""Draws films as frontal radiographs.

As on a real film, more tissue is brighter, bones and devices are brightest, air is dark, and what lies behind something
else is seen through it. The patient faces the viewer: the right lung is on the left.
"""

import math
import random
from collections.abc import Callable
from itertools import takewhile

import numpy as np
from PIL import Image

from mini.world.chest import BOTH, SIDES
from mini.world.exposure import Exposure, Placed
from mini.world.plate import OVERSAMPLING, Plate, ellipse, lung_outline

SIDE = 128


def draw(exposure: Exposure, side: int = SIDE) -> Image.Image:
    """The radiograph of an exposure: 8-bit grey, side x side px."""
    plate = Plate(exposure.body, side * OVERSAMPLING, random.Random(exposure.seed))
    for item in exposure.placed:
        if item.finding.kind in FINDINGS:  # an enlarged heart is part of the body
            FINDINGS[item.finding.kind](plate, item)
    return plate.exposed(side)


def _opacity(plate: Plate, item: Placed) -> None:
    """A cloud: soft blobs of several sizes."""
    rng, cloud = plate.rng, np.zeros_like(plate.tissue)
    for _ in range(9):
        a, far = rng.uniform(0, 2 * math.pi), item.size * math.sqrt(rng.random()) * 0.75
        r = item.size * rng.uniform(0.3, 0.5)
        cloud += plate.mask(ellipse(item.x + far * math.cos(a), item.y + far * math.sin(a), r, r), 1.6) * 0.55
    plate.tissue += 0.36 * np.clip(cloud, 0, 1.1) * plate.air


def _consolidation(plate: Plate, item: Placed) -> None:
    """The whole zone of the lung is white, with straight borders above and below."""
    side, body = item.finding.side or "right", plate.body
    top, bottom = body.apex + 0.03, body.dome[side] + 0.03
    half = (bottom - top) / 6
    tilt = 0.02 if side == "right" else -0.02
    band = plate.mask([(-0.2, item.y - half - tilt), (1.2, item.y - half + tilt), (1.2, item.y + half + tilt),
                      (-0.2, item.y + half - tilt)], 0.8)  # fmt: skip
    plate.tissue += 0.50 * band * plate.lungs[side]


def _nodule(plate: Plate, item: Placed) -> None:
    plate.tissue += 0.42 * plate.mask(ellipse(item.x, item.y, item.size, item.size), 0.5)


def _atelectasis(plate: Plate, item: Placed) -> None:
    """Three or four parallel bands."""
    tilt = plate.rng.uniform(0.15, 0.45) * plate.rng.choice((-1, 1))
    paths = []
    for row in range(plate.rng.choice((3, 4))):
        y = item.y + (row - 1.5) * 0.033
        long = item.size * plate.rng.uniform(0.8, 1.1)
        paths.append([(item.x - long, y - tilt * long), (item.x + long, y + tilt * long)])
    plate.tissue += 0.42 * plate.lines(paths, 0.012, 0.35) * plate.air


def _effusion(plate: Plate, item: Placed) -> None:
    """Fluid over the diaphragm, its upper border rising towards the chest wall."""
    for side in SIDES if item.finding.side == BOTH else (item.finding.side or "right",):
        body, way = plate.body, -1 if side == "right" else 1
        wall, floor = body.width, body.dome[side] + 0.06
        surface = [
            (body.middle + way * wall * t * 1.1, floor - item.size * (0.45 + 0.95 * t**3))
            for t in np.linspace(0, 1, 12)
        ]
        fluid = plate.mask([*surface, (body.middle + way * wall * 1.1, 1.0), (body.middle, 1.0)], 1.0)
        plate.tissue += 0.50 * fluid * plate.lungs[side]


def _pneumothorax(plate: Plate, item: Placed) -> None:
    """Black air without vessels outside a fine white line, the edge of the lung."""
    side, body, depth = item.finding.side or "right", plate.body, item.size
    lung = lung_outline(body, side)
    reach, taper = (0.42, 0.30) if item.finding.size == "large" else (0.20, 0.16)
    inner = []
    for x, y in lung:
        above = max(0.0, min(1.0, (body.apex + reach - y) / taper))
        outer = max(0.0, min(1.0, (abs(x - body.middle) - 0.06) / (0.35 * body.width)))
        inner.append(
            (
                x + (1 if x < body.middle else -1) * depth * above * outer,
                y + depth * above * (0.3 + 0.3 * outer),
            )
        )
    gap = np.clip(plate.lungs[side] - plate.mask(inner, 0.3), 0, 1)
    plate.tissue -= (0.16 + plate.branches) * gap
    moved = takewhile(lambda pair: math.dist(*pair) > 0.012, zip(inner, lung, strict=True))
    edge = [point for point, _ in moved]
    plate.tissue += 0.26 * plate.lines([edge], 0.008, 0.3) * plate.lungs[side]


def _tube(plate: Plate, item: Placed) -> None:
    """Two walls and the air between them, from the mouth to above the carina."""
    bend = plate.rng.uniform(-0.008, 0.008)
    for offset, depth in ((0.0, 0.16), (-0.013, 0.55), (0.013, 0.55)):
        path = [(item.x + offset + bend * t, -0.05 + (item.y + 0.05) * t) for t in np.linspace(0, 1, 8)]
        plate.tissue += depth * plate.lines([path], 0.022 if offset == 0 else 0.008, 0.2)


def _pacemaker(plate: Plate, item: Placed) -> None:
    """A metal box under the collarbone, its lead running into the heart."""
    r = item.size
    box = plate.mask(ellipse(item.x, item.y, r, r * 0.8, power=4), 0.3)
    out = 1 if item.x > plate.body.middle else -1
    start = (item.x - out * r * 0.7, item.y - r * 0.5)
    control = (plate.body.middle - 0.05, 0.2)
    end = (plate.body.middle + 0.05, plate.body.dome["left"] - 0.06)
    lead = [
        ((1 - t) ** 2 * start[0] + 2 * t * (1 - t) * control[0] + t * t * end[0],
         (1 - t) ** 2 * start[1] + 2 * t * (1 - t) * control[1] + t * t * end[1])
        for t in np.linspace(0, 1, 24)
    ]  # fmt: skip
    plate.tissue += 1.3 * box + 0.8 * plate.lines([lead], 0.009, 0.2)


def _clips(plate: Plate, item: Placed) -> None:
    """A handful of short, very bright strokes."""
    paths = []
    for number in range(5):
        a = 2 * math.pi * (number + plate.rng.uniform(-0.2, 0.2)) / 5
        x, y = item.x + item.size * math.cos(a), item.y + item.size * math.sin(a)
        turn, half = plate.rng.uniform(0, math.pi), 0.017
        paths.append([(x - half * math.cos(turn), y - half * math.sin(turn)),
                      (x + half * math.cos(turn), y + half * math.sin(turn))])  # fmt: skip
    plate.tissue += 1.4 * plate.lines(paths, 0.011, 0.15)


FINDINGS: dict[str, Callable[[Plate, Placed], None]] = {
    "opacity": _opacity, "consolidation": _consolidation, "nodule": _nodule, "atelectasis": _atelectasis,
    "effusion": _effusion, "pneumothorax": _pneumothorax, "tube": _tube, "pacemaker": _pacemaker, "clips": _clips,
}  # fmt: skip
