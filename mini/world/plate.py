"""An exposed plate: tissue that weakens the beam, added up layer by layer, beginning with a normal chest."""

import math
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mini.world.chest import SIDES
from mini.world.exposure import Body, Point

OVERSAMPLING = 2
Layer = NDArray[np.float32]
"""Tissue [canvas, canvas]; 1 is about the weakening by the whole trunk."""


class Plate:
    """Tissue on a canvas, layer by layer."""

    def __init__(self, body: Body, canvas: int, rng: random.Random) -> None:
        self.body, self.canvas, self.rng = body, canvas, rng
        self.noise = np.random.default_rng(rng.getrandbits(32))
        self.light = rng.uniform(0.9, 1.12), rng.uniform(0.9, 1.12), rng.uniform(1.5, 4.0)
        self.lungs = {side: self.mask(lung_outline(body, side), 1.0) for side in SIDES}
        self.air = np.maximum(*self.lungs.values())
        self.trunk()
        self.bones()
        self.middle()
        self.vessels()

    def pixels(self, points: list[Point]) -> list[Point]:
        """From the patient's upright coordinates to those of the tilted picture."""
        angle = math.radians(self.body.tilt)
        cos, sin = math.cos(angle), math.sin(angle)
        return [
            (
                self.canvas * (0.5 + cos * (x - 0.5) - sin * (y - 0.5)),
                self.canvas * (0.5 + sin * (x - 0.5) + cos * (y - 0.5)),
            )
            for x, y in points
        ]

    # Tools: each gives a layer of 0..1.

    def mask(self, points: list[Point], blur: float) -> Layer:
        """A filled polygon, its border softened by `blur` pixels of the finished picture."""
        image = Image.new("L", (self.canvas, self.canvas))
        ImageDraw.Draw(image).polygon(self.pixels(points), fill=255)
        return self._soft(image, blur)

    def lines(self, paths: list[list[Point]], width: float, blur: float) -> Layer:
        """Polylines of `width` (a share of the side)."""
        image = Image.new("L", (self.canvas, self.canvas))
        pen = ImageDraw.Draw(image)
        for path in paths:
            pen.line(self.pixels(path), fill=255, width=max(1, round(width * self.canvas)), joint="curve")
        return self._soft(image, blur)

    def _soft(self, image: Image.Image, blur: float) -> Layer:
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(blur * OVERSAMPLING))
        return np.asarray(image, dtype=np.float32) / np.float32(255)

    # The normal chest.

    def trunk(self) -> None:
        body, rng = self.body, self.rng
        neck, shoulder, waist = (
            rng.uniform(0.11, 0.13),
            rng.uniform(0.06, 0.10),
            body.width + rng.uniform(0.07, 0.11),
        )
        half = [(neck, -0.2), (neck + 0.02, shoulder - 0.02), (waist + 0.1, shoulder + 0.06), (waist + 0.2, 0.25),
                (waist + 0.03, 0.42), (waist, 0.7), (waist + 0.02, 1.2)]  # fmt: skip
        outline = [(body.middle - x, y) for x, y in reversed(half)] + [(body.middle + x, y) for x, y in half]
        flesh = self.mask(outline, 2.5)
        self.tissue = 0.62 * flesh * (1 - 0.56 * self.air)
        belly = np.clip((np.arange(self.canvas, dtype=np.float32) / self.canvas - 0.74) / 0.1, 0, 1)
        self.tissue += 0.14 * belly[:, None] * flesh * (1 - self.air)

    def bones(self) -> None:
        body, rng = self.body, self.rng
        step, slope = rng.uniform(0.075, 0.083), rng.uniform(0.10, 0.14)
        ribs = []
        for number in range(9):
            top = body.apex + 0.005 + number * step
            reach = (body.width + 0.02) * min(1.0, 0.62 + 0.13 * number)
            for way in (-1, 1):
                ribs.append(
                    [
                        (
                            body.middle + way * (0.03 + (reach - 0.03) * t),
                            top - 0.04 * math.sin(math.pi * t) + slope * t * t,
                        )
                        for t in np.linspace(0, 1, 12)
                    ]
                )
        self.tissue += 0.085 * self.lines(ribs, 0.017, 0.7)
        rise = rng.uniform(0.0, 0.03)
        clavicles = [
            [
                (body.middle + way * (0.04 + 0.34 * t), body.apex + 0.055 - (0.05 + rise) * math.sin(2.2 * t))
                for t in np.linspace(0, 1, 10)
            ]
            for way in (-1, 1)
        ]
        self.tissue += 0.13 * self.lines(clavicles, 0.022, 0.7)

    def middle(self) -> None:
        """Spine, great vessels, heart, and the dark windpipe."""
        body, rng = self.body, self.rng
        m, half = body.middle, 0.045
        self.tissue += 0.22 * self.mask(
            [(m - half, -0.2), (m + half, -0.2), (m + half, 1.2), (m - half, 1.2)], 1.5
        )
        discs = [[(m - half, y), (m + half, y)] for y in np.arange(0.04, 1, 0.066)]
        self.tissue -= 0.05 * self.lines(discs, 0.010, 0.5)
        vessels = [
            (m - 0.055, 0.16),
            (m + 0.05, 0.16),
            (m + 0.085, 0.27),
            (m + 0.08, 0.36),
            (m + 0.08, 0.5),
            (m - 0.07, 0.5),
        ]
        self.tissue += 0.22 * self.mask(vessels, 1.2)
        wide, low = body.heart * body.width * 2, body.dome["left"] + 0.045
        tall = 0.20 + 0.18 * body.heart
        left, right = 0.68 * wide, 0.32 * wide
        outline = [
            (m + (left if math.cos(a) > 0 else right) * math.cos(a) * (1 + 0.12 * math.sin(a) * (math.cos(a) > 0)),
             low - tall * (0.55 - 0.55 * math.sin(a)) - 0.03)
            for a in np.linspace(0, 2 * math.pi, 48)
        ]  # fmt: skip
        self.heart = self.mask(outline, 1.2)
        self.tissue += 0.40 * self.heart * self.air + 0.12 * self.heart * (1 - self.air)
        pipe = [[(m, -0.1), (m + rng.uniform(-0.005, 0.005), 0.37)]]
        self.tissue -= 0.17 * self.lines(pipe, 0.032, 0.9)

    def vessels(self) -> None:
        """Branches from the roots of the lungs, thinning out."""
        body, rng = self.body, self.rng
        thick, thin = [], []
        for way in (-1, 1):
            root = (body.middle + way * 0.085, 0.44)
            for _ in range(9):
                angle, length = rng.uniform(-1.25, 1.25), rng.uniform(0.12, 0.22)
                bend = angle + rng.uniform(-0.35, 0.35)
                elbow = (
                    root[0] + way * length * 0.5 * math.cos(angle),
                    root[1] + length * 0.5 * math.sin(angle),
                )
                end = (
                    elbow[0] + way * length * 0.6 * math.cos(bend),
                    elbow[1] + length * 0.6 * math.sin(bend),
                )
                thick.append([root, elbow])
                thin.append([elbow, end])
        branches = 0.10 * self.lines(thick, 0.011, 0.8) + 0.07 * self.lines(thin, 0.007, 0.6)
        hila = self.mask(ellipse(body.middle - 0.085, 0.44, 0.026, 0.05), 1.5)
        hila += self.mask(ellipse(body.middle + 0.085, 0.43, 0.026, 0.05), 1.5)
        self.branches = (branches + 0.10 * hila) * self.air
        self.tissue += self.branches

    def exposed(self, side: int) -> Image.Image:
        """From tissue to grey values: exposure, contrast and noise."""
        bright, gamma, grain = self.light
        value = 1 - np.exp(-1.75 * bright * np.clip(self.tissue, 0, None) ** gamma)
        image = Image.fromarray(np.clip(value * 262, 0, 255).astype(np.uint8), "L")
        image = image.resize((side, side), Image.Resampling.LANCZOS)
        noise = self.noise.normal(0, grain, (side, side))
        return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8), "L")


def ellipse(x: float, y: float, rx: float, ry: float, power: float = 2) -> list[Point]:
    """Points on an ellipse; `power` above 2 makes it a rounded box."""
    points = []
    for a in np.linspace(0, 2 * math.pi, 40, endpoint=False):
        c, s = math.cos(a), math.sin(a)
        points.append(
            (
                x + rx * math.copysign(abs(c) ** (2 / power), c),
                y + ry * math.copysign(abs(s) ** (2 / power), s),
            )
        )
    return points


def lung_outline(body: Body, side: str) -> list[Point]:
    """The outline of one lung, from its inner top clockwise (right: mirrored)."""
    dome, top, w = body.dome[side], body.apex, body.width
    outline = [
        (0.060, top + 0.10), (0.075, top + 0.035), (0.115, top), (0.17, top + 0.012), (0.225, top + 0.06),
        (w * 0.80, top + 0.15), (w * 0.90, top + 0.26), (w * 0.97, top + 0.40), (w, top + 0.53), (w, dome + 0.02),
        (w * 0.99, dome + 0.085), (w * 0.88, dome + 0.03), (w * 0.70, dome), (w * 0.5, dome + 0.002),
        (w * 0.3, dome + 0.03), (0.055, dome + 0.06), (0.055, 0.5), (0.065, 0.35),
    ]  # fmt: skip
    way = -1 if side == "right" else 1
    return [(body.middle + way * x, y) for x, y in _rounded(outline)]


def _rounded(points: list[Point], times: int = 2) -> list[Point]:
    """Chaikin's corner cutting: a closed polygon with its corners rounded off."""
    for _ in range(times):
        cut = []
        for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
            cut += [
                (0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by),
                (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by),
            ]
        points = cut
    return points
