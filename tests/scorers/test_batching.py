"""What is asked for together goes through the model together, and a bad item hurts nobody else."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tools.batching import Batcher
from tools.recent import Recent
from tools.scorers.clip import load_clip

FOREVER = 60.0
"""A linger that no test waits out: batches go when they are full."""


async def test_items_of_many_callers_share_batches_in_order() -> None:
    batches: list[list[int]] = []

    def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        return [item * 10 for item in items]

    batcher: Batcher[int, int] = Batcher(work, name="test", max_batch=4, linger=FOREVER)
    assert await asyncio.gather(*[batcher.submit(item) for item in range(8)]) == [
        item * 10 for item in range(8)
    ]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7]]
    await batcher.close()


async def test_a_poisonous_item_fails_alone() -> None:
    def work(items: Sequence[int]) -> list[int]:
        if 2 in items:
            raise ValueError("two")
        return list(items)

    batcher: Batcher[int, int] = Batcher(work, name="test", max_batch=4, linger=FOREVER)
    results = await asyncio.gather(*[batcher.submit(item) for item in range(4)], return_exceptions=True)
    assert [result for result in results if isinstance(result, int)] == [0, 1, 3]
    assert isinstance(results[2], ValueError)
    await batcher.close()


async def test_closing_finishes_what_was_submitted_and_refuses_the_rest() -> None:
    batcher: Batcher[int, int] = Batcher(list, name="test", max_batch=100, linger=FOREVER)
    waiting = [asyncio.create_task(batcher.submit(item)) for item in range(3)]
    await asyncio.sleep(0)
    await batcher.close()
    await batcher.close()
    assert await asyncio.gather(*waiting) == [0, 1, 2]
    with pytest.raises(RuntimeError, match="test is closed"):
        await batcher.submit(4)


async def test_a_cancelled_caller_takes_its_item_out() -> None:
    seen: list[int] = []
    batcher: Batcher[int, int] = Batcher(
        lambda items: [seen.append(item) or item for item in items],  # type: ignore[func-returns-value]
        name="test",
        max_batch=3,
        linger=FOREVER,
    )
    tasks = [asyncio.create_task(batcher.submit(item)) for item in range(2)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0)
    assert await batcher.submit(2) == 2
    assert await tasks[1] == 1
    assert seen == [1, 2]
    await batcher.close()


def test_recent_computes_once_for_all_threads_and_forgets_failures() -> None:
    calls: list[str] = []
    together = threading.Barrier(4)
    recent: Recent[str] = Recent(entries=2)

    def compute(key: str) -> str:
        calls.append(key)
        return key.upper()

    def ask() -> None:
        together.wait()
        assert recent.get("a", lambda: compute("a")) == "A"

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["a"]
    with pytest.raises(ZeroDivisionError):
        recent.get("b", lambda: str(1 // 0))
    assert recent.get("b", lambda: compute("b")) == "B"
    recent.get("c", lambda: compute("c"))
    recent.get("a", lambda: compute("a"))
    assert calls == ["a", "b", "c", "a"]


async def test_pictures_are_embedded_once(
    clip_folder: Path, picture: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = load_clip(str(clip_folder), device="cpu")
    sizes: list[int] = []
    embed = scorer._encoder.embed_images
    monkeypatch.setattr(
        scorer._encoder, "embed_images", lambda pixels: sizes.append(len(pixels)) or embed(pixels)
    )
    await scorer.similarity([picture(0)] * 3 + [picture(1)], ["word1"] * 4)
    await scorer.similarity([picture(1)], ["word2"])
    assert sum(sizes) == 2
    await scorer.close()
