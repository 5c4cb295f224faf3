"""Test cases that `Walk.save_test_case` has written: one sample, recorded answers, and the record that must come of it.

In a test of one's own:

    from agent.walk.case import compare

    async def test_the_red_car():
        assert await compare(Path("tests/cases/red_car.json")) == []
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.walk.errors import WalkError
from agent.walk.export import read_export
from agent.walk.walk import Walk

TIMES = {"seconds"}
"""Keys of a record that no two runs share."""
SHORTEST = 80


async def compare(path: Path) -> list[str]:
    """Replay the case and say where the record differs from the expected one, a line each; times are not compared.

    Raises `WalkError` for what is no test case, and for a replay that asks something that was not asked."""
    expected = read_export(path).expected
    if expected is None:
        raise WalkError(f"{path} is an exported session and no test case: it expects no record")
    with tempfile.TemporaryDirectory() as folder:
        async with await Walk.replay(path, Path(folder) / "walk") as walk:
            record = await walk.record()
    return list(_differences(expected.model_dump(mode="json"), record.model_dump(mode="json"), ""))


def _differences(expected: Any, got: Any, where: str) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in dict.fromkeys([*expected, *got]):
            if key not in TIMES:
                yield from _differences(expected.get(key), got.get(key), f"{where}.{key}".removeprefix("."))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differences(one, other, f"{where}.{index}")
    elif expected != got:
        yield f"{where}: expected {_short(expected)}, got {_short(got)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHORTEST else text[: SHORTEST - 3] + "..."
