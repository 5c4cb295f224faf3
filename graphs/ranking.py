"""Knowledge-based ranking (paper, 2.4): knowledge of every candidate, similarity scores, and the choice.

reextract (one per candidate, at the same time) -> score -> select -> end
"""

import asyncio
import random
from collections.abc import Sequence

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send
from typing_extensions import TypedDict

from data.record import Candidate, Edge, Failure, Scores
from graphs.alternation import Stage
from graphs.context import Context, GraphScorer, Options, Scorer
from graphs.extraction import Extraction
from graphs.generation import open_candidates
from graphs.meter import Meter
from graphs.node import as_node
from graphs.seeds import derive
from graphs.state import CompletionState, ExtractionInput, Known, StageOutput, Update
from tools.knowledge.similarity import graph_similarity, soft_graph_similarity

PENALTY = "penalty"
"""Key in `Scores.extra`: what verification took off the quality. It marks a candidate as verified."""


class Reextraction(TypedDict):
    """One candidate to be read."""

    candidate: Candidate
    task: ExtractionInput


def compares_graphs(state: Known, options: Options) -> bool:
    """Whether there is a graph to hold the candidates against, and it is asked for."""
    return bool(state.get("graph")) and not options.ablate & {"knowledge", "graph-score"}


async def fan_out(state: Known, runtime: Runtime[Context]) -> list[Send] | str:
    """One re-extraction per candidate, or straight to the scores when no graphs are compared."""
    pending = open_candidates(state)
    if not pending or not compares_graphs(state, runtime.context.options):
        return "score"
    sends = []
    for candidate in pending:
        task = ExtractionInput(
            domain=state["domain"],
            text=candidate.text,
            picture=candidate.image,
            side=runtime.context.options.candidate_side,
            step=f"reextract:{candidate.index}",
            seed=candidate.seed,
        )
        sends.append(Send("reextract", Reextraction(candidate=candidate, task=task)))
    return sends


class Reextract:
    """The node that reads one candidate with the very graph that read the sample."""

    def __init__(self, extraction: Extraction) -> None:
        self._extraction = extraction

    async def __call__(self, state: Reextraction, runtime: Runtime[Context]) -> Update:
        found = await self._extraction.ainvoke(state["task"], context=runtime.context)
        failure = found.get("failure")
        update = {
            "knowledge": found.get("knowledge"),
            "graph": found.get("graph", []),
            "error": failure.problem if failure else None,
        }
        return {
            "candidates": [state["candidate"].model_copy(update=update)],
            "usage": found["usage"],
            "calls": found["calls"],
            "spans": found["spans"],
        }


async def score(state: Known, context: Context, meter: Meter) -> Update:
    """All terms and the quality of this round's candidates (Eq. 1 and 2)."""
    options = context.options
    pending = open_candidates(state)
    graphs: list[tuple[float | None, float | None]] = [(None, None)] * len(pending)
    graph_scorers: Sequence[GraphScorer] = ()
    if compares_graphs(state, options):
        graph_scorers = context.graph_scorers
        graphs = await asyncio.to_thread(_compare, state["graph"], [c.graph for c in pending])
    scorers = () if "semantic-score" in options.ablate else context.scorers
    semantic = await asyncio.gather(*(_semantic(state, candidate, context, scorers) for candidate in pending))
    plausible = await asyncio.gather(*(_plausible(candidate, graph_scorers) for candidate in pending))
    scored = []
    for candidate, (exact, soft), *found in zip(pending, graphs, semantic, plausible, strict=True):
        terms = {name: value for part, _ in found for name, value in part.items()}
        notes = [*candidate.scores.notes, *(note for _, part in found for note in part)]
        scored.append(candidate.model_copy(update={"scores": _scores(exact, soft, terms, notes, options)}))
    used = {name for candidate in scored for name in _terms(candidate.scores, options)}
    weights = {name: weight for name, weight in options.weights.items() if name in used}
    return {"candidates": scored, "weights": state.get("weights", {}) | weights}


def _compare(graph: list[Edge], others: Sequence[list[Edge]]) -> list[tuple[float | None, float | None]]:
    return [(graph_similarity(graph, other), soft_graph_similarity(graph, other)) for other in others]


async def _semantic(
    state: Known, candidate: Candidate, context: Context, scorers: Sequence[Scorer]
) -> tuple[dict[str, float], list[str]]:
    """Similarity of the candidate to the present modality, by scorer; and notes. A scorer that fails leaves a note."""
    blob, text = candidate.image or state.get("picture"), candidate.text or state["text"]
    if not scorers or blob is None or text is None:
        return {}, []
    picture = await context.blobs.get(blob)
    terms: dict[str, float] = {}
    notes: list[str] = []
    asked = [scorer.similarity([picture], [text]) for scorer in scorers]
    results = await asyncio.gather(*asked, return_exceptions=True)
    for scorer, result in zip(scorers, results, strict=True):
        if isinstance(result, (ValueError, ArithmeticError)):
            notes.append(f"{scorer.name}: no score: {result}")
        elif isinstance(result, BaseException):
            raise result
        else:
            [terms[scorer.name]] = result[0]
            notes += result[1]
    return terms, notes


async def _plausible(
    candidate: Candidate, scorers: Sequence[GraphScorer]
) -> tuple[dict[str, float], list[str]]:
    """What each scorer makes of the candidate's graph; and notes."""
    results = await asyncio.gather(*(scorer.plausibility(candidate.graph) for scorer in scorers))
    terms = {scorer.name: value for scorer, (value, _) in zip(scorers, results, strict=True)}
    return terms, [note for _, notes in results for note in notes]


def _scores(
    exact: float | None, soft: float | None, named: dict[str, float], notes: list[str], options: Options
) -> Scores:
    known = {name: named[name] for name in ("clip", "blip") if name in named}
    extra = {name: value for name, value in named.items() if name not in known}
    scores = Scores(graph=exact, graph_soft=soft, extra=extra, notes=notes, **known)
    scores.quality = _quality(scores, options)
    return scores


def _quality(scores: Scores, options: Options) -> float:
    """Weighted sum of the terms at hand (Eq. 2)."""
    return sum(options.weights.get(name, 0.0) * value for name, value in _terms(scores, options).items())


def _terms(scores: Scores, options: Options) -> dict[str, float]:
    """The terms at hand by name; `graph` is the exact or the soft similarity, as set."""
    graph = scores.graph if options.graph_similarity == "exact" else scores.graph_soft
    terms = {"graph": graph, "clip": scores.clip, "blip": scores.blip, **scores.extra}
    return {name: value for name, value in terms.items() if value is not None}


def best(candidates: Sequence[Candidate], state: Known, options: Options) -> int | None:
    """Index of the best candidate without an error; ties go to the lowest index. None if there is none.

    Once candidates have been verified the choice is among those: the others would have been spared their penalty.
    """
    sound = [c for c in candidates if c.error is None]
    sound = [c for c in sound if PENALTY in c.scores.extra] or sound
    if not sound:
        return None
    if "ranking" in options.ablate:
        rng = random.Random(derive(state["seed"], state["sample_id"], "choice"))
        return rng.choice(sound).index
    return max(sound, key=lambda c: (c.scores.quality, -c.index)).index


def reweigh(state: Known, options: Options) -> Update:
    """Quality and choice anew from the scores at hand, with other weights; penalties stay. Nothing is asked."""
    candidates = [
        c.model_copy(update={"scores": c.scores.model_copy(update={"quality": quality})})
        for c in state["candidates"]
        if c.error is None
        for quality in [_quality(c.scores, options) - c.scores.extra.get(PENALTY, 0.0)]
    ]
    used = {name for candidate in candidates for name in _terms(candidate.scores, options)}
    weights = {name: weight for name, weight in options.weights.items() if name in used}
    return {"candidates": candidates, "weights": weights, "chosen": best(candidates, state, options)}


async def select(state: Known, context: Context, meter: Meter) -> Update:
    """The choice; a sample fails only if every candidate has failed."""
    candidates = state["candidates"]
    chosen = best(candidates, state, context.options)
    if chosen is not None:
        return {"chosen": chosen}
    problem = f"none of the {len(candidates)} candidates could be completed; the first: {candidates[0].error}"
    return {"chosen": None, "failure": Failure(stage="rank", problem=problem)}


def build_ranking(extraction: Extraction) -> Stage:
    """Compiled: gives every candidate knowledge, graph and scores, and names the best."""
    graph = StateGraph(CompletionState, Context, input_schema=Known, output_schema=StageOutput)
    graph.add_node("reextract", Reextract(extraction), input_schema=Reextraction)
    graph.add_node("score", as_node(score, "score"))
    graph.add_node("select", as_node(select, "score"))
    graph.add_conditional_edges(START, fan_out, ["reextract", "score"])
    graph.add_edge("reextract", "score")
    graph.add_edge("score", "select")
    graph.add_edge("select", END)
    return graph.compile(name="ranking")
