"""Where the miniature's trained models lie: one folder each, as their libraries' own loaders read them."""

import hashlib
from pathlib import Path
from typing import Literal

from prompts.library import Library

Part = Literal["qwen2_vl", "sdxl", "clip", "blip"]
PROMPTS_FILE = "prompts.sha256"
"""In the Qwen2-VL folder: `prompts_digest()` at the time of training."""


def folder(part: Part) -> Path:
    path = Path(__file__).parent / part
    if not path.is_dir():
        raise FileNotFoundError(
            f"the miniature's {part} is not in {path.parent}; a whole checkout has it, and "
            f"`python -m mini.train all` makes it again"
        )
    return path


def prompts_digest(library: Library | None = None) -> str:
    """SHA-256 over the prompt files that the Qwen2-VL is trained on: those of the general domain."""
    files = {
        name: value for name, value in (library or Library()).digests().items() if name.startswith("general/")
    }
    return hashlib.sha256(
        "\n".join(f"{name} {value}" for name, value in sorted(files.items())).encode()
    ).hexdigest()
