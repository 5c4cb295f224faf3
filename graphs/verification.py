"""Verification rounds (off by default): the LMM names what a candidate lacks or adds against the graph.

Round 0 verifies the best of the first N; each later round verifies the one candidate that was made anew, with another
subject and seed. Every named edge costs `Options.penalty` points of quality, and the choice is among the verified.
"""

from typing import Literal

from langgraph.runtime import Runtime

from data.record import Candidate
from graphs.context import Context, Options
from graphs.extraction import read
from graphs.meter import Meter, Unanswered
from graphs.ranking import PENALTY, best
from graphs.state import ExtractionInput, Known, Update
from tools.knowledge.answers import Verdict


async def verify(state: Known, context: Context, meter: Meter) -> Update:
    """One verdict, its penalty, and the choice anew."""
    candidate = _pending(state)
    if candidate is None:
        return {}
    reading = await read(
        ExtractionInput(
            domain=state["domain"],
            text=candidate.text,
            picture=candidate.image,
            side=context.options.candidate_side,
            step="verify",
            seed=candidate.seed,
        ),
        context,
    )
    question = context.questions.verify(reading, f"verify:{candidate.index}", state["graph"])
    try:
        verdict = await meter.ask(question, candidate.seed)
    except Unanswered as error:
        return {"warnings": [f"candidate {candidate.index} was not verified: {error}"]}
    update = [judged(candidate, verdict, context.options)]
    candidates = [update[0] if c.index == candidate.index else c for c in state["candidates"]]
    return {"candidates": update, "chosen": best(candidates, state, context.options)}


def judged(candidate: Candidate, verdict: Verdict, options: Options) -> Candidate:
    """The candidate with the verdict in its notes and its penalty taken off."""
    penalty = options.penalty * (len(verdict.lacks) + len(verdict.adds))
    scores = candidate.scores.model_copy(
        update={
            "quality": candidate.scores.quality - penalty,
            "extra": candidate.scores.extra
            | {"lacks": float(len(verdict.lacks)), "adds": float(len(verdict.adds)), PENALTY: penalty},
            "notes": [
                *candidate.scores.notes,
                *(f"lacks: {edge}" for edge in verdict.lacks),
                *(f"adds: {edge}" for edge in verdict.adds),
            ],
        }
    )
    return candidate.model_copy(update={"scores": scores})


def _pending(state: Known) -> Candidate | None:
    """The candidate of this round that is to be verified; None if it could not be made."""
    if state["round"] == 0:
        return next(c for c in state["candidates"] if c.index == state["chosen"])
    return next((c for c in state["candidates"] if c.round == state["round"] and c.error is None), None)


async def wants_verification(state: Known, runtime: Runtime[Context]) -> Literal["verify", "__end__"]:
    """After ranking: verify if rounds are asked for, something was chosen, and there is a graph to hold it against."""
    wanted = runtime.context.options.rounds > 0 and state.get("chosen") is not None and state.get("graph")
    return "verify" if wanted else "__end__"


async def wants_another(state: Known, runtime: Runtime[Context]) -> Literal["alternate", "__end__"]:
    """After verifying: another candidate while rounds are left and the choice has a penalty."""
    chosen = next(c for c in state["candidates"] if c.index == state["chosen"])
    clean = not chosen.scores.extra.get(PENALTY)
    return "__end__" if clean or state["round"] >= runtime.context.options.rounds else "alternate"
