"""What every image generator offers, and how it fails."""

from collections.abc import Sequence
from typing import Protocol


class GenerationError(Exception):
    """A picture that could not be drawn; the message is one sentence. Other pictures may still succeed."""


class Generator(Protocol):
    """Draws pictures from descriptions: `graphs.context.ImageGenerator` plus what a run needs around it."""

    model: str
    """What draws, for the manifest."""

    async def check(self) -> None:
        """Whether pictures can be drawn at all, asked before the first sample; raises `tools.loading.ModelError`."""
        ...

    async def draw(self, descriptions: Sequence[str], seeds: Sequence[int]) -> list[bytes]:
        """One PNG per description, same order. Raises `GenerationError`."""
        ...

    def notes(self, descriptions: Sequence[str]) -> list[str]:
        """What the record should say about these descriptions: parts that the generator does not read."""
        ...

    async def close(self) -> None: ...
