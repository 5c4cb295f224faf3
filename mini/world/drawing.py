"""Draws a layout: flat shapes with an outline on a background that shows the style."""

import math
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mini.world.facts import Layout, Placed

SIDE = 128
OVERSAMPLING = 2
RGB = tuple[int, int, int]
Points = list[tuple[float, float]]

PAINT: dict[str, RGB] = {
    "red": (214, 40, 40), "yellow": (246, 204, 28), "green": (40, 158, 66), "blue": (40, 96, 220),
    "purple": (142, 54, 184), "white": (248, 248, 248),
}  # fmt: skip


def draw(layout: Layout, side: int = SIDE) -> Image.Image:
    """The picture of a layout, RGB, side x side px."""
    rng = random.Random(layout.seed)
    canvas = side * OVERSAMPLING
    image = BACKGROUNDS[layout.scene.style or "pastel"](canvas, rng)
    pen = ImageDraw.Draw(image)
    outline = {"noir": 0.035, "pastel": 0.012, "comic": 0.05, "retro": 0.025}[layout.scene.style or "pastel"]
    for item in layout.objects:
        _draw_object(pen, item, canvas, outline, rng)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def _draw_object(
    pen: ImageDraw.ImageDraw, item: Placed, canvas: int, outline: float, rng: random.Random
) -> None:
    angle = math.radians(item.turn)
    cos, sin, scale = math.cos(angle), math.sin(angle), item.size * canvas / 2

    def project(points: Points) -> Points:
        """Shape coordinates (-1..1, y down) to canvas pixels."""
        return [
            (item.x * canvas + scale * (x * cos - y * sin), item.y * canvas + scale * (x * sin + y * cos))
            for x, y in points
        ]

    tint = tuple(max(0, min(255, c + rng.randint(-12, 12))) for c in PAINT[item.colour])
    width = max(2, round(outline * 2 * scale))
    dark = (20, 20, 24)
    for part, role in SHAPES[item.kind]:
        points = project(part)
        fill = tint if role == "body" else dark
        pen.polygon(points, fill=fill)
        if role == "body":
            pen.line([*points, points[0], points[1]], fill=dark, width=width, joint="curve")


# Backgrounds: each a function of the canvas side in px.


def _noir(side: int, rng: random.Random) -> Image.Image:
    y, x = np.mgrid[0:side, 0:side] / side
    level = 96 - 60 * np.hypot(x - rng.uniform(0.3, 0.7), y - rng.uniform(0.3, 0.7))
    slats = ((y * 14 + x * 5 + rng.random()) % 1.0 < 0.28) * 22.0
    grey = np.clip(level - slats, 8, 120)
    return Image.fromarray(np.repeat(grey[..., None], 3, axis=2).astype(np.uint8), "RGB")


def _pastel(side: int, rng: random.Random) -> Image.Image:
    base = np.array([rng.randint(200, 238) for _ in range(3)], dtype=np.float64)
    fade = np.linspace(-8, 8, side)[:, None, None]
    return Image.fromarray(np.clip(base + fade + np.zeros((side, side, 3)), 0, 255).astype(np.uint8), "RGB")


def _comic(side: int, rng: random.Random) -> Image.Image:
    base = rng.choice([(120, 196, 214), (236, 170, 120), (180, 210, 130), (222, 160, 190)])
    image = Image.new("RGB", (side, side), base)
    pen = ImageDraw.Draw(image)
    step, shift = side // 14, rng.random()
    dot = tuple(max(0, c - 62) for c in base)
    for row in range(-1, 16):
        for column in range(-1, 16):
            x = (column + shift + (row % 2) / 2) * step
            y = (row + shift) * step
            r = step * 0.24
            pen.ellipse((x - r, y - r, x + r, y + r), fill=dot)
    return image


def _retro(side: int, rng: random.Random) -> Image.Image:
    image = Image.new("RGB", (side, side), (214, 180, 128))
    pen = ImageDraw.Draw(image)
    cx, cy, start = side * rng.uniform(0.35, 0.65), side * rng.uniform(0.4, 0.9), rng.random() * 20
    for ray in range(0, 360, 30):
        a, b = math.radians(ray + start), math.radians(ray + 15 + start)
        far = 2 * side
        pen.polygon(
            [
                (cx, cy),
                (cx + far * math.cos(a), cy + far * math.sin(a)),
                (cx + far * math.cos(b), cy + far * math.sin(b)),
            ],
            fill=(170, 122, 76),
        )
    return image.filter(ImageFilter.GaussianBlur(1))


BACKGROUNDS: dict[str, Callable[[int, random.Random], Image.Image]] = {
    "noir": _noir, "pastel": _pastel, "comic": _comic, "retro": _retro,
}  # fmt: skip


# Shapes: lists of (points, role); role "body" is painted in the object's colour, "mark" in dark.


def _arc(cx: float, cy: float, rx: float, ry: float, start: float, stop: float, n: int = 20) -> Points:
    """Points on an ellipse; angles in degrees, y down."""
    angles = [math.radians(start + (stop - start) * i / (n - 1)) for i in range(n)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in angles]


def _box(left: float, top: float, right: float, bottom: float) -> Points:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _star() -> Points:
    return [
        (r * math.sin(math.pi * i / 5), -r * math.cos(math.pi * i / 5)) for i, r in enumerate([1.0, 0.42] * 5)
    ]


def _heart() -> Points:
    points = []
    for i in range(40):
        t = 2 * math.pi * i / 40
        y = -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16
        points.append((math.sin(t) ** 3, y - 0.1))
    return points


def _moon() -> Points:
    return [*_arc(0.05, 0, 0.95, 0.95, 50, 310, 30), *_arc(0.42, 0, 0.72, 0.74, 282, 78, 24)]


def _ghost() -> Points:
    waves = [(0.75, 0.95), (0.5, 0.65), (0.25, 0.95), (0.0, 0.65), (-0.25, 0.95), (-0.5, 0.65), (-0.75, 0.95)]
    return [*_arc(0, -0.2, 0.75, 0.75, 180, 360), *waves]


def _flower() -> Points:
    return [
        ((0.66 + 0.34 * math.cos(5 * t)) * math.sin(t), -(0.66 + 0.34 * math.cos(5 * t)) * math.cos(t))
        for t in (2 * math.pi * i / 60 for i in range(60))
    ]


SHAPES: dict[str, list[tuple[Points, str]]] = {
    "star": [(_star(), "body")],
    "house": [(_box(-0.7, -0.1, 0.7, 0.9), "body"), ([(-0.95, -0.1), (0, -0.95), (0.95, -0.1)], "body"),
              (_box(-0.2, 0.35, 0.2, 0.9), "mark")],
    "tree": [(_box(-0.16, 0.5, 0.16, 0.98), "mark"),
             ([(0, -1), (0.5, -0.3), (0.28, -0.3), (0.75, 0.55), (-0.75, 0.55), (-0.28, -0.3), (-0.5, -0.3)], "body")],
    "fish": [([(0.35, 0), (0.98, -0.5), (0.98, 0.5)], "body"), (_arc(-0.2, 0, 0.75, 0.48, 0, 345, 26), "body"),
             (_arc(-0.58, -0.1, 0.1, 0.1, 0, 330, 10), "mark")],
    "heart": [(_heart(), "body")],
    "moon": [(_moon(), "body")],
    "boat": [([(-0.98, 0.35), (0.98, 0.35), (0.6, 0.9), (-0.6, 0.9)], "body"), (_box(-0.06, -0.95, 0.06, 0.35), "mark"),
             ([(0.1, -0.9), (0.8, 0.2), (0.1, 0.2)], "body")],
    "flower": [(_flower(), "body"), (_arc(0, 0, 0.26, 0.26, 0, 340, 14), "mark")],
    "car": [([(-0.98, 0.45), (-0.98, 0.05), (-0.6, 0.0), (-0.4, -0.45), (0.4, -0.45), (0.62, 0.0), (0.98, 0.1),
              (0.98, 0.45)], "body"), (_arc(-0.5, 0.48, 0.24, 0.24, 0, 340, 14), "mark"),
            (_arc(0.5, 0.48, 0.24, 0.24, 0, 340, 14), "mark")],
    "crown": [([(-0.9, 0.65), (-0.98, -0.55), (-0.48, 0.0), (0, -0.75), (0.48, 0.0), (0.98, -0.55), (0.9, 0.65)],
               "body")],
    "ghost": [(_ghost(), "body"), (_arc(-0.28, -0.25, 0.13, 0.18, 0, 340, 12), "mark"),
              (_arc(0.28, -0.25, 0.13, 0.18, 0, 340, 12), "mark")],
    "key": [(_box(-0.1, -0.14, 0.98, 0.14), "body"), (_box(0.45, 0.14, 0.62, 0.5), "body"),
            (_box(0.78, 0.14, 0.95, 0.42), "body"), (_arc(-0.52, 0, 0.46, 0.46, 0, 345, 24), "body"),
            (_arc(-0.52, 0, 0.18, 0.18, 0, 340, 12), "mark")],
}  # fmt: skip
