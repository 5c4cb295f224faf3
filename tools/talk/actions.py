"""The "next action" of a conversation over one sample, as an LMM without native tool calls gives it.

The same names and arguments as the tools of `agent.talk`. What an action does not need stays empty, so the schema is
flat and every field is required (OpenAI's strict mode, grammars in vLLM).
"""

from typing import Annotated, Literal, get_args

from pydantic import Field

from tools.knowledge.answers import Answer

ActionName = Literal[
    "show_graph", "compare_graphs", "score_candidate", "regenerate", "rerank", "find_similar", "explain_choice",
    "reply",
]  # fmt: skip
ACTIONS: tuple[ActionName, ...] = get_args(ActionName)

Term = Literal["graph", "clip", "blip"]
"""The terms of the quality score (paper, Eq. 2) that a user can weigh."""
TERMS: tuple[Term, ...] = get_args(Term)

MOST_WEIGHT = 100.0
MOST_NUMBER = 999
"""The highest number that a candidate can have."""


class Weight(Answer):
    """The new weight of one term of the quality score; terms that are not named keep theirs."""

    term: Term
    weight: float = Field(ge=0, le=MOST_WEIGHT)


class NextAction(Answer):
    """What to do next: call one tool, or reply. Field order matters: the choice comes before its arguments."""

    action: ActionName
    candidates: list[Annotated[int, Field(ge=1, le=MOST_NUMBER)]] = Field(max_length=2)
    """Numbers of the candidates meant, from 1 as people see them. None where the sample or nothing is meant."""
    subject: str = Field(max_length=200)
    """Of a candidate to be made."""
    weights: list[Weight] = Field(max_length=3)
    reply: str = Field(max_length=2_000)
    """What the user is told, with the action `reply`."""


def next_action(
    action: ActionName,
    candidates: list[int] | None = None,
    subject: str = "",
    weights: dict[Term, float] | None = None,
    reply: str = "",
) -> NextAction:
    """An action with everything empty that is not given."""
    return NextAction(
        action=action,
        candidates=candidates or [],
        subject=subject,
        weights=[Weight(term=term, weight=weight) for term, weight in (weights or {}).items()],
        reply=reply,
    )
