"""Counters of a client for a live display."""

from dataclasses import dataclass
from typing import Any

from data.record import Usage


@dataclass(frozen=True)
class Totals:
    """A snapshot since the client was made."""

    questions: int = 0
    """Questions asked, answered or not."""
    answered: int = 0
    errors: int = 0
    """Questions that ended in an error."""
    open: int = 0
    """Questions being worked on: waiting, in flight, or between two attempts."""
    in_flight: int = 0
    """Requests on the wire right now."""
    calls: int = 0
    """Requests that went over the wire, repairs and retries included."""
    cache_hits: int = 0
    retries: int = 0
    repairs: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0
    saved_tokens: int = 0
    cost_usd: float = 0.0
    cache_errors: int = 0
    """Answers that the response cache could not read or keep (disk full, say): the run goes on without it."""

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


class Tally:
    """Amounts by name, of a client or of one question. Used from one event loop only, so a plain += is safe."""

    def __init__(self) -> None:
        self._amounts: dict[str, Any] = {}

    def add(self, **amounts: float) -> None:
        """Add to amounts by name; the names are those of `Totals` or `Usage`."""
        for name, amount in amounts.items():
            self._amounts[name] = self._amounts.get(name, 0) + amount

    def totals(self) -> Totals:
        return Totals(**self._amounts)

    def usage(self) -> Usage:
        return Usage(**self._amounts)
