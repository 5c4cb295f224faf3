"""Does the miniature's diffusion model draw what a description says? An independent recogniser reads what it drew.

    python bench/candidates.py [--n 300] [--weights DIR] [--recogniser DIR]

Held-out scenes, and radiographs where the weights know them, are described in the standard wording, drawn as a run
draws them, and read by `mini/recogniser.py`, which takes no part in a run. Autoencoded pictures of the same scenes
bound what the decoder lets through. Writes bench/results/candidates.json and .md.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agent.miniature import drawing
from bench._measured import Measured, table
from data.sample import Domain
from mini.exam import SEED, Report, grade
from mini.exam_medical import grade_film
from mini.recogniser import films, scenes
from mini.train.conversations import knowledge_of
from mini.train.medical import knowledge_of as film_knowledge
from mini.weights import domains_of, folder
from mini.world.chest import Film
from mini.world.described import describe as describe_film
from mini.world.described import subjects
from mini.world.drawing import draw
from mini.world.facts import Scene
from mini.world.forms import layout_of
from mini.world.openi import study_of
from mini.world.radiograph import draw as draw_film
from mini.world.texts import describe
from tools.generators.pipeline import DiffusionOptions, Pipeline

BATCH = 16


def drawn(pipeline: Pipeline, descriptions: list[str]) -> list[Image.Image]:
    """One picture per description."""
    orders = [(description, index) for index, description in enumerate(descriptions)]
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


def graded(truth: Sequence[Scene], found: Sequence[Scene]) -> dict[str, float]:
    report = Report()
    for scene, read in zip(truth, found, strict=True):
        grade(report, scene, knowledge_of(read))
        kinds = f"exact, {len(scene.groups)} kind{'s' if len(scene.groups) > 1 else ''}"
        report.check(kinds, set(read.groups) == set(scene.groups))
    return without_schema(report)


def graded_films(truth: Sequence[Film], found: Sequence[Film]) -> dict[str, float]:
    """What a picture cannot show (a change since before, what a finding implies) is not asked."""
    report = Report()
    for film, read in zip(truth, found, strict=True):
        grade_film(report, film, film_knowledge(read))
    shown = ("findings", "side", "zone", "size")
    return {name: value for name, value in without_schema(report).items() if name in shown}


def without_schema(report: Report) -> dict[str, float]:
    """Nothing was asked here, so no answer had a schema."""
    return {name: value for name, value in report.figures().items() if name != "schema_valid"}


def measure_scenes(n: int, weights: Path, recogniser: Path, pipeline: Pipeline) -> dict[str, Any]:
    layouts = [layout_of("mmimdb", SEED, i)[0] for i in range(n)]
    truth = [layout.scene.shown() for layout in layouts]
    rng = random.Random(SEED)
    descriptions = [describe(scene, rng.choice(scene.groups).kind) for scene in truth]
    reader, originals = scenes(recogniser), [draw(layout) for layout in layouts]
    return {
        "drawn by the world": graded(truth, reader.recognise(originals)),
        "through the autoencoder": graded(truth, reader.recognise(autoencoded(weights, originals))),
        "drawn from descriptions": graded(truth, reader.recognise(drawn(pipeline, descriptions))),
    }


def measure_films(n: int, weights: Path, recogniser: Path, pipeline: Pipeline) -> dict[str, Any]:
    studies = [study_of("iuxray", SEED, i, exposures=1) for i in range(n)]
    truth = [study.film.shown() for study in studies]
    rng = random.Random(SEED)
    descriptions = [describe_film(film, rng.choice(subjects(film))) for film in truth]
    reader, originals = films(recogniser), [draw_film(study.exposures[0]).convert("RGB") for study in studies]
    return {
        "radiographs drawn by the world": graded_films(truth, reader.recognise(originals)),
        "radiographs through the autoencoder": graded_films(
            truth, reader.recognise(autoencoded(weights, originals))
        ),
        "radiographs drawn from descriptions": graded_films(
            truth, reader.recognise(drawn(pipeline, descriptions))
        ),
    }


def measure(n: int, weights: Path, recogniser: Path) -> dict[str, Any]:
    pipeline = Pipeline(str(weights), drawing(DiffusionOptions()))
    figures = measure_scenes(n, weights, recogniser, pipeline)
    if Domain.XRAY in domains_of(weights):
        figures |= measure_films(n, weights, recogniser, pipeline)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=300, help="held-out scenes, and studies")
    parser.add_argument("--weights", type=Path, help="another diffusion pipeline")
    parser.add_argument("--recogniser", type=Path, help="another folder with recognisers")
    args = parser.parse_args()
    result = Measured("candidates", "torch", "diffusers")
    figures = measure(args.n, args.weights or folder("sdxl"), args.recogniser or folder("recogniser"))
    result.write(
        figures,
        table("Drawn candidates, read by an independent recogniser", figures),
        args.weights,
        pictures=args.n,
    )


if __name__ == "__main__":
    main()
