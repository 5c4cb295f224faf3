"""Where the miniature's trained models lie: one folder each, as their libraries' own loaders read them."""

import hashlib
import json
from pathlib import Path
from typing import Literal

from prompts.library import Library

Part = Literal["qwen2_vl", "sdxl", "clip", "blip", "recogniser"]
PROMPTS_FILE = "prompts.sha256"
"""In the Qwen2-VL folder: `prompts_digest()` at the time of training."""
DOMAINS_FILE = "domains.json"
"""In the Qwen2-VL folder: a list of the domains (`data.sample.Domain`) that the models have learnt."""


def folder(part: Part) -> Path:
    path = Path(__file__).parent / part
    if not path.is_dir():
        raise FileNotFoundError(
            f"the miniature's {part} is not in {path.parent}; a whole checkout has it, and "
            f"`python -m mini.train all` makes it again"
        )
    return path


def domains() -> list[str]:
    """The domains that the models know; weights that do not say so know the general one."""
    try:
        found = json.loads((folder("qwen2_vl") / DOMAINS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ["general"]
    return [str(domain) for domain in found]


TRAINED_ON = ("general/", "talk/", "xray/")
"""Folders of `prompts/` whose files the Qwen2-VL is trained on: both domains, and the talk over a sample."""


def prompts_digest(library: Library | None = None) -> str:
    """SHA-256 over the prompt files that the Qwen2-VL is trained on."""
    files = {
        name: value for name, value in (library or Library()).digests().items() if name.startswith(TRAINED_ON)
    }
    return hashlib.sha256(
        "\n".join(f"{name} {value}" for name, value in sorted(files.items())).encode()
    ).hexdigest()
