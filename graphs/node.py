"""Turns a step of the method into a LangGraph node: timed, accounted for, and failing as data.

Nodes and routes are all `async def`: LangGraph sends every plain function through a thread, which costs more than the
function itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from langgraph.runtime import Runtime

from data.pictures import PictureError
from data.record import Failure
from graphs.context import Context
from graphs.meter import Meter, Unanswered

Step = Callable[[Any, Context, Meter], Awaitable[Mapping[str, Any]]]
"""(state, context, meter) -> the state's update."""


class Node(Protocol):
    def __call__(self, state: Any, runtime: Runtime[Context]) -> Awaitable[dict[str, Any]]: ...


def as_node(step: Step, stage: str | Callable[[Any], str]) -> Node:
    """A node that runs `step` under a `Meter`.

    A question that the LMM cannot answer and a picture that cannot be read become the state's `failure`, unless the
    step has dealt with them itself. Anything else, such as an `EndpointError`, is not about one sample and passes.
    """

    async def node(state: Any, runtime: Runtime[Context]) -> dict[str, Any]:
        meter = Meter(runtime.context)
        name = stage if isinstance(stage, str) else stage(state)
        with meter.stage(name):
            try:
                update = await step(state, runtime.context, meter)
            except (Unanswered, PictureError) as error:
                update = {"failure": Failure(stage=name, problem=str(error))}
        return {**update, **meter.account()}

    return node
