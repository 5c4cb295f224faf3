"""How well the independent recognisers read drawn pictures: held-out scenes and radiographs, as drawn and roughened.

    python bench/recogniser.py [--n 1000] [--weights DIR]

What they miss here they cannot find in a candidate either, so these figures bound every figure of candidates. Writes
bench/results/recogniser.json and .md; docs/miniature-world.md quotes them.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._measured import Measured, table
from mini.exam import SEED, Report, grade
from mini.recogniser import Recogniser, films, scenes
from mini.train.conversations import knowledge_of
from mini.weights import folder
from mini.world import radiograph
from mini.world.chest import Film
from mini.world.drawing import draw
from mini.world.facts import Scene
from mini.world.forms import layout_of
from mini.world.openi import study_of

Change = Callable[[Image.Image], Image.Image]


def noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image.convert("RGB"), dtype=np.float64)
    rough = pixels + np.random.default_rng(0).normal(0, 12, pixels.shape)
    return Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))


CHANGES: dict[str, Change] = {
    "as drawn": lambda image: image,
    "at 32 px": lambda image: image.resize((32, 32), Image.Resampling.BOX),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(2)),
    "brighter by 15 %": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "noisy": noisy,
}


def of_scenes(reader: Recogniser[Scene], n: int, change: Change) -> dict[str, float]:
    report = Report()
    layouts = [layout_of("mmimdb", SEED, i)[0] for i in range(n)]
    found = reader.recognise([change(draw(layout)) for layout in layouts])
    for layout, scene in zip(layouts, found, strict=True):
        grade(report, layout.scene.shown(), knowledge_of(scene))
    return {name: value for name, value in report.figures().items() if name != "schema_valid"}


def of_films(reader: Recogniser[Film], n: int, change: Change) -> dict[str, float]:
    """Findings F1 by kind; sides, zones and sizes of those found; films without any mistake."""
    report = Report()
    studies = [study_of("iuxray", SEED, i, exposures=1) for i in range(n)]
    found = reader.recognise([change(radiograph.draw(study.exposures[0])) for study in studies])
    for study, film in zip(studies, found, strict=True):
        true = study.film.shown()
        read = {finding.kind: finding for finding in film.findings}
        report.tally("objects").add({f.kind for f in true.findings}, set(read))
        for finding in true.findings:
            for name in ("side", "zone", "size"):
                if finding.kind in read and getattr(finding, name):
                    report.check(name, getattr(read[finding.kind], name) == getattr(finding, name))
        report.check("exact", film == true)
    figures = report.figures()
    return {
        "findings": figures["objects"],
        **{name: figures[name] for name in ("side", "zone", "size", "exact")},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=1000, help="held-out pictures of each kind")
    parser.add_argument("--weights", type=Path, help="another folder with recognisers")
    args = parser.parse_args()
    result, where = Measured("recogniser", "torch"), args.weights or folder("recogniser")
    figures = {f"scenes {name}": of_scenes(scenes(where), args.n, change) for name, change in CHANGES.items()}
    figures |= {
        f"radiographs {name}": of_films(films(where), args.n, change) for name, change in CHANGES.items()
    }
    result.write(figures, table("The recognisers on held-out drawn pictures", figures), pictures=args.n)


if __name__ == "__main__":
    main()
