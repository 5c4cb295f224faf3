"""How well the miniature's models know the drawn world: held-out scenes and studies, through the code that a run uses.

    python bench/miniature.py [--n 300] [--model DIR]

Writes bench/results/miniature.json and .md; the README and mini/README.md quote them.
"""

import argparse
import asyncio
import io
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from PIL import Image, ImageEnhance

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._measured import Measured, table
from data.sample import Domain
from eval.pool import cores
from mini.endpoint.process import start
from mini.exam import Examiner, captioned, retrieval
from mini.exam_medical import MedicalExaminer, described
from mini.exam_parts import examine
from mini.weights import domains_of, folder
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint

GENERAL = ("pictures", "texts", "captions", "stepwise", "writing", "talk")
MEDICAL = ("radiographs", "reports", "reports stepwise", "reports writing")
CHANGES: dict[str, Callable[[Any], Any]] = {
    "shifted by 6 px": lambda image: shifted(image, 6),
    "brighter by 15 %": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "at 64 px": lambda image: image.resize((64, 64), Image.Resampling.BILINEAR),
    "as JPEG of quality 40": lambda image: jpeg(image, 40),
}


def shifted(image: Image.Image, by: int) -> Image.Image:
    """Right and down; the edge is drawn out, as nothing comes in from the other side in life."""
    pixels = np.pad(np.asarray(image.convert("RGB")), ((by, 0), (by, 0), (0, 0)), "edge")
    return Image.fromarray(pixels[: image.height, : image.width])


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


async def measure(n: int, model: Path | None) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    medical = Domain.XRAY in domains_of(model or folder("qwen2_vl"))
    async with start(model, threads=cores()) as endpoint:
        reports = await examine(endpoint.url, endpoint.model, n, GENERAL + (MEDICAL if medical else ()))
        figures |= {name: report.figures() for name, report in reports.items()}
        async with Client(Endpoint(base_url=endpoint.url, model=endpoint.model, max_concurrency=24)) as lmm:
            examiner = Examiner(lmm, n)
            for name, change in CHANGES.items():
                figures[f"pictures {name}"] = (await examiner.from_pictures(change)).figures()
                if medical:
                    report = await MedicalExaminer(examiner).from_radiographs(change)
                    figures[f"radiographs {name}"] = report.figures()
    return figures | await measure_scorers(n)


async def measure_scorers(n: int) -> dict[str, dict[str, float]]:
    """R@1 of 64, both ways."""
    from tools.scorers.blip import load_blip
    from tools.scorers.clip import load_clip

    found = {}
    loaders: dict[str, Callable[[], Any]] = {
        "clip": lambda: load_clip(f"local-dir:{folder('clip')}"),
        "blip": lambda: load_blip(str(folder("blip"))),
    }
    for name, load in loaders.items():
        scorer, worlds = load(), {"scenes": captioned(n)}
        if Domain.XRAY in domains_of(folder(name)):
            worlds["radiographs"] = described(n)
        for world, pairs in worlds.items():
            by_picture, by_text = await retrieval(scorer, pairs)
            found[f"retrieval of {world}, {name}"] = {
                "picture to text": by_picture,
                "text to picture": by_text,
            }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=300, help="held-out scenes, and studies")
    parser.add_argument("--model", type=Path, help="another Qwen2-VL folder")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    result = Measured("miniature", "torch", "transformers", "diffusers", "open_clip_torch")
    figures = asyncio.run(measure(args.n, args.model))
    title = f"The miniature's models on {args.n} held-out samples of each form"
    result.write(figures, table(title, figures), args.model, samples=args.n)


if __name__ == "__main__":
    main()
