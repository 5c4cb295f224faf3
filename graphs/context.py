"""What the nodes use besides their state: clients, workers and settings, handed in as `Runtime[Context]`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

from data.record import Blob, Edge
from data.sample import ImageRef
from prompts.library import Library
from tools.knowledge.questions import Questions
from tools.lmm.question import LMM, Picture


class ImageGenerator(Protocol):
    """Draws pictures from descriptions. One worker owns the pipeline; calls queue and are batched."""

    async def draw(self, descriptions: Sequence[str], seeds: Sequence[int]) -> list[bytes]:
        """One encoded PNG per description, same order. Equal seed and description give the same picture.

        Raises `tools.generators.base.GenerationError` for what cannot be drawn.
        """
        ...

    def notes(self, descriptions: Sequence[str]) -> list[str]:
        """What the record should say about these descriptions: parts that the generator does not read."""
        ...


class Scorer(Protocol):
    """Similarity of pictures and texts in one embedding space (CLIP or BLIP)."""

    name: str

    async def similarity(
        self, pictures: Sequence[bytes], texts: Sequence[str]
    ) -> tuple[list[float], list[str]]:
        """Cosine of each (picture, text) pair, x100, floored at 0; and notes for the record (texts that were split)."""
        ...


class GraphScorer(Protocol):
    """Rates a candidate by its graph alone; the term of the quality score is called after it."""

    name: str

    async def plausibility(self, edges: Sequence[Edge]) -> tuple[float, list[str]]:
        """How plausible the triplets are as a whole, on 0-100; and notes for the record (triplets skipped)."""
        ...


class Blobs(Protocol):
    """Content-addressed files of a run."""

    async def put(self, data: bytes, media_type: str) -> Blob: ...

    async def get(self, blob: Blob) -> bytes: ...


class Pictures(Protocol):
    """Loads and downscales pictures in a thread, with every bound checked."""

    async def load(self, ref: ImageRef, longest_side: int) -> Picture: ...

    async def shrink(self, data: bytes, longest_side: int) -> Picture: ...


Ablation = Literal["knowledge", "ranking", "graph-score", "semantic-score"]


@dataclass(frozen=True)
class Options:
    """Settings of the method. Defaults are the paper's where it gives one."""

    mode: Literal["stepwise", "merged"] = "merged"
    candidates: int = 5
    rounds: int = 0
    """Verification rounds; 0 switches verification off."""
    ablate: frozenset[Ablation] = frozenset()
    weights: dict[str, float] = field(default_factory=lambda: {"graph": 1.0, "clip": 0.5, "blip": 0.5})
    graph_similarity: Literal["exact", "soft"] = "exact"
    temperature: float = 0.1
    max_tokens: int = 512
    sample_side: int = 1024
    """Longest side in px of the sample's picture as the LMM sees it."""
    candidate_side: int = 448
    penalty: float = 5.0
    """Taken off the quality of a verified candidate for every edge that it lacks or adds."""
    seed: int = 0


@dataclass
class Context:
    """Everything a node may touch."""

    lmm: LMM
    pictures: Pictures
    blobs: Blobs
    options: Options
    generator: ImageGenerator | None = None
    """None when no sample of the run misses a picture."""
    scorers: tuple[Scorer, ...] = ()
    graph_scorers: tuple[GraphScorer, ...] = ()
    """None by default; they see candidates only where their graphs are compared."""
    library: Library = field(default_factory=Library)
    """The prompts; another folder replaces the project's own."""

    @cached_property
    def questions(self) -> Questions:
        """All questions to the LMM, their prompts read once."""
        return Questions(self.library)
