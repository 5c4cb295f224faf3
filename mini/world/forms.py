"""Writes the drawn world in the exact on-disk forms of real data sets."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mini.world.drawing import SIDE, draw
from mini.world.facts import KINDS, Layout, Scene, genres_of, place, sample_scene
from mini.world.openi import write_r2gen, write_xml
from mini.world.outlines import outline
from mini.world.texts import caption, plot

SHARES = {"train": 0.66, "dev": 0.08, "test": 0.26}
"""Of n samples; about MM-IMDb's own shares."""
CAPTIONS = 5


def layout_of(form: str, seed: int, index: int) -> tuple[Layout, random.Random]:
    """Sample number `index` of a data set, and the random stream that tells it."""
    rng = random.Random(f"{form}-{seed}-{index}")
    return place(sample_scene(rng), rng), rng


def splits_of(n: int) -> dict[str, range]:
    train, dev = round(n * SHARES["train"]), round(n * SHARES["dev"])
    return {"train": range(train), "dev": range(train, train + dev), "test": range(train + dev, n)}


def told_plots(scene: Scene, rng: random.Random) -> list[tuple[Scene, str]]:
    """The plots of a film, and what each tells: of every fifth film there are two."""
    told = []
    for _ in range(2 if rng.random() < 0.2 else 1):
        said = scene.told(rng)
        told.append((said, plot(said, rng)))
    return told


def write_mmimdb(seed: int, n: int, out: Path) -> None:
    """`split.json` and `dataset/<7 digits>.json/.jpeg`: posters, plots, genres."""
    folder = out / "dataset"
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"{1_000_000 + 7 * index:07d}" for index in range(n)]
    for index, name in enumerate(ids):
        layout, rng = layout_of("mmimdb", seed, index)
        scene = layout.scene
        plots = [text for _, text in told_plots(scene, rng)]
        film: dict[str, Any] = {
            "title": f"The {scene.groups[0].kind.title()} of {index}",
            "plot": plots,
            "plot outline": plots[0].split(". ")[0].rstrip(".") + ".",
            "genres": genres_of(scene),
            "year": 1920 + rng.randrange(100),
            "kind": "movie",
        }
        (folder / f"{name}.json").write_text(json.dumps(film), encoding="utf-8")
        draw(layout).save(folder / f"{name}.jpeg", "JPEG", quality=90)
    split = {name: [ids[i] for i in indices] for name, indices in splits_of(n).items()}
    (out / "split.json").write_text(json.dumps(split), encoding="utf-8")


def write_coco(seed: int, n: int, out: Path) -> None:
    """`train2014/`, `val2014/` and `annotations/`: scenes with instances, boxes and five captions."""
    splits = splits_of(n)
    categories = [{"id": i + 1, "name": kind, "supercategory": "shape"} for i, kind in enumerate(KINDS)]
    (out / "annotations").mkdir(parents=True, exist_ok=True)
    for name, indices in {"train2014": splits["train"], "val2014": [*splits["dev"], *splits["test"]]}.items():
        (out / name).mkdir(exist_ok=True)
        images: list[dict[str, Any]] = []
        captions: list[dict[str, Any]] = []
        instances: list[dict[str, Any]] = []
        for index in indices:
            layout, rng = layout_of("coco", seed, index)
            file = f"COCO_{name}_{index + 1:012d}.jpg"
            draw(layout).save(out / name / file, "JPEG", quality=90)
            images.append({"id": index + 1, "file_name": file, "height": SIDE, "width": SIDE, "license": 1})
            for _ in range(CAPTIONS):
                text = caption(layout.scene.told(rng), rng)
                captions.append({"id": len(captions) + 1, "image_id": index + 1, "caption": text})
            for item in layout.objects:
                shape = outline(item, SIDE)
                instances.append(
                    {
                        "id": len(instances) + 1, "image_id": index + 1, "category_id": KINDS.index(item.kind) + 1,
                        "bbox": shape.box, "area": shape.area, "iscrowd": 0, "segmentation": shape.polygons,
                    }
                )  # fmt: skip
        info = {"description": "The miniature's drawn world in COCO form", "version": "1", "year": 2026}
        head = {"info": info, "licenses": [{"id": 1, "name": "MIT", "url": ""}], "images": images}
        for kind, body in (("captions", {"annotations": captions}),
                           ("instances", {"annotations": instances, "categories": categories})):  # fmt: skip
            path = out / "annotations" / f"{kind}_{name}.json"
            path.write_text(json.dumps({**head, **body}), encoding="utf-8")


FORMS: dict[str, Callable[[int, int, Path], None]] = {
    "mmimdb": write_mmimdb, "coco": write_coco, "iuxray": write_xml, "iuxray-r2gen": write_r2gen,
}  # fmt: skip
"""Name -> writer of n samples from a seed into a folder."""
