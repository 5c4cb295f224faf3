"""Small data sets in the on-disk forms, written by hand: readers are not tested on what our own writers wrote alone."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

REAL = Path(__file__).parents[3] / "shared" / "data"
"""Real data by others, read from where it lies; tests that need it are skipped elsewhere."""


def draw(path: Path, colour: str = "red", size: tuple[int, int] = (24, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def picture() -> Callable[..., Path]:
    """Draws a picture file of one colour."""
    return draw


@pytest.fixture
def real() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        if not (REAL / name).exists():
            pytest.skip(f"the real data {name} is not on this machine")
        return REAL / name

    return find


@pytest.fixture
def mmimdb(tmp_path: Path) -> Path:
    """Six films: 3 train, 1 dev, 2 test. Film 0000002 has no plot, 0000003 no poster."""
    root = tmp_path / "mmimdb"
    split = {"train": ["0000001", "0000002", "0000003"], "dev": ["0000004"], "test": ["0000005", "0000006"]}
    plots = {"0000001": ["Short.", "The long plot of a film.", "Third one."], "0000003": ["A heist."]}
    colours = iter(("red", "green", "blue", "cyan", "white"))
    for films in split.values():
        for film in films:
            meta = {
                "title": f"Film {film}",
                "genres": ["Drama", "News"],
                "plot outline": "x",
                "cover url": "y",
            }
            if film != "0000002":
                meta["plot"] = plots.get(film, [f"The plot of film {film}."])
            (root / "dataset").mkdir(parents=True, exist_ok=True)
            (root / "dataset" / f"{film}.json").write_text(json.dumps(meta))
            if film != "0000003":
                draw(root / "dataset" / f"{film}.jpeg", next(colours))
    (root / "split.json").write_text(json.dumps(split))
    return root


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Four pictures of train2014, the last without instances; categories have gaps in their ids."""
    root = tmp_path / "coco"
    images = [
        {"id": n, "file_name": f"COCO_train2014_{n:012d}.jpg", "height": 16, "width": 24}
        for n in (9, 25, 30, 34)
    ]
    captions = [
        {
            "id": 10 * image["id"] + k,
            "image_id": image["id"],
            "caption": f"caption {k} of {image['id']}" + "!" * (k == 1),
        }
        for image in images
        for k in range(3)
    ]
    box = {"bbox": [1.5, 2, 3, 4], "area": 12.25, "iscrowd": 0, "segmentation": [[1, 2, 3, 4.5]]}
    pairs = [(9, 1), (9, 90), (25, 13), (25, 13), (30, 1)]
    instances = [
        {"id": n, "image_id": image, "category_id": kind} | box for n, (image, kind) in enumerate(pairs, 1)
    ]
    categories = [
        {"id": 1, "name": "person"},
        {"id": 13, "name": "stop sign"},
        {"id": 90, "name": "toothbrush"},
    ]
    (root / "annotations").mkdir(parents=True)
    head = {"info": {"year": 2014}, "licenses": [], "images": images}
    (root / "annotations" / "captions_train2014.json").write_text(
        json.dumps(head | {"annotations": captions})
    )
    value = head | {"annotations": instances, "categories": categories}
    (root / "annotations" / "instances_train2014.json").write_text(json.dumps(value))
    for image, colour in zip(images, ("red", "green", "blue", "white"), strict=True):
        draw(root / "train2014" / str(image["file_name"]), colour)
    return root


REPORTS = [
    ("1", "normal", "Heart is normal.", "No disease."),
    ("2", "Cardiomegaly/borderline;Opacity/lung/right", '"Large heart."', ""),
    ("3", "normal", "", ""),
]
VIEWS = [
    ("1", "1_IM-0001-4001", "Frontal"),
    ("1", "1_IM-0001-3001", "Lateral"),
    ("2", "2_IM-0652-1001", "Frontal"),
]


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    """Three studies: two pictures, one picture (the PNG is absent), none."""
    root = tmp_path / "kaggle"
    root.mkdir()
    with (root / "indiana_reports.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["uid", "MeSH", "Problems", "image", "indication", "comparison", "findings", "impression"]
        )
        for uid, mesh, findings, impression in REPORTS:
            writer.writerow([uid, mesh, mesh, "PA", "cough", "None.", findings, impression])
    with (root / "indiana_projections.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["uid", "filename", "projection"])
        writer.writerows((uid, f"{name}.dcm.png", view) for uid, name, view in VIEWS)
    for (_, name, _), colour in zip(VIEWS[:2], ("black", "gray"), strict=True):
        draw(root / "images" / f"CXR{name}.png", colour)
    return root


@pytest.fixture
def openi(tmp_path: Path) -> Path:
    """The same three studies as XML; a fourth file is cut short."""
    root = tmp_path / "openi"
    (root / "ecgen-radiology").mkdir(parents=True)
    for uid, mesh, findings, impression in REPORTS:
        major = "".join(f"<major>{term}</major>" for term in mesh.split(";"))
        views = "".join(
            f'<parentImage id="CXR{name}"><caption/></parentImage>' for n, name, _ in VIEWS if n == uid
        )
        texts = f'<AbstractText Label="FINDINGS">{findings}</AbstractText>'
        texts += f'<AbstractText Label="IMPRESSION">{impression}</AbstractText>'
        (root / "ecgen-radiology" / f"{uid}.xml").write_text(
            f'<?xml version="1.0" encoding="utf-8"?><eCitation><uId id="CXR{uid}"/>'
            f"<MedlineCitation><Article><Abstract>{texts}</Abstract></Article></MedlineCitation><MeSH>{major}</MeSH>{views}</eCitation>"
        )
    (root / "ecgen-radiology" / "10.xml").write_text("<eCitation><uId id='CXR10'/>")
    for (_, name, _), colour in zip(VIEWS[:2], ("black", "gray"), strict=True):
        draw(root / f"CXR{name}.png", colour)
    return root


@pytest.fixture
def r2gen(tmp_path: Path) -> Path:
    root = tmp_path / "r2gen"
    studies = [
        {
            "id": "CXR1_IM-0001",
            "report": "Normal heart.",
            "image_path": ["CXR1_IM-0001/0.png", "CXR1_IM-0001/1.png"],
        },
        {"id": "CXR2_IM-0652", "report": "", "image_path": ["CXR2_IM-0652/0.png"]},
    ]
    index = {
        "train": studies,
        "val": [],
        "test": [{"id": "CXR7_IM-1", "report": "T.", "image_path": ["../../x.png"]}],
    }
    for split, rows in index.items():
        for row in rows:
            row["split"] = split
    for name in ("CXR1_IM-0001/0.png", "CXR1_IM-0001/1.png", "CXR2_IM-0652/0.png"):
        draw(root / "images" / name, "gray")
    (root / "annotation.json").write_text(json.dumps(index))
    return root


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Five rows: complete, no text, no image, both absent, complete with its own column."""
    root = tmp_path / "own"
    for name in ("a", "b", "e"):
        draw(root / "photos" / f"{name}.png", {"a": "red", "b": "green", "e": "blue"}[name])
    rows = [
        {"id": "a", "image": "photos/a.png", "text": "An apple.", "labels": ["fruit", "red"]},
        {"id": "b", "image": "photos/b.png", "text": None, "labels": ["fruit"]},
        {"id": "c", "image": None, "text": "A cherry.", "labels": []},
        {"id": "d", "labels": ["red"]},
        {
            "id": "e",
            "image": "photos/e.png",
            "text": "An eel.",
            "labels": ["fish"],
            "price": 3.5,
            "group": "g1",
        },
    ]
    (root / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root
