"""Entity alternation (paper, 2.3): N subjects from the graph, and one description of the missing modality around each.

subjects -> describe -> end

Without a graph (switched off, or nothing was found) the LMM describes the missing modality directly from the present
one, N times with different seeds.
"""

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from data.record import Candidate
from graphs.context import Context
from graphs.extraction import read
from graphs.meter import Meter, Unanswered
from graphs.node import as_node
from graphs.seeds import derive
from graphs.state import CompletionState, ExtractionInput, Known, StageOutput, Update
from tools.knowledge.subjects import choose, walk
from tools.lmm.question import Question

Stage = CompiledStateGraph[CompletionState, Context, Known, StageOutput]


async def subjects(state: Known, context: Context, meter: Meter) -> Update:
    """N candidates with a subject and a seed each; in a later round one more."""
    known = state.get("candidates", [])
    total = len(known) + 1 if known else context.options.candidates
    chosen = choose(state.get("graph", []), total) or [""] * total
    new = [
        Candidate(
            index=index,
            round=state["round"] + 1 if known else 0,
            subject=chosen[index],
            description="",
            seed=derive(state["seed"], state["sample_id"], "candidate", index),
        )
        for index in range(len(known), total)
    ]
    return {"candidates": new, "round": new[0].round}


async def describe(state: Known, context: Context, meter: Meter) -> Update:
    """The descriptions of this round's candidates, all at once."""
    new = [candidate for candidate in state["candidates"] if candidate.round == state["round"]]
    questions = await _questions(state, context, new)
    replies = await meter.ask_all(questions, [candidate.seed for candidate in new])
    return {"candidates": [_described(c, reply) for c, reply in zip(new, replies, strict=True)]}


async def _questions(state: Known, context: Context, new: list[Candidate]) -> list[Question[str]]:
    steps = [f"describe:{candidate.index}" for candidate in new]
    if not state.get("graph"):
        reading = await read(present(state, context), context)
        return [context.questions.direct(reading, step, state["missing"]) for step in steps]
    questions = []
    for candidate, step in zip(new, steps, strict=True):
        # A subject whose turn comes again meets the graph from another side.
        turn = sum(c.subject == candidate.subject for c in state["candidates"] if c.index < candidate.index)
        edges = walk(state["graph"], candidate.subject, turn)
        questions.append(
            context.questions.describe(state["domain"], state["missing"], step, edges, candidate.subject)
        )
    return questions


def _described(candidate: Candidate, reply: str | Unanswered) -> Candidate:
    if isinstance(reply, Unanswered):
        return candidate.model_copy(update={"error": str(reply)})
    if not reply.strip():
        return candidate.model_copy(
            update={"error": f"describe:{candidate.index}: the LMM gave an empty description"}
        )
    return candidate.model_copy(update={"description": reply.strip()})


def present(state: Known, context: Context) -> ExtractionInput:
    """The sample's present modality as something to be read."""
    return ExtractionInput(
        domain=state["domain"],
        text=state["text"],
        picture=state["image"],
        side=context.options.sample_side,
        step="extract",
        seed=derive(state["seed"], state["sample_id"], "extract"),
    )


def build_alternation() -> Stage:
    """Compiled: fills `candidates` with subjects, seeds and descriptions."""
    graph = StateGraph(CompletionState, Context, input_schema=Known, output_schema=StageOutput)
    graph.add_node("subjects", as_node(subjects, "alternate"))
    graph.add_node("describe", as_node(describe, "alternate"))
    graph.add_edge(START, "subjects")
    graph.add_edge("subjects", "describe")
    graph.add_edge("describe", END)
    return graph.compile(name="alternation")
