"""Events of a session, as every page of it hears them."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from agent.browser import channel as module
from agent.browser.channel import Channel


async def heard(channel: Channel, position: int, enough: int, missed: bool = False) -> list[tuple[str, dict]]:
    """(id, event) of the first so many events of a stream."""
    found: list[tuple[str, dict]] = []
    stream = channel.stream(position, missed)
    async for part in stream:
        for frame in part.decode().split("\n\n"):
            lines = dict(line.partition(": ")[::2] for line in frame.splitlines())
            if "data" in lines:
                found.append((lines["id"], json.loads(lines["data"])))
        if len(found) >= enough:
            await stream.aclose()
            return found
    return found


async def test_two_pages_hear_the_same_in_order():
    channel = Channel()
    pages = [asyncio.ensure_future(heard(channel, channel.position(None, False)[0], 3)) for _ in range(2)]
    await asyncio.sleep(0.05)
    for number in range(3):
        channel.tell({"type": "token", "text": f"{number}\nline"})
    first, second = await asyncio.gather(*pages)
    assert first == second and [event["text"] for _, event in first] == ["0\nline", "1\nline", "2\nline"]


async def test_a_page_that_comes_again_goes_on_where_it_was():
    channel = Channel()
    for number in range(5):
        channel.tell({"number": number})
    [(last, _), *_] = (await heard(channel, 2, 3))[:1]
    assert channel.position(last, False) == (3, False)
    for unknown in ("another-2", "nonsense", last.replace("-3", "-77")):
        assert channel.position(unknown, False) == (channel.last, True), unknown


async def test_a_page_of_an_earlier_channel_is_told_that_it_has_missed_something():
    """The session was closed and opened again, or the server started anew, while the page was there."""
    earlier, channel = Channel(), Channel()
    first = await anext(earlier.stream(*earlier.position(None, False)))
    known = dict(line.partition(": ")[::2] for line in first.decode().splitlines())["id"]
    assert known, "a page that has heard nothing yet can be known again too"
    assert earlier.position(known, False) == (0, False)
    channel.begin()
    channel.tell({"step": "this"})
    position, missed = channel.position(known, True)
    found = await heard(channel, position, 2, missed)
    assert [event for _, event in found] == [{"type": "missed"}, {"step": "this"}]
    assert channel.position(found[0][0], True) == (0, False), "it is told so once"


async def test_what_is_told_before_the_end_is_heard():
    channel = Channel()
    page = asyncio.ensure_future(heard(channel, 0, 10))
    channel.tell({"step": "this"})
    await asyncio.sleep(0)
    channel.tell({"type": "stopped"})
    channel.tell({"type": "changed"})
    channel.close()
    assert [event for _, event in await page] == [{"step": "this"}, {"type": "stopped"}, {"type": "changed"}]


async def test_a_page_that_comes_in_mid_step_is_told_the_step_from_its_beginning():
    channel = Channel()
    channel.tell({"step": "earlier"})
    channel.begin()
    channel.tell({"step": "this"})
    position, missed = channel.position(None, True)
    assert not missed, "it has just asked for everything"
    assert [event for _, event in await heard(channel, position, 1)] == [{"step": "this"}]


async def test_a_page_that_is_too_slow_is_told_to_look_again(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 10)
    channel = Channel()
    for number in range(25):
        channel.tell({"number": number})
    [(_, event)] = await heard(channel, 0, 1)
    assert event == {"type": "missed"}
    channel.close()
    assert await heard(channel, channel.last, 1) == []


def test_nothing_of_ours_switches_tracing_on():
    """It is the environment's alone: without variables it is off, whatever is imported."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LANGSMITH_", "LANGCHAIN_"))}
    script = (
        "import agent.web, agent.browser.app, agent.talk.conversation, tools.lmm.client, graphs.completion\n"
        "from langsmith.utils import tracing_is_enabled\nprint(tracing_is_enabled())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=clean, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
