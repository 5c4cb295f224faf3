"""Image generators by the one setting that names them."""

from pathlib import Path
from typing import TYPE_CHECKING

from tools.generators.base import Generator
from tools.generators.pipeline import SDXL, DiffusionOptions
from tools.loading import ModelError, near

if TYPE_CHECKING:
    from tools.generators.endpoint import EndpointOptions

NAMES = {"sdxl": SDXL}
"""Short names of diffusers pipelines."""


def open_generator(
    setting: str, diffusion: DiffusionOptions | None = None, endpoint: "EndpointOptions | None" = None
) -> Generator:
    """The generator that a setting names; loads it, so call it in a thread. Raises `ModelError`.

    `sdxl`, `diffusers:<hub id or folder>`, a bare hub id (`owner/name`) or folder, or `openai:<model>`.
    """
    kind, colon, name = setting.partition(":")
    if not colon or "/" in kind or Path(setting).exists():
        kind, name = "diffusers", setting
    if kind == "diffusers" and ("/" in name or name in NAMES or Path(name).exists()):
        from tools.generators.diffusion import DiffusionGenerator

        return DiffusionGenerator.load(NAMES.get(name, name), diffusion or DiffusionOptions())
    if kind == "openai" and name:
        from tools.generators import endpoint as images

        return images.EndpointGenerator(name, endpoint or images.EndpointOptions())
    known = [*NAMES, "diffusers:<hub id or folder>", "openai:<model>"]
    raise ModelError(
        f"Image generator {setting!r} is unknown; {near(kind if colon else setting, ['diffusers', 'openai', *NAMES])}."
        f" Give {', '.join(known[:-1])} or {known[-1]}."
    )
