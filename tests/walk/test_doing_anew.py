"""Where an edit goes, so that all that depends on it is done anew: candidates of later rounds, prompts of a run."""

import asyncio
from pathlib import Path

import pytest

from agent.walk.source import from_run
from agent.walk.walk import Walk, WalkError
from data.sample import Domain, Modality


def never_content(asked):
    """Every verdict asks for another round; a text says what it was made from."""
    if asked.kind == "refine":
        return f"A plot of: {asked.text}"
    return {"lacks": ["star"], "adds": []} if asked.kind == "Verdict" else None


async def of_run(world, folder: Path, missing: Modality = Modality.TEXT, **settings) -> Walk:
    """A session that begins where a run of that sample ended."""
    await world.run_of(folder, missing, **settings)
    case = await asyncio.to_thread(from_run, folder, "s1")
    return await Walk.create(world.folder / "walk", case, world.models(**settings))


async def test_the_text_of_a_candidate_is_another_than_the_samples(world):
    async with await world.create(Modality.TEXT) as walk:
        await walk.run()
        before = await walk.state()
        assert walk.made("text").node == "intake"
        at = walk.made("text", candidate=1)
        assert at == walk.made("image") and at.node == "generate"
        await walk.edit({"candidates": [{"index": 1, "text": "A moon."}]}, at=at.number)
        assert walk.next_step == "rank"
        await walk.run()
        after = await walk.state()
        assert [c.text for c in after["candidates"]][1] == "A moon."
        assert after["candidates"][0].text == before["candidates"][0].text
        assert any("A moon." in asked.text for asked in world.oracle.of("Knowledge"))


async def test_a_candidate_is_edited_in_its_own_round(world):
    world.oracle.rule = never_content
    async with await world.create(Modality.TEXT, rounds=1, candidates=2) as walk:
        await walk.run()
        assert [m.node for m in walk.history()][3:] == ["alternate", "generate", "rank", "verify"] * 2
        places = [
            [walk.made(key, candidate=index).number for key in ("description", "text", "scores")]
            for index in range(3)
        ]
        assert places == [[3, 4, 5], [3, 4, 5], [7, 8, 9]]
        assert walk.made("description").number == 7
        await walk.edit({"candidates": [{"index": 0, "description": "A moon."}]}, at=places[0][0])
        assert walk.made("description", candidate=0) == walk.head
        await walk.run()
        first, second, third = (await walk.state())["candidates"]
        assert first.description == "A moon." and first.text.startswith("A plot of: A moon.")
        assert "A moon." not in second.text + third.text and third.round == 1
        with pytest.raises(WalkError, match="nothing has made 'description'"):
            walk.made("description", candidate=3)
        with pytest.raises(WalkError, match="no value 'colour'"):
            walk.made("colour", candidate=0)


async def test_a_candidate_of_regenerate_is_one_piece(world):
    async with await world.create(Modality.TEXT) as walk:
        await walk.run()
        await walk.regenerate("moon")
        with pytest.raises(WalkError, match=r"candidate 4 was made by regenerate .* go back to #5 and regen"):
            walk.made("description", candidate=3)
        assert walk.made("scores", candidate=3) == walk.head
        assert walk.made("description", candidate=2).number == 3
        with pytest.raises(WalkError, match="there is no candidate 4; there are 1, 2, 3"):
            await walk.edit({"candidates": [{"index": 3, "description": "x"}]}, at=3)
        with pytest.raises(WalkError, match="counted from 0: there is none 4; there are 0, 1, 2, 3"):
            await walk.edit({"chosen": 4})


async def test_candidates_that_a_branch_made_more_of(world):
    async with await world.create(Modality.TEXT) as walk:
        walk.set_options(candidates=5)
        await walk.run()
        walk.set_options(candidates=2)
        await walk.regenerate("moon")
        assert walk.made("description", candidate=4).number == 3
        assert walk.made("scores", candidate=5) == walk.head


async def test_prompts_that_the_moments_asked_with(world):
    async with await world.create(Modality.TEXT) as walk:
        assert await walk.first_use("general/merged") is None
        await walk.run()
        used = {moment.node: names for moment, names in await walk.prompts_used()}
        assert used["intake"] == set()
        assert {"general/merged", "general/system", "general/rules"} <= used["extract"]
        assert used["alternate"] == {"general/describe", "general/describe_system", "general/describe_graph"}
        assert used["generate"] == {"general/refine", "general/refine_system", "general/forms"}
        assert used["rank"] == used["extract"]


async def test_prompts_of_a_run_have_been_used_too(world):
    async with await of_run(world, world.folder / "run") as walk:
        places = {
            name: (await walk.first_use(f"general/{name}")).node
            for name in ("system", "merged", "describe", "describe_graph", "refine", "forms")
        }
        assert places == {
            "system": "extract",
            "merged": "extract",
            "describe": "alternate",
            "describe_graph": "alternate",
            "refine": "generate",
            "forms": "generate",
        }
        assert await walk.first_use("general/direct") is None
        assert walk.made("text", candidate=2).node == "generate"


async def test_rounds_of_a_run_are_made_anew_together(world):
    """A record has the candidates of all rounds at once, and steps would work on those of the last round alone."""
    world.oracle.rule = never_content
    async with await of_run(world, world.folder / "run", rounds=1) as walk:
        assert len((await walk.state(3))["candidates"]) == 4
        assert (await walk.first_use("general/refine")).node == "alternate"
        assert (await walk.first_use("general/merged")).node == "extract"
        for index in (0, 3):
            with pytest.raises(WalkError, match=r"in several rounds.* go back to #2 and make them anew"):
                walk.made("description", candidate=index)
        await walk.go(2)
        await walk.run()
        assert walk.made("description", candidate=0).kind == "step"


async def test_a_candidates_reading_has_its_own_system_prompt(world):
    """A radiograph and a report are read with prompts of their own."""
    case = world.case(Modality.TEXT)
    case.task.update(domain=Domain.XRAY, text_form="report")
    async with await Walk.create(world.folder / "walk", case, world.models(candidates=1)) as walk:
        await walk.run()
        assert (await walk.first_use("xray/radiograph/system")).node == "extract"
        assert (await walk.first_use("xray/report/system")).node == "rank"
