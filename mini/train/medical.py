"""The turns that the miniature's Qwen2-VL is trained on in the domain of chest radiographs: every question of
`prompts/xray` with its right answer, as `mini.train.conversations` has them for the general domain.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from data.record import Edge
from data.sample import Domain, Modality
from mini.train import loose_reports
from mini.train.authors import REPORTERS
from mini.train.conversations import NOT_STATED, Turn, as_triplets, partly
from mini.train.poor_reader import mistaken, spoil
from mini.train.typography import typeset
from mini.world.chest import KINDS, STRUCTURES, Film
from mini.world.described import describe, draft, impression, subjects
from mini.world.reports import plain_findings, report
from prompts.library import Library
from tools.knowledge.answers import Finding as FindingFact
from tools.knowledge.answers import MedicalKnowledge, Verdict
from tools.knowledge.chexpert import NO_FINDING
from tools.knowledge.graph import triplets_of
from tools.knowledge.questions import Questions, Reading
from tools.knowledge.subjects import walk
from tools.lmm.question import Question

APPEARANCES = {
    "opacity": "soft white patch", "consolidation": "white zone", "nodule": "round white spot",
    "atelectasis": "parallel white bands", "effusion": "white base", "pneumothorax": "dark rim",
    "cardiomegaly": "wide heart shadow", "tube": "white lines in the midline", "pacemaker": "white box with a lead",
    "clips": "short white strokes",
}  # fmt: skip
"""How findings look on a film, for the rule that asks it of reports."""
HARD = {"details": 2.5, "report": 2.0, "findings": 1.5}
"""Rules that are asked for more often than others, since more of their answers were wrong."""


def knowledge_of(film: Film) -> MedicalKnowledge:
    """The consolidated knowledge of what a film shows or a report tells: lungs, pleura, heart, then devices."""
    facts: list[FindingFact] = []
    for structure in (*STRUCTURES, None):
        facts += [
            FindingFact(
                anatomy=f.anatomy, abnormality=f.abnormality, location=f.location, implication=f.implication
            )
            for f in film.findings
            if KINDS[f.kind].structure == structure
        ]
        if structure in film.normal:
            facts.append(FindingFact(anatomy=structure, abnormality="", location="", implication=NO_FINDING))
    return MedicalKnowledge(findings=facts, impression=impression(film))


def edges_of(film: Film) -> list[Edge]:
    """The same as edges, as merged extraction gets them."""
    return triplets_of(knowledge_of(film))


def rule_answers(film: Film, modality: Modality) -> dict[str, str]:
    """What a good reader answers to each rule of `prompts/xray/radiograph` or `prompts/xray/report`."""
    facts = knowledge_of(film).findings
    found = film.findings
    answers = {
        "anatomy": ", ".join(dict.fromkeys(fact.anatomy for fact in facts)),
        "findings": "; ".join(f"{fact.anatomy}: {fact.abnormality or 'normal'}" for fact in facts),
        "location": "; ".join(f"{f.abnormality}: {f.location}" for f in found) or NOT_STATED,
    }
    if modality is Modality.TEXT:
        details = [(f, ", ".join(filter(None, [f.size, f.change]))) for f in found]
        answers["details"] = (
            "; ".join(f"{KINDS[f.kind].name}: {said}" for f, said in details if said) or NOT_STATED
        )
        answers["appearance"] = (
            "; ".join(f"{KINDS[f.kind].name}: {APPEARANCES[f.kind]}" for f in found) or NOT_STATED
        )
    answers["significance"] = "; ".join(f"{f.abnormality}: {f.implication}" for f in found) or NO_FINDING
    answers["report"] = draft(film) if modality is Modality.IMAGE else impression(film)
    return answers


class MedicalTeacher:
    """Makes turns from films; one object per process, since it reads the prompt files once."""

    def __init__(self, library: Library) -> None:
        self.questions = Questions(library)

    # Reading: `shared` is None for a radiograph; `facts` is what that radiograph or report gives.

    def merged(self, shared: str | None, facts: Film, missing: Modality, rng: random.Random) -> Turn:
        question = self.questions.merged(reading(shared), "")
        return turn(question, shared, knowledge_of(facts).model_dump_json(), "xray.merged")

    def rule(self, shared: str | None, facts: Film, missing: Modality, rng: random.Random) -> Turn:
        answers = rule_answers(facts, missing.other)
        entity = rng.choices(list(answers), [HARD.get(entity, 1.0) for entity in answers])[0]
        question = self.questions.rule(reading(shared), "", entity)
        return turn(question, shared, answers[entity], f"xray.rule.{entity}")

    def consolidate(self, shared: str | None, facts: Film, missing: Modality, rng: random.Random) -> Turn:
        right, wrong = (rule_answers(each, missing.other) for each in (facts, mistaken(facts, rng)))
        question = self.questions.consolidate(reading(shared), "", partly(right, wrong, rng))
        return turn(question, shared, knowledge_of(facts).model_dump_json(), "xray.consolidate")

    def triplets(self, shared: str | None, facts: Film, missing: Modality, rng: random.Random) -> Turn:
        question = self.questions.triplets(reading(shared), "", knowledge_of(facts))
        return turn(question, shared, as_triplets(edges_of(facts)), "xray.triplets")

    def direct(self, shared: str | None, facts: Film, missing: Modality, rng: random.Random) -> Turn:
        question = self.questions.direct(reading(shared), "", missing)
        return turn(question, shared, draft(facts), "xray.direct")

    def verify(self, shared: str | None, facts: Film, missing: Modality, rng: random.Random) -> Turn:
        true, claimed = edges_of(facts), edges_of(spoil(facts, rng))
        question = self.questions.verify(reading(shared), "", claimed)
        verdict = Verdict(
            lacks=[line(edge) for edge in claimed if edge not in true],
            adds=[line(edge) for edge in true if edge not in claimed],
        )
        return turn(question, shared, verdict.model_dump_json(), "xray.verify")

    # Writing: from a graph to a description, from a description to a report.

    def describing(self, facts: Film, missing: Modality, rng: random.Random) -> Turn:
        subject = rng.choice(subjects(facts))
        edges = walk(edges_of(facts), subject, rng.choice((0, 0, 0, 1, 1, 2)))
        question = self.questions.describe(Domain.XRAY, missing, "", edges, subject)
        answer = describe(facts, subject, [edge.head for edge in edges])
        return turn(question, str(question.shared[0]), answer, "xray.describe")

    def refining(self, facts: Film, rng: random.Random) -> Turn:
        described = replace(facts, history=None)  # a description has no place for it
        description = describe(described, rng.choice(subjects(described)))
        question = self.questions.refine(Domain.XRAY, "report", "", description)
        return turn(question, description, plain_findings(described, rng), "xray.refine.report")


def reading(shared: str | None) -> Reading:
    return Reading(Domain.XRAY, Modality.IMAGE if shared is None else Modality.TEXT, shared or "")


def turn(question: Question[Any], shared: str | None, answer: str, task: str) -> Turn:
    return Turn(question.system, shared, question.ask, answer, task)


def line(edge: Edge) -> str:
    return f"{edge.head} | {edge.relation} | {edge.tail}"


def medical_turn(
    teacher: MedicalTeacher,
    shared: str | None,
    facts: Film,
    rng: random.Random,
    shares: dict[str, float],
) -> Turn:
    """One reading turn; `shares` as in `mini.train.conversations` (SHORT, LONG)."""
    task = rng.choices(list(shares), list(shares.values()))[0]
    missing = Modality.TEXT if shared is None else Modality.IMAGE
    make: Callable[[str | None, Film, Modality, random.Random], Turn] = getattr(teacher, task)
    return make(shared, facts, missing, rng)


def told_report(film: Film, rng: random.Random, loose: float = 0.0) -> tuple[str, Film]:
    """A text about a film (a whole report, its findings alone, or a description), and the facts in it. `loose` is the
    share of texts that are told otherwise than in data sets: without fixed sentence frames, or by other authors."""
    told = film.told(rng)
    if loose and rng.random() < loose:
        told = replace(told, history=None)  # told in the indication, if at all, which is no part of the text
        author = rng.choice((None, None, *REPORTERS))
        by = author.report(told, rng, film).text if author else loose_reports.report(told, rng, film)
        return typeset(by, rng), told
    kind = rng.choices(("whole", "findings", "description"), (0.5, 0.35, 0.15))[0]
    if kind == "description":
        return describe(told, rng.choice(subjects(told))), told
    said = report(told, rng, film)
    text = said.text if kind == "whole" else said.findings or said.impression
    return typeset(text, rng), told
