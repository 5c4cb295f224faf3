"""The arguments of each tool, as an LMM must give them. The same names as in `tools.talk.actions`."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tools.talk.actions import MOST_NUMBER, MOST_WEIGHT, TERMS, NextAction
from tools.talk.results import NAMES, named

Number = Field(ge=1, le=MOST_NUMBER, description="number of a candidate, from 1")


class Arguments(BaseModel):
    """Base of all; names that a tool does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    asks_first: ClassVar[bool] = False
    """Whether the tool changes something, so that the user is asked first."""

    def sentence(self) -> str:
        """What is done with these arguments."""
        raise NotImplementedError


class ShowGraph(Arguments):
    candidate: int | None = Field(
        default=None,
        ge=1,
        le=MOST_NUMBER,
        description="number of a candidate, from 1; without it, the sample",
    )

    def sentence(self) -> str:
        return f"show the graph of {named(self.candidate)}"


class CompareGraphs(Arguments):
    candidate: int = Number
    other: int | None = Field(
        default=None, ge=1, le=MOST_NUMBER, description="number of a second candidate; without it, the sample"
    )

    def sentence(self) -> str:
        return f"compare the graphs of {named(self.candidate)} and {named(self.other)}"


class ScoreCandidate(Arguments):
    candidate: int = Number

    def sentence(self) -> str:
        return f"score {named(self.candidate)}"


class Regenerate(Arguments):
    asks_first: ClassVar[bool] = True

    subject: str = Field(min_length=1, max_length=200, description="main subject of the new candidate")

    def sentence(self) -> str:
        return f"make one more candidate with the subject {self.subject}"


class Rerank(Arguments):
    asks_first: ClassVar[bool] = True

    graph: float | None = Field(
        default=None, ge=0, le=MOST_WEIGHT, description="weight of the graph similarity"
    )
    clip: float | None = Field(default=None, ge=0, le=MOST_WEIGHT, description="weight of the CLIP score")
    blip: float | None = Field(default=None, ge=0, le=MOST_WEIGHT, description="weight of the BLIP score")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.given():
            raise ValueError("give the weight of graph, clip or blip")
        return self

    def given(self) -> dict[str, float]:
        """The weights that are named."""
        values = {term: getattr(self, term) for term in TERMS}
        return {term: value for term, value in values.items() if value is not None}

    def sentence(self) -> str:
        told = ", ".join(f"{NAMES[term]} {weight:g}" for term, weight in self.given().items())
        return f"choose again with the weights {told}"


class FindSimilar(Arguments):
    def sentence(self) -> str:
        return "find similar complete samples"


class ExplainChoice(Arguments):
    def sentence(self) -> str:
        return "explain the choice"


class LookAt(Arguments):
    candidate: int = Number

    def sentence(self) -> str:
        return f"look at {named(self.candidate)}"


ARGUMENTS: dict[str, type[Arguments]] = {
    "show_graph": ShowGraph,
    "compare_graphs": CompareGraphs,
    "score_candidate": ScoreCandidate,
    "regenerate": Regenerate,
    "rerank": Rerank,
    "find_similar": FindSimilar,
    "explain_choice": ExplainChoice,
    "look_at": LookAt,
}


def arguments_of(action: NextAction) -> dict[str, Any]:
    """What an action of the schema way gives to its tool; nothing is checked here but what the tool cannot see."""
    candidates = action.candidates
    match action.action:
        case "show_graph" | "score_candidate":
            names = (
                "candidate",
                "second_candidate",
            )  # no tool knows the latter, so two are refused with its name
            return dict(zip(names, candidates, strict=False))
        case "compare_graphs":
            return dict(zip(("candidate", "other"), candidates, strict=False))
        case "regenerate":
            return {"subject": action.subject}
        case "rerank":
            return {weight.term: weight.weight for weight in action.weights}
        case _:
            return {}
