"""The turns that the miniature's Qwen2-VL is trained on: every question of the general domain with its right answer.

The questions are built by `tools.knowledge.questions`, as the program builds them, so a changed word in `prompts/` is a
changed training set; the prompts' hash is stored with the weights.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from data.record import Edge
from data.sample import Domain, Modality
from mini.train import loose_scenes
from mini.train.authors import AUTHORS, Teller
from mini.train.loose_scenes import phrase, relation
from mini.train.typography import strung, typeset
from mini.world.facts import ARRANGEMENTS, COLOURS, KINDS, STYLES, VERBS, Group, Scene
from mini.world.texts import (
    BARE_VERBS,
    PARTICIPLES,
    TELLERS,
    describe,
    listing,
    plural,
    relation_sentence,
    sentence,
    varied_phrase,
)
from prompts.library import Library
from tools.knowledge.answers import Knowledge, MedicalKnowledge, ObjectFact, Triplet, Triplets, Verdict
from tools.knowledge.graph import triplets_of
from tools.knowledge.questions import Questions, Reading
from tools.knowledge.subjects import walk
from tools.lmm.question import Question

NOT_STATED = "not stated"


@dataclass(frozen=True)
class Turn:
    """One question and its answer. `shared` is None where the sample is the picture itself."""

    system: str
    shared: str | None
    ask: str
    answer: str
    task: str


def knowledge_of(scene: Scene) -> Knowledge:
    """The consolidated knowledge of what a picture shows or a text tells."""
    return Knowledge(
        objects=[
            ObjectFact(name=g.kind, count=g.count, attributes=[g.colour] if g.colour else [])
            for g in scene.groups
        ],
        relations=[Triplet(head=h, relation=r, tail=t) for h, r, t in scene.relations],
        style=scene.style or "",
    )


def edges_of(scene: Scene) -> list[tuple[str, str, str]]:
    """The same as edges, in the order of `tools.knowledge.graph`."""
    edges: list[tuple[str, str, str]] = []
    for g in scene.groups:
        edges.append((g.kind, "count", str(g.count)))
        if g.colour:
            edges.append((g.kind, "attribute", g.colour))
    edges += scene.relations
    if scene.style:
        edges.append(("scene", "style", scene.style))
    return edges


def rule_answers(scene: Scene) -> dict[str, str]:
    """What a good reader answers to each rule of `prompts/general/rules.yaml`."""
    relations = "; ".join(" ".join(relation) for relation in scene.relations)
    colours = "; ".join(f"{g.kind}: {g.colour}" for g in scene.groups if g.colour)
    return {
        "objects": ", ".join(g.kind for g in scene.groups),
        "counts": ", ".join(f"{g.kind}: {g.count}" for g in scene.groups),
        "attributes": colours or NOT_STATED,
        "relations": relations or NOT_STATED,
        "style": scene.style or NOT_STATED,
    }


def spoil(
    scene: Scene, rng: random.Random
) -> tuple[Scene, list[tuple[str, str, str]], list[tuple[str, str, str]]]:
    """A scene that differs in up to two facts, with the edges that the true scene lacks and those it has instead."""
    claimed = scene
    for _ in range(rng.choice((0, 1, 1, 2))):
        index = rng.randrange(len(claimed.groups))
        group = claimed.groups[index]
        if group.colour and rng.random() < 0.5:
            other: Group = replace(group, colour=rng.choice([c for c in COLOURS if c != group.colour]))
        else:
            other = replace(group, count=rng.choice([n for n in (1, 2, 3) if n != group.count]))
        claimed = replace(claimed, groups=(*claimed.groups[:index], other, *claimed.groups[index + 1 :]))
    true, said = edges_of(scene), edges_of(claimed)
    return claimed, [e for e in said if e not in true], [e for e in true if e not in said]


def mistaken(scene: Scene, rng: random.Random) -> Scene:
    """The scene as a poor reader has it: up to two facts wrong, or a relation or the style overlooked."""
    claimed, _, _ = spoil(scene, rng)
    if rng.random() < 0.3:
        less = (replace(claimed, arrangement=None), replace(claimed, deed=None), replace(claimed, style=None))
        claimed = rng.choice(less)
    return claimed


def partly(right: dict[str, str], wrong: dict[str, str], rng: random.Random) -> dict[str, str]:
    """Answers to rules of which some may be wrong, since those of a run are: who consolidates them has the sample at
    hand, and what it says counts. Given right answers alone, copying them is all that a model need learn; given one
    wrong one among right ones, counting votes.
    """
    share = rng.choice((0.1, 0.25, 0.5, 1.0))
    return {entity: wrong[entity] if rng.random() < share else answer for entity, answer in right.items()}


class Teacher:
    """Makes turns from scenes; one object per process, since it reads the prompt files once."""

    def __init__(self, library: Library) -> None:
        self.questions = Questions(library)

    # Reading: `shared` is None for a picture; `facts` is what that picture or text gives.

    def merged(self, shared: str | None, facts: Scene, missing: Modality, rng: random.Random) -> Turn:
        question = self.questions.merged(reading(shared), "")
        return turn(question, shared, knowledge_of(facts).model_dump_json(), "merged")

    def rule(self, shared: str | None, facts: Scene, missing: Modality, rng: random.Random) -> Turn:
        answers = rule_answers(facts)
        entity = rng.choice(list(answers))
        return turn(
            self.questions.rule(reading(shared), "", entity), shared, answers[entity], f"rule.{entity}"
        )

    def consolidate(self, shared: str | None, facts: Scene, missing: Modality, rng: random.Random) -> Turn:
        answers = partly(rule_answers(facts), rule_answers(mistaken(facts, rng)), rng)
        question = self.questions.consolidate(reading(shared), "", answers)
        return turn(question, shared, knowledge_of(facts).model_dump_json(), "consolidate")

    def triplets(self, shared: str | None, facts: Scene, missing: Modality, rng: random.Random) -> Turn:
        question = self.questions.triplets(reading(shared), "", knowledge_of(facts))
        return turn(question, shared, as_triplets(as_edges(edges_of(facts))), "triplets")

    def direct(self, shared: str | None, facts: Scene, missing: Modality, rng: random.Random) -> Turn:
        question = self.questions.direct(reading(shared), "", missing)
        return turn(question, shared, describe(facts, facts.groups[0].kind), "direct")

    def verify(self, shared: str | None, facts: Scene, missing: Modality, rng: random.Random) -> Turn:
        claimed, lacks, adds = spoil(facts, rng)
        question = self.questions.verify(reading(shared), "", as_edges(edges_of(claimed)))
        verdict = Verdict(lacks=[" | ".join(e) for e in lacks], adds=[" | ".join(e) for e in adds])
        return turn(question, shared, verdict.model_dump_json(), "verify")

    # Writing: from a graph to a description, from a description to a text of a form.

    def describing(self, facts: Scene, missing: Modality, rng: random.Random) -> Turn:
        subject = rng.choice(facts.groups).kind
        edges = walk(as_edges(edges_of(facts)), subject, rng.choice((0, 0, 0, 1, 1, 2)))
        question = self.questions.describe(Domain.GENERAL, missing, "", edges, subject)
        order = [(edge.head, edge.relation, edge.tail) for edge in edges]
        return turn(question, str(question.shared[0]), describe(facts, subject, order), "describe")

    def refining(self, facts: Scene, rng: random.Random) -> Turn:
        form = "plot" if rng.random() < 0.7 else "caption"
        told = replace(facts, deed=None) if form == "caption" else facts
        description = describe(facts, rng.choice(facts.groups).kind)
        question = self.questions.refine(Domain.GENERAL, form, "", description)
        return turn(question, description, TELLERS[form](told, rng), f"refine.{form}")


def reading(shared: str | None) -> Reading:
    return Reading(Domain.GENERAL, Modality.IMAGE if shared is None else Modality.TEXT, shared or "")


def turn(question: Question[Any], shared: str | None, answer: str, task: str) -> Turn:
    return Turn(question.system, shared, question.ask, answer, task)


def as_triplets(edges: list[Edge]) -> str:
    """The answer to a question for triplets."""
    triplets = [Triplet(head=e.head, relation=e.relation, tail=e.tail) for e in edges]
    return Triplets(triplets=triplets).model_dump_json()


def as_edges(edges: list[tuple[str, str, str]]) -> list[Edge]:
    return [Edge(head=h, relation=r, tail=t) for h, r, t in edges]


SHORT: dict[str, float] = {"merged": 0.56, "rule": 0.34, "direct": 0.10}
LONG: dict[str, float] = {"consolidate": 0.40, "triplets": 0.30, "verify": 0.30}
"""Shares of the reading tasks, in two classes so that a batch of short turns is not padded to a long one. Merged
extraction is the default mode and the hardest, so it has most."""


def reading_turn(
    teacher: Teacher,
    shared: str | None,
    facts: Scene,
    missing: Modality,
    rng: random.Random,
    shares: dict[str, float],
) -> Turn:
    task = rng.choices(list(shares), list(shares.values()))[0]
    make: Callable[[str | None, Scene, Modality, random.Random], Turn] = getattr(teacher, task)
    return make(shared, facts, missing, rng)


OTHERS: tuple[Teller, ...] = (loose_scenes, loose_scenes, *AUTHORS)
"""Who tells scenes otherwise than data sets do; two of five texts have no sentence frames."""


def told_text(scene: Scene, rng: random.Random, loose: float = 0.0) -> tuple[str, Scene]:
    """A text of any form about a scene, and the facts in it. `loose` is the share of plots and captions that are told
    otherwise than in data sets: without fixed sentence frames, or by other authors."""
    told = scene.told(rng)
    kind = rng.choices(("plot", "caption", "description"), (0.55, 0.3, 0.15))[0]
    if kind == "description":
        return describe(told, rng.choice(told.groups).kind), told
    if kind == "caption":
        told = replace(told, deed=None)
    tell = TELLERS[kind]
    if loose and rng.random() < loose:
        teller = rng.choice(OTHERS)
        tell = teller.plot if kind == "plot" else teller.caption
    return typeset(tell(told, rng), rng), told


def surface_forms() -> dict[str, list[str]]:
    """Every fact word as answers write it, and the forms in which texts have it."""
    forms = {kind: [kind, plural(kind)] for kind in KINDS}
    forms |= {verb: [verb, BARE_VERBS[verb], PARTICIPLES[verb]] for verb in VERBS}
    forms |= {word: [word] for word in (*COLOURS, *STYLES, *ARRANGEMENTS)}
    return forms | {"1": ["one", "single"], "2": ["two", "pair"], "3": ["three", "trio"]}


def drill(rng: random.Random, length: int = 16) -> Turn:
    """Words to be written down in order, each in its plain form.

    Reading a text means finding the next thing that it names. The turns alone teach that very late, since few of their
    tokens ask for it; in a drill every second one does.
    """
    forms = surface_forms()
    words = rng.choices(list(forms), k=length)
    told = strung([rng.choice(forms[word]) for word in words], rng)
    return Turn("", told, "List the words.", json.dumps(words, separators=(",", ":")), "drill")


def ties(rng: random.Random, sentences: int = 7, loose: float = 0.0) -> Turn:
    """Who stands how to whom, and who does what to whom, sentence by sentence, active and passive, left and right.

    In an ordinary text one or two sentences say so. Trained on those alone, a model learns which kinds there are long
    before it learns which of two is the doer. `loose` is the share of sentences without a fixed frame.
    """
    told, edges = [], []
    for _ in range(sentences):
        first, second = (Group(kind, rng.randint(1, 3), None) for kind in rng.sample(KINDS, 2))
        if rng.random() < 0.5:
            scene = Scene((first, second), rng.choice(ARRANGEMENTS))
        else:
            deed = (first.kind, rng.choice(VERBS), second.kind)
            scene = Scene(tuple(rng.sample((first, second), 2)), deed=deed)
        told.append((relation if loose and rng.random() < loose else relation_sentence)(scene, rng))
        edges += [Triplet(head=h, relation=r, tail=t) for h, r, t in scene.relations]
    answer = Triplets(triplets=edges).model_dump_json()
    return Turn("", " ".join(told), "List the relations.", answer, "ties")


def phrases(rng: random.Random, loose: float = 0.0) -> Turn:
    """Four to seven kinds with their numbers and colours and nothing else, to be written down in order.

    Colours go astray where the noun comes first ("hearts, two of them red, and two flowers"), and of the tokens of
    ordinary texts few ask whose a colour is.
    """
    groups = crowd(rng).groups
    told = [(phrase if rng.random() < loose else varied_phrase)(group, rng) for group in groups]
    facts = [fact.model_dump() for fact in knowledge_of(Scene(groups)).objects]
    return Turn(
        "", sentence(listing(told)), "List the objects.", json.dumps(facts, separators=(",", ":")), "phrases"
    )


def copying(rng: random.Random) -> Turn:
    """Knowledge to be written down as triplets, with nothing else to read and more relations than texts have.

    Most wrong triplets of the model were miscopied from right knowledge ("key above key" for "moon above key").
    """
    scene = crowd(rng)
    knowledge = knowledge_of(scene)
    for _ in range(rng.randint(0, 3)):
        head, tail = rng.sample([group.kind for group in scene.groups], 2)
        relation = rng.choice((*VERBS, *ARRANGEMENTS))
        knowledge.relations.append(Triplet(head=head, relation=relation, tail=tail))
    return copied(knowledge, "copy")


def copied(knowledge: Knowledge | MedicalKnowledge, task: str) -> Turn:
    """Nothing but knowledge, as triplets."""
    answer = as_triplets(triplets_of(knowledge))
    return Turn("", knowledge.model_dump_json(), "List the triplets.", answer, task)


def crowd(rng: random.Random) -> Scene:
    """A scene of four to seven kinds, more than any picture holds: a text about it asks for many facts at once.

    Not all have a colour, so that none is learnt to be invented.
    """
    kinds = rng.sample(KINDS, rng.randint(4, 7))
    colours = [*COLOURS, None, None]
    groups = tuple(Group(kind, rng.randint(1, 3), rng.choice(colours)) for kind in kinds)
    doer, target = rng.sample(kinds, 2)
    arrangement = rng.choice(ARRANGEMENTS) if rng.random() < 0.5 else None
    return Scene(groups, arrangement, (doer, rng.choice(VERBS), target), rng.choice(STYLES))
