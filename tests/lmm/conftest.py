"""Makes `endpoint_double` importable and gives the questions that the tests ask."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

sys.path.insert(0, str(Path(__file__).parent))

from tools.lmm.endpoint import Endpoint
from tools.lmm.question import Question


class Fruit(BaseModel):
    """A small structured answer."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=20)
    count: int = Field(ge=0, le=99)


@pytest.fixture
def fruit() -> type[Fruit]:
    return Fruit


@pytest.fixture
def question() -> Callable[..., Question[Any]]:
    """A question; equal arguments make equal questions."""

    def make(ask: str = "Which fruit?", **changes: Any) -> Question[Any]:
        fields: dict[str, Any] = {
            "step": "extract.objects",
            "prompt": "general/rule@0123456789ab",
            "system": "You are careful.",
            "shared": ("A bowl with three apples.",),
            "ask": ask,
            "answer": Fruit,
        }
        return Question(**(fields | changes))

    return make


@pytest.fixture
def endpoint() -> Callable[..., Endpoint]:
    """Settings for a URL."""

    def make(url: str, **changes: Any) -> Endpoint:
        return Endpoint(**({"base_url": url, "model": "tiny", "retries": 3, "timeout_s": 300} | changes))

    return make


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Back-off without waiting; the list collects what the endpoint asked for."""
    asked: list[float | None] = []

    def backoff(attempt: int, wait_s: float | None, chance: object) -> float:
        asked.append(wait_s)
        return 0.0

    monkeypatch.setattr("tools.lmm.client.backoff", backoff)
    return asked
