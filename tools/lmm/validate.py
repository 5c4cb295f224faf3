"""Is this answer usable? Finish reasons first, then JSON, then the schema; and what a repair turn says.

Some endpoints ignore `response_format` and wrap the JSON in a code fence or in prose. Such answers are
accepted as long as one JSON object in them fits the schema: what counts is the content, and the schema is
checked here in every case.
"""

import json
from collections.abc import Iterator
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from tools.lmm.question import is_structured

T = TypeVar("T")

MOST_PROBLEMS = 5
MOST_OBJECTS = 32
"""Places in a text where a JSON object may begin that are tried; bounds the work on hostile answers."""
GOOD_ENDS = frozenset({"stop", "eos", "end_turn", "", "tool_calls", "function_call"})
"""Finish reasons of a complete answer; "" is an endpoint that gives none. An answer of tool calls is a text here, too
(`tools.lmm.tools.move_of`); calls that nobody asked for leave it empty."""


class Unusable(Exception):
    """An answer that must not be used and that a repair turn cannot help; the message ends a sentence."""


class Invalid(Exception):
    """An answer that does not fit its schema; the message says what is wrong, for the repair turn."""


def check_finish(text: str, finish_reason: str, refusal: str | None, max_tokens: int) -> None:
    """Raises `Unusable` for answers that were cut off, filtered, refused or are empty."""
    if refusal:
        raise Unusable(f"the model refused to answer: {' '.join(refusal.split())[:200]}")
    if finish_reason == "length":
        raise Unusable(f"the answer was cut off at its limit of {max_tokens} tokens; allow more tokens")
    if finish_reason == "content_filter":
        raise Unusable("the endpoint's content filter withheld the answer")
    if finish_reason not in GOOD_ENDS:
        raise Unusable(
            f"the endpoint ended the answer for the reason {finish_reason[:40]!r} instead of 'stop'"
        )
    if not text.strip():
        raise Unusable("the answer is empty")


def parse(answer: type[T], text: str) -> T:
    """The value of an answer: the stripped text for `str`, else a validated model. Raises `Invalid`."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid("the text holds characters that are no valid Unicode (lone surrogates)") from error
    if not is_structured(answer):
        return cast(T, text.strip())
    model = cast(type[BaseModel], answer)
    try:
        return cast(T, model.model_validate_json(text))
    except ValidationError as error:
        first = error
    for candidate in _objects(text):
        try:
            return cast(T, model.model_validate_json(candidate))
        except ValidationError as error:
            if first.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
                first = error
    raise Invalid(_problems(first))


def repair_text(problem: str) -> str:
    """What the repair turn asks, after the invalid answer."""
    return (
        f"Your answer does not fit the required JSON form: {problem}. "
        "Answer again with one complete JSON object of that form and nothing else."
    )


def _objects(text: str) -> Iterator[str]:
    """JSON objects inside a text (in a code fence, in prose), outer ones first, each as JSON text of its own."""
    decoder = json.JSONDecoder()
    position = -1
    for _ in range(MOST_OBJECTS):
        position = text.find("{", position + 1)
        if position < 0:
            return
        try:
            _, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            continue
        yield text[position:end]
        position = end - 1


def _problems(error: ValidationError) -> str:
    """Where and what, without the input: `objects.0.count: Input should be a valid integer`."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [
        f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}" for item in found[:MOST_PROBLEMS]
    ]
    more = len(found) - MOST_PROBLEMS
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")
