"""Sheets of drawn samples, for people: each picture with its text and its facts."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from mini.world import radiograph
from mini.world.described import phrase
from mini.world.drawing import SIDE, draw
from mini.world.facts import Layout, genres_of
from mini.world.forms import layout_of, told_plots
from mini.world.mesh import mesh
from mini.world.openi import study_of
from mini.world.outlines import outline
from mini.world.texts import caption, listing
from mini.world.texts import phrase as group_phrase

SCALE = 2
MARGIN, LINE, FONT = 12, 15, 12
COLUMNS, ROWS = 4, 3
LETTERS = 42
"""Per line of text under a picture."""


@dataclass(frozen=True)
class Cell:
    picture: Image.Image
    facts: str
    """What the picture shows."""
    text: str
    labels: str


def sheet(form: str, seed: int) -> Image.Image:
    """The first samples of a data set of `form` (mmimdb, coco, iuxray) as one picture, RGB."""
    cells = list(CELLS[form](seed))
    blocks = [_lines(cell) for cell in cells]
    side = SIDE * SCALE
    heights = [
        MARGIN + side + LINE * max(len(block) for block in blocks[row * COLUMNS : (row + 1) * COLUMNS])
        for row in range(ROWS)
    ]
    width = MARGIN + COLUMNS * (side + MARGIN)
    page = Image.new("RGB", (width, sum(heights) + MARGIN), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=FONT)
    for index, (cell, block) in enumerate(zip(cells, blocks, strict=True)):
        x = MARGIN + index % COLUMNS * (side + MARGIN)
        y = MARGIN + sum(heights[: index // COLUMNS])
        page.paste(cell.picture.convert("RGB"), (x, y))
        for number, (ink, line) in enumerate(block):
            pen.text((x, y + side + 2 + number * LINE), line, fill=ink, font=font)
    return page


def _lines(cell: Cell) -> list[tuple[str, str]]:
    """(ink, line): facts in black, the text in blue, labels in grey."""
    parts = (("black", cell.facts), ("#1f4e9e", cell.text), ("#777777", cell.labels))
    return [(ink, line) for ink, text in parts for line in textwrap.wrap(text, LETTERS)]


def _large(picture: Image.Image) -> Image.Image:
    return picture.resize((SIDE * SCALE, SIDE * SCALE), Image.Resampling.BICUBIC)


def _shown(layout: Layout) -> str:
    """What a drawn scene shows, in order."""
    scene = layout.scene
    join = f" {scene.arrangement} " if scene.arrangement else ", "
    return f"{scene.style}: {join.join(group_phrase(group) for group in scene.groups)}"


def _films(seed: int) -> Iterator[Cell]:
    for index in range(COLUMNS * ROWS):
        layout, rng = layout_of("mmimdb", seed, index)
        text = told_plots(layout.scene, rng)[0][1]
        yield Cell(_large(draw(layout)), _shown(layout), text, ", ".join(genres_of(layout.scene)))


def _pictures(seed: int) -> Iterator[Cell]:
    for index in range(COLUMNS * ROWS):
        layout, rng = layout_of("coco", seed, index)
        picture = _large(draw(layout))
        pen = ImageDraw.Draw(picture)
        for item in layout.objects:
            x, y, width, height = (value * SCALE for value in outline(item, SIDE).box)
            pen.rectangle((x, y, x + width, y + height), outline="#ff00ff")
        yield Cell(picture, _shown(layout), caption(layout.scene.told(rng), rng), "")


def _radiographs(seed: int) -> Iterator[Cell]:
    for index in range(COLUMNS * ROWS):
        study = study_of("iuxray", seed, index, exposures=1)
        found = listing([phrase(finding) for finding in study.film.shown().findings] or ["no abnormality"])
        text = study.report.text.replace("\n", " / ")
        yield Cell(_large(radiograph.draw(study.exposures[0])), found, text, "; ".join(mesh(study.film)))


CELLS = {"mmimdb": _films, "coco": _pictures, "iuxray": _radiographs}
