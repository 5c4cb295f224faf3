"""Places the findings of a film in a patient's chest: heart, lungs and diaphragm vary, and so does every place."""

import random
from dataclasses import dataclass, field

from mini.world.chest import BOTH, ZONES, Film, Finding

Point = tuple[float, float]


@dataclass(frozen=True)
class Body:
    """One patient in one posture; positions in units of the picture's side, x to the right, y down."""

    middle: float
    apex: float
    """Height of the lungs' tops."""
    dome: dict[str, float]
    """Height of the diaphragm's dome under each lung."""
    width: float
    """From the middle to the outer border of a lung."""
    heart: float
    """Cardiothoracic ratio: the heart's width over that of both lungs."""
    tilt: float
    """Of the whole picture, in degrees."""


@dataclass(frozen=True)
class Placed:
    """Where a finding is drawn: its centre and half its extent, in units of the picture's side."""

    finding: Finding
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Exposure:
    """A film with everything placed, and a seed for what the picture shows besides (vessels, noise)."""

    film: Film
    body: Body
    placed: tuple[Placed, ...]
    seed: int = field(default=0)


HEARTS = {None: (0.38, 0.46), "mild": (0.56, 0.62), "severe": (0.74, 0.82)}
RADII = {
    ("opacity", "small"): (0.055, 0.063), ("opacity", "large"): (0.102, 0.115), ("nodule", "small"): (0.024, 0.029),
    ("nodule", "large"): (0.047, 0.057), ("consolidation", None): (0.10, 0.10), ("atelectasis", None): (0.075, 0.09),
    ("clips", None): (0.05, 0.06), ("pacemaker", None): (0.05, 0.06), ("tube", None): (0.1, 0.1),
    ("effusion", "small"): (0.12, 0.14), ("effusion", "large"): (0.25, 0.29), ("pneumothorax", "small"): (0.07, 0.085),
    ("pneumothorax", "large"): (0.14, 0.17),
}  # fmt: skip
"""Half the extent of a finding; for effusions the height of the fluid, for a pneumothorax the depth of the air."""


def place(film: Film, rng: random.Random) -> Exposure:
    """Place the findings of a whole film (nothing untold) in a patient's chest."""
    size = next((f.size for f in film.findings if f.kind == "cardiomegaly"), None)
    low = rng.uniform(0.74, 0.79)
    body = Body(
        middle=rng.uniform(0.48, 0.52),
        apex=rng.uniform(0.11, 0.15),
        dome={"right": low - rng.uniform(0.01, 0.03), "left": low + rng.uniform(0, 0.015)},
        width=rng.uniform(0.33, 0.37),
        heart=rng.uniform(*HEARTS[size]),
        tilt=rng.uniform(-3, 3),
    )
    placed = tuple(_place(finding, body, rng) for finding in film.findings)
    return Exposure(film, body, placed, rng.getrandbits(32))


def zone_centre(body: Body, side: str, zone: str) -> Point:
    """The middle of a sixth of the lungs, beside heart and spine."""
    share = (ZONES.index(zone) + 0.5) / 3
    top, bottom = body.apex + 0.03, body.dome[side] + 0.03
    away = {"upper": 0.45, "mid": 0.57, "lower": 0.66}[zone]
    inner = 0.07 if side == "right" else 0.09
    far = inner + (body.width - inner) * away
    if zone == "lower" and side == "left":
        far = max(far, min(body.width - 0.07, 0.68 * _heart(body) + 0.06))
    return body.middle + far * (-1 if side == "right" else 1), top + (bottom - top) * share


def _heart(body: Body) -> float:
    """Width of the heart, of which two thirds lie on the left."""
    return body.heart * body.width * 2


def _place(finding: Finding, body: Body, rng: random.Random) -> Placed:
    if finding.kind == "cardiomegaly":
        return Placed(finding, body.middle + 0.18 * _heart(body), body.dome["left"] - 0.12, _heart(body) / 2)
    radius = rng.uniform(*RADII[finding.kind, finding.size])
    if finding.zone and finding.side:
        x, y = zone_centre(body, finding.side, finding.zone)
        slack = 0.005 if finding.kind == "consolidation" else max(0.012, 0.055 - radius * 0.4)
        x, y = x + rng.uniform(-slack, slack), y + rng.uniform(-slack, slack)
    elif finding.kind == "pacemaker":
        x, y = zone_centre(body, finding.side or "left", "upper")
        out = -1 if finding.side == "right" else 1
        x, y = x + out * rng.uniform(0.03, 0.07), y + rng.uniform(-0.04, 0.03)
    elif finding.kind == "tube":
        x, y = body.middle + rng.uniform(-0.01, 0.01), rng.uniform(0.30, 0.34)
    else:
        side = "right" if finding.side == BOTH else finding.side or "right"
        x, y = zone_centre(body, side, "lower" if finding.kind == "effusion" else "upper")
    return Placed(finding, x, y, radius)
