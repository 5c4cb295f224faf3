"""Knowledge-driven generation (paper, 2.3): each description becomes a candidate for the missing modality.

picture missing: draw (diffusion) -> end
text missing:    refine (the LMM puts it into the form of the data set's texts) -> end
"""

import asyncio
from typing import Literal

from langgraph.graph import END, START, StateGraph

from data.record import Candidate, Scores
from data.sample import Modality
from graphs.alternation import Stage
from graphs.context import Context, ImageGenerator
from graphs.meter import Meter, Unanswered
from graphs.node import as_node
from graphs.state import CompletionState, Known, StageOutput, Update
from tools.generators.base import GenerationError


def open_candidates(state: Known) -> list[Candidate]:
    """This round's candidates that nothing has gone wrong with."""
    return [c for c in state["candidates"] if c.round == state["round"] and c.error is None]


async def draw(state: Known, context: Context, meter: Meter) -> Update:
    """A picture for every description."""
    if context.generator is None:
        raise ValueError(f"sample {state['sample_id']} misses its picture, and no image generator was given")
    drawn = [_drawn(candidate, context, context.generator) for candidate in open_candidates(state)]
    return {"candidates": await asyncio.gather(*drawn)}


async def _drawn(candidate: Candidate, context: Context, generator: ImageGenerator) -> Candidate:
    # One at a time: the generator batches what waits in its queue, and one refused description fails alone.
    try:
        [data] = await generator.draw([candidate.description], [candidate.seed])
    except GenerationError as error:
        return candidate.model_copy(update={"error": f"draw:{candidate.index}: {error}"})
    blob = await context.blobs.put(data, "image/png")
    notes = await asyncio.to_thread(generator.notes, [candidate.description])
    return candidate.model_copy(update={"image": blob, "scores": Scores(notes=notes)})


async def refine(state: Known, context: Context, meter: Meter) -> Update:
    """A text for every description."""
    pending = open_candidates(state)
    questions = [
        context.questions.refine(state["domain"], state["text_form"], f"refine:{c.index}", c.description)
        for c in pending
    ]
    replies = await meter.ask_all(questions, [c.seed for c in pending])
    return {"candidates": [_refined(c, reply) for c, reply in zip(pending, replies, strict=True)]}


def _refined(candidate: Candidate, reply: str | Unanswered) -> Candidate:
    if isinstance(reply, Unanswered):
        return candidate.model_copy(update={"error": str(reply)})
    if not reply.strip():
        return candidate.model_copy(update={"error": f"refine:{candidate.index}: the LMM gave an empty text"})
    return candidate.model_copy(update={"text": reply.strip()})


async def by_missing(state: Known) -> Literal["draw", "refine"]:
    return "draw" if state["missing"] is Modality.IMAGE else "refine"


def build_generation() -> Stage:
    """Compiled: gives every described candidate its picture or text."""
    graph = StateGraph(CompletionState, Context, input_schema=Known, output_schema=StageOutput)
    graph.add_node("draw", as_node(draw, "generate"))
    graph.add_node("refine", as_node(refine, "generate"))
    graph.add_conditional_edges(START, by_missing)
    graph.add_edge("draw", END)
    graph.add_edge("refine", END)
    return graph.compile(name="generation")
