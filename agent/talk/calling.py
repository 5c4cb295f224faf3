"""One call of a tool: known? with the right arguments? allowed? then done, and told in text whatever happens."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from langchain_core.tools import StructuredTool
from pydantic import ValidationError

from agent.errors import StoreError, UsageError
from agent.talk.arguments import ARGUMENTS, Arguments
from agent.talk.confirm import Confirm, Pending
from agent.talk.errors import Impossible
from agent.talk.events import ConfirmAnswered, ConfirmAsked, TalkEmit, ToolAnswered, ToolCalled
from agent.talk.line import Done
from agent.talk.tools import NOTHING, Finding, Toolbox
from agent.walk.walk import WalkError
from data.pictures import PictureError
from data.record import Blob
from prompts.library import PromptError
from tools.lmm.cache import CacheError
from tools.lmm.question import LMMError, Picture
from tools.lmm.tools import ToolCall, arguments_of
from tools.loading import ModelError
from tools.talk.results import DECLINED, problem_told

SENTENCES = (
    Impossible, WalkError, UsageError, StoreError, PictureError, PromptError, CacheError, ModelError, LMMError,
)  # fmt: skip
"""Errors whose message is one sentence."""
MOST_RESULT = 6_000
"""Characters of a result that the LMM is told."""
ALREADY = "this was done for this line already, and its result is above. Reply to the user now."
log = structlog.get_logger(__name__)


@dataclass
class Caller:
    """Calls tools for one line of the user, and keeps count."""

    toolbox: Toolbox
    tools: Mapping[str, StructuredTool]
    """Those that the LMM was told of."""
    confirm: Confirm
    emit: TalkEmit
    mistakes: int = 0
    """Unknown tools and wrong arguments."""
    repeats: int = 0
    """Calls that were made before."""
    _made: set[str] = field(default_factory=set)

    async def __call__(self, call: ToolCall) -> tuple[Done, tuple[Blob, ...]]:
        """What the LMM is told and shown, and pictures for the user."""
        raw = arguments_of(call)
        try:
            arguments = self._checked(call.name, raw)
        except Impossible as mistake:
            self.mistakes += 1
            self._called(call, raw or {}, f"call {call.name}")
            return self._answered(call, problem_told(sentence(mistake)), True, NOTHING)
        given = arguments.model_dump(exclude_none=True)
        self._called(call, given, arguments.sentence())
        made = f"{call.name} {json.dumps(given, sort_keys=True)}"
        if made in self._made:
            self.repeats += 1
            return self._answered(call, problem_told(ALREADY), True, NOTHING)
        self._made.add(made)
        try:
            if arguments.asks_first:
                await self.toolbox.ready()
                if not await self._allowed(call, given, arguments):
                    return self._answered(call, DECLINED, False, NOTHING)
            text, finding = await self._done(call, given)
            look = await self.toolbox.look(finding)
        except SENTENCES as problem:
            return self._answered(call, problem_told(sentence(problem)), True, NOTHING)
        except Exception as error:
            log.exception("talk.tool_failed", tool=call.name)
            problem_text = f"the tool {call.name} failed inside ({type(error).__name__}); the log says more."
            return self._answered(call, problem_told(problem_text), True, NOTHING)
        if arguments.asks_first:
            self._made = {made}  # what was looked up before may be another now
        return self._answered(call, text, False, finding, look)

    def _checked(self, name: str, arguments: dict[str, Any] | None) -> Arguments:
        """Raises `Impossible` for a mistake."""
        if name not in self.tools:
            raise Impossible(f"there is no tool {name[:60]!r}; there are {', '.join(self.tools)}.")
        if arguments is None:
            raise Impossible(f"the arguments of {name} are no JSON object.")
        try:
            return ARGUMENTS[name].model_validate(arguments)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False, include_context=False)
            told = "; ".join(f"{'.'.join(map(str, e['loc'])) or name}: {e['msg']}" for e in found[:5])
            raise Impossible(f"wrong arguments for {name}: {told}.") from None

    async def _allowed(self, call: ToolCall, given: dict[str, Any], arguments: Arguments) -> bool:
        asked = arguments.sentence() + "?"
        self.emit(ConfirmAsked(call=call.id, tool=call.name, arguments=given, sentence=asked))
        yes = await self.confirm(Pending(call.id, call.name, given, asked))
        self.emit(ConfirmAnswered(call=call.id, yes=yes))
        return yes

    async def _done(self, call: ToolCall, given: dict[str, Any]) -> tuple[str, Finding]:
        message = await self.tools[call.name].ainvoke(
            {"type": "tool_call", "id": call.id, "name": call.name, "args": given}
        )
        return str(message.content), message.artifact

    def _called(self, call: ToolCall, arguments: dict[str, Any], told: str) -> None:
        self.emit(ToolCalled(call=call.id, tool=call.name, arguments=arguments, sentence=told))

    def _answered(
        self,
        call: ToolCall,
        text: str,
        error: bool,
        finding: Finding,
        look: tuple[int, Picture] | None = None,
    ) -> tuple[Done, tuple[Blob, ...]]:
        if len(text) > MOST_RESULT:
            text = text[:MOST_RESULT] + " ..."
        self.emit(
            ToolAnswered(call=call.id, tool=call.name, text=text, error=error, pictures=finding.pictures)
        )
        return Done(call, text, error, look), finding.pictures


def sentence(error: Exception) -> str:
    """The message of an error as the end of "Not possible: ...": one line with a full stop."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text[-1] in ".!?" else text + "."
