"""`manifest.json` of a training: all it takes to explain its model, to repeat it and to go on with it."""

import hashlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.settings import TrainingSettings
from tools.kgc.source import Source, fingerprint
from tools.kgc.writing import write_json

if TYPE_CHECKING:
    from tools.kgc.trainer import State

MANIFEST = "manifest.json"
PROGRAM = "tools.kgc"
FORMAT = 1
PACKAGES = ("torch", "numpy", "scikit-learn", "scipy", "safetensors")
"""Packages whose versions can change a result."""


@dataclass
class RunFolder:
    """The manifest in memory; `write` puts it on disk."""

    path: Path
    words: dict[str, Any]

    @classmethod
    def create(
        cls,
        path: Path,
        command: Sequence[str],
        source: Source,
        settings: TrainingSettings,
        graph: KnowledgeGraph,
        modalities: Sequence[Modality],
        device: str,
        threads: int,
    ) -> "RunFolder":
        """A new run. Raises InputError if the folder holds something already."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            hint = f"; go on with --resume {path}" if (path / MANIFEST).is_file() else ""
            raise InputError(f"{path} exists and is not empty{hint}, or give another --out")
        path.mkdir(parents=True, exist_ok=True)
        words = {
            "format": FORMAT,
            "program": PROGRAM,
            "version": importlib.metadata.version("knowledge-bridger"),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "outcome": "running",
            "command": list(command),
            "source": source.as_dict(),
            "settings": asdict(settings),
            "data": {
                "name": graph.name,
                "entities": len(graph.entities),
                "relations": len(graph.relations),
                "train": len(graph.train),
                "valid": len(graph.valid),
                "test": len(graph.test),
                "fingerprint": fingerprint(graph, modalities),
            },
            "modalities": [describe(modality) for modality in modalities],
            "machine": {
                "device": device,
                "threads": threads,
                "platform": platform.platform(),
                "python": platform.python_version(),
            },
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        }
        folder = cls(path, words)
        folder.write()
        return folder

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """An earlier run. Raises InputError if there is none."""
        if not (path / MANIFEST).is_file():
            raise InputError(f"{path} is no run of `python -m tools.kgc train`: it has no {MANIFEST}")
        try:
            words = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
            if words["program"] != PROGRAM or words["format"] != FORMAT:
                raise InputError(f"{path / MANIFEST} is not of this program, or of another version of it")
            return cls(path, words)
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{path / MANIFEST} cannot be read: {error!r}") from error

    @property
    def source(self) -> Source:
        return Source.from_dict(self.words["source"])

    @property
    def settings(self) -> TrainingSettings:
        return TrainingSettings(**self.words["settings"])

    def check(self, graph: KnowledgeGraph, modalities: Sequence[Modality]) -> None:
        """Raises InputError if the data are not those that the run began with."""
        if fingerprint(graph, modalities) != self.words["data"]["fingerprint"]:
            raise InputError(
                f"the data that {self.path / MANIFEST} names have changed since the run began; start a new one"
            )

    def record(self, outcome: str, state: "State") -> None:
        """Write down how far the training is."""
        self.words["outcome"] = outcome
        self.words["updated"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.words["seconds"] = sum(figures.seconds for figures in state.epochs)
        self.words["peak_mib"] = peak_mib()
        if state.best_epoch:
            self.words["best"] = {"epoch": state.best_epoch, "validation_mrr": state.best_mrr}
        self.words["epochs"] = [asdict(figures) for figures in state.epochs]
        self.write()

    def write(self) -> None:
        write_json(self.path / MANIFEST, self.words)


def describe(modality: Modality) -> dict[str, Any]:
    """Name, width, who has it, whether it was made up, and a checksum."""
    digest = hashlib.sha256(np.ascontiguousarray(modality.features).data)
    digest.update(modality.present.data)
    return {
        "name": modality.name,
        "width": modality.features.shape[1],
        "present": int(modality.present.sum()),
        "synthetic": modality.synthetic,
        "sha256": digest.hexdigest(),
    }


def peak_mib() -> float | None:
    """Peak resident size of this process in MiB; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
