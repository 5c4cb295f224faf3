"""Questions that bind tools: the LMM may call them natively instead of, or besides, saying something.

A `ToolQuestion` passes the same chain as every question (`tools.lmm.client`). Its reply is a `Move`, whose JSON stands
for the answer in the cache and in logs: an endpoint's own form of tool calls never leaves this package.

    system, before ..., user: shared + ask, after ...

`before` is the earlier conversation; `after` is what has been called for this very request, with the results. Results
are text; a picture that the LMM shall see is a part of a `UserSaid`, since no endpoint takes pictures from tools.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from pydantic import BaseModel, ConfigDict

from tools.lmm.question import Part, Question, is_structured


class ToolCall(BaseModel):
    """One call, as the LMM wrote it: neither the name nor the arguments have been checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    arguments: str
    """JSON text of an object, if the LMM has kept to the rules."""


class Move(BaseModel):
    """What an LMM with tools does: it says something, calls tools, or both."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    calls: list[ToolCall]


@dataclass(frozen=True)
class UserSaid:
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class AssistantSaid:
    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class ToolSaid:
    """The result of one call, as text."""

    call: str
    name: str
    text: str


Turn = UserSaid | AssistantSaid | ToolSaid


@dataclass(frozen=True)
class ToolQuestion(Question[Move]):
    """A question with tools bound. `answer` is always `Move`."""

    tools: tuple[Mapping[str, Any], ...] = ()
    """In OpenAI's form: {"type": "function", "function": {"name", "description", "parameters"}}."""
    before: tuple[Turn, ...] = ()
    after: tuple[Turn, ...] = ()


def turns_of(question: Question[Any]) -> tuple[Turn, ...]:
    """The messages of any question but the system message, in order."""
    asked = UserSaid((*question.shared, question.ask))
    if isinstance(question, ToolQuestion):
        return (*question.before, asked, *question.after)
    return (asked,)


def wants_schema(question: Question[Any]) -> bool:
    """Whether the answer is to be held to a JSON schema; an answer with tool calls is not one text."""
    return is_structured(question.answer) and not isinstance(question, ToolQuestion)


def move_of(message: AIMessage) -> str:
    """The JSON of a reply's `Move`; empty for a reply without any content."""
    found = _chunks(message) if isinstance(message, AIMessageChunk) else _whole(message)
    calls = [
        ToolCall(id=id or f"call-{number}", name=name or "", arguments=arguments)
        for number, (id, name, arguments) in enumerate(found)
    ]
    text = message.text
    return Move(text=text, calls=calls).model_dump_json() if calls or text.strip() else ""


def _whole(message: AIMessage) -> list[tuple[str | None, str | None, str]]:
    good = [(call["id"], call["name"], json.dumps(call["args"])) for call in message.tool_calls]
    bad = [(call["id"], call["name"], call["args"] or "") for call in message.invalid_tool_calls]
    return [*good, *bad]


def _chunks(message: AIMessageChunk) -> list[tuple[str | None, str | None, str]]:
    """Of a stream that was put together: the arguments as they came, since langchain would complete broken JSON."""
    return [(call["id"], call["name"], call["args"] or "") for call in message.tool_call_chunks]


def message_of(said: AssistantSaid) -> AIMessage:
    """A former move of the LMM, as it goes back over the wire."""
    good, bad = [], []
    for call in said.calls:
        arguments = arguments_of(call)
        if arguments is None:
            bad.append({"id": call.id, "name": call.name, "args": call.arguments, "error": None})
        else:
            good.append({"id": call.id, "name": call.name, "args": arguments})
    return AIMessage(content=said.text, tool_calls=good, invalid_tool_calls=bad)


def arguments_of(call: ToolCall) -> dict[str, Any] | None:
    """The arguments of a call; none at all are an empty object. None where they are no JSON object."""
    try:
        value = json.loads(call.arguments) if call.arguments.strip() else {}
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
