"""The sample of a walk as the talk's tools see it: its state at the head, candidates by the numbers that people see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.talk.errors import Impossible
from agent.talk.neighbours import Query
from agent.walk.walk import Walk
from data.record import Blob, Candidate, Edge
from graphs.context import Context, Options
from tools.knowledge.labels import normalise
from tools.knowledge.questions import NAMES
from tools.talk.questions import Sight
from tools.talk.results import NO_CHOICE, no_candidate


@dataclass(frozen=True)
class Sample:
    """The state at one moment. Numbers count from 1: `Candidate.index` + 1."""

    state: Mapping[str, Any]
    options: Options

    @classmethod
    async def of(cls, walk: Walk) -> "Sample":
        return cls(await walk.state(), walk.options())

    @property
    def candidates(self) -> list[Candidate]:
        return list(self.state.get("candidates") or [])

    @property
    def chosen(self) -> int | None:
        """Number of the chosen candidate."""
        index = self.state.get("chosen")
        return None if index is None else index + 1

    def candidate(self, number: int) -> Candidate:
        """Raises `Impossible` for a number that no candidate has."""
        for candidate in self.candidates:
            if candidate.index + 1 == number:
                return candidate
        raise Impossible(no_candidate(number, len(self.candidates)))

    def sound(self, number: int) -> Candidate:
        """As `candidate`; raises `Impossible` also for one that could not be made or read."""
        candidate = self.candidate(number)
        if candidate.error:
            raise Impossible(f"candidate {number} could not be made or read: {candidate.error}")
        return candidate

    def choice(self) -> Candidate:
        """Raises `Impossible` before there is one."""
        if self.chosen is None:
            raise Impossible(NO_CHOICE)
        return self.candidate(self.chosen)

    def graph(self, number: int | None) -> list[Edge]:
        """The graph of the sample (None) or of a candidate. Raises `Impossible` where none was read yet."""
        if number is None:
            edges = self.state.get("graph") or []
            if not edges:
                raise Impossible("the sample has no graph.")
            return list(edges)
        candidate = self.sound(number)
        if not candidate.graph:
            raise Impossible(
                f"candidate {number} has no graph; it is read back when the candidates are ranked."
            )
        return candidate.graph

    def ranked(self) -> list[Candidate]:
        """Candidates with a quality, the best first."""
        sound = [c for c in self.candidates if c.error is None and has_scores(c)]
        return sorted(sound, key=lambda c: (-c.scores.quality, c.index))

    async def query(self, context: Context) -> Query:
        """What similar samples are looked for by: the present modality, or the graph's words for a picture."""
        blob: Blob | None = self.state.get("picture")
        edges = self.state.get("graph") or []
        return Query(
            id=self.state["sample_id"],
            text=self.state["text"],
            picture=await context.blobs.get(blob) if blob is not None else None,
            words=" ".join(f"{edge.head} {edge.relation} {edge.tail}" for edge in edges),
        )

    def sight(self) -> Sight:
        """What the LMM is told of it at each turn."""
        return Sight(
            missing=NAMES[self.state["domain"], self.state["missing"]],
            subjects=tuple(candidate.subject for candidate in self.candidates),
            chosen=self.chosen,
        )


def has_semantic_scores(candidate: Candidate) -> bool:
    return candidate.scores.clip is not None or candidate.scores.blip is not None


def has_scores(candidate: Candidate) -> bool:
    scores = candidate.scores
    return any(value is not None for value in (scores.graph, scores.clip, scores.blip)) or bool(scores.extra)


def key(edge: Edge) -> tuple[str, str, str]:
    """By what edges count as equal: labels as graphs are compared, the relation as it stands."""
    return normalise(edge.head), edge.relation.strip().lower(), normalise(edge.tail)


def without(edges: Sequence[Edge], others: Sequence[Edge]) -> list[Edge]:
    """Edges that are not among the others."""
    known = {key(edge) for edge in others}
    return [edge for edge in edges if key(edge) not in known]
