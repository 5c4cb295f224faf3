"""Tokens per minute: a limit with weights, which asyncio-throttle does not have.

Two sliding windows must both admit a request: a minute with the whole limit, so that no sliding minute has more tokens
than allowed, and ten seconds with a sixth of it, so that the minute's tokens do not start all at once. Requests reserve
an estimate and settle it when the endpoint has told the true number; the limit holds as exactly as the estimates do.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0
SHORT_S = 10.0
ROUNDING = 1e-6
"""Tokens by which sums of floats may be off."""


@dataclass
class Grant:
    """Tokens that a request may use, and when it began. Grants are numbered in the order of their start."""

    number: int
    tokens: float
    start: float


class Window:
    """At most `budget` tokens may start within `period` seconds.

    A request of more tokens than the budget is let in alone, and then counts for as long as its tokens take at the mean
    rate.
    """

    def __init__(self, period: float, budget: float) -> None:
        self._period = period
        self._budget = budget
        self._grants: deque[Grant] = deque()
        self._used = 0.0

    def wait(self, now: float, tokens: float) -> float:
        """Seconds until `tokens` fit, as far as is known now; 0 when they fit now."""
        while self._grants and self._expires(self._grants[0]) <= now:
            self._used -= self._weight(self._grants.popleft().tokens)
        excess = self._used + self._weight(tokens) - self._budget
        until = now
        for grant in self._grants:
            if excess <= ROUNDING:
                break
            excess -= self._weight(grant.tokens)
            until = max(until, self._expires(grant))
        return until - now

    def add(self, grant: Grant) -> None:
        self._grants.append(grant)
        self._used += self._weight(grant.tokens)

    def change(self, grant: Grant, tokens: float) -> None:
        """`grant` is about to hold `tokens`."""
        if self._grants and grant.number >= self._grants[0].number:
            self._used += self._weight(tokens) - self._weight(grant.tokens)

    def _weight(self, tokens: float) -> float:
        return min(tokens, self._budget)

    def _expires(self, grant: Grant) -> float:
        return grant.start + self._period * max(1.0, grant.tokens / self._budget)


class TokenRate:
    """At most `tokens_per_minute`. Requests are admitted in the order in which they came, so that small ones do not
    starve a large one."""

    def __init__(self, tokens_per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        short = tokens_per_minute * SHORT_S / MINUTE
        self._windows = Window(SHORT_S, short), Window(MINUTE, tokens_per_minute)
        self._clock = clock
        self._count = 0
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    async def reserve(self, tokens: float) -> Grant:
        """Wait until `tokens` fit, and take them."""
        async with self._turn:
            while (wait_s := max(window.wait(self._clock(), tokens) for window in self._windows)) > 0:
                self._freed.clear()
                try:
                    async with asyncio.timeout(wait_s):
                        await self._freed.wait()
                except TimeoutError:
                    continue
            grant = Grant(self._count, tokens, self._clock())
            self._count += 1
            for window in self._windows:
                window.add(grant)
            return grant

    def settle(self, grant: Grant, tokens: float) -> None:
        """Replace the estimate by the true number."""
        for window in self._windows:
            window.change(grant, tokens)
        grant.tokens = tokens
        self._freed.set()
