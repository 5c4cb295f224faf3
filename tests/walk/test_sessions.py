"""What survives: kills, an endpoint that goes away, broken files; and leaving with everything."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
from aiohttp import web
from PIL import Image
from workbench import Judge, Painter

from agent.errors import StoreError
from agent.walk.case import compare
from agent.walk.events import CallEnded, Problem
from agent.walk.model import Turn
from agent.walk.walk import Broken, Walk, WalkError
from data.record import Record
from data.sample import Modality

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 600.0
"""Seconds after which a process that should have asked something is taken for hung."""


async def test_resume_goes_on_where_it_stood(world, timeless):
    expected = await world.batch()
    async with await world.create() as walk:
        for _ in range(3):
            await walk.next()
        walk.fork("other")
        walk.edit_prompt("general/merged", walk.library().text("general/merged") + " ")
        walk.say(Turn(role="user", text="Why a star?"))
        saved = walk.session.model_dump()
    async with await Walk.resume(world.folder / "walk", world.models()) as walk:
        assert walk.session.model_dump() == saved and walk.next_step == "generate"
        assert walk.session.conversation[0].text == "Why a star?" and walk.session.conversation[0].moment == 3
        await walk.run()
        assert timeless(await walk.record()) == timeless(expected)
        assert {m.number for m in walk.session.moments} == set(range(6))


async def test_a_killed_process_loses_nothing(world, timeless, tmp_path):
    """Another process walks and is killed in the middle of `rank`; this one goes on with its folder."""
    expected = await world.batch()
    arrived = 0
    release, reached = asyncio.Event(), asyncio.Event()

    async def slow(request):
        nonlocal arrived
        arrived += 1
        if arrived == 7:  # one extraction, three descriptions, the third of three re-extractions
            reached.set()
            await release.wait()
        return await world.oracle.chat(request)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", slow)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    world.bench.sample()
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).parent / "walker.py"),
        str(world.folder),
        str(port),
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    try:
        waiting = [asyncio.ensure_future(reached.wait()), asyncio.ensure_future(child.wait())]
        await asyncio.wait(waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        assert reached.is_set() and child.returncode is None
        with pytest.raises(StoreError, match=f"process {child.pid}"):
            await Walk.resume(world.folder / "walk")
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
        release.set()
        await runner.cleanup()
    asked = len(world.oracle.asked)
    async with await Walk.resume(world.folder / "walk", world.models()) as walk:
        assert walk.next_step == "rank"
        done = {call.asked.step for call in walk.calls()}
        assert {"extract", "describe:0", "describe:1", "describe:2"} <= done
        await walk.run(world.emit)
        assert timeless(await walk.record(), cached=True) == timeless(expected, cached=True)
        runs = [moment.run for moment in walk.history()]
        assert len(set(runs)) == len(runs) and len(walk.calls(run=runs[-1])) == 3
    answered_before_the_kill = sum(event.cached for event in world.of(CallEnded))
    assert len(world.oracle.asked) - asked == 3 - answered_before_the_kill


async def test_an_endpoint_that_goes_away_and_comes_back(world, timeless):
    expected = await world.batch()

    def out_of_order(asked):
        return web.json_response({"error": {"message": "no such key"}}, status=401)

    async with await world.create() as walk:
        for _ in range(2):
            await walk.next()
        world.oracle.rule = out_of_order
        assert await walk.run(world.emit) is None
        [problem] = world.of(Problem)
        assert problem.recoverable and "wants an API key" in problem.sentence and problem.step == "alternate"
        assert walk.problem == problem.sentence
        assert walk.head.number == 2 and walk.next_step == "alternate"
        assert [call.error is not None for call in walk.calls(step="alternate")].count(True) >= 1
        assert await walk.retry() is None
        world.oracle.rule = lambda asked: None
        moment = await walk.retry(world.emit)
        assert moment is not None and moment.number == 3 and walk.problem is None
        await walk.run()
        assert timeless(await walk.record()) == timeless(expected)


async def test_looking_needs_no_models(world):
    async with await world.create() as walk:
        await walk.run()
    async with await Walk.resume(world.folder / "walk") as walk:
        assert (await walk.record()).chosen is not None
        assert "## Candidates" in await walk.export_markdown()
        await walk.reweigh({"clip": 1.0})
        await walk.edit({"labels": ["Noir"]}, at=1)
        assert walk.next_step == "extract"
        with pytest.raises(WalkError, match="without models"):
            await walk.next()


async def test_an_export_replays_without_any_endpoint(world, timeless):
    async with await world.create(Modality.TEXT, mode="stepwise") as walk:
        await walk.run()
        walk.fork("b", at=2)
        walk.edit_prompt("general/describe", "In short: " + walk.library().text("general/describe"))
        walk.set_options(candidates=2)
        await walk.edit({"graph": [{"head": "whale", "relation": "above", "tail": "sea"}]})
        await walk.run()
        await walk.regenerate("sea")
        await walk.reweigh({"graph": 1.0})
        record, moments = await walk.record(), walk.session.moments
        await asyncio.to_thread((world.folder / "export.json").write_text, await walk.export_json())
        calls = walk.calls()
    asked = len(world.oracle.asked)
    for path in world.folder.glob("*.png"):
        path.unlink()
    async with await Walk.replay(world.folder / "export.json", world.folder / "replayed") as walk:
        again = await walk.record()
        assert timeless(again) == timeless(record)
        assert again.usage == record.usage
        assert [c.seconds for c in again.calls] == [c.seconds for c in record.calls]
        assert [m.label for m in walk.session.moments] == [m.label for m in moments]
        assert not {m.checkpoint for m in walk.session.moments} & {m.checkpoint for m in moments}
        assert [(c.call, c.text, c.asked) for c in walk.calls()] == [(c.call, c.text, c.asked) for c in calls]
        assert {c.checkpoint for c in walk.calls()} <= {m.checkpoint for m in walk.session.moments}
        walk.switch("main")
        assert (await walk.record()).candidates[0].text
    assert len(world.oracle.asked) == asked


async def test_a_test_case_is_replayed_and_compared(world):
    path = world.folder / "case.json"
    async with await world.create() as walk:
        await walk.run()
        await walk.back(3)
        await walk.edit({"graph": [{"head": "whale", "relation": "above", "tail": "sea"}]})
        await walk.run()
        await walk.save_test_case(path)
    case = json.loads(path.read_text())
    assert [m["number"] for m in case["session"]["moments"]] == list(range(7))
    assert await compare(path) == []
    case["expected"]["candidates"][0]["scores"]["quality"] += 1
    path.write_text(json.dumps(case))
    [difference] = await compare(path)
    assert difference.startswith("candidates.0.scores.quality: ")


async def test_a_replay_that_asks_something_else_says_what(world):
    async with await world.create() as walk:
        await walk.run()
        text = await walk.export_json()
    export = json.loads(text)
    export["library"]["general/describe"] = "Another {{subject}} ({{facts}}) and {{missing}}."
    path = world.folder / "export.json"
    path.write_text(json.dumps(export))
    with pytest.raises(
        WalkError, match=r"the question describe:0 .* was not asked when the session was made"
    ):
        await Walk.replay(path, world.folder / "replayed")
    assert not (world.folder / "replayed" / "session.json").exists()


async def test_each_attempt_replays_with_what_it_saw_itself(world, timeless):
    """A drawing that was refused at first, and a picture that was another one at first."""
    refused = iter([True])
    painter = Painter(refuse=lambda call: next(refused, False))
    async with await world.create(generator=painter, candidates=1) as walk:
        await walk.run()
        assert (await walk.record()).failure is not None
        walk.fork("again", at=walk.made("image").parent)
        await walk.run()
        assert (await walk.record()).failure is None
        records = [await walk.record(at=branch.head) for branch in walk.session.branches.values()]
        await asyncio.to_thread((world.folder / "x.json").write_text, await walk.export_json())
    async with await Walk.replay(world.folder / "x.json", world.folder / "x") as walk:
        again = [await walk.record(at=branch.head) for branch in walk.session.branches.values()]
        assert [timeless(record) for record in again] == [timeless(record) for record in records]

    async with await world.create(Modality.TEXT, name="seen") as walk:
        await walk.run()
        path = walk.session.input()["image"].path
    await asyncio.to_thread(Image.new("RGB", (50, 50), "red").save, path)
    async with await Walk.resume(world.folder / "seen", world.models()) as walk:
        walk.fork("red", at=0)
        await walk.run()
        await asyncio.to_thread((world.folder / "y.json").write_text, await walk.export_json())
        records = [await walk.record(at=branch.head) for branch in walk.session.branches.values()]
        assert records[0].image != records[1].image
    async with await Walk.replay(world.folder / "y.json", world.folder / "y") as walk:
        again = [await walk.record(at=branch.head) for branch in walk.session.branches.values()]
        assert [timeless(record) for record in again] == [timeless(record) for record in records]


async def test_each_attempt_replays_with_the_scorers_of_its_time(world, timeless):
    """A session that was resumed with other scorers, of texts and of graphs, and ranked once more."""

    class Atlas:
        name = "kgc"

        async def plausibility(self, edges):
            return float(len(edges)), []

    async with await world.create(Modality.TEXT, scorers=(), graph_scorers=()) as walk:
        await walk.run()
        folder = walk.folder
    models = world.models(scorers=(Judge("clip"),), graph_scorers=(Atlas(),))
    async with await Walk.resume(folder, models) as walk:
        walk.fork("try", at=4)
        await walk.run()
        records = [await walk.record(at=branch.head) for branch in walk.session.branches.values()]
        assert [record.candidates[0].scores.clip for record in records] == [None, 20.0]
        assert [set(record.candidates[0].scores.extra) for record in records] == [set(), {"kgc"}]
        await asyncio.to_thread((world.folder / "x.json").write_text, await walk.export_json())
    async with await Walk.replay(world.folder / "x.json", world.folder / "x") as walk:
        again = [await walk.record(at=branch.head) for branch in walk.session.branches.values()]
        assert [timeless(record) for record in again] == [timeless(record) for record in records]
    for path in folder.glob("checkpoints.sqlite*"):
        path.unlink()
    async with await Walk.rebuild(folder) as walk:
        again = [await walk.record(at=branch.head) for branch in walk.session.branches.values()]
        assert [timeless(record) for record in again] == [timeless(record) for record in records]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no exported session"),
        ('{"walk": 1}', "session: Field required"),
        ("[]", "no exported session"),
    ],
)
async def test_what_is_no_export_is_said_so(tmp_path, text, words):
    path = tmp_path / "export.json"
    path.write_text(text)
    with pytest.raises(WalkError, match=words):
        await Walk.replay(path, tmp_path / "new")


async def test_a_broken_checkpoint_file_is_rebuilt_from_the_calls(world):
    async with await world.create() as walk:
        await walk.run()
        record = await walk.record()
    folder = world.folder / "walk"
    for name in ("checkpoints.sqlite-wal", "checkpoints.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "checkpoints.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(Broken, match=r"checkpoints.sqlite is broken .* can be rebuilt") as caught:
        await Walk.resume(folder, world.models())
    assert caught.value.rebuildable
    asked = len(world.oracle.asked)
    async with await Walk.rebuild(folder, world.models()) as walk:
        assert (await walk.record()).model_dump(exclude={"seconds"}) == record.model_dump(exclude={"seconds"})
        await walk.go(2)
        await walk.next()
    assert len(world.oracle.asked) == asked
    assert len(list(folder.glob("broken-*"))) == 1


async def test_a_lost_checkpoint_file_too(world):
    async with await world.create() as walk:
        await walk.run()
    folder = world.folder / "walk"
    (folder / "checkpoints.sqlite").unlink()
    with pytest.raises(Broken, match="lacks the checkpoint"):
        await Walk.resume(folder)
    async with await Walk.rebuild(folder) as walk:
        assert (await walk.record()).chosen is not None


async def test_a_hostile_checkpoint_is_not_followed(world):
    """A value of a type that no state has is not imported, whatever the file says."""
    import ormsgpack
    from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_SINGLE_ARG

    async with await world.create() as walk:
        await walk.next()
        head = walk.head.checkpoint
    folder, victim = world.folder / "walk", world.folder / "victim"
    call = ormsgpack.packb(("os", "mkdir", str(victim)))
    evil = ormsgpack.packb({"channel_values": {"text": ormsgpack.Ext(EXT_CONSTRUCTOR_SINGLE_ARG, call)}})
    with sqlite3.connect(folder / "checkpoints.sqlite") as database:
        changed = database.execute(
            "UPDATE checkpoints SET checkpoint = ? WHERE checkpoint_id = ?", (evil, head)
        )
        assert changed.rowcount == 1
    database.close()
    with pytest.raises(Broken):
        await Walk.resume(folder)
    assert not victim.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "is broken"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "version"),
        (lambda text: text.replace('"parent": 1', '"parent": 7'), "its number or its parent is wrong"),
        (lambda text: text.replace('"current": "main"', '"current": "gone"'), "there is no branch 'gone'"),
    ],
)
async def test_a_broken_session_json_says_what_is_left(world, change, words):
    async with await world.create() as walk:
        await walk.run()
    path = world.folder / "walk" / "session.json"
    path.write_text(change(path.read_text()))
    with pytest.raises(Broken, match=words) as caught:
        await Walk.resume(world.folder / "walk")
    assert "calls.jsonl still has" in str(caught.value) and "pictures" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_no_session_and_no_room_for_one(world):
    (world.folder / "walk").mkdir()
    with pytest.raises(WalkError, match="holds no session"):
        await Walk.resume(world.folder / "walk")
    (world.folder / "walk" / "notes.txt").write_text("mine")
    with pytest.raises(WalkError, match="is not empty"):
        await world.create()
    async with await world.create(name="one"):
        with pytest.raises(StoreError, match=r"has the session .* open"):
            await Walk.resume(world.folder / "one")
    with pytest.raises(WalkError, match="holds a session already"):
        await world.create(name="one")


async def test_a_torn_last_line_and_a_broken_one_in_the_calls_are_survived(world):
    async with await world.create() as walk:
        await walk.run()
        count, last = len(walk.calls()), walk.calls()[-1].call
    path = world.folder / "walk" / "calls.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[0] = b"{nonsense\n"
    path.write_bytes(b"".join(lines) + lines[-1][:50])
    async with await Walk.resume(world.folder / "walk", world.models()) as walk:
        assert len(walk.notices) == 2 and "cut short" in walk.notices[0] and "line 1" in walk.notices[1]
        assert len(walk.calls()) >= count - 1
        await walk.regenerate("moon")
        assert int(walk.calls()[-1].call[1:]) > int(last[1:])
    async with await Walk.resume(world.folder / "walk") as walk:
        assert len(walk.notices) == 1


async def test_a_full_disk_is_a_problem_and_not_the_end(world, monkeypatch):
    from agent.walk.calls import CallLog

    async with await world.create() as walk:
        await walk.next()
        with monkeypatch.context() as patch:

            def full(self, line):
                raise StoreError("the disk is full: cannot write")

            patch.setattr(CallLog, "append", full)
            assert await walk.next(world.emit) is None
        assert "disk is full" in world.of(Problem)[0].sentence and walk.next_step == "extract"
        assert await walk.retry() is not None


async def test_records_are_saved_as_a_line_or_a_file(world):
    async with await world.create() as walk:
        with pytest.raises(
            WalkError, match="there is no record yet: the walk is at start, and intake comes next"
        ):
            await walk.save_record(world.folder / "r.jsonl")
        await walk.run()
        for _ in range(2):
            await walk.save_record(world.folder / "r.jsonl")
        record = await walk.save_record(world.folder / "out" / "r.json")
    lines = (world.folder / "r.jsonl").read_text().splitlines()
    assert [Record.model_validate_json(line) for line in lines] == [record, record]
    assert Record.model_validate_json((world.folder / "out" / "r.json").read_text()) == record


async def test_markdown_shows_hostile_text_as_text(world):
    case = world.case()
    case.task["text"] = "<script>alert(1)</script> ![x](http://evil/x.png) | # no title\n```\n# no title"
    async with await Walk.create(world.folder / "walk", case, world.models()) as walk:
        await walk.run()
        walk.say(Turn(role="user", text="<b>why</b>"))
        text = await walk.export_markdown()
    shown = re.sub(r"(?ms)^(`{3,})\n.*?^\1$", "", text)
    assert "<script>" not in shown and "<b>" not in shown and "![x]" not in shown
    assert "\n# no title" not in shown and "general/describe@" in shown and "]: data:image/png" in shown


@pytest.mark.parametrize(
    "sha256", ["", "..", "../../session.json", "a" * 63, "A" * 64, "0" * 64, "a" * 64 + "/../x", "*" * 64]
)
async def test_only_pictures_of_the_session_are_files_of_it(world, sha256):
    async with await world.create() as walk:
        with pytest.raises(WalkError, match="no such picture"):
            walk.file(sha256)


async def test_wrong_use_is_told_in_a_sentence(world):
    async with await world.create() as walk:
        wrong = [
            (walk.edit({"graf": []}), "'graf' cannot be edited; did you mean graph?"),
            (walk.edit({}), "nothing to edit"),
            (walk.edit({"graph": [{"head": "a", "tail": "b"}]}), r"graph.0.relation: field required"),
            (walk.edit({"candidates": [{"index": 0}]}), "there are no candidates yet"),
            (walk.edit({"labels": []}, at=9), "there is no moment #9"),
            (walk.back(), "the walk is at its start"),
            (walk.go(-1), "there is no moment #-1"),
            (walk.retry(), "nothing to try again"),
            (walk.regenerate("moon"), "nothing is ranked yet"),
            (walk.reweigh({"clip": 1}), "nothing is ranked yet"),
            (walk.reweigh({"clop": 1}), "unknown score 'clop'"),
            (walk.diff("main", "mian"), "did you mean main?"),
        ]
        for awaitable, words in wrong:
            with pytest.raises(WalkError, match=words.replace("?", r"\?")):
                await awaitable
        for call, words in [
            (lambda: walk.fork("a b"), "cannot name a branch"),
            (lambda: walk.fork("main"), "there is a branch 'main' already"),
            (lambda: walk.switch("man"), "did you mean main"),
            (lambda: walk.edit_prompt("general/describ", "x"), "did you mean general/describe"),
            (lambda: walk.edit_prompt("general/describe", "x"), "needs the slots"),
            (lambda: walk.set_options(candidate=3), "did you mean candidates"),
            (lambda: walk.set_options(candidates=0), "the option candidates cannot be 0"),
            (lambda: walk.set_options(weights={"graph": 0}), "one of them above 0"),
            (lambda: walk.made("colour"), "there is no value 'colour'"),
            (lambda: walk.made("graph"), "nothing has made 'graph'"),
        ]:
            with pytest.raises(WalkError, match=words):
                call()
        await walk.run()
        with pytest.raises(WalkError, match="there is no candidate 10; there are 1, 2, 3"):
            await walk.edit({"candidates": [{"index": 9, "subject": "x"}]})
        with pytest.raises(WalkError, match="the walk is finished"):
            await walk.next()
        assert len(walk.session.moments) == 6
