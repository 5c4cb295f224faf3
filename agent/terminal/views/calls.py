"""Questions to the LMM and their answers: one line each, or in full."""

import json
import re
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from agent.display import thousands
from agent.terminal.screen import clean, foreign, one_line, seconds_told
from agent.walk.calls import LoggedCall
from agent.walk.events import Asked, Message, PicturePart
from agent.walk.observed import STOPPED
from data.record import Usage

_OF_CANDIDATE = re.compile(r"^(\w+):(\d+)(.*)$")


def step_told(step: str) -> str:
    """`describe:0` as `describe 1`: candidates are numbered from 1 wherever people see them."""
    found = _OF_CANDIDATE.match(step)
    return clean(f"{found[1]} {int(found[2]) + 1}{found[3]}" if found else step)


def call_line(
    number: str,
    asked: Asked,
    usage: Usage,
    seconds: float,
    *,
    cached: bool,
    repaired: bool,
    error: str | None,
    finish_reason: str = "",
    narrow: bool = False,
) -> Text:
    """One call, folded: number, step, prompt (not if narrow), tokens, seconds, and what was special."""
    line = Text.assemble((f"{number:>5} ", "dim"), ("✗ " if error else "✓ ", "red" if error else "green"))
    line.append(f"{step_told(asked.step):<12} ")
    line.append("" if narrow else f"{clean(asked.prompt.split('@')[0])}  ", style="dim")
    line.append(tokens_told(usage, cached), style="dim")
    line.append(f"  {seconds_told(seconds)}", style="dim")
    if cached:
        line.append("  cached", style="cyan")
    if repaired:
        line.append("  repaired", style="yellow")
    if usage.retries:
        line.append(f"  {usage.retries} retried", style="yellow")
    if finish_reason == "length":
        line.append("  cut at its longest", style="yellow")
    if error == STOPPED:
        line.append("  stopped", style="yellow")
    elif error:
        line.append(f"\n      {clean(error)}", style="red")
    return line


def logged_line(number: str, call: LoggedCall, narrow: bool = False) -> Text:
    """`call_line` of a call that is over."""
    return call_line(
        number,
        call.asked,
        call.usage,
        call.seconds,
        cached=call.record.cached,
        repaired=call.record.repaired,
        error=call.error,
        finish_reason=call.record.finish_reason,
        narrow=narrow,
    )


def tokens_told(usage: Usage, cached: bool) -> str:
    """`1.2k + 85 tokens`: of the question and of the answer."""
    if cached and not usage.prompt_tokens:
        return f"{thousands(usage.saved_tokens)} tokens saved" if usage.saved_tokens else "no tokens"
    return f"{thousands(usage.prompt_tokens)} + {thousands(usage.completion_tokens)} tokens"


def call_view(number: str, call: LoggedCall) -> RenderableType:
    """One call, unfolded: everything that went to the LMM and everything that came back."""
    asked = call.asked
    parts: list[RenderableType] = [logged_line(number, call)]
    parts.append(
        Text(
            f"prompt {clean(asked.prompt)}   temperature {asked.temperature:g}   seed {asked.seed}   "
            f"at most {asked.max_tokens} tokens   ended {clean(call.at)}",
            style="dim",
        )
    )
    for message in asked.messages:
        parts += _message(message)
    if asked.answer_schema is not None:
        parts += [
            _label(f"schema: {clean(asked.form or 'answer')}"),
            _indented(pretty(asked.answer_schema), "dim"),
        ]
    if call.repaired is not None:
        parts += [_label("answer that did not fit"), _indented(clean(call.repaired.invalid), "yellow")]
        parts += [_label("user (repair)"), _indented(clean(call.repaired.repair))]
    parts += [_label("answer"), _indented(pretty_text(call.text) or "none", "green" if call.text else "dim")]
    parts.append(
        Text(
            f"finish reason: {clean(call.record.finish_reason)}; {clean(usage_told(call.usage))}", style="dim"
        )
    )
    return Group(*parts)


def usage_told(usage: Usage) -> str:
    """Everything of a usage that is not zero."""
    told = {name.replace("_", " "): value for name, value in usage.model_dump().items() if value}
    return ", ".join(f"{name} {value:g}" for name, value in told.items()) or "nothing spent"


def _message(message: Message) -> list[RenderableType]:
    parts: list[RenderableType] = [_label(message.role)]
    for part in message.parts:
        if isinstance(part, PicturePart):
            size = f"{part.width} x {part.height} px, " if part.width else ""
            told = f"{size}{part.picture.media_type}, {part.picture.size:,} bytes, {part.picture.sha256[:12]}"
            parts.append(_indented(f"[picture: {clean(told)}]", "magenta"))
        else:
            parts.append(_indented(clean(part.text)))
    return parts


def _label(text: str) -> Text:
    return Text(text, style="bold cyan")


def _indented(text: str, style: str = "") -> Text:
    return Text("\n".join(f"  {line}".rstrip() for line in text.split("\n")), style=style)


def pretty(value: Any) -> str:
    """JSON to read: short lists and objects in one line."""
    return clean(_pretty(value, 0))


def pretty_text(text: str) -> str:
    """An answer: indented if it is JSON, else as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return clean(text)
    return pretty(value) if isinstance(value, dict | list) else clean(text)


def _pretty(value: Any, depth: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(flat) <= 88 - 2 * depth or depth > 20:
        return flat
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        lines = [
            f"{inner}{json.dumps(k, ensure_ascii=False)}: {_pretty(v, depth + 1)}" for k, v in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    return "[\n" + ",\n".join(inner + _pretty(one, depth + 1) for one in value) + f"\n{outer}]"


def asked_line(asked: Asked, width: int) -> Text:
    """The question's last words, for who watches it being asked."""
    texts = [part.text for message in asked.messages for part in message.parts if part.kind == "text"]
    return foreign(one_line(texts[-1] if texts else "", width), "dim")
