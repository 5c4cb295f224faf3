"""Which values of the state can be edited, and what they must look like."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.walk.errors import WalkError
from agent.walk.model import Moment, Session
from agent.walk.options import options_of
from agent.walk.record import rounds_at_once
from data.record import Candidate, Edge
from data.sample import Modality
from tools.knowledge.graph import triplets_of
from tools.knowledge.questions import KNOWLEDGE

LONGEST = 1_000_000
"""Characters of one value."""
Text = Annotated[str, Field(max_length=LONGEST)]


class CandidateChange(BaseModel):
    """What of one candidate can be changed; only what is named is."""

    model_config = ConfigDict(extra="forbid")

    index: int
    subject: Text = ""
    description: Text = ""
    text: Text | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    knowledge: dict[str, Any] | None = None
    graph: list[Edge] = Field(default_factory=list)
    error: Text | None = None


VALUES: dict[str, TypeAdapter[Any]] = {
    "text": TypeAdapter(Text),
    "text_form": TypeAdapter(Text),
    "labels": TypeAdapter(list[Text]),
    "seed": TypeAdapter(Annotated[int, Field(ge=0, lt=2**31)]),
    "knowledge": TypeAdapter(dict[str, Any]),
    "answers": TypeAdapter(dict[str, Text]),
    "graph": TypeAdapter(list[Edge]),
    "candidates": TypeAdapter(list[CandidateChange]),
    "chosen": TypeAdapter(int | None),
}
"""Editable keys of the state."""

MADE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("text", "text_form", "labels"), ("intake", "__start__")),
    **dict.fromkeys(("seed", "picture", "truth_picture"), ("intake",)),
    **dict.fromkeys(("knowledge", "answers", "graph"), ("extract",)),
    **dict.fromkeys(("candidates", "subject", "description"), ("alternate",)),
    "image": ("generate",),
    **dict.fromkeys(("scores", "quality", "chosen", "weights"), ("rank",)),
}
"""The nodes that make a value of the state, or a field of the candidates."""

MADE_FOR: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("subject", "description", "seed"), ("alternate",)),
    **dict.fromkeys(("text", "image"), ("generate",)),
    **dict.fromkeys(("knowledge", "graph", "scores", "quality"), ("rank",)),
}
"""The nodes that make a field of one candidate. Its text, knowledge and graph are others than the sample's."""


def made_by(key: str, line: Sequence[Moment]) -> Moment | None:
    """The latest moment of a line that has made a value. Raises `WalkError` for an unknown one."""
    return _latest(line, _nodes(MADE, key))


def made_for(key: str, index: int, line: Sequence[Moment], session: Session) -> Moment | None:
    """The latest moment of a line that has made a field of the candidate `index`, in the candidate's own round: later
    rounds work on later candidates alone.

    Raises `WalkError` for an unknown field, and for a candidate that no step has made by itself."""
    nodes = _nodes(MADE_FOR, key)
    turn = _turn(index, line, session)
    if turn and "rank" not in nodes:
        _check_made_by_steps(key, index, turn[0], session)
    return _latest(turn, nodes)


def _latest(line: Sequence[Moment], nodes: tuple[str, ...]) -> Moment | None:
    return next((moment for moment in reversed(line) if moment.node in nodes), None)


def _nodes(made: Mapping[str, tuple[str, ...]], key: str) -> tuple[str, ...]:
    if key not in made:
        close = get_close_matches(key, made, 1, 0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(made)}"
        raise WalkError(f"there is no value {key!r}; {hint}")
    return made[key]


def _turn(index: int, line: Sequence[Moment], session: Session) -> list[Moment]:
    """From the moment that added a candidate up to where the next one was added; empty if none has added it."""
    known = 0
    turn: list[Moment] = []
    for moment in line:
        if moment.kind == "regenerate" or (moment.node == "alternate" and moment.kind != "edit"):
            if turn:
                return turn
            known += _added(moment, known, session)
        if known > index:
            turn.append(moment)
    return turn


def _added(moment: Moment, known: int, session: Session) -> int:
    """How many candidates a moment has added: the first N, then one more each time."""
    if moment.kind == "recorded" and session.recorded is not None:
        return len(session.recorded.candidates)
    return 1 if known else options_of(session.options, moment.options).candidates


def _check_made_by_steps(key: str, index: int, first: Moment, session: Session) -> None:
    """Raises `WalkError` where no step could do anew what follows from an edit."""
    if first.kind == "regenerate":
        raise WalkError(
            f"candidate {index + 1} was made by regenerate as a whole, so its {key} cannot be edited; go back to "
            f"#{first.parent} and regenerate around other words"
        )
    if first.kind == "recorded" and rounds_at_once(session):
        raise WalkError(
            f"the run made its candidates in several rounds, which its record does not tell apart, so the {key} of "
            f"candidate {index + 1} cannot be edited; go back to #{first.parent} and make them anew"
        )


def editable(state: Mapping[str, Any]) -> dict[str, Any]:
    """The editable values as they are now, as plain JSON values. What is not there yet is left out."""
    shown: dict[str, Any] = {}
    fields = set(CandidateChange.model_fields)
    for name, adapter in VALUES.items():
        value = state.get(name)
        if name not in state or (name == "text" and value is None):
            continue
        if name == "candidates":
            candidates: list[Candidate] = state[name]
            shown[name] = [candidate.model_dump(mode="json", include=fields) for candidate in candidates]
        else:
            shown[name] = None if value is None else adapter.dump_python(value, mode="json")
    return shown


def update_of(values: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """The update of the state that an edit is. Raises `WalkError`: an unknown key, or where a value does not fit."""
    if not values:
        raise WalkError("nothing to edit: name a value of the state")
    update: dict[str, Any] = {}
    for name, value in values.items():
        update[name] = _checked(name, value, state)
    if "knowledge" in update:
        knowledge = _knowledge(update["knowledge"], state)
        update["knowledge"] = knowledge.model_dump()
        update.setdefault("graph", triplets_of(knowledge))
    if "candidates" in update:
        update["candidates"] = _candidates(values["candidates"], update["candidates"], state)
    if update.get("chosen") is not None:
        _check_chosen(update["chosen"], state)
    return update


def _checked(name: str, value: Any, state: Mapping[str, Any]) -> Any:
    if name not in VALUES:
        close = get_close_matches(name, VALUES, 1, 0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(VALUES)}"
        raise WalkError(f"{name!r} cannot be edited; {hint}")
    if name == "text" and state["missing"] is Modality.TEXT:
        raise WalkError("the text is what is missing in this sample; edit a candidate's text instead")
    if name in ("candidates", "chosen") and not state.get("candidates"):
        raise WalkError(f"{name} cannot be edited here: there are no candidates yet; step on to alternate")
    try:
        return VALUES[name].validate_python(value)
    except ValidationError as error:
        raise WalkError(f"{_where(name, error)}") from None


def _knowledge(value: dict[str, Any], state: Mapping[str, Any]) -> Any:
    try:
        return KNOWLEDGE[state["domain"]].model_validate(value)
    except ValidationError as error:
        raise WalkError(_where("knowledge", error)) from None


def _candidates(
    given: list[dict[str, Any]], changes: list[CandidateChange], state: Mapping[str, Any]
) -> list[Candidate]:
    changed = []
    for raw, change in zip(given, changes, strict=True):
        candidate = _candidate(change.index, state)
        named = set(raw) - {"index"}
        changed.append(candidate.model_copy(update={name: getattr(change, name) for name in named}))
    return changed


def _candidate(index: int, state: Mapping[str, Any]) -> Candidate:
    candidates: list[Candidate] = state["candidates"]
    for candidate in candidates:
        if candidate.index == index:
            return candidate
    # As people see them: the first one is candidate 1.
    there = ", ".join(str(candidate.index + 1) for candidate in candidates)
    raise WalkError(f"there is no candidate {index + 1}; there are {there}")


def _check_chosen(chosen: int, state: Mapping[str, Any]) -> None:
    indices = [candidate.index for candidate in state["candidates"]]
    if chosen not in indices:
        there = ", ".join(map(str, indices))
        raise WalkError(f"chosen is an index, counted from 0: there is none {chosen}; there are {there}")


def _where(name: str, error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(map(str, (name, *problem["loc"])))
    return f"{where}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
