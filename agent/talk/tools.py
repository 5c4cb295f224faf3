"""The tools of a talk over a walk, as LangChain tools with Pydantic arguments.

Each gives text, for the LMM, and a `Finding` for the program; never bytes. What cannot be done is said in a sentence
that goes back to the LMM (`Impossible`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from langchain_core.tools import StructuredTool

from agent.talk.arguments import ARGUMENTS, Rerank
from agent.talk.choice import explained
from agent.talk.errors import Impossible
from agent.talk.events import TalkEmit
from agent.talk.neighbours import Neighbours
from agent.talk.sample import Sample, has_semantic_scores, key, without
from agent.walk.walk import Walk
from data.record import Blob
from graphs.context import Context
from tools.knowledge.similarity import graph_similarity, soft_graph_similarity
from tools.lmm.question import Picture
from tools.talk import results

MOST_TEXT = 4_000
"""Characters of a candidate's text that the LMM is told."""


@dataclass(frozen=True)
class Finding:
    """What a tool found, besides its text."""

    pictures: tuple[Blob, ...] = ()
    """By reference, for the user."""
    look: int | None = None
    """Number of the candidate whose picture the LMM asks to see."""


Found = tuple[str, Finding]
NOTHING = Finding()


class Toolbox:
    """The tools over one walk, for one line of the user."""

    def __init__(self, walk: Walk, context: Context, emit: TalkEmit, neighbours: Neighbours | None) -> None:
        """`context`: of the walk, for what scores that are not there yet need."""
        self._walk, self._context, self._emit, self._neighbours = walk, context, emit, neighbours

    def tools(self, described: dict[str, str]) -> dict[str, StructuredTool]:
        """All of them by name. `described`: what the LMM is told of each."""
        calls: dict[str, Callable[..., Awaitable[Found]]] = {
            "show_graph": self.show_graph,
            "compare_graphs": self.compare_graphs,
            "score_candidate": self.score_candidate,
            "regenerate": self.regenerate,
            "rerank": self.rerank,
            "find_similar": self.find_similar,
            "explain_choice": self.explain_choice,
            "look_at": self.look_at,
        }
        return {
            name: StructuredTool.from_function(
                coroutine=call,
                name=name,
                description=described[name],
                args_schema=ARGUMENTS[name],
                infer_schema=False,
                response_format="content_and_artifact",
            )
            for name, call in calls.items()
        }

    async def ready(self) -> None:
        """Raises `Impossible` when nothing can be changed now, so that nobody is asked in vain."""
        if self._walk.busy:
            raise Impossible("the walk is at work; try again when its step has ended.")
        (await self._sample()).choice()

    async def look(self, finding: Finding) -> tuple[int, Picture] | None:
        """The picture that the LMM asks to see, with its candidate's number. Raises `PictureError`."""
        if finding.look is None:
            return None
        data = await self._context.blobs.get(finding.pictures[0])
        return finding.look, await self._context.pictures.shrink(data, self._context.options.candidate_side)

    async def show_graph(self, candidate: int | None = None) -> Found:
        sample = await self._sample()
        return results.graph_told(candidate, sample.graph(candidate)), NOTHING

    async def compare_graphs(self, candidate: int, other: int | None = None) -> Found:
        sample = await self._sample()
        left, right = (None, candidate) if other is None else (candidate, other)
        first, second = sample.graph(left), sample.graph(right)
        exact = sample.options.graph_similarity == "exact"
        likeness = await asyncio.to_thread(
            graph_similarity if exact else soft_graph_similarity, first, second
        )
        common = len({key(edge) for edge in first} & {key(edge) for edge in second})
        only_first, only_second = without(first, second), without(second, first)
        return results.comparison_told(left, right, likeness, common, only_first, only_second), NOTHING

    async def score_candidate(self, candidate: int) -> Found:
        sample = await self._sample()
        found = sample.sound(candidate)
        ranked = [each.index for each in sample.ranked()]
        measured = {} if has_semantic_scores(found) else await self._measured(sample, candidate)
        if found.index in ranked:
            rank = ranked.index(found.index) + 1
            told = [results.scores_told(candidate, found.scores, rank, len(ranked))]
            told += [results.besides_told(measured)] if measured else []
            return " ".join(told), NOTHING
        if not measured:
            raise Impossible(f"candidate {candidate} has no scores, and no scorer is loaded.")
        return results.measured_told(candidate, measured), NOTHING

    async def regenerate(self, subject: str) -> Found:
        known = {candidate.index for candidate in (await self._sample()).candidates}
        moment = await self._walk.regenerate(subject, self._emit)
        if moment is None:
            raise Impossible(self._walk.problem or "the candidate could not be made.")
        sample = await self._sample()
        made = next((c for c in sample.candidates if c.index not in known), None)
        if made is None:
            raise Impossible("no new candidate came of it.")
        if made.error:
            raise Impossible(f"candidate {made.index + 1} could not be made: {made.error}")
        told = results.made_told(made.index + 1, subject, made.scores.quality, sample.chosen)
        return told, Finding((made.image,) if made.image else ())

    async def rerank(
        self, graph: float | None = None, clip: float | None = None, blip: float | None = None
    ) -> Found:
        before = await self._sample()
        weights = before.options.weights | Rerank(graph=graph, clip=clip, blip=blip).given()
        await self._walk.reweigh(weights, self._emit)
        after = await self._sample()
        quality = after.choice().scores.quality
        return results.reranked_told(weights, before.chosen, after.chosen, quality), NOTHING

    async def find_similar(self) -> Found:
        if self._neighbours is None:
            raise Impossible("there is no data set to look in.")
        sample = await self._sample()
        found = await self._neighbours.nearest(await sample.query(self._context))
        return results.similar_told(found.by, found.samples) + found.note, NOTHING

    async def explain_choice(self) -> Found:
        return explained(await self._sample()), NOTHING

    async def look_at(self, candidate: int) -> Found:
        found = (await self._sample()).sound(candidate)
        if found.image is not None:
            return f"The picture of candidate {candidate} follows.", Finding((found.image,), candidate)
        if found.text is None:
            raise Impossible(f"candidate {candidate} has not been made yet; let the walk go on first.")
        return f"Candidate {candidate} reads: {found.text[:MOST_TEXT]}", NOTHING

    async def _sample(self) -> Sample:
        return await Sample.of(self._walk)

    async def _measured(self, sample: Sample, number: int) -> dict[str, float]:
        """CLIP and BLIP of a candidate that has no scores yet, by scorer."""
        candidate, state = sample.sound(number), sample.state
        blob, text = candidate.image or state.get("picture"), candidate.text or state["text"]
        if blob is None or text is None:
            raise Impossible(f"candidate {number} has not been made yet; let the walk go on first.")
        picture = await self._context.blobs.get(blob)
        terms = {}
        for scorer in self._context.scorers:
            try:
                [terms[scorer.name]], _ = await scorer.similarity([picture], [text])
            except (ValueError, ArithmeticError) as error:
                raise Impossible(f"{scorer.name} gives no score for candidate {number}: {error}") from error
        return terms
