"""The miniature, as a run knows it: a data set, four models and an endpoint that need no hub, no key and no GPU.

The only file of the program that knows `mini`, by name. Nothing is imported before it is used.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.errors import UsageError

if TYPE_CHECKING:
    from mini.endpoint.process import Endpoint
    from tools.generators.pipeline import DiffusionOptions

NAME = "mini"
"""How a setting asks for it."""
MODEL = "mini-qwen2-vl"
"""What its endpoint calls its model."""
SLOTS = 16
"""Requests that its endpoint works on at once."""

Kind = Literal["qwen2_vl", "sdxl", "clip", "blip"]


def draw(dataset: str, cache: Path) -> Path:
    """The miniature of a data set, in that data set's own form, drawn on first use; its root folder.

    Raises:
        UsageError: there is none of this form, or it cannot be written.
    """
    from mini.dataset import NoMiniature, materialise

    try:
        return materialise(dataset, cache)
    except NoMiniature as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(
            f"cannot draw the miniature of {dataset} in {cache}: {error.strerror or error}"
        ) from None


def weights(kind: Kind) -> Path:
    """The folder of one of its models."""
    from mini.weights import folder

    try:
        return folder(kind)
    except FileNotFoundError as error:
        raise UsageError(str(error)) from None


def digest(kind: Kind) -> str:
    """First 16 digits of a SHA-256 over a model's files: retrained weights are another model."""
    total = hashlib.sha256()
    folder = weights(kind)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def drawing(options: "DiffusionOptions") -> "DiffusionOptions":
    """How its diffusion pipeline draws best: ten steps equal twenty, and strong guidance draws copies."""
    guidance = 2.5 if options.guidance is None else options.guidance
    return replace(options, steps=options.steps or 10, guidance=guidance)


def spare_threads() -> None:
    """One thread per tiny model in this process: sharing few cores among many costs them most of their speed
    (23 s against 0.5 s for ten diffusion steps on two busy cores)."""
    import torch

    if not torch.cuda.is_available():
        torch.set_num_threads(1)


@asynccontextmanager
async def endpoint(log: Path) -> "AsyncIterator[Endpoint]":
    """Its LMM behind a loopback endpoint, running while the body runs. Raises `UsageError` if it does not start."""
    from mini.endpoint.process import EndpointFailed, start

    try:
        async with start(weights("qwen2_vl"), max_batch=SLOTS, log=log) as started:
            yield started
    except EndpointFailed as error:
        raise UsageError(str(error)) from None
