"""The whole state machine: from a sample with one modality missing to its record.

intake -> extract -> alternate -> generate -> rank -> end
                        ^                       |
                        +------- verify <-------+     only with verification rounds
"""

from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from data.pictures import PictureError
from data.record import Blob, Record, Truth, Usage
from data.sample import Dataset, ImageRef, Modality, Sample
from graphs.alternation import build_alternation, present
from graphs.context import Context
from graphs.extraction import Extraction, build_extraction
from graphs.generation import build_generation
from graphs.meter import Meter
from graphs.node import as_node
from graphs.ranking import build_ranking
from graphs.state import CompletionInput, CompletionState, Known, Update, wall_seconds
from graphs.verification import verify, wants_another, wants_verification

Completion = CompiledStateGraph[CompletionState, Context, CompletionInput, CompletionState]

NOTHING_FOUND = (
    "the LMM found nothing in the present {modality}; the candidates were described without a graph"
)


class CannotComplete(ValueError):
    """A sample that cannot enter the graph; the message is one sentence for its record."""


def to_input(sample: Sample, index: int, mask_row: tuple[bool, bool], dataset: Dataset) -> CompletionInput:
    """What the graph needs of a sample. `mask_row` is (text present, picture present), as in a mask's
    `missing_details`; the modality that the mask removes goes to the record as ground truth, if the data has it.

    Raises `CannotComplete` when no modality or both are missing, or the present one is not in the data.
    """
    text_present, image_present = mask_row
    if text_present == image_present:
        which = "neither modality is" if text_present else "both modalities are"
        raise CannotComplete(
            f"sample {sample.id} (row {index}): {which} missing, so nothing can be completed"
        )
    missing = Modality.IMAGE if text_present else Modality.TEXT
    text, image = (sample.text, None) if text_present else (None, sample.image)
    if image is None and not (text and text.strip()):
        raise CannotComplete(
            f"sample {sample.id} (row {index}): its {missing} is masked and its {missing.other} is empty or not in the"
            " data; take a mask that keeps what is there, such as type as-is"
        )
    return CompletionInput(
        sample_id=sample.id,
        index=index,
        domain=dataset.domain,
        text_form=dataset.text_form,
        missing=missing,
        text=text,
        image=image,
        labels=list(sample.labels),
        truth_text=None if text_present else sample.text,
        truth_image=sample.image if text_present else None,
    )


async def intake(state: Known, context: Context, meter: Meter) -> Update:
    """Reduced copies of the pictures into the run folder, for reports and scorers."""
    update: Update = {"seed": context.options.seed, "round": 0}
    if state["image"] is not None:
        update["picture"] = await _copy(state["image"], context)
    if state["truth_image"] is not None:
        try:
            update["truth_picture"] = await _copy(state["truth_image"], context)
        except PictureError as error:
            update["warnings"] = [f"the ground truth picture is left out: {error}"]
    return update


async def _copy(ref: ImageRef, context: Context) -> Blob:
    picture = await context.pictures.load(ref, context.options.candidate_side)
    return await context.blobs.put(picture.data, picture.media_type)


class Extract:
    """The node that reads the sample's present modality."""

    def __init__(self, extraction: Extraction) -> None:
        self._extraction = extraction

    async def __call__(self, state: Known, runtime: Runtime[Context]) -> Update:
        found = await self._extraction.ainvoke(present(state, runtime.context), context=runtime.context)
        update: Update = {
            "knowledge": found.get("knowledge"),
            "answers": found.get("answers", {}),
            "graph": found.get("graph", []),
            "failure": found.get("failure"),
            "usage": found["usage"],
            "calls": found["calls"],
            "spans": found["spans"],
        }
        if not update["graph"] and update["failure"] is None:
            update["warnings"] = [NOTHING_FOUND.format(modality=state["missing"].other)]
        return update


async def after_intake(state: Known, runtime: Runtime[Context]) -> Literal["extract", "alternate", "__end__"]:
    if state.get("failure"):
        return "__end__"
    return "alternate" if "knowledge" in runtime.context.options.ablate else "extract"


async def after_extract(state: Known) -> Literal["alternate", "__end__"]:
    return "__end__" if state.get("failure") else "alternate"


async def after_alternate(state: Known) -> Literal["generate", "__end__"]:
    return "__end__" if state.get("failure") else "generate"


def build(checkpointer: BaseCheckpointSaver[str] | None = None) -> Completion:
    """Compile the graph, once per process; run it with `await graph.ainvoke(to_input(...), context=context)`.

    `EndpointError` propagates; everything else that can go wrong with one sample ends in its record. Batch runs take no
    checkpointer: records are the run's memory.
    """
    extraction = build_extraction()
    graph = StateGraph(CompletionState, Context, input_schema=CompletionInput, output_schema=CompletionState)
    graph.add_node("intake", as_node(intake, "read"))
    graph.add_node("extract", Extract(extraction))
    graph.add_node("alternate", build_alternation(), input_schema=Known)
    graph.add_node("generate", build_generation(), input_schema=Known)
    graph.add_node("rank", build_ranking(extraction), input_schema=Known)
    graph.add_node("verify", as_node(verify, "verify"))
    graph.add_edge(START, "intake")
    graph.add_conditional_edges("intake", after_intake)
    graph.add_conditional_edges("extract", after_extract)
    graph.add_conditional_edges("alternate", after_alternate)
    graph.add_edge("generate", "rank")
    graph.add_conditional_edges("rank", wants_verification)
    graph.add_conditional_edges("verify", wants_another)
    return graph.compile(checkpointer, name="completion")


def record_of(state: CompletionState | dict[str, Any]) -> Record:
    """The record of a finished run over one sample."""
    candidates, spans = state.get("candidates", []), state.get("spans", [])
    truth = Truth(text=state["truth_text"], image=state.get("truth_picture"))
    stages = dict.fromkeys(span.stage for span in spans)
    seconds = {stage: wall_seconds(span for span in spans if span.stage == stage) for stage in stages}
    return Record(
        sample_id=state["sample_id"],
        index=state["index"],
        status="failed" if state.get("failure") else "completed",
        domain=state["domain"],
        missing=state["missing"],
        labels=state["labels"],
        text=state["text"],
        image=state.get("picture"),
        knowledge=state.get("knowledge"),
        answers=state.get("answers", {}),
        graph=state.get("graph", []),
        subjects=[candidate.subject for candidate in candidates],
        candidates=candidates,
        chosen=state.get("chosen"),
        truth=truth if truth.text is not None or truth.image is not None else None,
        weights=state.get("weights", {}),
        usage=state.get("usage", Usage()),
        calls=state.get("calls", []),
        seconds={**seconds, "total": wall_seconds(spans)},
        seed=state.get("seed", 0),
        failure=state.get("failure"),
        warnings=state.get("warnings", []),
    )
