"""The two ways in which an LMM can act: native tool calls, or the "next action" of a JSON schema.

Both turn a line into a question and its reply into a `Move`, so that the rest of the talk knows no difference.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from agent.talk.arguments import arguments_of
from agent.talk.line import Exchange, Line
from prompts.library import Library
from tools.lmm.question import Question
from tools.lmm.tools import AssistantSaid, Move, ToolCall, ToolQuestion, ToolSaid, Turn, UserSaid
from tools.talk.actions import ACTIONS, NextAction
from tools.talk.questions import ANSWER_TOKENS, STEP, Taken, TalkQuestions

REPLY = "reply"


class Way(Protocol):
    tools: tuple[str, ...]
    """Names of the tools that the LMM knows of."""

    def question(self, line: Line) -> Question[Any]: ...

    def move(self, value: Any) -> Move:
        """From the answer of `question`."""
        ...

    def heard(self, text: str) -> str:
        """The part of the reply's text that is certain in an answer that is still coming in."""
        ...


class NativeWay:
    """Tools bound to the endpoint: GPT-4o, vLLM with a tool parser."""

    def __init__(self, library: Library, tools: Mapping[str, StructuredTool]) -> None:
        self.tools = tuple(tools)
        self._prompt, self._picture = library.prompt("assistant/system"), library.prompt("assistant/picture")
        self._questions = TalkQuestions(library)
        self._forms = tuple(convert_to_openai_tool(tool) for tool in tools.values())

    def question(self, line: Line) -> ToolQuestion:
        before = [
            turn
            for exchange in line.before
            for turn in (UserSaid((exchange.line,)), AssistantSaid(exchange.reply))
        ]
        return ToolQuestion(
            step=STEP,
            prompt=self._prompt.id,
            system=self._prompt.fill(),
            shared=(self._questions.state(line.sight),),
            ask=line.text,
            answer=Move,
            max_tokens=ANSWER_TOKENS,
            temperature=0.0,
            tools=self._forms,
            before=tuple(before),
            after=tuple(self._after(line)),
        )

    def _after(self, line: Line) -> list[Turn]:
        turns: list[Turn] = []
        for round in line.rounds:
            turns.append(AssistantSaid(round.move.text, tuple(round.move.calls)))
            turns += [ToolSaid(done.call.id, done.call.name, done.text) for done in round.done]
            for number, picture in (done.look for done in round.done if done.look):
                turns.append(UserSaid((self._picture.fill(number=str(number)), picture)))
        return turns

    def move(self, value: Move) -> Move:
        return value

    def heard(self, text: str) -> str:
        return text


class SchemaWay:
    """A JSON schema, for endpoints without tool calls: Qwen2-VL's default template, the miniature."""

    tools: tuple[str, ...] = tuple(action for action in ACTIONS if action != REPLY)

    def __init__(self, library: Library) -> None:
        self._history = library.prompt("assistant/history")
        self._questions = TalkQuestions(library)

    def question(self, line: Line) -> Question[NextAction]:
        taken = [Taken(done.call.name, done.text) for done in line.done]
        return self._questions.next_action(line.sight, line.text, taken, self._before(line.before))

    def _before(self, exchanges: Sequence[Exchange]) -> str:
        if not exchanges:
            return ""
        lines = [f"User: {exchange.line}\nYou: {exchange.reply}" for exchange in exchanges]
        return self._history.fill(lines="\n".join(lines))

    def move(self, value: NextAction) -> Move:
        if value.action == REPLY:
            return Move(text=value.reply, calls=[])
        arguments = json.dumps(arguments_of(value))
        return Move(text="", calls=[ToolCall(id="", name=value.action, arguments=arguments)])

    def heard(self, text: str) -> str:
        return partial_reply(text)


def partial_reply(text: str) -> str:
    """What is certain of the field `reply` in the beginning of a JSON object."""
    found = re.search(r'"reply"\s*:\s*"((?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*)', text, re.DOTALL)
    if not found:
        return ""
    try:
        decoded = str(json.loads(f'"{found[1]}"', strict=False))
    except ValueError:
        return ""
    return decoded[:-1] if decoded and "\ud800" <= decoded[-1] <= "\udbff" else decoded
