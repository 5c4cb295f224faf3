"""Which way an endpoint can go, found out by one small request and remembered in the session's folder."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.files import write_atomic
from tools.lmm.question import LMM, EndpointError, LMMError
from tools.lmm.tools import Move, ToolQuestion

Tools = Literal["auto", "native", "schema"]
FILE = "talk.json"
LARGEST = 1 << 20
PROBE_STEP = "talk.probe"
PROBE_TOKENS = 128
READY = {
    "type": "function",
    "function": {
        "name": "ready",
        "description": "Says that you are ready.",
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "integer"}},
            "required": ["number"],
        },
    },
}
FAILURES = frozenset({"busy", "server", "timeout", "connection", "account", "address"})
"""Kinds of errors that say nothing of tools."""


class Detected(BaseModel):
    """What was found, and for which LMM."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    lmm: dict[str, Any]
    native: bool
    sentence: str


async def probe(lmm: LMM) -> tuple[bool, str]:
    """Whether the endpoint has native tool calls, and a sentence that says so.

    Raises `LMMError` or `EndpointError` when it cannot be asked at all."""
    question = ToolQuestion(
        step=PROBE_STEP,
        prompt="probe",
        system="",
        shared=(),
        ask="Call the tool `ready` with the number 7.",
        answer=Move,
        max_tokens=PROBE_TOKENS,
        temperature=0.0,
        tools=(READY,),
    )
    try:
        reply = await lmm.ask(question)
    except LMMError as error:
        if isinstance(error, EndpointError) or error.kind in FAILURES:
            raise
        return False, "the endpoint takes no tools, so actions are asked for by a JSON schema"
    if any(call.name == "ready" for call in reply.value.calls):
        return True, "the endpoint has native tool calls"
    return False, "the model does not call the tools it is given, so actions are asked for by a JSON schema"


def remembered(folder: Path, lmm: dict[str, Any]) -> Detected | None:
    """What was found earlier for the same LMM. A file that cannot be read counts as none."""
    path = folder / FILE
    try:
        if path.stat().st_size > LARGEST:
            return None
        found = Detected.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.lmm == lmm else None


def remember(folder: Path, lmm: dict[str, Any], native: bool, sentence: str) -> None:
    """Raises `OSError`."""
    found = Detected(lmm=lmm, native=native, sentence=sentence)
    write_atomic(folder / FILE, (found.model_dump_json(indent=1) + "\n").encode())
