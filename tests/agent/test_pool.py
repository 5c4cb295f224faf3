"""Samples in flight: bounded, depth-first, stoppable."""

import asyncio

import pytest

from agent.pool import samples_in_flight, work_through


async def test_bounded_and_depth_first():
    four, now, most, finished = asyncio.Barrier(4), 0, 0, []

    async def work(item):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await four.wait()  # passes only when four are at work
        now -= 1
        finished.append(item)

    await work_through(iter(range(48)), work, 4, asyncio.Event())
    assert most == 4 and sorted(finished) == list(range(48))
    assert [sorted(finished[i : i + 4]) for i in range(0, 48, 4)] == [
        [i, i + 1, i + 2, i + 3] for i in range(0, 48, 4)
    ]


async def test_stop_finishes_what_is_in_flight_and_begins_nothing():
    stop, gate, begun, finished = asyncio.Event(), asyncio.Event(), [], []

    async def work(item):
        begun.append(item)
        if len(begun) == 3:
            stop.set()
            gate.set()
        await gate.wait()
        finished.append(item)

    await work_through(iter(range(100)), work, 3, stop)
    assert sorted(finished) == sorted(begun) == [0, 1, 2]


async def test_first_error_cancels_the_others_and_comes_out_bare():
    cancelled = []

    async def work(item):
        if item == 1:
            raise KeyError("down")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(item)
            raise

    with pytest.raises(KeyError, match="down"):
        await work_through(iter(range(9)), work, 3, asyncio.Event())
    assert set(cancelled) <= {0, 2}


def test_more_slots_more_samples_more_candidates_fewer():
    assert samples_in_flight(1, 5) == 2
    assert samples_in_flight(16, 5) == 8
    assert samples_in_flight(64, 5) == 32
    assert samples_in_flight(64, 10) < samples_in_flight(64, 5)
