"""Which encoder makes the features, and the digest by which its features are kept."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eval.errors import EvalError
from eval.runfolder import RunFolder
from tools.loading import ModelError
from tools.scorers.embedding import EmbeddingScorer

DEFAULT = "default"
PAPER = "clip:ViT-L-14/openai"
"""The encoder of the paper's experiments."""


@dataclass(frozen=True)
class Encoder:
    """A dual encoder, not loaded yet."""

    label: str
    """How tables call it."""
    kind: str
    """clip or blip."""
    model: str
    digest: str

    def load(self) -> EmbeddingScorer:
        """Blocks for seconds. Raises `EvalError`."""
        load = _loader(self.kind)
        try:
            return load(self.model)
        except ModelError as error:
            raise EvalError(str(error)) from None


def resolve(name: str, run: RunFolder | None) -> Encoder:
    """`default`, `clip:MODEL` or `blip:MODEL`; MODEL as in docs/models.md, or `mini` for the one that `run` used.

    `run` is any run on the miniature's data, or None for real data; its manifest says where the miniature's models lie.
    Raises `EvalError`.
    """
    if name == DEFAULT:
        name = "clip:mini" if run is not None else PAPER
    kind, colon, model = name.partition(":")
    if not colon or kind not in ("clip", "blip") or not model:
        raise EvalError(
            f"An encoder is written default, clip:MODEL or blip:MODEL (clip:ViT-L-14/openai), not {name!r}."
        )
    if model == "mini":
        return Encoder(f"miniature {kind.upper()}", kind, folder := _of_run(run, kind), _digest(Path(folder)))
    place = Path(model).expanduser()
    digest = _digest(place) if place.exists() else hashlib.sha256(name.encode()).hexdigest()[:16]
    return Encoder(f"{kind.upper()} {model}", kind, model, digest)


def _loader(kind: str) -> Callable[[str], EmbeddingScorer]:
    if kind == "clip":
        from tools.scorers.clip import load_clip

        return load_clip
    from tools.scorers.blip import load_blip

    return load_blip


def _of_run(run: RunFolder | None, kind: str) -> str:
    """The folder of a miniature's model, as the run's manifest gives it."""
    model = run.manifest.models.get(kind, {}) if run is not None else {}
    folder = model.get("folder")
    if not folder or not Path(str(folder)).is_dir():
        raise EvalError(
            f"No run on the miniature says where its {kind.upper()} lies; leave out --root to use the miniature, or "
            f"name the encoder as {kind}:FOLDER."
        )
    return str(folder)


def _digest(path: Path) -> str:
    """Of a model's file or all files of its folder: retrained weights are another model."""
    total = hashlib.sha256()
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for file in files:
        total.update(file.name.encode() + b"\0")
        with file.open("rb") as opened:
            total.update(hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()[:16]
