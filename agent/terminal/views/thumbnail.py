"""A picture in half blocks: each character shows two pixels, one as its colour and one as its background."""

from pathlib import Path

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style

from data.pictures import read_picture
from data.sample import ImageRef

COLUMNS, ROWS = 28, 14


def thumbnail(path: Path, columns: int = COLUMNS, rows: int = ROWS) -> Segments:
    """The picture at most `columns` characters wide and `rows` lines high. Raises `PictureError`."""
    return Segments(
        [cell for line in thumbnail_lines(path, columns, rows) for cell in [*line, Segment.line()]]
    )


def thumbnail_lines(path: Path, columns: int, rows: int) -> list[list[Segment]]:
    """The lines of a thumbnail. Read it in a thread if many are wanted."""
    image = read_picture(ImageRef(path=path), longest_side=8 * max(columns, 2 * rows))
    scale = min(columns / image.width, 2 * rows / image.height, 1.0)
    width, height = max(1, round(image.width * scale)), max(2, round(image.height * scale) // 2 * 2)
    pixels = image.resize((width, height)).tobytes()  # 8-bit RGB

    def colour(x: int, y: int) -> Color:
        red, green, blue = pixels[3 * (y * width + x) :][:3]
        return Color.from_rgb(red, green, blue)

    def cell(x: int, y: int) -> Segment:
        return Segment("▀", Style(color=colour(x, y), bgcolor=colour(x, y + 1)))

    return [[cell(x, y) for x in range(width)] for y in range(0, height, 2)]


def side_by_side(thumbnails: list[list[list[Segment]]], gap: int = 2) -> Segments:
    """Several thumbnails in one row."""
    rows = max(len(lines) for lines in thumbnails)
    widths = [max(_width(line) for line in lines) for lines in thumbnails]
    out = []
    for row in range(rows):
        for lines, width in zip(thumbnails, widths, strict=True):
            line = lines[row] if row < len(lines) else []
            out += [*line, Segment(" " * (width - _width(line) + gap))]
        out.append(Segment.line())
    return Segments(out)


def _width(line: list[Segment]) -> int:
    return sum(segment.cell_length for segment in line)
