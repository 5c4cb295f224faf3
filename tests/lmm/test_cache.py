"""The response cache and single flight."""

import asyncio
import json
import sqlite3
import sys
from pathlib import Path

import pytest
from endpoint_double import answering, completion, error, in_turn, serving, slowly, until
from pydantic import field_validator

from data.record import Usage
from tools.lmm.cache import Answer, Cache, CacheError
from tools.lmm.client import Client
from tools.lmm.flight import Flights
from tools.lmm.question import LMMError, Picture

APPLES = {"name": "apple", "count": 3}
ROOT = Path(__file__).resolve().parents[2]


async def test_answers_outlive_the_process(question, endpoint, tmp_path):
    cache = tmp_path / "deep" / "cache.db"
    async with serving(answering(APPLES)) as server:
        async with Client(endpoint(server.url), cache=cache) as lmm:
            await lmm.ask(question())
        async with Client(endpoint(server.url), cache=cache) as lmm:
            reply = await lmm.ask(question())
            assert lmm.totals().cache_hits == 1
    assert len(server.bodies) == 1
    assert reply.value.count == 3
    assert reply.call.cached
    assert reply.usage == Usage(cache_hits=1, saved_tokens=120), "cached tokens are not paid again"


async def test_a_repaired_answer_is_kept_repaired(question, endpoint, tmp_path):
    replies = in_turn(completion("three apples"), completion(json.dumps(APPLES)))
    async with serving(replies) as server, Client(endpoint(server.url), cache=tmp_path / "c.db") as lmm:
        await lmm.ask(question())
        reply = await lmm.ask(question())
    assert len(server.bodies) == 2
    assert reply.usage == Usage(cache_hits=1, saved_tokens=240)
    assert reply.call.repaired


async def test_failures_are_not_kept(question, endpoint, tmp_path):
    replies = in_turn(completion(json.dumps(APPLES), "length"), completion(json.dumps(APPLES)))
    async with serving(replies) as server, Client(endpoint(server.url), cache=tmp_path / "c.db") as lmm:
        with pytest.raises(LMMError):
            await lmm.ask(question())
        assert (await lmm.ask(question())).usage.calls == 1


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({"ask": "other"}, {}),
        ({"system": "other"}, {}),
        ({"shared": ("other",)}, {}),
        ({"shared": (Picture(b"x", "image/png", "aa"),)}, {}),
        ({"seed": 1}, {}),
        ({"temperature": 0.7}, {}),
        ({"max_tokens": 99}, {}),
        ({"answer": str}, {}),
        ({}, {"model": "other"}),
        ({}, {"revision": "2"}),
        ({}, {"extra": {"top_k": 5}}),
        ({}, {"structured": "none"}),
    ],
)
async def test_whatever_changes_the_answer_changes_the_key(question, endpoint, tmp_path, asked, settings):
    async with serving(answering(APPLES)) as server:
        async with Client(endpoint(server.url), cache=tmp_path / "c.db") as lmm:
            await lmm.ask(question())
        async with Client(endpoint(server.url, **settings), cache=tmp_path / "c.db") as lmm:
            await lmm.ask(question(**asked))
    assert len(server.bodies) == 2


@pytest.mark.parametrize(("name", "value"), [("seed", 1), ("temperature", 0.7)])
async def test_what_an_endpoint_is_not_told_is_in_the_key_all_the_same(
    question, endpoint, tmp_path, name, value
):
    async with (
        serving(answering(APPLES)) as server,
        Client(endpoint(server.url, omit=[name]), cache=tmp_path / "c.db") as lmm,
    ):
        await lmm.ask(question())
        await lmm.ask(question(**{name: value}))
    assert len(server.bodies) == 2
    assert not any(name in body for body in server.bodies)


async def test_another_picture_is_another_question(question, endpoint, tmp_path):
    async with (
        serving(answering(APPLES)) as server,
        Client(endpoint(server.url), cache=tmp_path / "c.db") as lmm,
    ):
        for sha256 in ("aa", "bb", "aa"):
            await lmm.ask(question(shared=(Picture(b"x", "image/png", sha256),)))
    assert len(server.bodies) == 2


async def test_what_does_not_change_the_answer_does_not_change_the_key(question, endpoint, tmp_path):
    """Another port, key, limit or step name; the same picture in another object."""
    for changes in ({"api_key": "a", "timeout_s": 9}, {"api_key": "b", "max_concurrency": 3}):
        async with (
            serving(answering(APPLES)) as server,
            Client(endpoint(server.url, **changes), cache=tmp_path / "c.db") as lmm,
        ):
            picture = Picture(bytes([1, 2]), "image/png", "aa")
            reply = await lmm.ask(question(shared=(picture,), step=str(changes)))
    assert reply.call.cached


async def test_equal_questions_under_way_become_one(question, endpoint):
    async with serving(slowly(0.1, APPLES)) as server, Client(endpoint(server.url)) as lmm:
        replies = await asyncio.gather(*(lmm.ask(question()) for _ in range(20)))
        total = lmm.totals()
    assert len(server.bodies) == 1
    assert sorted(reply.usage.calls for reply in replies) == [0] * 19 + [1]
    assert (total.calls, total.cache_hits, total.prompt_tokens) == (1, 19, 100)
    assert len({id(reply.value) for reply in replies}) == 20, "samples must not share a mutable answer"


async def test_equal_questions_share_a_failure_but_not_its_usage(question, endpoint):
    async def behave(body, number):
        await asyncio.sleep(0.1)
        return error(400)

    async with serving(behave) as server, Client(endpoint(server.url)) as lmm:
        results = await asyncio.gather(*(lmm.ask(question()) for _ in range(5)), return_exceptions=True)
    assert len(server.bodies) == 1
    assert [type(result) for result in results] == [LMMError] * 5
    assert sorted(result.usage.calls for result in results) == [0, 0, 0, 0, 1]


async def test_a_stricter_model_of_equal_schema_checks_a_shared_answer_itself(question, endpoint, fruit):
    class Fruit(fruit):
        @field_validator("count")
        @classmethod
        def even(cls, count: int) -> int:
            if count % 2:
                raise ValueError("must be even")
            return count

    async with serving(slowly(0.1, APPLES)) as server, Client(endpoint(server.url)) as lmm:
        asked = lmm.ask(question()), lmm.ask(question(answer=Fruit))
        first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert len(server.bodies) == 1
    assert first.value.count == 3
    assert isinstance(second, LMMError)
    assert "must be even" in str(second)


async def test_the_next_one_calls_when_the_first_is_cancelled(question, endpoint):
    async with serving(slowly(30, APPLES)) as server, Client(endpoint(server.url)) as lmm:
        first = asyncio.create_task(lmm.ask(question()))
        await until(lambda: server.now == 1)
        others = [asyncio.create_task(lmm.ask(question())) for _ in range(3)]
        await asyncio.sleep(0)
        server.behaviour = answering(APPLES)
        first.cancel()
        replies = await asyncio.gather(*others)
    assert first.cancelled()
    assert [reply.value.count for reply in replies] == [3, 3, 3]
    assert len(server.bodies) == 2


async def test_cancelling_one_who_waits_cancels_nobody_else():
    flights = Flights()
    gate = asyncio.Event()

    async def call():
        await gate.wait()
        return 7

    first, second, third = (asyncio.create_task(flights.once("k", call)) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert (await first, await third) == ((7, True), (7, False))
    assert second.cancelled()
    assert len(flights) == 0


async def test_readers_do_not_wait_for_a_writer(tmp_path):
    path = tmp_path / "c.db"
    cache = await Cache.open(path)
    await cache.put("k", "tiny", Answer("x", "stop", 1, 1, False))
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    writer.execute("DELETE FROM answers")
    async with asyncio.timeout(60):  # the writer would hold for ever
        assert (await cache.get("k")).text == "x"
    writer.execute("ROLLBACK")
    writer.close()
    await cache.close()


async def test_two_processes_write_at_once(tmp_path):
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tools.lmm.cache import Answer, Cache\n"
        "async def main(who):\n"
        "    cache = await Cache.open(Path(sys.argv[1]))\n"
        "    for n in range(200):\n"
        "        await cache.put(f'{who}{n}', 'tiny', Answer(who, 'stop', n, 1, False))\n"
        "        await cache.put('both', 'tiny', Answer(who, 'stop', n, 1, True))\n"
        "    await cache.close()\n"
        "asyncio.run(main(sys.argv[2]))\n"
    )
    path = tmp_path / "c.db"
    commands = [[sys.executable, "-c", program, str(path), who] for who in "ab"]
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=pipe) for command in commands
    ]
    for process in processes:
        _, problem = await process.communicate()
        assert process.returncode == 0, problem.decode()
    cache = await Cache.open(path)
    assert await cache.get("a199") == Answer("a", "stop", 199, 1, False)
    assert await cache.get("b0") == Answer("b", "stop", 0, 1, False)
    assert (await cache.get("both")).prompt_tokens == 199
    assert await cache.get("neither") is None
    await cache.close()


@pytest.mark.parametrize(
    "content",
    [b"this is no database at all, but it is long enough" * 100, b"SQLite format 3\0" + b"\xff" * 5000],
)
async def test_a_damaged_file_is_one_sentence(endpoint, tmp_path, content):
    path = tmp_path / "cache.db"
    path.write_bytes(content)
    with pytest.raises(CacheError, match=r"cache.db cannot be opened: .*; delete or move the file"):
        async with Client(endpoint("http://127.0.0.1:9/v1"), cache=path):
            pass
    assert path.read_bytes() == content, "a file that is not ours must not be touched"


async def test_a_page_that_was_overwritten_is_found(tmp_path):
    path = tmp_path / "cache.db"
    cache = await Cache.open(path)
    for n in range(300):
        await cache.put(str(n), "tiny", Answer("x" * 200, "stop", 1, 1, False))
    await cache.close()
    content = bytearray(path.read_bytes())
    content[8192:16384] = b"\xaa" * 8192
    path.write_bytes(content)
    with pytest.raises(CacheError, match=r"cache\.db"):
        await Cache.open(path)


async def test_another_database_is_not_taken_over(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE answers (id INTEGER)")
    other.close()
    with pytest.raises(CacheError, match="no such column"):
        await Cache.open(path)


@pytest.mark.parametrize("place", ["file/cache.db", "folder"])
async def test_a_path_that_cannot_be_a_file(tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CacheError, match="cannot be opened"):
        await Cache.open(tmp_path / place)


async def test_a_cache_that_fails_later_loses_no_answer(question, endpoint, tmp_path):
    """The table vanishes under a running client: the answer is given, the trouble is counted and said once."""
    path = tmp_path / "c.db"
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url), cache=path) as lmm:
        with sqlite3.connect(path) as vandal:
            vandal.execute("DROP TABLE answers")
        vandal.close()
        assert (await lmm.ask(question())).value.count == 3
        assert lmm.totals().cache_errors == 2


async def test_an_answer_of_an_older_rule_is_asked_again(question, endpoint, tmp_path):
    path = tmp_path / "c.db"
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url), cache=path) as lmm:
        await lmm.ask(question())
        with sqlite3.connect(path) as other:
            other.execute("UPDATE answers SET text = 'an apple'")
        other.close()
        assert not (await lmm.ask(question())).call.cached
        assert (await lmm.ask(question())).call.cached
    assert len(server.bodies) == 2
