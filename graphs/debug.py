"""The state machine for `langgraph dev`: the very graph of a batch run, without a checkpointer.

LangGraph Studio hands in JSON and no `Context`, so one outer node turns the JSON into the narrow input and asks a
factory for the context. The inner graph runs as a subgraph: its steps show, stream and can be replayed.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from data.record import Record
from graphs.completion import build, record_of
from graphs.context import Context
from graphs.state import CompletionInput


class DebugOutput(TypedDict):
    record: Record


class DebugState(CompletionInput, DebugOutput):
    """What goes in, and the record that comes out."""


Debug = CompiledStateGraph[DebugState, None, CompletionInput, DebugOutput]


def build_debug(context: Callable[[], Awaitable[Context]]) -> Debug:
    """Compiled; `context` is called at every run and should keep what it has built.

    The input is `CompletionInput` as JSON; `image` is {"path": ...}.
    """
    completion = build()
    read: TypeAdapter[CompletionInput] = TypeAdapter(CompletionInput)

    async def complete(state: CompletionInput) -> dict[str, Any]:
        final = await completion.ainvoke(read.validate_python(state), context=await context())
        return {"record": record_of(final)}

    graph = StateGraph(DebugState, input_schema=CompletionInput, output_schema=DebugOutput)
    graph.add_node("complete", complete)
    graph.add_edge(START, "complete")
    graph.add_edge("complete", END)
    return graph.compile(name="completion")
