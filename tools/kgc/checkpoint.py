"""The state of a training on disk: tensors as safetensors, the rest as JSON; whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from tools.kgc.errors import InputError
from tools.kgc.writing import write_json

WORDS = "checkpoint.json"


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], words: Mapping[str, Any]) -> None:
    """Replace the checkpoint. The tensors get a new name; once the JSON names them, the old ones may go."""
    before = list(folder.glob("checkpoint-*.safetensors"))
    name = f"checkpoint-{words['epoch']}-{words['position']}.safetensors"
    fresh = folder / f".{name}"
    save_file({key: x.cpu() for key, x in tensors.items()}, fresh)
    fresh.replace(folder / name)
    write_json(folder / WORDS, {"tensors": name, **words})
    for old in before:
        if old.name != name:
            old.unlink()


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and words of the checkpoint; None if there is none yet. Raises InputError if it is damaged."""
    if not (folder / WORDS).exists():
        return None
    try:
        words: dict[str, Any] = json.loads((folder / WORDS).read_text(encoding="utf-8"))
        path = folder / Path(str(words["tensors"])).name
        return load_file(path), words
    except (OSError, KeyError, json.JSONDecodeError, SafetensorError) as error:
        raise InputError(
            f"the checkpoint in {folder} is damaged ({error}); remove {WORDS} to start again"
        ) from error
