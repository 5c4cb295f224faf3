"""Knowledge modelling (paper, 2.2): from one picture or text to its knowledge graph.

merged:   note -> end                              one call, triplets by code
stepwise: answer -> consolidate -> link -> end     one call per rule, then two more (the paper's chain of thought)

The same graph reads the sample and, later, every candidate.
"""

from typing import Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from data.sample import ImageRef, Modality
from graphs.context import Context
from graphs.meter import Meter, Unanswered
from graphs.node import as_node
from graphs.state import ExtractionInput, ExtractionOutput, ExtractionState
from tools.knowledge.graph import edges_of, triplets_of
from tools.knowledge.questions import KNOWLEDGE, Reading

Extraction = CompiledStateGraph[ExtractionState, Context, ExtractionInput, ExtractionOutput]


async def read(state: ExtractionInput, context: Context) -> Reading:
    """What is to be read, as the LMM sees it: the picture reduced to `side`, or the text."""
    source = state["picture"]
    if source is None:
        if state["text"] is None:
            raise ValueError("extraction needs a text or a picture and was given neither")
        return Reading(state["domain"], Modality.TEXT, state["text"])
    if isinstance(source, ImageRef):
        picture = await context.pictures.load(source, state["side"])
    else:
        picture = await context.pictures.shrink(await context.blobs.get(source), state["side"])
    return Reading(state["domain"], Modality.IMAGE, picture)


async def note(state: ExtractionState, context: Context, meter: Meter) -> ExtractionOutput:
    """All rules in one answer; the triplets follow from it."""
    question = context.questions.merged(await read(state, context), state["step"])
    knowledge = await meter.ask(question, state["seed"])
    return {"knowledge": knowledge.model_dump(), "graph": triplets_of(knowledge)}


async def answer(state: ExtractionState, context: Context, meter: Meter) -> ExtractionOutput:
    """A brief answer to every rule, all at once: no rule waits for another."""
    reading = await read(state, context)
    rules = context.questions.rules(reading.domain, reading.modality)
    questions = [context.questions.rule(reading, f"{state['step']}.{entity}", entity) for entity in rules]
    answers: dict[str, str] = {}
    replies = await meter.ask_all(questions, [state["seed"]] * len(questions))
    for entity, reply in zip(rules, replies, strict=True):
        if isinstance(reply, Unanswered):
            raise reply
        answers[entity] = reply.strip()
    return {"answers": answers}


async def consolidate(state: ExtractionState, context: Context, meter: Meter) -> ExtractionOutput:
    """The answers joined into one structure."""
    step = f"{state['step']}.consolidate"
    question = context.questions.consolidate(await read(state, context), step, state["answers"])
    knowledge = await meter.ask(question, state["seed"])
    return {"knowledge": knowledge.model_dump()}


async def link(state: ExtractionState, context: Context, meter: Meter) -> ExtractionOutput:
    """The structure turned into triplets by the LMM."""
    knowledge = KNOWLEDGE[state["domain"]].model_validate(state["knowledge"])
    question = context.questions.triplets(await read(state, context), f"{state['step']}.triplets", knowledge)
    return {"graph": edges_of(await meter.ask(question, state["seed"]))}


def stage_of(state: ExtractionState) -> str:
    """`extract` for the sample, `reextract` for a candidate."""
    return state["step"].partition(":")[0]


async def by_mode(state: ExtractionState, runtime: Runtime[Context]) -> Literal["note", "answer"]:
    return "note" if runtime.context.options.mode == "merged" else "answer"


async def after_answer(state: ExtractionState) -> Literal["consolidate", "__end__"]:
    return "__end__" if state.get("failure") else "consolidate"


async def after_consolidate(state: ExtractionState) -> Literal["link", "__end__"]:
    return "__end__" if state.get("failure") else "link"


def build_extraction() -> Extraction:
    """Compiled; used as the sample's own extraction and for every candidate."""
    graph = StateGraph(ExtractionState, Context, input_schema=ExtractionInput, output_schema=ExtractionOutput)
    graph.add_node("note", as_node(note, stage_of))
    graph.add_node("answer", as_node(answer, stage_of))
    graph.add_node("consolidate", as_node(consolidate, stage_of))
    graph.add_node("link", as_node(link, stage_of))
    graph.add_conditional_edges(START, by_mode)
    graph.add_edge("note", END)
    graph.add_conditional_edges("answer", after_answer)
    graph.add_conditional_edges("consolidate", after_consolidate)
    graph.add_edge("link", END)
    return graph.compile(name="extraction")
