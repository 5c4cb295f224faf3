"""Learning curves of the miniature's models, from the logs that their training wrote.

    python bench/training.py [--work .cache/train]

Writes bench/results/training.json (a line per 50 or 100 steps, with seconds) and docs/images/miniature-training.png. A
stage without a log in the work folder keeps the curve that it has there.
Figures are means over the training batches since the line before, so they are of pictures that were trained on.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

IMAGE = Path(__file__).resolve().parents[1] / "docs" / "images" / "miniature-training.png"
RESULT = Path(__file__).parent / "results" / "training.json"
PANELS: dict[str, tuple[str, dict[str, str]]] = {
    "qwen-tower": (
        "Qwen2-VL, tower: pictures wholly right",
        {
            "counts_right": "counts", "colour_of_right": "colours", "film_place_of_right": "places of findings",
            "film_size_of_right": "sizes of findings",
        },
    ),
    "qwen-joint": (
        "Qwen2-VL, turns: tokens right",
        {
            "short": "reading scenes", "film_short": "reading radiographs", "describe": "describing",
            "describe_dense": "describing crowds", "triplets_dense": "triplets of crowds",
            "ties_dense": "relations", "phrases_dense": "noun phrases", "long": "consolidating, triplets",
            "report_long": "the same of reports",
        },
    ),
    "sdxl-vae": ("SDXL, autoencoder: losses", {"drawn": "picture", "read": "what lies where"}),
    "sdxl-unet": ("SDXL, UNet: losses", {"main": "velocity", "cells": "what lies where"}),
    "clip": ("CLIP: right text of 64", {"scenes_right": "scenes", "films_right": "radiographs"}),
    "blip": ("BLIP: right text of 64", {"scenes_right": "scenes", "films_right": "radiographs"}),
}  # fmt: skip


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of the last whole run: a stage that was interrupted goes on in the same file."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    by_step = {line["step"]: line for line in lines if line["of"] == lines[-1]["of"]}
    return [by_step[step] for step in sorted(by_step)]


def draw(curves: dict[str, list[dict[str, Any]]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = [name for name in PANELS if name in curves]
    figure, axes = pyplot.subplots(
        -(-len(shown) // 2), 2, figsize=(11, 3.2 * -(-len(shown) // 2)), squeeze=False
    )
    for axis, name in zip(axes.flat, shown, strict=False):
        title, fields = PANELS[name]
        for field, label in fields.items():
            points = [(line["step"], line[field]) for line in curves[name] if field in line]
            if not points:  # a lesson that this run did not have
                continue
            axis.plot(*zip(*points, strict=True), label=label, linewidth=1.4)
        axis.set_title(title, loc="left", fontsize=10)
        axis.set_xlabel("steps")
        axis.grid(alpha=0.25)
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, fontsize=8, frameon=False)
    for axis in list(axes.flat)[len(shown) :]:
        axis.set_visible(False)
    figure.tight_layout()
    figure.savefig(IMAGE, dpi=110)


def as_json(name: str, found: list[dict[str, Any]]) -> str:
    """A line of the file for every line of the log."""
    return json.dumps(name) + ": [\n" + ",\n".join(json.dumps(line) for line in found) + "\n]"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--work", type=Path, default=Path(".cache/train"), help="where the stages keep their logs"
    )
    args = parser.parse_args()
    logs = {name: read_log(path) for name in PANELS if (path := args.work / f"{name}.log").exists()}
    if not logs:
        raise SystemExit(f"{args.work}: no logs of python -m mini.train here; give their folder with --work")
    kept = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    curves = {name: found for name in PANELS if (found := logs.get(name) or kept.get(name))}
    RESULT.write_text("{" + ",\n".join(as_json(name, found) for name, found in curves.items()) + "}\n")
    draw(curves)
    print(f"{', '.join(curves)}: {RESULT.name} and {IMAGE.name}")


if __name__ == "__main__":
    main()
