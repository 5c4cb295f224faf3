"""Which prompts a moment asked with, by the calls that it added to the state: those of a run are nowhere else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.walk.model import Moment, Session
from agent.walk.record import rounds_at_once
from data.record import Call
from data.sample import Modality
from tools.knowledge.questions import READERS

WITH = {"describe": ("describe_system", "describe_graph"), "refine": ("refine_system", "forms")}
"""What goes along with a prompt that reads nothing, in the same folder."""
READING = ("system", "rules", "examples")
"""What goes along with a prompt that reads a picture or a text, in the folder of what it reads."""


def prompts_of(call: Call, state: Mapping[str, Any]) -> Iterator[str]:
    """A call has the name of the prompt that asks; what goes along with that follows from it, as in
    `tools.knowledge.questions`."""
    name = call.prompt.partition("@")[0]
    yield name
    folder, _, last = name.rpartition("/")
    if last in WITH:
        yield from (f"{folder}/{one}" for one in WITH[last])
        return
    candidate = call.step.partition(":")[0] in ("reextract", "verify")
    read = next(one for one in Modality if (one is state["missing"]) == candidate)
    yield from (f"{READERS[state['domain'], read]}/{one}" for one in READING)


def first_of(prompt: str, used: Sequence[tuple[Moment, set[str]]], session: Session) -> Moment | None:
    """The first moment of a line that has to be done anew for a prompt."""
    first = next((moment for moment, names in used if prompt in names), None)
    if first is not None and first.kind == "recorded" and rounds_at_once(session):
        # Later steps would work on the last round's candidates alone, so all of them are made anew.
        again = [moment for moment, _ in used if moment.number <= first.number and moment.node == "alternate"]
        return again[0] if again else first
    return first
