"""Arrays of a split or a run as a folder of .npy files named by their content, which the processes that work on cells
map into memory."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.task import MODALITIES, Candidates, Part

WORDS = "words.json"
COLUMNS = ("rows", "slots", "index", "chosen", "quality", "vectors")


def save_part(part: Part, folder: Path) -> str:
    """Writes the split without its completions, unless it is there; returns its digest."""
    arrays: dict[str, np.ndarray] = {name: np.asarray(part.truth[name]) for name in MODALITIES}
    arrays |= {"present": part.present, "labels": part.labels, "text_codes": part.text_codes}
    return _save(arrays, {"ids": part.ids}, folder)


def save_candidates(candidates: Candidates, folder: Path) -> str:
    """Writes a run's candidates, unless they are there; returns their digest."""
    arrays = {name: getattr(candidates, name) for name in COLUMNS}
    # Terms go by number: their names need not be fit for a file.
    arrays |= {f"term.{number}": values for number, values in enumerate(candidates.terms.values())}
    return _save(arrays, {"terms": list(candidates.terms)}, folder)


def load_part(folder: Path, digest: str, completions: Mapping[str, str] | None = None) -> Part:
    """The split of that digest; `completions` are digests by run."""
    words = _words(folder, digest)
    part = Part(
        truth={name: _array(folder, digest, name) for name in MODALITIES},
        present=_array(folder, digest, "present"),
        labels=_array(folder, digest, "labels"),
        text_codes=_array(folder, digest, "text_codes"),
        ids=tuple(words["ids"]),
    )
    found = {run: load_candidates(folder, each) for run, each in (completions or {}).items()}
    return replace(part, completions=found)


def load_candidates(folder: Path, digest: str) -> Candidates:
    """The candidates of that digest."""
    terms = _words(folder, digest)["terms"]
    return Candidates(
        **{name: _array(folder, digest, name) for name in COLUMNS},
        terms={term: _array(folder, digest, f"term.{number}") for number, term in enumerate(terms)},
    )


def _array(folder: Path, digest: str, name: str) -> Any:
    return np.load(folder / digest / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def _words(folder: Path, digest: str) -> Any:
    return json.loads((folder / digest / WORDS).read_text())


def _save(arrays: Mapping[str, np.ndarray], words: Mapping[str, Any], folder: Path) -> str:
    text = json.dumps(words, sort_keys=True)
    total = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {values.dtype.str} {values.shape}".encode())
        total.update(values.tobytes())
    digest = total.hexdigest()[:20]
    target = folder / digest
    if target.is_dir():
        return digest
    folder.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=folder))
    try:
        for name, values in arrays.items():
            np.save(building / f"{name}.npy", values, allow_pickle=False)
        (building / WORDS).write_text(text)
        os.replace(building, target)
    except OSError:
        if not target.is_dir():  # else another process was quicker, with the same content
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return digest
