"""Writes drawn studies in two forms of IU X-ray: Open-i's (XML reports and PNGs) and R2Gen's (`annotation.json`).

A study is one film of one patient with its report and one or two exposures; both exposures show the same facts.
"""

import json
import random
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mini.world.chest import Film, sample_film
from mini.world.exposure import Exposure, place
from mini.world.mesh import mesh
from mini.world.radiograph import draw
from mini.world.reports import Report, report

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}
"""R2Gen's; Open-i's form has no splits, and the reader makes its own by study."""


@dataclass(frozen=True)
class Study:
    """Study number `number` of a data set: the whole film, what its report tells, and its pictures."""

    number: int
    film: Film
    told: Film
    report: Report
    exposures: tuple[Exposure, ...]


def study_of(form: str, seed: int, index: int, exposures: int = 2) -> Study:
    """Study number `index` of a data set, from its seeds."""
    rng = random.Random(f"{form}-{seed}-{index}")
    film = sample_film(rng)
    told = film.told(rng)
    said = report(told, rng, film)
    return Study(index + 1, film, told, said, tuple(place(film, rng) for _ in range(exposures)))


def studies(form: str, seed: int, n: int, both: bool) -> Iterator[Study]:
    """Studies with `n` pictures in all; one or two each, or always two (but for the last of an odd `n`)."""
    index, left = 0, n
    while left > 0:
        wanted = 2 if both else random.Random(f"{form}-{seed}-{index}-views").choice((1, 2))
        study = study_of(form, seed, index, min(wanted, left))
        left -= len(study.exposures)
        index += 1
        yield study


def write_xml(seed: int, n: int, out: Path) -> None:
    """`ecgen-radiology/<n>.xml` and `images/*.png`; n pictures."""
    for name in ("ecgen-radiology", "images"):
        (out / name).mkdir(parents=True, exist_ok=True)
    for study in studies("iuxray", seed, n, both=False):
        names = [
            f"CXR{study.number}_IM-{study.number:04d}-{k}001" for k in range(1, len(study.exposures) + 1)
        ]
        for name, exposure in zip(names, study.exposures, strict=True):
            draw(exposure).save(out / "images" / f"{name}.png", "PNG")
        tree = _tree(study, names)
        ET.indent(tree)
        path = out / "ecgen-radiology" / f"{study.number}.xml"
        ET.ElementTree(tree).write(path, encoding="utf-8", xml_declaration=True)


def _tree(study: Study, names: list[str]) -> ET.Element:
    """One report as Open-i writes it, without what no reader of it needs (licence, URLs, features)."""
    root = ET.Element("eCitation")
    ET.SubElement(root, "meta", type="rr")
    ET.SubElement(root, "uId", id=f"CXR{study.number}")
    ET.SubElement(root, "IUXRId", id=str(study.number))
    ET.SubElement(root, "docSource").text = "CXR"
    ET.SubElement(root, "publisher").text = "The miniature's drawn world"
    citation = ET.SubElement(root, "MedlineCitation", Owner="miniature", Status="drawn")
    article = ET.SubElement(citation, "Article", PubModel="Electronic")
    ET.SubElement(article, "ArticleTitle").text = "Drawn chest radiographs"
    abstract = ET.SubElement(article, "Abstract")
    sections = study.report
    for label, text in (("COMPARISON", sections.comparison), ("INDICATION", sections.indication),
                        ("FINDINGS", sections.findings), ("IMPRESSION", sections.impression)):  # fmt: skip
        ET.SubElement(abstract, "AbstractText", Label=label).text = text or None
    fields = ET.SubElement(root, "MeSH")
    for field in mesh(study.film):
        ET.SubElement(fields, "major").text = field
    for number, name in enumerate(names, 1):
        picture = ET.SubElement(root, "parentImage", id=name)
        ET.SubElement(picture, "figureId").text = f"F{number}"
        ET.SubElement(picture, "caption").text = "Drawn chest radiograph, frontal view"
    return root


def write_r2gen(seed: int, n: int, out: Path) -> None:
    """`annotation.json` and `images/<study>/<k>.png`; n pictures, two a study."""
    all_studies = list(studies("iuxray-r2gen", seed, n, both=True))
    train, val = (round(len(all_studies) * SHARES[split]) for split in ("train", "val"))
    index: dict[str, list[dict[str, Any]]] = {split: [] for split in SHARES}
    for position, study in enumerate(all_studies):
        split = "train" if position < train else "val" if position < train + val else "test"
        name = f"CXR{study.number}_IM-{study.number:04d}"
        (out / "images" / name).mkdir(parents=True, exist_ok=True)
        paths = [f"{name}/{k}.png" for k in range(len(study.exposures))]
        for path, exposure in zip(paths, study.exposures, strict=True):
            draw(exposure).save(out / "images" / path, "PNG")
        text = study.report.findings or study.report.impression
        index[split].append({"id": name, "report": text, "image_path": paths, "split": split})
    (out / "annotation.json").write_text(json.dumps(index), encoding="utf-8")
