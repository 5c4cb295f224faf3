"""A split's arrays as a folder of .npy files, which the processes that work on cells map into memory."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from eval.task import MODALITIES, Candidates, Part

WORDS = "part.json"


def save_part(part: Part, folder: Path) -> str:
    """Writes the part into a subfolder named by its content, unless it is there; returns the name, its digest."""
    arrays = _arrays(part)
    total = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {values.dtype.str} {values.shape}".encode() + values.tobytes())
    digest = total.hexdigest()[:20]
    target = folder / digest
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
        try:
            for name, values in arrays.items():
                np.save(building / f"{name}.npy", values, allow_pickle=False)
            words = {"runs": {name: list(each.terms) for name, each in part.completions.items()}}
            (building / WORDS).write_text(json.dumps(words | {"ids": part.ids}))
            os.replace(building, target)
        except OSError:
            if not target.is_dir():  # else another process was quicker, with the same content
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return digest


def load_part(folder: Path, digest: str) -> Part:
    """The part of that digest, its arrays mapped from the disk."""
    place = folder / digest

    def array(name: str) -> Any:
        return np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    words = json.loads((place / WORDS).read_text())
    completions = {
        run: Candidates(
            **{
                each: array(f"{number}.{each}")
                for each in ("rows", "slots", "index", "chosen", "quality", "vectors")
            },
            terms={term: array(f"{number}.term.{at}") for at, term in enumerate(terms)},
        )
        for number, (run, terms) in enumerate(words["runs"].items())
    }
    return Part(
        truth={name: array(name) for name in MODALITIES},
        present=array("present"),
        labels=array("labels"),
        text_codes=array("text_codes"),
        ids=tuple(words["ids"]),
        completions=completions,
    )


def _arrays(part: Part) -> dict[str, np.ndarray]:
    """By file name. Runs and terms go by number: their names need not be fit for a file."""
    arrays: dict[str, np.ndarray] = {name: np.asarray(part.truth[name]) for name in MODALITIES}
    arrays |= {"present": part.present, "labels": part.labels, "text_codes": part.text_codes}
    for number, each in enumerate(part.completions.values()):
        for name in ("rows", "slots", "index", "chosen", "quality", "vectors"):
            arrays[f"{number}.{name}"] = getattr(each, name)
        for place, values in enumerate(each.terms.values()):
            arrays[f"{number}.term.{place}"] = values
    return arrays
