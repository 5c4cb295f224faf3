"""A loopback LMM endpoint with a small fixed world behind it, and real client, pictures and blobs around the graph.

The double stands at the edge of the process: questions go over HTTP in OpenAI's form, and every body is kept.
"""

import base64
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from aiohttp import web
from PIL import Image

from agent.blobs import BlobStore
from data.record import Record
from data.sample import Domain, ImageRef, Modality, Sample
from graphs.completion import Completion, record_of, to_input
from graphs.context import Context, Options
from tools.generators.base import GenerationError
from tools.lmm.client import Client
from tools.pictures import PictureLoader

NAMES = ["star", "house", "tree", "fish", "boat", "moon"]
GENERAL = {
    "objects": [{"name": name, "count": 2, "attributes": ["large", "red"]} for name in NAMES],
    "relations": [{"head": a, "relation": "left of", "tail": b} for a, b in pairwise(NAMES)],
    "style": "noir",
}
MEDICAL = {
    "findings": [
        {
            "anatomy": "left lung",
            "abnormality": "dense consolidation with air bronchograms",
            "location": "left lower lobe",
            "implication": "Consolidation",
        },
        {
            "anatomy": "pleura",
            "abnormality": "small effusion",
            "location": "left base",
            "implication": "Pleural Effusion",
        },
        {"anatomy": "heart", "abnormality": "", "location": "", "implication": "No Finding"},
        {"anatomy": "bones", "abnormality": "", "location": "", "implication": "No Finding"},
    ],
    "impression": "Left lower lobe consolidation with a small effusion.",
}
TRIPLETS = {"triplets": [{"head": "star", "relation": "left of", "tail": "house"}]}
SENTENCE = (
    "Beneath a pale moon two large red stars hang left of two red houses, and beyond them a row of trees leans over the"
    " water, where fish rise beside a pair of boats."
)
PLOT = " ".join([SENTENCE] * 4)


@dataclass
class Asked:
    """One question as the endpoint saw it."""

    kind: str
    """Knowledge, MedicalKnowledge, Triplets, Verdict, rule, describe, refine or direct."""
    system: str
    text: str
    """All text of the user message."""
    pictures: list[tuple[int, int]]
    seed: int
    prefix: str
    """System prompt and sample, before this step's question; pictures as their data."""


Rule = Callable[[Asked], Any]


@dataclass
class Oracle:
    """The endpoint. `rule` may answer (str, dict or response) or leave a question to the fixed world (None)."""

    rule: Rule = lambda asked: None
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def kinds(self) -> dict[str, int]:
        kinds = [asked.kind for asked in self.asked]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    def of(self, kind: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.kind == kind]

    async def chat(self, request: web.Request) -> web.StreamResponse:
        asked = understood(await request.json())
        self.asked.append(asked)
        answer = self.rule(asked)
        if answer is None:
            answer = ordinary(asked)
        if isinstance(answer, web.StreamResponse):
            return answer
        text = answer if isinstance(answer, str) else json.dumps(answer)
        if (await request.json()).get("stream"):
            return streamed(text)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        body = {"id": "x", "object": "chat.completion", "created": 0, "model": "tiny", "choices": [choice]}
        return web.json_response(body | {"usage": usage})


def streamed(text: str) -> web.Response:
    """The same answer as server-sent events, ten characters each."""
    head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": text[at : at + 10]}, None) for at in range(0, len(text), 10)]
    deltas.append(({}, "stop"))
    chunks = [head | {"choices": [{"index": 0, "delta": d, "finish_reason": f}]} for d, f in deltas]
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    lines = [json.dumps(chunk) for chunk in [*chunks, head | {"choices": [], "usage": usage}]]
    body = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])
    return web.Response(text=body, content_type="text/event-stream")


def understood(body: dict[str, Any]) -> Asked:
    system, user = (message["content"] for message in body["messages"][:2])
    parts = [{"type": "text", "text": user}] if isinstance(user, str) else user
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    text = "\n\n".join(part["text"] for part in parts if part["type"] == "text")
    shapes = [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).size for url in urls]
    if "response_format" in body:
        kind = body["response_format"]["json_schema"]["name"]
    else:
        starts = {
            "Only this": "rule", "Make ": "describe", "Begin with": "describe", "Write this as": "refine",
            "Another part": "direct",
        }  # fmt: skip
        kind = next(kind for start, kind in starts.items() if re.search(f"(^|\n\n){start}", text))
    prefix = system + "".join(urls) + ("" if urls else text.rpartition("\n\n")[0])
    return Asked(kind, system, text, shapes, body["seed"], prefix)


def ordinary(asked: Asked) -> Any:
    fixed = {
        "Knowledge": GENERAL,
        "MedicalKnowledge": MEDICAL,
        "Triplets": TRIPLETS,
        "Verdict": {"lacks": [], "adds": []},
    }
    if asked.kind in fixed:
        return fixed[asked.kind]
    if asked.kind == "rule":
        return "Two stars, two houses."
    return f"{SENTENCE} {SENTENCE} Seed {asked.seed}."


class Painter:
    """A generator at its protocol: a plain picture whose shade is the seed; refuses what `refuse` says."""

    def __init__(self, side: int = 64, refuse: Callable[[int], bool] = lambda call: False) -> None:
        self.side = side
        self.refuse = refuse
        self.orders: list[tuple[str, int]] = []

    async def draw(self, descriptions: Sequence[str], seeds: Sequence[int]) -> list[bytes]:
        pictures = []
        for description, seed in zip(descriptions, seeds, strict=True):
            self.orders.append((description, seed))
            if self.refuse(len(self.orders) - 1):
                raise GenerationError("This description is refused.")
            buffer = io.BytesIO()
            Image.new("RGB", (self.side, self.side), (seed % 256, seed // 256 % 256, 7)).save(buffer, "PNG")
            pictures.append(buffer.getvalue())
        return pictures

    def notes(self, descriptions: Sequence[str]) -> list[str]:
        return [f"{len(text.split())} words" for text in descriptions]


class Judge:
    """A scorer at its protocol: a fixed value for every pair, or whatever `value` says."""

    def __init__(self, name: str, value: Callable[[bytes, str], float] = lambda picture, text: 20.0) -> None:
        self.name = name
        self.value = value

    async def similarity(
        self, pictures: Sequence[bytes], texts: Sequence[str]
    ) -> tuple[list[float], list[str]]:
        return [self.value(picture, text) for picture, text in zip(pictures, texts, strict=True)], []


@dataclass
class Table:
    """The part of a data set that `to_input` asks for."""

    domain: Domain = Domain.GENERAL
    text_form: str = "plot"


@dataclass
class Bench:
    """Everything around one compiled graph."""

    oracle: Oracle
    client: Client
    folder: Path
    graph: Completion

    def context(self, **changes: Any) -> Context:
        settings = {
            "options": Options(),
            "generator": Painter(),
            "scorers": (Judge("clip"), Judge("blip")),
        } | changes
        return Context(lmm=self.client, pictures=PictureLoader(), blobs=BlobStore(self.folder), **settings)

    def sample(self, name: str = "s1", side: int = 96) -> Sample:
        path = self.folder / f"{name}.png"
        Image.linear_gradient("L").resize((side, side)).convert("RGB").save(path)
        return Sample(id=name, image=ImageRef(path=path), text=PLOT, labels=("Drama",))

    async def complete(
        self, missing: Modality, *, sample: Sample | None = None, table: Table | None = None, **changes: Any
    ) -> Record:
        """The record of one sample whose `missing` modality is masked."""
        row = (missing is Modality.IMAGE, missing is Modality.TEXT)
        task = to_input(sample or self.sample(), 3, row, table or Table())  # type: ignore[arg-type]
        return record_of(await self.graph.ainvoke(task, context=self.context(**changes)))


@asynccontextmanager
async def serving(oracle: Oracle) -> AsyncIterator[str]:
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_post("/v1/chat/completions", oracle.chat)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()
