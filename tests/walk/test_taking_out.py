"""What is taken out of a session and gone on with: pictures that are found, talk told as talk, names that hold."""

import re
from urllib.parse import unquote

from aiohttp import web

from agent.walk.model import Turn
from agent.walk.walk import Walk
from data.sample import Modality


async def test_pictures_are_in_the_text_or_links_that_lead_to_them(world):
    notes = world.folder / "my notes"
    async with await world.create() as walk:
        await walk.run()
        texts = [await walk.export_markdown(), await walk.export_markdown(notes)]
    for text in texts:
        named = set(re.findall(r"!\[.*\]\[(\w+)\]", text))
        defined = dict(re.findall(r"(?m)^\[(\w+)\]: (\S+)$", text))
        assert named and set(defined) == named
    assert texts[0].count("data:image/png;base64,iVBOR") == len(named)
    for link in defined.values():
        assert (notes / unquote(link)).resolve().is_file()


async def test_questions_of_a_talk_are_not_questions_of_the_start(world):
    async with await world.create() as walk:
        await walk.run()
        questions, domain = (await walk.context()).questions, walk.session.input()["domain"]
        walk.say(Turn(role="user", text="Why?"))
        await (await walk.lmm(world.emit)).ask(questions.describe(domain, Modality.IMAGE, "talk", [], "moon"))
        text = await walk.export_markdown()
    start, _, rest = text.partition("## #1 intake")
    assert "### talk" not in start and rest.index("## Conversation") < rest.index("### talk")


async def test_a_replayed_session_goes_by_the_name_of_its_folder(world):
    async with await world.create() as walk:
        await walk.run()
        file = world.folder / "export.json"
        file.write_text(await walk.export_json())
    async with await Walk.replay(file, world.folder / "again") as walk:
        assert walk.session.name == "again"


async def test_a_retry_past_the_cache_stays_one_when_it_is_tried_again(world):
    async with await world.create() as walk:
        await walk.run()
        await walk.go(2)
        world.oracle.rule = lambda asked: web.json_response({"error": {"message": "no such key"}}, status=401)
        assert await walk.retry() is None
        world.oracle.rule, asked = (lambda asked: None), len(world.oracle.asked)
        assert await walk.retry() is not None and len(world.oracle.asked) == asked + 1
