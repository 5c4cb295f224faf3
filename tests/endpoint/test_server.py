"""The endpoint over HTTP, asked by the openai package as anybody would."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
import uvicorn
from pydantic import BaseModel, ConfigDict, Field

from mini.endpoint import process
from mini.endpoint.engine import Engine
from mini.endpoint.model import Model
from mini.endpoint.server import Api
from tools.knowledge.answers import Knowledge

MODEL = "mini-qwen2-vl"
Client = openai.AsyncOpenAI
PictureMaker = Callable[..., str]


class Small(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=8)
    count: int = Field(ge=0, le=99)
    tags: list[str] = Field(max_length=2)


def text(words: str) -> list[Any]:
    return [{"role": "user", "content": words}]


def shown(words: str, *urls: str) -> list[Any]:
    parts: list[Any] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": words}]}]


def as_schema(model: type[BaseModel]) -> Any:
    return raw(model.model_json_schema())


def raw(schema: Any) -> Any:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


async def ask(client: Client, messages: list[Any], **options: Any) -> Any:
    return await client.chat.completions.create(model=MODEL, messages=messages, **options)


async def refused(client: Client, messages: list[Any], **options: Any) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        await ask(client, messages, **options)
    return caught.value


async def health(endpoint: process.Endpoint) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(endpoint.url.removesuffix("/v1") + "/health") as reply,
    ):
        return dict(await reply.json())


ENDLESS = {"type": "array", "items": {"type": "boolean"}, "minItems": 2000}
"""An answer that is never done within its tokens: a random model would else stop whenever it likes."""


async def until(holds: Callable[[dict[str, Any]], bool], endpoint: process.Endpoint) -> None:
    """Wait for a state of the endpoint that no event announces."""
    async with asyncio.timeout(600):
        while not holds(await health(endpoint)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_models(client: Client) -> None:
    assert [model.id for model in (await client.models.list()).data] == [MODEL]
    assert (await client.models.retrieve(MODEL)).id == MODEL
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("gpt-4o")


async def test_chat_with_usage_and_finish_reason(client: Client) -> None:
    reply = await ask(client, text("Name the objects."), max_tokens=9, temperature=0)
    assert reply.choices[0].finish_reason in ("length", "stop")
    assert reply.usage.completion_tokens <= 9
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    longer = await ask(
        client, text("Name the objects, please, and say where each of them stands."), max_tokens=1
    )
    assert longer.usage.prompt_tokens > reply.usage.prompt_tokens


async def test_pictures_change_the_answer_and_cost_16_tokens_each(
    client: Client, picture: PictureMaker
) -> None:
    bare = await ask(client, shown("Which?"), max_tokens=24, temperature=0)
    one = await ask(client, shown("Which?", picture(1)), max_tokens=24, temperature=0)
    other = await ask(client, shown("Which?", picture(2, form="JPEG")), max_tokens=24, temperature=0)
    two = await ask(client, shown("Which?", picture(1), picture(2)), max_tokens=24, temperature=0)
    assert one.usage.prompt_tokens == bare.usage.prompt_tokens + 18  # and vision_start, vision_end
    assert two.usage.prompt_tokens == bare.usage.prompt_tokens + 36
    assert len({reply.choices[0].message.content for reply in (bare, one, other, two)}) == 4


KINDS = [("RGBA", "PNG"), ("L", "PNG"), ("CMYK", "JPEG"), ("P", "GIF"), ("1", "PNG")]


@pytest.mark.parametrize(("mode", "form"), KINDS)
async def test_every_kind_of_picture_is_read(
    client: Client, picture: PictureMaker, mode: str, form: str
) -> None:
    reply = await ask(client, shown("Which?", picture(3, mode=mode, form=form)), max_tokens=2)
    assert reply.usage.prompt_tokens > 16


async def test_answers_are_valid_under_their_schema(client: Client) -> None:
    """Random weights know nothing, so whatever is valid here is the grammar's work."""
    form = as_schema(Small)
    asked = (
        ask(client, text("Facts?"), response_format=form, seed=seed, max_tokens=400) for seed in range(12)
    )
    replies = await asyncio.gather(*asked)
    assert all(reply.choices[0].finish_reason == "stop" for reply in replies)
    contents = [reply.choices[0].message.content for reply in replies]
    assert len(set(contents)) == 12
    for content in contents:
        Small.model_validate_json(content)
        assert (
            content == json.dumps(json.loads(content), separators=(",", ":"), ensure_ascii=False)
            or "\\" in content
        )


async def test_knowledge_validates_whenever_it_is_finished(client: Client) -> None:
    form = as_schema(Knowledge)
    asked = (
        ask(client, text("Facts?"), response_format=form, seed=seed, max_tokens=1500) for seed in range(8)
    )
    replies = await asyncio.gather(*asked)
    finished = [reply.choices[0] for reply in replies if reply.choices[0].finish_reason == "stop"]
    assert len(finished) >= 2
    for choice in finished:
        Knowledge.model_validate_json(choice.message.content)


async def test_json_object(client: Client) -> None:
    reply = await ask(
        client,
        text("Facts?"),
        response_format={"type": "json_object"},
        n=8,
        seed=1,
        max_tokens=600,
        temperature=1.2,
    )
    finished = [choice.message.content for choice in reply.choices if choice.finish_reason == "stop"]
    assert finished
    assert all(isinstance(json.loads(content), dict) for content in finished)


async def test_a_seeded_request_gives_the_same_alone_and_in_a_batch(
    client: Client, picture: PictureMaker
) -> None:
    mine = {"messages": shown("Which?", picture(1)), "seed": 11, "max_tokens": 40, "temperature": 0.9, "n": 2}
    alone = await ask(client, **mine)
    crowd = [ask(client, text(f"Other {i}"), seed=i, max_tokens=30 + i, top_p=0.8) for i in range(12)]
    together = (await asyncio.gather(ask(client, **mine), *crowd))[0]
    again = await ask(client, **mine)
    contents = [[choice.message.content for choice in reply.choices] for reply in (alone, together, again)]
    assert contents[0] == contents[1] == contents[2]
    assert contents[0][0] != contents[0][1]
    other = await ask(client, **{**mine, "seed": 12})
    assert other.choices[0].message.content != contents[0][0]


async def test_sixteen_at_once_are_decoded_together(endpoint: process.Endpoint, client: Client) -> None:
    form = raw(ENDLESS)
    asked = asyncio.gather(
        *(ask(client, text(f"Number {i}"), max_tokens=400, seed=i, response_format=form) for i in range(16))
    )
    most = 0
    while not asked.done():
        most = max(most, (await health(endpoint))["running"])
        await asyncio.sleep(0.01)
    assert len(await asked) == 16
    assert most > 8


async def test_n_choices_share_one_prompt(client: Client) -> None:
    reply = await ask(client, text("Say something."), n=5, max_tokens=12, seed=3)
    assert [choice.index for choice in reply.choices] == [0, 1, 2, 3, 4]
    assert len({choice.message.content for choice in reply.choices}) == 5
    assert reply.usage.completion_tokens <= 60
    single = await ask(client, text("Say something."), max_tokens=1)
    assert reply.usage.prompt_tokens == single.usage.prompt_tokens


async def test_stop_strings_end_the_text_before_them(client: Client) -> None:
    whole = (await ask(client, text("Tell me."), max_tokens=60, seed=5)).choices[0].message.content
    stop = whole[10:13]
    cut = (await ask(client, text("Tell me."), max_tokens=60, seed=5, stop=[stop, "never there"])).choices[0]
    assert cut.finish_reason == "stop"
    assert cut.message.content == whole[: whole.index(stop)]


@pytest.mark.parametrize(
    "options", [{}, {"n": 2}, {"response_format": as_schema(Small)}, {"stop": ["e", "zq"]}]
)
async def test_a_stream_brings_the_same_text(client: Client, options: dict[str, Any]) -> None:
    common = {"messages": text("Tell me."), "max_tokens": 80, "seed": 5, **options}
    whole = await ask(client, **common)
    texts = dict.fromkeys(range(options.get("n", 1)), "")
    finishes: dict[int, str] = {}
    usage = None
    pieces = 0
    async for chunk in await ask(client, **common, stream=True, stream_options={"include_usage": True}):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            pieces += bool(choice.delta.content)
            if choice.finish_reason:
                finishes[choice.index] = choice.finish_reason
        usage = chunk.usage or usage
    assert list(texts.values()) == [choice.message.content for choice in whole.choices]
    assert finishes == {choice.index: choice.finish_reason for choice in whole.choices}
    assert usage is not None
    assert usage.completion_tokens == whole.usage.completion_tokens
    assert pieces > 3 or "stop" in options


async def test_logprobs(client: Client) -> None:
    reply = await ask(client, text("Tell me."), max_tokens=6, temperature=0, logprobs=True, top_logprobs=3)
    tokens = reply.choices[0].logprobs.content
    assert len(tokens) == reply.usage.completion_tokens
    for token in tokens:
        assert len(token.top_logprobs) == 3
        assert token.top_logprobs[0].logprob == pytest.approx(token.logprob)  # greedy takes the likeliest
        assert token.logprob < 0


async def test_repeated_beginnings_are_served_from_the_prefix_store(client: Client) -> None:
    shared = "These are the rules: name each object once, with its count and its colour. " * 4
    first = await ask(client, text(shared + "First question."), max_tokens=1)
    second = await ask(client, text(shared + "Another one."), max_tokens=1)
    assert first.usage.prompt_tokens_details.cached_tokens < 32
    assert second.usage.prompt_tokens_details.cached_tokens > 60


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_goes_away_frees_its_rows(endpoint: process.Endpoint, stream: bool) -> None:
    async def gone() -> None:
        async with Client(base_url=endpoint.url, api_key="none", max_retries=0) as client:
            options = {"stream": True} if stream else {}
            reply = await ask(
                client, text("?"), max_tokens=4000, n=8, response_format=raw(ENDLESS), **options
            )
            async for _ in reply:
                await asyncio.sleep(60)

    for _ in range(20):  # on a busy machine an answer may be done before anybody sees it running
        task = asyncio.create_task(gone())
        while not task.done() and (await health(endpoint))["running"] < 8:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if not task.done():
            break
        await asyncio.gather(task, return_exceptions=True)
    assert not task.done()
    task.cancel()
    # The test would hang for 4,000 tokens x 8 if the rows went on; what is left after this loop is zero.
    await until(lambda now: now["running"] == 0, endpoint)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_property_may_bear_a_keywords_name(client: Client) -> None:
    fields = {"not": {"type": "boolean"}, "if": {"const": 1}}
    schema = {"type": "object", "properties": fields, "required": ["not", "if"]}
    reply = await ask(client, text("?"), response_format=raw(schema), max_tokens=60)
    assert json.loads(reply.choices[0].message.content)["if"] == 1


@pytest.fixture
async def small(folder: Path) -> AsyncIterator[process.Endpoint]:
    """An endpoint in this very process, with a key and room for one row and two waiting requests."""
    model = Model(folder)
    engine = Engine(model, threads=1, max_batch=1, max_queue=2, prefix_tokens=0)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Api(MODEL, model, engine, api_key="right key").app(), log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))  # without its signal handlers
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield process.Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", MODEL, 0)
    server.should_exit = True
    await serving


async def test_key_and_full_queue(small: process.Endpoint) -> None:
    async with Client(base_url=small.url, api_key="wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError):
            await stranger.models.list()
        with pytest.raises(openai.AuthenticationError):
            await ask(stranger, text("?"))
    async with Client(base_url=small.url, api_key="right key", max_retries=0) as client:

        def begin(seed: int) -> asyncio.Task[Any]:
            endless = raw(ENDLESS)
            return asyncio.create_task(
                ask(client, text("?"), max_tokens=3000, seed=seed, response_format=endless)
            )

        running = [begin(0)]
        await until(lambda now: now["running"] == 1, small)  # before that it takes a place in the queue
        running += [begin(seed) for seed in (1, 2)]
        await until(lambda now: now["waiting"] == 2, small)
        full = await refused(client, text("?"))
        assert full.status_code == 429
        assert full.response.headers["retry-after"] == "1"
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await until(lambda now: now["waiting"] == 0, small)
        assert (await ask(client, text("?"), max_tokens=2)).choices
