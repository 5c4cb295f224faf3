"""A diffusion pipeline as an image generator: one thread owns it, and descriptions of all samples share its batches.

Descriptions longer than the text encoder's context (77 tokens for SDXL) are cut by the pipeline, as in the paper, and
`notes` says so. Encoding such a text in chunks would keep its end, but every picture of a batch would have to carry as
many chunks as the longest one, and a picture would no longer be a function of its own description and seed.
"""

import asyncio
import gc
import threading
from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from tools.batching import Batcher
from tools.generators.base import GenerationError
from tools.generators.pipeline import DiffusionOptions, Pipeline

Order = tuple[str, int]
"""Description and seed."""
Drawn = Image.Image | GenerationError


class DiffusionGenerator:
    """The `ImageGenerator` of the state machine over a diffusers pipeline."""

    def __init__(self, pipeline: Pipeline, options: DiffusionOptions) -> None:
        self.model = pipeline.model
        self._pipeline = pipeline
        self._limit = options.max_batch
        self._batcher: Batcher[Order, Drawn] = Batcher(
            self._draw, name="image generator", max_batch=options.max_batch, linger=options.linger
        )
        self._measuring = threading.Lock()

    @classmethod
    def load(cls, model: str, options: DiffusionOptions) -> "DiffusionGenerator":
        """Load a pipeline by hub id or folder; blocks, so call it in a thread. Raises `tools.loading.ModelError`."""
        return cls(Pipeline(model, options), options)

    async def check(self) -> None:
        """A pipeline that was loaded can draw."""

    async def draw(self, descriptions: Sequence[str], seeds: Sequence[int]) -> list[bytes]:
        """One PNG per description, same order. Equal seed and description give the same picture, whatever the batch.

        "Same" is up to rounding: a batch of another size adds in another order. Raises `GenerationError`.
        """
        orders = list(zip(descriptions, seeds, strict=True))
        drawn = await asyncio.gather(*[self._batcher.submit(order) for order in orders])
        return list(await asyncio.gather(*[asyncio.to_thread(_png, picture) for picture in drawn]))

    def notes(self, descriptions: Sequence[str]) -> list[str]:
        """One note per description whose end the text encoder does not see."""
        with self._measuring:
            found = [self._pipeline.excess(description) for description in dict.fromkeys(descriptions)]
        return [
            f"{self.model} reads {limit} tokens of a description of {tokens}; the end was not drawn."
            for tokens, limit in filter(None, found)
        ]

    async def close(self) -> None:
        """Draw what was ordered, then end the thread."""
        await self._batcher.close()

    def _draw(self, orders: Sequence[Order]) -> list[Drawn]:
        """A batch; out of memory halves the batch size from here on and draws the rest in smaller batches."""
        drawn: list[Drawn] = []
        while len(drawn) < len(orders):
            part = orders[len(drawn) : len(drawn) + self._limit]
            try:
                drawn += self._pipeline.draw(part)
                continue
            except RuntimeError as error:
                if not _out_of_memory(error):
                    raise
            # Outside `except`, where the traceback no longer holds the tensors that are in the way.
            _free_memory()
            if len(part) == 1:
                raise GenerationError(
                    f"Not enough memory for a single picture of {self.model}; choose a smaller size, a half-precision"
                    " dtype or another device."
                )
            self._limit = len(part) // 2
        return drawn


def _out_of_memory(error: RuntimeError) -> bool:
    import torch

    # The CPU's allocator and Apple's raise plain RuntimeError.
    return isinstance(error, torch.OutOfMemoryError) or any(
        sign in str(error).lower() for sign in ("can't allocate memory", "out of memory")
    )


def _free_memory() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _png(drawn: Drawn) -> bytes:
    if isinstance(drawn, GenerationError):
        raise drawn
    out = BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()
