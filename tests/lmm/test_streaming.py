"""Listening to an answer while it comes in: the same chain, and nothing about the answer changes."""

import json
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from endpoint_double import answering, completion, error, in_turn, serving

from data.record import Usage
from tools.lmm.client import Client
from tools.lmm.question import EndpointError, LMMError

APPLES = {"name": "apple", "count": 3}
FULL = Usage(calls=1, prompt_tokens=100, completion_tokens=20, cached_prompt_tokens=60)


@dataclass
class Ear:
    """What a listener hears: requests, tokens since the last one, repairs."""

    requests: int = 0
    tokens: list[str] = field(default_factory=list)
    repairs: list[tuple[str, str]] = field(default_factory=list)

    def started(self) -> None:
        self.requests += 1
        self.tokens.clear()

    def token(self, text: str) -> None:
        self.tokens.append(text)

    def repairing(self, invalid: str, ask: str) -> None:
        self.repairs.append((invalid, ask))


def streamed(text: str, *, finish: str | None = "stop", usage: bool = True, more: str = "") -> web.Response:
    """The body of a streamed chat completion, one chunk per five characters."""
    head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
    deltas = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[i : i + 5]} for i in range(0, len(text), 5)]
    chunks = [head | {"choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas]
    if finish:
        chunks.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage:
        chunks.append(head | {"choices": [], "usage": completion("")["usage"]})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return web.Response(text=body + more + "data: [DONE]\n\n", content_type="text/event-stream")


async def test_tokens_come_one_after_another_and_the_reply_is_the_same(question, endpoint):
    ear = Ear()
    async with serving(in_turn(streamed(json.dumps(APPLES)))) as server, Client(endpoint(server.url)) as lmm:
        reply = await lmm.ask(question(), listener=ear)
    assert reply.value.model_dump() == APPLES and reply.text == json.dumps(APPLES)
    assert reply.usage == FULL and reply.call.finish_reason == "stop" and not reply.call.cached
    assert "".join(ear.tokens) == reply.text and len(ear.tokens) > 3 and ear.requests == 1
    assert server.bodies[0]["stream"] is True
    assert server.bodies[0]["stream_options"] == {"include_usage": True}
    assert server.bodies[0]["response_format"]["type"] == "json_schema"


async def test_who_does_not_listen_is_not_streamed_to(question, endpoint):
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:
        await lmm.ask(question())
    assert not server.bodies[0].get("stream")


async def test_a_cache_hit_is_silent_and_says_so(question, endpoint, tmp_path):
    ear = Ear()
    cache = tmp_path / "cache.sqlite"
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url), cache=cache) as lmm:
        await lmm.ask(question())
        reply = await lmm.ask(question(), listener=ear)
    assert reply.call.cached and len(server.bodies) == 1
    assert (ear.requests, ear.tokens) == (0, [])


async def test_a_streamed_answer_is_kept_for_who_does_not_listen(question, endpoint, tmp_path):
    cache = tmp_path / "cache.sqlite"
    async with (
        serving(in_turn(streamed(json.dumps(APPLES)))) as server,
        Client(endpoint(server.url), cache=cache) as lmm,
    ):
        await lmm.ask(question(), listener=Ear())
        reply = await lmm.ask(question())
    assert reply.call.cached and len(server.bodies) == 1


async def test_fresh_asks_past_the_cache_and_leaves_it_alone(question, endpoint, tmp_path):
    pears = completion(json.dumps({"name": "pear", "count": 1}))
    replies = in_turn(completion(json.dumps(APPLES)), pears)
    cache = tmp_path / "cache.sqlite"
    async with serving(replies) as server, Client(endpoint(server.url), cache=cache) as lmm:
        first = await lmm.ask(question())
        anew = await lmm.ask(question(), fresh=True)
        again = await lmm.ask(question())
    assert (first.value.name, anew.value.name, again.value.name) == ("apple", "pear", "apple")
    assert (anew.call.cached, again.call.cached) == (False, True)


async def test_a_retry_starts_afresh(question, endpoint, no_waiting):
    cut = streamed("abcdefgh", finish=None, usage=False)
    replies = in_turn(cut, error(503), streamed(json.dumps(APPLES)))
    ear = Ear()
    async with serving(replies) as server, Client(endpoint(server.url)) as lmm:
        reply = await lmm.ask(question(), listener=ear)
    assert ear.requests == 3 and "".join(ear.tokens) == json.dumps(APPLES)
    assert reply.usage.retries == 2 and reply.usage.calls == 3


async def test_the_repair_turn_is_heard(question, endpoint):
    replies = in_turn(streamed("no JSON at all"), streamed(json.dumps(APPLES)))
    ear = Ear()
    async with serving(replies) as server, Client(endpoint(server.url)) as lmm:
        reply = await lmm.ask(question(), listener=ear)
    [(invalid, ask)] = ear.repairs
    assert invalid == "no JSON at all" and ask == server.bodies[1]["messages"][-1]["content"]
    assert reply.call.repaired and "".join(ear.tokens) == json.dumps(APPLES)


async def test_an_endpoint_that_does_not_stream_is_asked_without(question, endpoint):
    def behave(body, number):
        if body.get("stream"):
            return error(400, "stream is not supported")
        return completion(json.dumps(APPLES))

    ears = Ear(), Ear()
    async with serving(behave) as server, Client(endpoint(server.url)) as lmm:
        first = await lmm.ask(question(), listener=ears[0])
        await lmm.ask(question("Another?"), listener=ears[1])
    assert [bool(body.get("stream")) for body in server.bodies] == [True, False, False]
    assert first.usage.calls == 2 and ears[0].tokens == ears[1].tokens == [json.dumps(APPLES)]


async def test_an_endpoint_that_overhears_the_wish_for_a_stream_is_asked_without(question, endpoint):
    ear = Ear()
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:
        reply = await lmm.ask(question(), listener=ear)
        await lmm.ask(question("Another?"), listener=Ear())
    assert reply.value.name == "apple" and ear.tokens == [json.dumps(APPLES)]
    assert [bool(body.get("stream")) for body in server.bodies] == [True, False, False]


async def test_a_refused_question_does_not_switch_streaming_off(question, endpoint):
    def behave(body, number):
        return error(400, "too long") if number < 2 else streamed(json.dumps(APPLES))

    async with serving(behave) as server, Client(endpoint(server.url)) as lmm:
        with pytest.raises(LMMError, match="too long"):
            await lmm.ask(question(), listener=Ear())
        await lmm.ask(question("Another?"), listener=Ear())
    assert server.bodies[2]["stream"] is True


async def test_an_error_inside_a_stream_is_told_in_its_words(question, endpoint, no_waiting):
    broken = 'data: {"error": {"message": "out of memory", "code": 500}}\n\n'
    replies = in_turn(streamed("abc", finish=None, usage=False, more=broken))
    async with serving(replies) as server, Client(endpoint(server.url, retries=0)) as lmm:
        with pytest.raises(LMMError, match="out of memory"):
            await lmm.ask(question(), listener=Ear())


async def test_truncated_answers_are_failures_streamed_or_not(question, endpoint):
    replies = in_turn(streamed('{"name": "app', finish="length"))
    async with serving(replies) as server, Client(endpoint(server.url)) as lmm:
        with pytest.raises(LMMError, match="cut off") as caught:
            await lmm.ask(question(), listener=Ear())
    assert caught.value.usage == FULL and caught.value.calls[0].finish_reason == "length"


async def test_revive_gives_an_endpoint_that_was_down_another_chance(question, endpoint):
    replies = in_turn(error(401), completion(json.dumps(APPLES)))
    async with serving(replies) as server, Client(endpoint(server.url)) as lmm:
        for _ in range(2):
            with pytest.raises(EndpointError):
                await lmm.ask(question())
        assert len(server.bodies) == 1
        lmm.revive()
        reply = await lmm.ask(question())
    assert reply.value.name == "apple"
