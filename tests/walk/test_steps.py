"""Step by step through one sample: the record of a batch run, the events, the calls, time travel."""

import asyncio
import json

import pytest

from agent.walk.calls import LoggedCall
from agent.walk.events import (
    EVENT,
    CallEnded,
    CallStarted,
    Drawn,
    Problem,
    Scored,
    StepEnded,
    StepStarted,
    Token,
)
from agent.walk.walk import Walk, WalkError
from data.sample import Modality


@pytest.mark.parametrize("missing", list(Modality))
@pytest.mark.parametrize(
    "settings", [{}, {"mode": "stepwise"}, {"ablate": frozenset({"knowledge"})}, {"rounds": 2}]
)
async def test_step_by_step_is_the_batch_run(world, timeless, missing, settings):
    expected = await world.batch(missing, **settings)
    async with await world.create(missing, **settings) as walk:
        nodes = []
        while walk.next_step:
            nodes.append(walk.next_step)
            moment = await walk.next()
            assert moment is not None and moment.node == nodes[-1]
        record = await walk.record()
    assert timeless(record) == timeless(expected)
    assert record.chosen is not None and len(record.calls) == len(expected.calls)
    assert nodes[0] == "intake" and ("extract" in nodes) == ("ablate" not in settings)
    assert ("verify" in nodes) == ("rounds" in settings)


async def test_events_tell_the_whole_step(world):
    async with await world.create() as walk:
        await walk.run(world.emit)
    steps = [(event.step, event.parent) for event in world.of(StepStarted)]
    assert steps == [("intake", 0), ("extract", 1), ("alternate", 2), ("generate", 3), ("rank", 4)]
    ends = world.of(StepEnded)
    assert [event.next for event in ends] == ["extract", "alternate", "generate", "rank", None]
    assert "graph" in ends[1].changed and ends[1].usage.calls == 1
    assert "chosen" in ends[4].changed and "candidates" in ends[4].changed
    started, ended = world.of(CallStarted), {event.call: event for event in world.of(CallEnded)}
    assert len(started) == len(ended) == 1 + 3 + 3
    for call in started:
        heard = "".join(event.text for event in world.of(Token) if event.call == call.call)
        assert heard == ended[call.call].text and not ended[call.call].cached
    assert started[0].asked.form == "Knowledge" and "properties" in started[0].asked.answer_schema
    assert len(world.of(Drawn)) == 3 and len(world.of(Scored)) == 6
    for event in world.told:
        assert EVENT.validate_json(EVENT.dump_json(event)) == event


async def test_a_cached_answer_is_silent_and_whole(world):
    async with await world.create() as walk:
        await walk.run()
    asked = len(world.oracle.asked)
    async with await world.create(name="again") as walk:
        await walk.run(world.emit)
    assert len(world.oracle.asked) == asked
    assert not world.of(Token)
    assert all(event.cached and event.text for event in world.of(CallEnded))


async def test_calls_hold_everything_but_picture_bytes(world):
    async with await world.create(Modality.TEXT) as walk:
        await walk.run()
        calls = walk.calls()
        assert [call.asked.step for call in walk.calls(step="extract")] == ["extract"]
        assert walk.calls(run=walk.history()[2].run) == walk.calls(step="extract")
        shown = [part for part in calls[0].asked.messages[1].parts if part.kind == "picture"]
        path = walk.file(shown[0].picture.sha256)
        assert path.read_bytes()[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0")
    assert {call.asked.step.partition(":")[0] for call in calls} == {
        "extract",
        "describe",
        "refine",
        "reextract",
    }
    text = (world.folder / "walk" / "calls.jsonl").read_text()
    assert "base64" not in text and max(map(len, text.split('"'))) < 5_000
    lines = [json.loads(line) for line in text.splitlines()]
    asked = [line for line in lines if line["kind"] == "call"]
    assert asked[0]["asked"]["messages"][0]["role"] == "system" and asked[0]["usage"]["prompt_tokens"] == 10
    assert asked[0]["text"] == calls[0].text and asked[0]["checkpoint"]


async def test_back_edit_and_replay(world):
    async with await world.create() as walk:
        await walk.run()
        first = await walk.record()
        await walk.back(3)
        assert walk.head.node == "extract" and walk.next_step == "alternate"
        moment = await walk.edit({"graph": [{"head": "whale", "relation": "above", "tail": "sea"}]})
        assert moment.label == "edit graph" and moment.next == "alternate" and moment.changed == ["graph"]
        await walk.run()
        second = await walk.record()
        assert {c.subject for c in second.candidates} == {"whale"}
        assert any("whale | above | sea" in asked.text for asked in world.oracle.asked)
        assert second.warnings[-1] == "edited by hand before alternate: graph"
        await walk.go(5)
        assert await walk.record() == first
        assert [m.number for m in walk.history()] == [0, 1, 2, 3, 4, 5]


async def test_edits_at_any_place(world):
    async with await world.create() as walk:
        await walk.edit({"text": "A red boat."}, at=0)
        assert walk.head.node == "__start__" and walk.next_step == "intake"
        await walk.run()
        assert (await walk.record()).text == "A red boat."
        assert "A red boat." in world.oracle.of("Knowledge")[0].text
        made = walk.made("description")
        assert made.node == "alternate"
        await walk.edit({"candidates": [{"index": 1, "description": "A blue whale."}]}, at=made.number)
        await walk.next()
        state = await walk.state()
        assert [c.description for c in state["candidates"]][1] == "A blue whale."
        assert state["candidates"][1].image != state["candidates"][0].image
        await walk.edit({"knowledge": {"objects": [{"name": "cat", "count": 1, "attributes": []}], "relations": [],
                                       "style": "ink"}}, at=walk.made("graph").number)  # fmt: skip
        assert [e.head for e in (await walk.state())["graph"]] == ["cat", "scene"]


async def test_a_prompt_edit_changes_the_ids_in_the_record(world):
    async with await world.create() as walk:
        await walk.run()
        before = {call.prompt for call in (await walk.record()).calls}
        walk.fork("words")
        await walk.go(2)
        text = walk.library().text("general/describe")
        walk.edit_prompt("general/describe", "Make it short. " + text)
        await walk.run()
        record = await walk.record()
        after = {call.prompt for call in record.calls}
        [changed] = after - before
        assert changed.startswith("general/describe@")
        assert record.warnings[-1] == f"made with an edited prompt: {changed}"
        assert any("Make it short. " in asked.text for asked in world.oracle.asked)
        walk.switch("main")
        assert walk.library().text("general/describe") == text
        walk.switch("words")
        walk.edit_prompt("general/describe", None)
        assert walk.branch.prompts == {}


async def test_a_system_prompt_has_no_id_in_calls_so_the_record_warns(world):
    async with await world.create() as walk:
        walk.edit_prompt("general/system", walk.library().text("general/system") + "\nBe brief.")
        await walk.run()
        record = await walk.record()
        assert any("Be brief." in asked.system for asked in world.oracle.asked)
        assert record.warnings[-1].startswith("made with an edited prompt: general/system@")


async def test_options_of_a_branch(world):
    async with await world.create() as walk:
        await walk.next()
        await walk.next()
        walk.fork("more")
        walk.set_options(candidates=5, weights={"clip": 1})
        await walk.run()
        record = await walk.record()
        assert len(record.candidates) == 5 and record.weights == {"graph": 0.0, "clip": 1.0, "blip": 0.0}
        assert walk.options().candidates == 5 and walk.options(at=0).candidates == 3
        walk.set_options(candidates=None, weights=None)
        assert walk.branch.options == {}
        walk.switch("main")
        await walk.run()
        assert len((await walk.record()).candidates) == 3


async def test_fork_and_diff(world):
    async with await world.create() as walk:
        await walk.run()
        walk.fork("whale", at=2)
        await walk.edit({"graph": [{"head": "whale", "relation": "above", "tail": "sea"}]})
        await walk.run()
        walk.set_options(temperature=0.5)
        difference = await walk.diff("main", "whale")
        assert (difference.a, difference.b, difference.common) == ("main #5", "whale #9", 2)
        assert [edge.head for edge in difference.added] == ["whale"]
        assert "star" in {edge.head for edge in difference.removed}
        assert difference.options["temperature"].b == 0.5
        first = difference.candidates[0]
        assert first.subject.b == "whale" and first.picture is None
        assert first.scores["graph"].a > first.scores["graph"].b
        assert (await walk.diff("main", "main")).empty
        assert (await walk.diff(2, 6)).added == difference.added


async def test_regenerate_adds_a_candidate_with_that_subject(world):
    async with await world.create() as walk:
        await walk.run()
        before, asked = await walk.record(), len(world.oracle.asked)
        moment = await walk.regenerate("moon", world.emit)
        after = await walk.record()
        assert moment is not None and moment.label == "regenerate moon" and moment.next is None
    new = after.candidates[-1]
    assert after.candidates[:-1] == before.candidates
    assert (new.index, new.round, new.subject) == (3, 1, "moon") and new.image and new.scores.quality > 0
    assert [call.step for call in after.calls[len(before.calls) :]] == ["describe:3", "reextract:3"]
    assert len(world.oracle.asked) == asked + 2
    assert [event.asked.step for event in world.of(CallStarted)] == ["describe:3", "reextract:3"]
    assert "moon" in world.oracle.of("describe")[-1].text
    assert "a candidate was added by hand" in after.warnings[-1]


async def test_reweigh_asks_nothing(world):
    class Fussy:
        name = "clip"

        async def similarity(self, pictures, texts):
            return [float(len(pictures[0]) % 7) for _ in pictures], []

    def rule(asked):
        if asked.kind == "Knowledge" and asked.pictures and len(world.oracle.of("Knowledge")) == 2:
            return {"objects": [], "relations": [], "style": "x"}
        return None

    world.oracle.rule = rule
    async with await world.create(scorers=(Fussy(),)) as walk:
        await walk.run()
        before, asked = await walk.record(), len(world.oracle.asked)
        moment = await walk.reweigh({"clip": 1.0}, world.emit)
        after = await walk.record()
        assert len(world.oracle.asked) == asked and moment.next is None
        assert {c.index: c.scores.quality for c in after.candidates} == {
            c.index: c.scores.clip for c in before.candidates
        }
        best = max(after.candidates, key=lambda c: (c.scores.quality, -c.index))
        assert after.chosen == best.index and after.weights == {"graph": 0.0, "clip": 1.0}
        assert walk.options().weights == {"graph": 0.0, "clip": 1.0, "blip": 0.0}
        [ended] = world.told
        assert ended.type == "step_ended" and ended.usage.calls == 0


async def test_back_from_a_reweigh_goes_back_to_the_earlier_weights(world):
    async with await world.create() as walk:
        await walk.run()
        usual, asked = walk.options().weights, len(world.oracle.asked)
        await walk.reweigh({"clip": 1.0})
        await walk.reweigh({"blip": 1.0})
        await walk.back()
        assert walk.options().weights == (await walk.state())["weights"] | {"graph": 0.0, "blip": 0.0}
        await walk.back()
        assert walk.options().weights == usual and walk.branch.options == {}
        await walk.go(7)
        assert walk.options().weights["blip"] == 1.0
        walk.fork("earlier", at=4)
        assert walk.options().weights == usual
        await walk.next()
        assert len(world.oracle.asked) == asked
        assert {c.index: c.scores.quality for c in (await walk.record()).candidates} == {
            c.index: c.scores.quality for c in (await walk.record(5)).candidates
        }
        walk.switch("main")
        assert walk.options().weights["blip"] == 1.0


async def test_what_is_set_or_done_anew_keeps_its_weights(world):
    async with await world.create() as walk:
        await walk.run()
        await walk.reweigh({"clip": 1.0})
        await walk.go(2, redo=True)
        await walk.run()
        assert (await walk.record()).weights == {"graph": 0.0, "clip": 1.0, "blip": 0.0}
        await walk.reweigh({"clip": 2.0})
        walk.set_options(weights={"blip": 1.0}, candidates=2)
        await walk.back()
        assert walk.options().weights["blip"] == 1.0 and walk.options().candidates == 2


async def test_retry_of_a_finished_step_asks_anew(world):
    async with await world.create() as walk:
        await walk.run()
        asked = len(world.oracle.asked)
        await walk.go(3)
        moment = await walk.retry(world.emit)
        assert moment is not None and (moment.parent, moment.node, moment.number) == (2, "alternate", 6)
        assert len(world.oracle.asked) == asked + 3
        assert not any(event.cached for event in world.of(CallEnded))
        assert walk.session.moments[3].node == "alternate"


async def test_one_thing_at_a_time_and_a_stopped_step_leaves_no_trace(world):
    gate = asyncio.Event()

    class Slow:
        name = "clip"

        async def similarity(self, pictures, texts):
            gate.set()
            await asyncio.sleep(60)

    async with await world.create(scorers=(Slow(),)) as walk:
        for _ in range(4):
            await walk.next()
        task = asyncio.create_task(walk.next(world.emit))
        await gate.wait()
        assert walk.busy
        with pytest.raises(WalkError, match="a step is under way"):
            await walk.next()
        with pytest.raises(WalkError, match="a step is under way"):
            walk.fork("x")
        assert (await walk.state())["candidates"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not walk.busy and walk.next_step == "rank" and len(walk.session.moments) == 5
        assert not world.of(Problem) and not world.of(StepEnded)


async def test_a_failed_sample_is_a_result_and_can_be_gone_back_from(world):
    world.oracle.rule = lambda asked: "no JSON" if asked.kind == "Knowledge" else None
    async with await world.create() as walk:
        moment = await walk.run(world.emit)
        assert moment is not None and moment.next is None and "does not fit the form" in moment.failure
        assert world.of(StepEnded)[-1].failure == moment.failure
        assert (await walk.record()).status == "failed"
        [call] = walk.calls(step="extract")
        assert call.error and call.repaired.invalid == "no JSON" and call.text == "no JSON"
        world.oracle.rule = lambda asked: None
        moment = await walk.retry()
        assert moment is not None and moment.failure is None
        await walk.run()
        assert (await walk.record()).status == "completed"


async def test_a_sample_with_a_broken_picture_fails_with_a_sentence(world):
    case = world.case(Modality.TEXT)
    case.task["image"].path.write_bytes(b"no picture")
    async with await Walk.create(world.folder / "walk", case, world.models()) as walk:
        moment = await walk.run()
        assert moment is not None and moment.failure


async def test_the_log_keeps_calls_of_talk_apart(world):
    async with await world.create() as walk:
        await walk.next()
        await walk.next()
        lmm = await walk.lmm(world.emit)
        question = (await walk.context()).questions.describe(
            walk.session.input()["domain"], Modality.IMAGE, "talk", [], "moon"
        )
        reply = await lmm.ask(question)
        [line] = walk.calls(step="talk")
        assert isinstance(line, LoggedCall) and (line.run, line.node, line.text) == (0, "talk", reply.text)
        assert world.of(CallStarted)[0].run == 0
