"""What a fitted model answers: who stands at the open end of a triple, and what it weighs of an entity."""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from tools.kgc.fitted import FittedModel

STRUCTURE = "structure"
Known = Set[tuple[int, int, int]]
"""(head, relation, tail) triples that are facts already."""


@dataclass(frozen=True)
class Answer:
    """One entity at the open end."""

    rank: int
    """From 1, among all entities."""
    entity: str
    score: float
    """The model's: comparable within one question only."""
    known: bool
    """A fact of the graph already, and no prediction."""


def answer(
    model: FittedModel,
    head: int | None,
    relation: int,
    tail: int | None,
    known: Known,
    top: int,
    new_only: bool = False,
) -> list[Answer]:
    """The best `top` entities for (head, relation, ?) or (?, relation, tail), best first; equal scores by id.

    `new_only` leaves the known ones out of the list; ranks count them all the same.
    """
    if head is not None:
        scores = model.tail_scores(head, relation)
    else:
        assert tail is not None, "one end is given"
        scores = model.head_scores(relation, tail)
    answers: list[Answer] = []
    for rank, entity in enumerate(np.argsort(-scores, kind="stable").tolist(), start=1):
        if len(answers) == top:
            break
        triple = (head, relation, entity) if head is not None else (entity, relation, tail)
        fact = triple in known
        if not (fact and new_only):
            answers.append(Answer(rank, model.entities[entity], float(scores[entity]), fact))
    return answers


@dataclass(frozen=True)
class Explanation:
    """Of what an entity's fused embedding is made."""

    entity: str
    weights: dict[str, float]
    """By modality, the structure included; they sum to 1."""
    has: tuple[str, ...]
    """The modalities that the entity has, without the structure."""
    lacks: tuple[str, ...]
    without: dict[str, dict[str, float]]
    """By modality that it has: the weights that remained without it."""


def explain(model: FittedModel, entity: int) -> Explanation:
    """The weights of an entity.

    Without a modality the others keep their proportions: the weights are a softmax over what is there, and a term of
    it that falls out scales the rest by 1 / (1 - its weight).
    """
    names = (STRUCTURE, *model.modalities)
    weights = {name: float(weight) for name, weight in zip(names, model.weights[entity], strict=True)}
    has = tuple(name for name in model.modalities if weights[name] > 0)
    return Explanation(
        entity=model.entities[entity],
        weights=weights,
        has=has,
        lacks=tuple(name for name in model.modalities if name not in has),
        without={name: _without(weights, name) for name in has},
    )


def _without(weights: dict[str, float], name: str) -> dict[str, float]:
    rest = {other: weight for other, weight in weights.items() if other != name}
    total = sum(rest.values())
    return {other: weight / total if total else 0.0 for other, weight in rest.items()}
