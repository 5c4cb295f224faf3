"""Settings of the method that a branch may change: the options of `graphs.context`, each within its bounds."""

from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from agent.settings import KGC, TERMS
from agent.walk.errors import WalkError
from graphs.context import Ablation, Options


class Changes(BaseModel):
    """Options that differ from the session's. Same names and bounds as in `agent.settings`."""

    model_config = ConfigDict(extra="forbid", strict=False, allow_inf_nan=False)

    mode: Literal["merged", "stepwise"] | None = None
    candidates: int | None = Field(default=None, ge=1, le=50)
    rounds: int | None = Field(default=None, ge=0, le=10)
    ablate: list[Ablation] | None = None
    weights: dict[str, float] | None = None
    graph_similarity: Literal["exact", "soft"] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=16, le=32_768)
    sample_side: int | None = Field(default=None, ge=28)
    candidate_side: int | None = Field(default=None, ge=28)
    penalty: float | None = Field(default=None, ge=0)
    seed: int | None = Field(default=None, ge=0, lt=2**31)

    @field_validator("weights")
    @classmethod
    def _usable(cls, weights: dict[str, float] | None) -> dict[str, float] | None:
        if weights is None:
            return None
        if unknown := sorted(set(weights) - {*TERMS, KGC}):
            raise ValueError(f"unknown score {unknown[0]!r}; the terms are {', '.join((*TERMS, KGC))}")
        if any(w < 0 for w in weights.values()) or not any(weights.values()):
            raise ValueError("weights must be 0 or more, and one of them above 0")
        return {term: weights.get(term, 0.0) for term in TERMS} | {
            k: w for k, w in weights.items() if k == KGC
        }

    @field_validator("ablate")
    @classmethod
    def _sorted(cls, ablate: list[Ablation] | None) -> list[Ablation] | None:
        return sorted(set(ablate)) if ablate is not None else None


def plain(options: Options) -> dict[str, Any]:
    """Options as plain values, as `session.json` holds them."""
    return {**asdict(options), "ablate": sorted(options.ablate)}


def options_of(*layers: Mapping[str, Any]) -> Options:
    """Options from plain values; later layers win. Raises `WalkError` for what does not fit."""
    merged = {name: value for layer in layers for name, value in layer.items()}
    known = check(merged)
    return Options(**{**known, "ablate": frozenset(known.get("ablate", ()))})


def check(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as plain values that fit. Raises `WalkError`: an unknown name (with the close one), or a value."""
    names = list(Changes.model_fields)
    for name in changes:
        if name not in names:
            close = get_close_matches(name, names, 1, 0.5)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
            raise WalkError(f"there is no option {name!r}; {hint}")
    try:
        return Changes.model_validate(dict(changes)).model_dump(exclude_none=True)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"]))
        message = problem["msg"].removeprefix("Value error, ")
        raise WalkError(f"the option {where} cannot be {problem['input']!r}: {message}") from None
