"""Does the miniature's diffusion model draw what a description says? An independent recogniser reads what it drew.

    python bench/candidates.py [--n 300] [--weights DIR] [--recogniser DIR]

Held-out scenes are described in the standard wording, drawn as a run draws them, and read by `mini/recogniser.py`,
which takes no part in a run. Autoencoded pictures of the same scenes bound what the decoder lets through. Writes
bench/results/candidates.json and .md.
"""

import argparse
import random
import sys
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agent.miniature import drawing
from bench._measured import Measured, table
from mini.exam import SEED, Report, grade
from mini.recogniser import scenes
from mini.train.conversations import knowledge_of
from mini.weights import folder
from mini.world.drawing import draw
from mini.world.facts import Scene
from mini.world.forms import layout_of
from mini.world.texts import describe
from tools.generators.pipeline import DiffusionOptions, Pipeline

BATCH = 16


def drawn(pipeline: Pipeline, truth: list[Scene]) -> list[Image.Image]:
    """One picture per description, with another subject each time."""
    rng = random.Random(SEED)
    orders = [(describe(scene, rng.choice(scene.groups).kind), index) for index, scene in enumerate(truth)]
    pictures: list[Image.Image] = []
    for start in range(0, len(orders), BATCH):
        pictures += [
            each for each in pipeline.draw(orders[start : start + BATCH]) if isinstance(each, Image.Image)
        ]
    return pictures


def autoencoded(weights: Path, pictures: list[Image.Image]) -> list[Image.Image]:
    """Pictures through the autoencoder alone."""
    import torch
    from diffusers import AutoencoderKL
    from diffusers.image_processor import VaeImageProcessor

    vae = AutoencoderKL.from_pretrained(weights / "vae", torch_dtype=torch.float32).eval()
    processor = VaeImageProcessor(vae_scale_factor=8)
    made: list[Image.Image] = []
    for start in range(0, len(pictures), BATCH):
        small = [
            picture.resize((64, 64), Image.Resampling.BOX) for picture in pictures[start : start + BATCH]
        ]
        with torch.no_grad():
            latents = vae.encode(processor.preprocess(small)).latent_dist.mode()
            made += processor.postprocess(vae.decode(latents).sample)
    return made


def graded(truth: list[Scene], found: list[Scene]) -> dict[str, float]:
    report = Report()
    for scene, read in zip(truth, found, strict=True):
        grade(report, scene, knowledge_of(read))
        kinds = f"exact, {len(scene.groups)} kind{'s' if len(scene.groups) > 1 else ''}"
        report.check(kinds, set(read.groups) == set(scene.groups))
    return {name: value for name, value in report.figures().items() if name != "schema_valid"}


def measure(n: int, weights: Path, recogniser: Path) -> dict[str, Any]:
    layouts = [layout_of("mmimdb", SEED, i)[0] for i in range(n)]
    truth = [layout.scene.shown() for layout in layouts]
    reader, originals = scenes(recogniser), [draw(layout) for layout in layouts]
    pipeline = Pipeline(str(weights), drawing(DiffusionOptions()))
    return {
        "drawn by the world": graded(truth, reader.recognise(originals)),
        "through the autoencoder": graded(truth, reader.recognise(autoencoded(weights, originals))),
        "drawn from descriptions": graded(truth, reader.recognise(drawn(pipeline, truth))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=300, help="held-out scenes")
    parser.add_argument("--weights", type=Path, help="another diffusion pipeline")
    parser.add_argument("--recogniser", type=Path, help="another folder with recognisers")
    args = parser.parse_args()
    result = Measured("candidates", "torch", "diffusers")
    figures = measure(args.n, args.weights or folder("sdxl"), args.recogniser or folder("recogniser"))
    result.write(
        figures, table("Drawn candidates, read by an independent recogniser", figures), pictures=args.n
    )


if __name__ == "__main__":
    main()
