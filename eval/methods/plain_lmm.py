"""The plain LMM: asked once to describe the missing modality from the present one."""

from dataclasses import dataclass

from eval.methods.base import Card
from eval.methods.bridger import Bridger


@dataclass(frozen=True)
class PlainLMM(Bridger):
    """No knowledge, no alternation, no ranking: `python -m agent.run --ablate knowledge,ranking --candidates 1`."""

    run: str = "plain"
    card = Card(
        "Knowledge Bridger, Table 3, without knowledge modelling",
        "MIT; written anew",
        "One description per sample, made into a text or a picture by the same models.",
    )
