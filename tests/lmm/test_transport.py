"""What surrounds a call must not change what goes over the wire: LangChain's cache, LangGraph's streaming, proxies."""

import asyncio
import json
from typing import TypedDict

import pytest
from endpoint_double import answering, closed_port, serving
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langgraph.graph import END, START, StateGraph

from tools.lmm.client import Client
from tools.lmm.dataurl import LARGE_BYTES, DataUrls
from tools.lmm.question import Picture

APPLES = {"name": "apple", "count": 3}


async def test_langchains_cache_stays_out(question, endpoint):
    set_llm_cache(InMemoryCache())
    try:
        async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:
            for _ in range(2):
                assert (await lmm.ask(question())).usage.calls == 1
    finally:
        set_llm_cache(None)
    assert len(server.bodies) == 2


async def test_a_streaming_graph_does_not_make_calls_stream(question, endpoint):
    class State(TypedDict):
        count: int

    async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:

        async def node(state: State) -> State:
            reply = await lmm.ask(question())
            assert reply.usage.completion_tokens == 20, "usage must not get lost"
            return {"count": reply.value.count}

        graph = (
            StateGraph(State).add_node("node", node).add_edge(START, "node").add_edge("node", END).compile()
        )
        async for _ in graph.astream({"count": 0}, stream_mode=["messages", "values"]):
            pass
    assert [body.get("stream", False) for body in server.bodies] == [False]


async def test_a_proxy_is_not_asked_for_loopback(question, endpoint, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:
        assert (await lmm.ask(question())).value.count == 3


async def test_the_environment_does_not_choose_endpoint_or_key(question, endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{closed_port()}/v1")
    monkeypatch.setenv("OPENAI_API_BASE", f"http://127.0.0.1:{closed_port()}/v1")
    async with serving(answering(APPLES), key="none") as server, Client(endpoint(server.url)) as lmm:
        assert (await lmm.ask(question())).value.count == 3


@pytest.mark.parametrize("size", [300, LARGE_BYTES])
async def test_data_urls_are_made_once_and_bounded(size):
    urls = DataUrls(kept_bytes=3 * size)
    first, second, third = (Picture(bytes([n]) * size, "image/png", f"{n:064}") for n in range(3))
    url = await urls.url(first)
    assert url.startswith("data:image/png;base64,AAAA")
    assert await urls.url(Picture(b"other bytes", "image/png", first.sha256)) == url
    assert len(await urls.url(second)) == len(url)
    assert await urls.url(third) != url
    assert list(urls._urls.values()) == [await urls.url(second), await urls.url(third)], (
        "the oldest goes first"
    )
    assert urls._size == sum(map(len, urls._urls.values())) <= 3 * size


async def test_large_pictures_under_way_at_once(question, endpoint):
    picture = Picture(b"\xff" * (2 * LARGE_BYTES), "image/jpeg", "c" * 64, 1024, 768)
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:
        await asyncio.gather(*(lmm.ask(question(str(n), shared=(picture,))) for n in range(5)))
    sent = {body["messages"][1]["content"][0]["image_url"]["url"] for body in server.bodies}
    assert len(sent) == 1
    assert json.dumps(server.bodies[0]).count("/" * 1000) > 0
