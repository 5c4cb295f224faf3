"""What brings a walk from one moment to the next; the same when it is done first and when it is replayed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.walk.changes import update_of
from agent.walk.machine import Machine
from agent.walk.model import Kind, Moment
from agent.walk.record import part_of
from data.record import Record
from graphs.context import Context
from graphs.ranking import reweigh


@dataclass(frozen=True)
class Action:
    """A moment's kind, node and arguments, before there is a moment."""

    kind: Kind
    node: str
    """The graph's node that does it, or as whose outcome it counts."""
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As events have it: the node of a step, else the kind."""
        return self.node if self.kind == "step" else self.kind


def action_of(moment: Moment) -> Action:
    return Action(moment.kind, moment.node, moment.arguments)


async def perform(
    machine: Machine, action: Action, parent: str, context: Context, record: Record | None = None
) -> str:
    """Do it from the checkpoint `parent`; the id of the checkpoint after it. `record` is for `recorded`."""
    if action.kind == "step":
        return await machine.step(parent, context)
    if action.kind == "regenerate":
        return await machine.regenerate(parent, action.arguments["subject"], context)
    return await machine.update(
        parent, await _update(machine, action, parent, context, record), action.node, context
    )


async def _update(
    machine: Machine, action: Action, parent: str, context: Context, record: Record | None
) -> Mapping[str, Any]:
    if action.kind == "recorded" and record is not None:
        return part_of(record, action.node)
    state = await machine.values(parent)
    if action.kind == "edit":
        return update_of(action.arguments, state)
    if action.kind == "reweigh":
        return reweigh(state, context.options)  # type: ignore[arg-type]
    raise ValueError(f"a moment of the kind {action.kind!r} cannot be made like this")
