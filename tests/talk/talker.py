"""A loopback endpoint that acts by script, in both ways of talking, over the fixed world of `tests/graphs`."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from workbench import Bench, Oracle, streamed

from agent.talk.confirm import Pending
from agent.talk.conversation import Conversation
from agent.walk.models import GivenModels
from agent.walk.walk import Walk
from tools.talk.actions import next_action

TEMPLATE = "'auto' tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set"
Script = Callable[[dict[str, Any], int], Any]
"""From a talk's request body and its number to: a str (said), a list of (name, arguments) (called), or a response."""


@dataclass
class Talker(Oracle):
    """An endpoint that completes samples like the oracle and talks by script, in the way that it is asked."""

    script: Script = lambda body, number: "Well."
    native: bool = True
    """Whether it takes tools."""
    ready: bool = True
    """Whether its model calls the probe's tool."""
    probes: int = 0
    talked: list[dict[str, Any]] = field(default_factory=list)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        form = body.get("response_format", {}).get("json_schema", {}).get("name")
        if "tools" not in body and form != "NextAction":
            return await super().chat(request)
        if "tools" in body and not self.native:
            return web.json_response({"error": {"message": TEMPLATE}}, status=400)
        if "tools" in body and body["tools"][0]["function"]["name"] == "ready":
            self.probes += 1
            return acted(body, [("ready", {"number": 7})] if self.ready else "I am ready.")
        self.talked.append(body)
        return acted(body, self.script(body, len(self.talked) - 1))


def acted(body: dict[str, Any], action: Any) -> web.StreamResponse:
    """An action in the form that was asked for."""
    if isinstance(action, web.StreamResponse):
        return action
    if "tools" not in body:
        return answered(body, action if isinstance(action, str) else json.dumps(action))
    if isinstance(action, str):
        return answered(body, action)
    calls = [
        {
            "index": place,
            "id": None if place else "chatcmpl-tool-0123456789abcdef0123456789abcdef",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        for place, (name, arguments) in enumerate(action)
    ]
    head = {"id": "x", "created": 0, "model": "tiny"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    if not body.get("stream"):
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
        return web.json_response(head | {"object": "chat.completion", "choices": [choice], "usage": usage})
    head["object"] = "chat.completion.chunk"
    begun = [call | {"function": call["function"] | {"arguments": ""}} for call in calls]
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "tool_calls": begun}, None)]
    for call in calls:
        text = call["function"]["arguments"]
        for at in range(0, len(text), 4):
            piece = {"index": call["index"], "function": {"arguments": text[at : at + 4]}}
            deltas.append(({"tool_calls": [piece]}, None))
    deltas.append(({}, "tool_calls"))
    chunks = [head | {"choices": [{"index": 0, "delta": d, "finish_reason": f}]} for d, f in deltas]
    lines = [json.dumps(chunk) for chunk in [*chunks, head | {"choices": [], "usage": usage}]]
    text = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])
    return web.Response(text=text, content_type="text/event-stream")


def answered(body: dict[str, Any], text: str) -> web.StreamResponse:
    if body.get("stream"):
        return streamed(text)
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    head = {"id": "x", "object": "chat.completion", "created": 0, "model": "tiny"}
    return web.json_response(head | {"choices": [choice], "usage": usage})


def action(name: str, candidates: tuple[int, ...] = (), **fields: Any) -> dict[str, Any]:
    """A next action as the endpoint writes it."""
    return next_action(name, list(candidates), **fields).model_dump()  # type: ignore[arg-type]


def moves(native: bool, *script: Any) -> Script:
    """The given moves one after another, then the last one for ever. A move is a str (the reply), or the name of a tool
    and its arguments, which is put into the way that is asked for."""

    def act(body: dict[str, Any], number: int) -> Any:
        move = script[min(number, len(script) - 1)]
        if isinstance(move, web.StreamResponse):
            return move
        if native:
            return move if isinstance(move, str) else [move]
        if isinstance(move, str):
            return action("reply", reply=move)
        name, given = move
        numbers = tuple(given[key] for key in ("candidate", "other") if key in given)
        weights = {term: given[term] for term in ("graph", "clip", "blip") if term in given}
        return action(name, numbers, subject=given.get("subject", ""), weights=weights)

    return act


@dataclass
class Studio:
    """One endpoint, one sample, a walk over it and the talk."""

    bench: Bench
    talker: Talker
    walk: Walk
    models: GivenModels
    told: list[Any] = field(default_factory=list)
    asked: list[Pending] = field(default_factory=list)
    yes: bool = True

    def talk(self, **changes: Any) -> Conversation:
        return Conversation(self.walk, self.models, **({"confirm": self.confirm} | changes))

    async def confirm(self, pending: Pending) -> bool:
        self.asked.append(pending)
        return self.yes

    def emit(self, event: Any) -> None:
        self.told.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]
