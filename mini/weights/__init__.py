"""Where the miniature's trained models lie: one folder each, as their libraries' own loaders read them."""

import hashlib
import json
from pathlib import Path
from typing import Literal

from data.sample import Domain
from prompts.library import Library

Part = Literal["qwen2_vl", "sdxl", "clip", "blip", "recogniser"]
PROMPTS_FILE = "prompts.sha256"
"""In the Qwen2-VL folder: `prompts_digest()` at the time of training."""
DOMAINS_FILE = "domains.json"
"""In a model's folder: a list of the domains (`data.sample.Domain`) that it has learnt."""
RUN: tuple[Part, ...] = ("qwen2_vl", "sdxl", "clip", "blip")
"""The models that a run needs."""


def folder(part: Part) -> Path:
    path = Path(__file__).parent / part
    if not path.is_dir():
        raise FileNotFoundError(
            f"the miniature's {part} is not in {path.parent}; a whole checkout has it, and "
            f"`python -m mini.train all` makes it again"
        )
    return path


def domains(*parts: Part) -> list[str]:
    """The domains that all of these models know (by default, all that a run needs); one that says nothing knows the
    general one."""
    known = [domains_of(folder(part)) for part in parts or RUN]
    return [domain for domain in known[0] if all(domain in others for others in known[1:])]


def domains_of(model: Path) -> list[str]:
    """The domains that the model in this folder knows."""
    try:
        found = json.loads((model / DOMAINS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ["general"]
    return [str(domain) for domain in found]


def write_domains(model: Path) -> None:
    """Say of a model that was trained on everything that it knows every domain."""
    (model / DOMAINS_FILE).write_text(
        json.dumps([domain.value for domain in Domain]) + "\n", encoding="utf-8"
    )


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
