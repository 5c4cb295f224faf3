"""How fast an endpoint may be asked. One `Limits` per endpoint; every request passes its parts in a fixed
order."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from math import floor

from asyncio_throttle.throttler import Throttler

from tools.lmm.endpoint import Endpoint
from tools.lmm.token_rate import MINUTE, TokenRate

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


def request_throttle(requests_per_minute: float) -> Throttler:
    """asyncio-throttle lets the whole rate start at once at the beginning of its period, so the period is
    about a second (longer below 60 a minute): `rpm/60` starts per second keep every sliding minute below
    `rpm` and cannot burst."""
    starts = max(1, floor(requests_per_minute / MINUTE))
    period = starts * MINUTE / requests_per_minute
    return Throttler(rate_limit=starts, period=period, retry_interval=min(0.05, period / 10))


class Pause:
    """A stop for everybody: Retry-After speaks of the endpoint, not of the one request that got it."""

    def __init__(self, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._until = float("-inf")
        self._clock = clock
        self._sleep = sleep

    def hold(self, seconds: float) -> None:
        self._until = max(self._until, self._clock() + seconds)

    async def over(self) -> None:
        while (left := self._until - self._clock()) > 0:
            await self._sleep(left)


class Limits:
    """Concurrency, then request rate, then token rate. Concurrency comes first because asyncio-throttle
    polls: so only as many requests poll as may be in flight."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._slots = asyncio.Semaphore(endpoint.max_concurrency)
        self._requests = (
            request_throttle(endpoint.requests_per_minute) if endpoint.requests_per_minute else None
        )
        self._tokens = TokenRate(endpoint.tokens_per_minute) if endpoint.tokens_per_minute else None
        self.pause = Pause()

    @asynccontextmanager
    async def slot(self, tokens: int) -> AsyncIterator[Callable[[int], None]]:
        """Hold a place for one request of about `tokens` tokens. Yields the function that settles the true
        number."""
        async with self._slots:
            await self.pause.over()
            if self._requests is not None:
                await self._requests.acquire()  # type: ignore[no-untyped-call]
            settle = _ignore
            if self._tokens is not None:
                settle = partial(self._tokens.settle, await self._tokens.reserve(tokens))
            await self.pause.over()  # it may have begun while this request waited for its rate
            yield settle


def _ignore(tokens: int) -> None:
    """There is no token limit to settle with."""
