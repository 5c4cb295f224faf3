"""What the LMM client costs: CPU milliseconds per call, against raw clients, side by side in one run.

    python bench/lmm_client.py [--calls 600] [--rounds 3]

The endpoint is another process (aiohttp, fixed latency), so its CPU time does not count. Every way asks the same
questions with the same number of requests in flight, the ways take turns within a round, and the median over the rounds
is kept. CPU time is that of the whole process with all its threads. "Ceiling" is how many calls a second fill one core.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.knowledge.answers import Knowledge
from tools.lmm.client import Client
from tools.lmm.dataurl import DataUrls
from tools.lmm.endpoint import Endpoint
from tools.lmm.question import Picture, Question
from tools.lmm.transport import chat_model, http_client
from tools.lmm.wire import request_of

LATENCY_S = 0.02
IN_FLIGHT = 64
SYSTEM = "You name what a picture or a text shows. " * 40
SHARED = "A man in a red coat stands beside two brown dogs and a blue car. " * 20
PICTURE_BYTES = 60_000
FACT = {"name": "dog", "count": 2, "attributes": ["brown", "small"]}
EDGE = {"head": "man", "relation": "stands beside", "tail": "car"}
ANSWER = json.dumps({"objects": [FACT] * 5, "relations": [EDGE] * 5, "style": "photograph"})
RESULTS = Path(__file__).parent / "results" / "lmm_client"

Ask = Callable[[Question[Knowledge]], Awaitable[object]]


def serve(port: int, ready: Any) -> None:
    """The endpoint's process."""
    from aiohttp import web

    reply = {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "bench",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}
        ],
        "usage": {"prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100},
    }
    body = json.dumps(reply).encode()

    async def chat(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(LATENCY_S)
        return web.Response(body=body, content_type="application/json")

    async def announce(app: web.Application) -> None:
        ready.set()

    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/v1/chat/completions", chat)
    app.on_startup.append(announce)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


async def raw_aiohttp(endpoint: Endpoint, stack: AsyncExitStack) -> Ask:
    import aiohttp

    session = await stack.enter_async_context(aiohttp.ClientSession())
    urls = DataUrls()

    async def ask(question: Question[Knowledge]) -> object:
        request = await request_of(question, endpoint, urls)
        roles = {"system": "system", "human": "user"}
        messages = [{"role": roles[m.type], "content": m.content} for m in request.messages]
        body = {"model": endpoint.model, "messages": messages, **request.body}
        async with session.post(f"{endpoint.base_url}/chat/completions", json=body) as response:
            reply = await response.json()
        return Knowledge.model_validate_json(reply["choices"][0]["message"]["content"])

    return ask


async def openai_client(endpoint: Endpoint, stack: AsyncExitStack) -> Ask:
    import openai

    http = http_client(endpoint)
    client = openai.AsyncOpenAI(base_url=endpoint.base_url, api_key="none", http_client=http, max_retries=0)
    stack.push_async_callback(client.close)
    urls = DataUrls()

    async def ask(question: Question[Knowledge]) -> object:
        request = await request_of(question, endpoint, urls)
        roles = {"system": "system", "human": "user"}
        messages: Any = [{"role": roles[m.type], "content": m.content} for m in request.messages]
        reply = await client.chat.completions.create(
            model="bench", messages=messages, extra_body=request.body
        )
        return Knowledge.model_validate_json(reply.choices[0].message.content or "")

    return ask


def langchain(aio: bool) -> Callable[[Endpoint, AsyncExitStack], Awaitable[Ask]]:
    """ChatOpenAI with the schema in `extra_body` and own parsing: the client's call without its chain."""
    import openai

    async def make(endpoint: Endpoint, stack: AsyncExitStack) -> Ask:
        http = http_client(endpoint) if aio else openai.DefaultAsyncHttpxClient()
        stack.push_async_callback(http.aclose)
        chat = chat_model(endpoint, http)
        urls = DataUrls()

        async def ask(question: Question[Knowledge]) -> object:
            request = await request_of(question, endpoint, urls)
            message = await chat.ainvoke(list(request.messages), extra_body=request.body)
            return Knowledge.model_validate_json(message.text)

        return ask

    return make


async def structured_output(endpoint: Endpoint, stack: AsyncExitStack) -> Ask:
    http = http_client(endpoint)
    stack.push_async_callback(http.aclose)
    chat = chat_model(endpoint, http).with_structured_output(Knowledge, method="json_schema")
    urls = DataUrls()

    async def ask(question: Question[Knowledge]) -> object:
        request = await request_of(question, endpoint, urls)
        return await chat.ainvoke(list(request.messages))

    return ask


def ours(cached: bool = False, limits: bool = False) -> Callable[[Endpoint, AsyncExitStack], Awaitable[Ask]]:
    """The whole chain."""

    async def make(endpoint: Endpoint, stack: AsyncExitStack) -> Ask:
        path = None
        if cached:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "cache.db"
        if limits:  # far above what is reached, so that only their own cost shows
            rates = {"requests_per_minute": 10_000_000.0, "tokens_per_minute": 10_000_000_000.0}
            endpoint = endpoint.model_copy(update=rates)
        client = await stack.enter_async_context(Client(endpoint, cache=path))
        return client.ask

    return make


WAYS: dict[str, Callable[[Endpoint, AsyncExitStack], Awaitable[Ask]]] = {
    "raw aiohttp": raw_aiohttp,
    "AsyncOpenAI, aiohttp transport": openai_client,
    "ChatOpenAI + schema in extra_body, default transport": langchain(aio=False),
    "ChatOpenAI + schema in extra_body, aiohttp transport": langchain(aio=True),
    "ChatOpenAI.with_structured_output, aiohttp transport": structured_output,
    "Client": ours(),
    "Client, request and token limits": ours(limits=True),
    "Client, cache (every answer written)": ours(cached=True),
    "Client, cache (every answer read)": ours(cached=True),
}


async def measure(
    make: Any, endpoint: Endpoint, questions: list[Question[Knowledge]], warm: bool
) -> tuple[float, float]:
    """CPU milliseconds per call, and calls per second."""
    async with AsyncExitStack() as stack:
        ask = await make(endpoint, stack)
        first = questions if warm else questions[:IN_FLIGHT]
        rest = questions if warm else questions[IN_FLIGHT:]
        await in_flight(ask, first)
        cpu, wall = time.process_time(), time.perf_counter()
        await in_flight(ask, rest)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / len(rest) * 1000, len(rest) / wall


async def in_flight(ask: Ask, questions: list[Question[Knowledge]]) -> None:
    """Ask all, IN_FLIGHT at a time."""
    left = iter(questions)

    async def worker() -> None:
        for question in left:
            await ask(question)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


def questions(number: int, start: int, picture: Picture | None) -> list[Question[Knowledge]]:
    shared = (SHARED,) if picture is None else (picture, SHARED)
    return [
        Question("bench", "bench", SYSTEM, shared, f"Question {n}: what is there?", Knowledge)
        for n in range(start, start + number)
    ]


def run(calls: int, rounds: int) -> dict[str, Any]:
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    cores, load = multiprocessing.cpu_count(), os.getloadavg()[0]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    server = spawn.Process(target=serve, args=(port, ready), daemon=True)
    server.start()
    ready.wait(60)
    time.sleep(0.5)
    endpoint = Endpoint(base_url=f"http://127.0.0.1:{port}/v1", model="bench", max_concurrency=IN_FLIGHT)
    picture = Picture(bytes(PICTURE_BYTES), "image/jpeg", "0" * 64, 448, 448)
    start = count(0, calls)
    figures: dict[str, dict[str, list[tuple[float, float]]]] = {"text": {}, "picture": {}}
    try:
        for _ in range(rounds):
            for kind, shown in (("text", None), ("picture", picture)):
                for name, make in WAYS.items():
                    asked = questions(calls, next(start), shown)
                    warm = name.endswith("(every answer read)")
                    figure = asyncio.run(measure(make, endpoint, asked, warm))
                    figures[kind].setdefault(name, []).append(figure)
    finally:
        server.terminate()
        server.join()
    rows = {
        kind: {
            name: {
                "cpu_ms": round(median(c for c, _ in runs), 3),
                "calls_per_s": round(median(r for _, r in runs)),
            }
            for name, runs in ways.items()
        }
        for kind, ways in figures.items()
    }
    packages = ("langchain-openai", "langchain-core", "openai", "aiohttp", "pydantic")
    return {
        "what": "CPU ms per call of the LMM client and of raw clients, loopback endpoint in another process",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "python": platform.python_version(),
            "cores": cores,
            "load": round(load, 1),
        },
        "versions": {name: version(name) for name in packages},
        "settings": {"calls": calls, "rounds": rounds, "in_flight": IN_FLIGHT, "latency_s": LATENCY_S},
        "rows": rows,
    }


def table(result: dict[str, Any]) -> str:
    machine, settings = result["machine"], result["settings"]
    lines = [
        "# The LMM client's CPU time per call",
        "",
        f"`python bench/lmm_client.py`, {result['date']}; {machine['cores']} cores (load {machine['load']} before), "
        f"CPython {machine['python']}, "
        + ", ".join(f"{name} {number}" for name, number in result["versions"].items())
        + f"; {settings['calls']} calls, median of {settings['rounds']} rounds, {settings['in_flight']} in flight, "
        f"latency {settings['latency_s'] * 1000:g} ms. Each way builds the same request (prompt, schema, key) and "
        "validates the answer with Pydantic.",
        "",
        "| way | text: CPU ms/call | ceiling, calls/s per core | with a picture of 60 kB: CPU ms/call |",
        "|---|---|---|---|",
    ]
    for name, row in result["rows"]["text"].items():
        shown = result["rows"]["picture"][name]["cpu_ms"]
        lines.append(f"| {name} | {row['cpu_ms']:.2f} | {1000 / row['cpu_ms']:,.0f} | {shown:.2f} |")
    lines += [
        "",
        "Other work on the machine inflates CPU time too: with a load above 1, differences of 0.5 ms are noise.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=600, help="calls per way and round")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    result = run(arguments.calls, arguments.rounds)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n")
    RESULTS.with_suffix(".md").write_text(table(result))
    print(table(result))


if __name__ == "__main__":
    main()
