"""One more candidate around a given subject, through the very stages of a run, for who looks at one sample.

describe -> generate -> rank -> end
"""

from langgraph.graph import END, START, StateGraph

from data.record import Candidate
from graphs.alternation import Stage, describe
from graphs.context import Context
from graphs.extraction import build_extraction
from graphs.generation import build_generation
from graphs.node import as_node
from graphs.ranking import build_ranking
from graphs.seeds import derive
from graphs.state import CompletionState, Known, StageOutput


def with_subject(state: Known, subject: str) -> Known:
    """The state with one more candidate to be made, in a round of its own, with the seed that a run would give it."""
    known = state["candidates"]
    index = max(candidate.index for candidate in known) + 1
    new = Candidate(
        index=index,
        round=max(candidate.round for candidate in known) + 1,
        subject=subject,
        description="",
        seed=derive(state["seed"], state["sample_id"], "candidate", index),
    )
    return {**state, "candidates": [*known, new], "round": new.round, "failure": None}


def build_regeneration() -> Stage:
    """Compiled; run it with `with_subject(state, subject)`. It hands up the candidates, the choice and what it cost."""
    graph = StateGraph(CompletionState, Context, input_schema=Known, output_schema=StageOutput)
    graph.add_node("describe", as_node(describe, "alternate"))
    graph.add_node("generate", build_generation(), input_schema=Known)
    graph.add_node("rank", build_ranking(build_extraction()), input_schema=Known)
    graph.add_edge(START, "describe")
    graph.add_edge("describe", "generate")
    graph.add_edge("generate", "rank")
    graph.add_edge("rank", END)
    return graph.compile(name="regeneration")
