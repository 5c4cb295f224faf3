"""Limits, back-off and the circuit, on a clock of their own: nothing here waits or measures real time."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.lmm.circuit import Circuit
from tools.lmm.endpoint import Endpoint
from tools.lmm.limits import Limits, Pause, request_throttle
from tools.lmm.retry import LONGEST_RETRY_AFTER_S, LONGEST_S, backoff, retry_after
from tools.lmm.token_rate import TokenRate


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer whenever nothing else is to do."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0
        select = self._selector.select

        def jump(timeout: float | None) -> Any:
            if timeout is not None and timeout > 0:
                self._now += timeout
            return select(0)

        self._selector.select = jump  # type: ignore[method-assign]

    def time(self) -> float:
        return self._now


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine function on virtual time."""
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(main())


def now() -> float:
    return asyncio.get_running_loop().time()


def most_in_a_minute(starts: list[tuple[float, float]]) -> float:
    """The largest sum of weights that started in any half-open sliding minute."""
    return max(sum(w for t, w in starts if begin <= t < begin + 60 - 1e-6) for begin, _ in starts)


@settings(max_examples=60, deadline=None)
@given(
    tpm=st.integers(600, 60_000),
    shares=st.lists(st.floats(0.001, 1.0), min_size=1, max_size=60),
    late=st.randoms(use_true_random=False),
)
def test_no_sliding_minute_has_more_tokens_than_allowed(tpm, shares, late):
    """Requests of 0.1 to 100 % of a minute's tokens, from many tasks, in any order."""
    starts: list[tuple[float, float]] = []

    async def main():
        rate = TokenRate(tpm, clock=now)

        async def one(weight: float) -> None:
            await asyncio.sleep(late.uniform(0, 30))
            await rate.reserve(weight)
            starts.append((now(), weight))

        await asyncio.gather(*(one(share * tpm) for share in shares))

    run(main)
    assert len(starts) == len(shares)
    assert most_in_a_minute(starts) <= tpm * (1 + 1e-9)


def test_the_token_limit_is_used_up():
    """Nothing slows requests down below the limit: ten minutes' worth takes ten minutes."""

    async def main():
        rate = TokenRate(6000, clock=now)
        began = now()
        await asyncio.gather(*(rate.reserve(100) for _ in range(600)))
        return now() - began

    assert run(main) == pytest.approx(600 - 10, abs=1)


def test_tokens_that_were_not_used_are_given_back():
    async def main():
        rate = TokenRate(6000, clock=now)
        grant = await rate.reserve(1000)
        began = now()
        waiting = asyncio.create_task(rate.reserve(900))
        await asyncio.sleep(2)
        assert not waiting.done()
        rate.settle(grant, 100)
        await waiting
        return now() - began

    assert run(main) == pytest.approx(2)


def test_more_tokens_than_estimated_are_charged():
    async def main():
        rate = TokenRate(6000, clock=now)
        rate.settle(await rate.reserve(10), 3000)
        began = now()
        await rate.reserve(10)
        return now() - began

    assert run(main) == pytest.approx(30), "3,000 tokens at 6,000 a minute take half a minute"


def test_a_large_request_is_not_starved():
    async def main():
        rate, order = TokenRate(6000, clock=now), []

        async def one(name: str, weight: float) -> None:
            await rate.reserve(weight)
            order.append(name)

        await asyncio.gather(one("a", 600), one("large", 1000), *(one("small", 10) for _ in range(5)))
        return order

    assert run(main) == ["a", "large"] + ["small"] * 5


def test_cancelling_in_the_queue_of_the_token_limit():
    async def main():
        rate = TokenRate(6000, clock=now)
        await rate.reserve(1000)
        waiting = [asyncio.create_task(rate.reserve(1000)) for _ in range(3)]
        await asyncio.sleep(1)
        for task in waiting[:2]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return now()

    assert run(main) == pytest.approx(1010)


@pytest.mark.parametrize("rpm", [3, 59, 60, 61, 100, 500, 5000])
def test_the_request_rate_in_every_sliding_minute(rpm, monkeypatch):
    starts: list[tuple[float, float]] = []
    throttle = request_throttle(rpm)
    slots = asyncio.Semaphore(4)

    async def main():
        monkeypatch.setattr("asyncio_throttle.throttler.time.monotonic", now)

        async def one() -> None:
            async with slots:
                await throttle.acquire()
            starts.append((now(), 1))

        await asyncio.gather(*(one() for _ in range(min(2 * rpm, 150))))

    run(main)
    monkeypatch.undo()
    assert most_in_a_minute(starts) <= rpm
    first = starts[0][0]
    burst = sum(1 for start, _ in starts if start < first + 0.99 * throttle.period)
    assert burst <= max(1, rpm / 60), "the minute's requests must not start at once"
    assert starts[-1][0] - first <= 1.1 * len(starts) * 60 / rpm, "but the rate is used"


def test_slots_are_given_back_after_errors_and_cancellation():
    async def main():
        limits = Limits(Endpoint(base_url="http://h/v1", model="m", max_concurrency=1))

        async def fail() -> None:
            async with limits.slot(1):
                raise ValueError

        async def hang() -> None:
            async with limits.slot(1):
                await asyncio.sleep(1e6)

        with pytest.raises(ValueError):
            await fail()
        task = asyncio.create_task(hang())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(1), limits.slot(1) as settle:
            settle(5)

    run(main)


def test_every_request_passes_the_request_and_the_token_rate(monkeypatch):
    async def main(**limit: float) -> float:
        monkeypatch.setattr("asyncio_throttle.throttler.time.monotonic", now)
        limits = Limits(Endpoint(base_url="http://h/v1", model="m", **limit))
        if limits._tokens is not None:
            limits._tokens._clock = now
        began = now()
        for _ in range(5):
            async with limits.slot(1000):
                pass
        return now() - began

    seconds = [
        run(lambda limit=limit: main(**limit))
        for limit in ({"requests_per_minute": 60}, {"tokens_per_minute": 6000}, {})
    ]
    monkeypatch.undo()
    assert seconds == [pytest.approx(4, abs=0.3), pytest.approx(40), 0]


def test_a_pause_holds_those_who_wait_for_their_rate(monkeypatch):
    async def main() -> list[float]:
        monkeypatch.setattr("asyncio_throttle.throttler.time.monotonic", now)
        limits = Limits(Endpoint(base_url="http://h/v1", model="m", requests_per_minute=60))
        limits.pause = Pause(clock=now)
        starts = []

        async def one() -> None:
            async with limits.slot(1):
                starts.append(now() - began)
                if len(starts) == 1:
                    limits.pause.hold(30)

        began = now()
        await asyncio.gather(*(one() for _ in range(4)))
        return starts

    starts = run(main)
    monkeypatch.undo()
    assert starts[0] < 1
    assert all(start >= 30 for start in starts[1:])


def test_a_pause_can_only_grow():
    async def main():
        pause = Pause(clock=now)
        pause.hold(10)
        pause.hold(2)
        await pause.over()
        return now()

    assert run(main) == pytest.approx(1010)


def test_backoff_doubles_with_jitter_and_is_bounded():
    chance = random.Random(1)
    for attempt in range(100):
        full = min(LONGEST_S, 0.5 * 2**attempt)
        assert full / 2 <= backoff(attempt, None, chance) <= full
    assert 5.0 <= backoff(0, 5.0, chance) <= 5.5, "never sooner than the endpoint says"
    assert backoff(0, 1e9, chance) <= LONGEST_RETRY_AFTER_S * 1.1
    for hint in (0.0, 0.006):
        waits = [backoff(attempt, hint, chance) for attempt in range(6)]
        assert all(wait >= 0.25 * 2**attempt for attempt, wait in enumerate(waits)), "a hint is a lower bound"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:30 +0100"}, 30.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "inf"}, None),
        ({"retry-after-ms": "nan"}, None),
    ],
)
def test_retry_after(headers, seconds):
    assert retry_after(headers, datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)) == seconds


class TestCircuit:
    """The rule in the module's docstring."""

    def setup_method(self):
        self.time = 0.0
        self.circuit = Circuit(clock=lambda: self.time)

    def attempts(self, count: int) -> float:
        """Failed attempts, one a second; the time of the first failure."""
        first = self.time
        for _ in range(count):
            self.circuit.failed()
            self.time += 1
        return first

    def test_refused_connections(self):
        assert self.circuit.gave_up(self.attempts(3), kind="connection", problem="p")
        assert self.circuit.down == "p (3 attempts in a row failed, so the run stops here)"

    def test_a_sign_of_life_meanwhile(self):
        first = self.attempts(3)
        self.circuit.alive()
        self.attempts(3)
        assert not self.circuit.gave_up(first, kind="connection", problem="p")
        assert self.circuit.gave_up(first + 4, kind="connection", problem="p")

    def test_silence_needs_three_questions(self):
        assert not self.circuit.gave_up(self.attempts(7), kind="timeout", problem="p")
        assert not self.circuit.gave_up(self.attempts(7), kind="timeout", problem="p")
        assert self.circuit.gave_up(self.attempts(7), kind="timeout", problem="p")

    def test_an_answer_between_starts_the_count_anew(self):
        for _ in range(5):
            assert not self.circuit.gave_up(self.attempts(7), kind="timeout", problem="p")
            assert not self.circuit.gave_up(self.attempts(7), kind="timeout", problem="p")
            self.circuit.alive()
            self.time += 1
