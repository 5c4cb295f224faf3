"""From a question to a chat completion request, and from its reply to text, finish reason and usage.

The layout lets all calls of one sample share their prefix, for the endpoint's prefix cache: the system
message, then one user message with the sample (pictures, text) first and this step's question last.
Neighbouring texts become one part with a blank line between them, because chat templates put parts together
without any; without pictures the content is a plain string, which every server takes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel

from tools.lmm.dataurl import DataUrls
from tools.lmm.endpoint import Endpoint
from tools.lmm.question import Part, Picture, Question
from tools.lmm.schema import wire_schema
from tools.lmm.tools import AssistantSaid, ToolQuestion, ToolSaid, Turn, message_of, move_of, wants_schema

KEY_VERSION = 1
PIXELS_PER_TOKEN = 28 * 28
"""Qwen2-VL: one token per 28 x 28 px."""
TOKENS_OF_UNKNOWN_PICTURE = 1_369
BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Request:
    """What goes over the wire for one turn."""

    messages: tuple[BaseMessage, ...]
    body: Mapping[str, Any]
    """Everything of the request body but model and messages."""
    key: str
    """SHA-256 over the canonical request, with pictures by their own SHA-256."""
    tokens: int
    """Estimate of prompt and completion tokens, for the token limit."""

    def repair(self, invalid: str, ask: str) -> "Request":
        """The second turn: the same question, the invalid answer, what is wrong with it."""
        more = (AIMessage(content=invalid), HumanMessage(content=ask))
        extra = (len(invalid) + len(ask)) // BYTES_PER_TOKEN
        return Request((*self.messages, *more), self.body, self.key, self.tokens + extra)


@dataclass(frozen=True)
class Said:
    """What came back."""

    text: str
    finish_reason: str
    """"" when the endpoint gives none."""
    refusal: str | None
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


async def request_of(question: Question[Any], endpoint: Endpoint, urls: DataUrls) -> Request:
    """The first request of a question."""
    body = _body(question, endpoint)
    parts = merged([*question.shared, _asked(question, endpoint)])
    before, after = _turns(question)
    messages: list[BaseMessage] = [SystemMessage(content=question.system)] if question.system else []
    messages += [await _message(turn, urls) for turn in before]
    messages.append(await _user_message(parts, urls))
    messages += [await _message(turn, urls) for turn in after]
    said_besides = [part for turn in (*before, *after) for part in _parts(turn)]
    prompt_tokens = _tokens([question.system, *parts, *said_besides])
    key = _key(question, parts, body, endpoint)
    return Request(tuple(messages), body, key, prompt_tokens + question.max_tokens)


def _turns(question: Question[Any]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    return (question.before, question.after) if isinstance(question, ToolQuestion) else ((), ())


def _parts(turn: Turn) -> Iterable[Part]:
    """What of a turn counts as tokens."""
    if isinstance(turn, AssistantSaid):
        return [turn.text, *(f"{call.name} {call.arguments}" for call in turn.calls)]
    return [turn.text] if isinstance(turn, ToolSaid) else turn.parts


async def _message(turn: Turn, urls: DataUrls) -> BaseMessage:
    if isinstance(turn, AssistantSaid):
        return message_of(turn)
    if isinstance(turn, ToolSaid):
        return ToolMessage(content=turn.text, tool_call_id=turn.call, name=turn.name)
    return await _user_message(merged(turn.parts), urls)


async def _user_message(parts: list[Part], urls: DataUrls) -> BaseMessage:
    if len(parts) == 1 and isinstance(parts[0], str):
        return HumanMessage(content=parts[0])
    content: list[str | dict[Any, Any]] = [await _wire_part(part, urls) for part in parts]
    return HumanMessage(content=content)


def merged(parts: Iterable[Part]) -> list[Part]:
    """Parts in order, with neighbouring texts joined by a blank line and empty ones left out."""
    result: list[Part] = []
    for part in parts:
        if isinstance(part, str) and not part:
            continue
        if result and isinstance(part, str) and isinstance(result[-1], str):
            result[-1] = f"{result[-1]}\n\n{part}"
        else:
            result.append(part)
    return result


def said(message: AIMessage, question: Question[Any]) -> Said:
    """Text, finish reason and usage of a reply, streamed or not; 0 tokens where the endpoint reports no usage."""
    usage = message.response_metadata.get("token_usage") or _streamed_usage(message)
    details = usage.get("prompt_tokens_details") or {}
    return Said(
        text=move_of(message) if isinstance(question, ToolQuestion) else message.text,
        finish_reason=str(message.response_metadata.get("finish_reason") or ""),
        refusal=message.additional_kwargs.get("refusal"),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        cached_tokens=_count(details.get("cached_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def _streamed_usage(message: AIMessage) -> dict[str, Any]:
    """The counts of a streamed reply, which LangChain keeps under names of its own, under OpenAI's."""
    usage = message.usage_metadata
    if usage is None:
        return {}
    cached = usage.get("input_token_details", {}).get("cache_read")
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _body(question: Question[Any], endpoint: Endpoint) -> dict[str, Any]:
    body: dict[str, Any] = {
        "temperature": question.temperature,
        "seed": question.seed,
        endpoint.token_limit: question.max_tokens,
    }
    for name in endpoint.omit:
        del body[name]
    if isinstance(question, ToolQuestion):
        body |= {"tools": list(question.tools), "tool_choice": "auto"}
    elif wants_schema(question) and endpoint.structured == "json_schema":
        schema = _schema(question, endpoint.sends_string_lengths)
        form = {"name": question.answer.__name__, "schema": schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    elif wants_schema(question) and endpoint.structured == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body | endpoint.extra


def _asked(question: Question[Any], endpoint: Endpoint) -> str:
    """The step's question; where the endpoint takes no schema, the schema stands in it."""
    if not wants_schema(question) or endpoint.structured == "json_schema":
        return question.ask
    schema = json.dumps(_schema(question, True))
    return f"{question.ask}\n\nAnswer with one JSON object that fits this JSON schema, and nothing else:\n{schema}"


def _schema(question: Question[Any], string_lengths: bool) -> dict[str, Any]:
    return wire_schema(cast(type[BaseModel], question.answer), string_lengths)


async def _wire_part(part: Part, urls: DataUrls) -> dict[Any, Any]:
    if isinstance(part, Picture):
        return {"type": "image_url", "image_url": {"url": await urls.url(part)}}
    return {"type": "text", "text": part}


def _key(question: Question[Any], parts: list[Part], body: Mapping[str, Any], endpoint: Endpoint) -> str:
    def shown(parts: Iterable[Part]) -> list[Any]:
        return [{"picture": p.sha256, "type": p.media_type} if isinstance(p, Picture) else p for p in parts]

    whole = {
        "version": KEY_VERSION,
        "model": endpoint.model,
        "revision": endpoint.revision,
        "system": question.system,
        "user": shown(parts),
        "body": body,
    }
    # What an endpoint is not told still tells questions apart: candidates are to differ though it takes no seed.
    whole |= {name: getattr(question, name) for name in endpoint.omit}
    for name, turns in zip(("before", "after"), _turns(question), strict=True):
        if turns:
            whole[name] = [{"by": type(turn).__name__, "said": shown(_parts(turn))} for turn in turns]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _tokens(parts: Iterable[Part]) -> int:
    total = 0
    for part in parts:
        if isinstance(part, str):
            total += len(part.encode(errors="replace")) // BYTES_PER_TOKEN + 4
        else:
            total += part.width * part.height // PIXELS_PER_TOKEN or TOKENS_OF_UNKNOWN_PICTURE
    return total


def _count(value: object) -> int:
    """A token count as endpoints send it: absent, null and nonsense are 0."""
    return max(0, value) if isinstance(value, int) else 0
