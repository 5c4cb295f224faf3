"""One line of `records.jsonl`: everything needed to explain what became of one sample."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from data.sample import Domain, Modality

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "text/plain": ".txt"}

Score = float
"""All scores are on 0-100."""


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Edge(Strict):
    """(head, relation, tail)."""

    head: str
    relation: str
    tail: str


class Usage(Strict):
    """What the LMM was asked for one sample. Tokens of answers that came from the cache are counted apart."""

    calls: int = 0
    """Requests that went over the wire, repairs and retries included."""
    cache_hits: int = 0
    repairs: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0
    """Part of `prompt_tokens` that the endpoint's prefix cache served."""
    saved_tokens: int = 0
    """Prompt and completion tokens of answers that came from the response cache."""
    cost_usd: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        mine, theirs = self.model_dump(), other.model_dump()
        return Usage(**{name: mine[name] + theirs[name] for name in mine})


class Call(Strict):
    """One question to the LMM: for the explanation of a result, not its text (the cache holds that)."""

    step: str
    """extract.objects, consolidate, describe:2, refine:0, reextract:3, verify ..."""
    prompt: str
    """Name of the prompt file and the first 12 digits of its content hash."""
    finish_reason: str
    seconds: float
    prompt_tokens: int
    completion_tokens: int
    cached: bool
    repaired: bool


class Blob(Strict):
    """A file in the run's `blobs/`."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    media_type: str
    size: int

    @property
    def path(self) -> str:
        """Where it lies, relative to the run folder: `blobs/ab/abcd....png`."""
        return f"blobs/{self.sha256[:2]}/{self.sha256}{SUFFIXES.get(self.media_type, '')}"


class Scores(Strict):
    """Terms of the quality score of one candidate (Eq. 1 and 2 of the paper). None: switched off or not to be had."""

    graph: Score | None = None
    graph_soft: Score | None = None
    clip: Score | None = None
    blip: Score | None = None
    quality: Score = 0.0
    extra: dict[str, float] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
    """For example "text split into 3 parts for CLIP"."""


class Candidate(Strict):
    """One imagined version of the missing modality, with its evidence."""

    index: int
    round: int = 0
    """0 for the first N, 1.. for regenerated ones."""
    subject: str
    description: str
    text: str | None = None
    image: Blob | None = None
    seed: int
    knowledge: dict[str, Any] | None = None
    """Re-extracted from the candidate, as the LMM gave it."""
    graph: list[Edge] = Field(default_factory=list)
    scores: Scores = Field(default_factory=Scores)
    error: str | None = None
    """Why this candidate could not be made or scored; the others go on."""


class Failure(Strict):
    """Why a sample could not be completed. `problem` is one sentence: what, where, what to do."""

    stage: str
    problem: str


class Truth(Strict):
    """Ground truth, known only when the mask was simulated."""

    text: str | None = None
    image: Blob | None = None


class Record(Strict):
    """What became of one sample that misses a modality (or could not be read)."""

    sample_id: str
    index: int
    """Position in the data set's order."""
    status: Literal["completed", "failed"]
    domain: Domain
    missing: Modality | None
    labels: list[str] = Field(default_factory=list)
    text: str | None = None
    """The present text."""
    image: Blob | None = None
    """The present picture (a thumbnail-sized copy is in `blobs/`, the original stays where it is)."""
    knowledge: dict[str, Any] | None = None
    answers: dict[str, str] = Field(default_factory=dict)
    """Stepwise mode: what the LMM answered to each rule."""
    graph: list[Edge] = Field(default_factory=list)
    subjects: list[str] = Field(default_factory=list)
    candidates: list[Candidate] = Field(default_factory=list)
    chosen: int | None = None
    """Index into `candidates`."""
    truth: Truth | None = None
    weights: dict[str, float] = Field(default_factory=dict)
    usage: Usage = Field(default_factory=Usage)
    calls: list[Call] = Field(default_factory=list)
    seconds: dict[str, float] = Field(default_factory=dict)
    """Wall seconds by stage: extract, alternate, generate, reextract, score, total."""
    seed: int = 0
    failure: Failure | None = None
    warnings: list[str] = Field(default_factory=list)
