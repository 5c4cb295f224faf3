"""The turns that the miniature's Qwen2-VL is trained on in the domain of chest radiographs: every question of
`prompts/xray` with its right answer, as `mini.train.conversations` has them for the general domain.
"""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from data.record import Edge
from data.sample import Domain, Modality
from mini.train import loose_reports
from mini.train.authors import AUTHORS, Author
from mini.train.conversations import NOT_STATED, Turn, as_triplets, copied, partly
from mini.train.typography import strung, typeset
from mini.world.chest import CHANGES, KINDS, SIDES, STRUCTURES, ZONES, Film, Finding, sample_finding
from mini.world.described import describe, draft, impression, subjects
from mini.world.reports import name_words, place_words, plain_findings, report
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


def spoil(film: Film, rng: random.Random) -> Film:
    """The film with up to two facts changed: another size, side or zone, or a finding that is not there."""
    claimed = film
    for _ in range(rng.choice((0, 1, 1, 2))):
        if not claimed.findings:
            extra = replace(sample_finding(rng.choice(list(KINDS)), rng), change=None)
            normal = tuple(s for s in claimed.normal if s != KINDS[extra.kind].structure)
            claimed = replace(claimed, findings=(extra,), normal=normal)
            continue
        index = rng.randrange(len(claimed.findings))
        other = _altered(claimed.findings[index], rng)
        claimed = replace(
            claimed, findings=(*claimed.findings[:index], other, *claimed.findings[index + 1 :])
        )
    return claimed


def _altered(finding: Finding, rng: random.Random) -> Finding:
    """The finding with one other fact; as it is where it has none that could differ."""
    others = [
        replace(finding, size=size) for size in KINDS[finding.kind].sizes if finding.size not in (None, size)
    ]
    others += [replace(finding, side=side) for side in SIDES if finding.side not in (None, side)]
    others += [replace(finding, zone=zone) for zone in ZONES if finding.zone not in (None, zone)]
    return rng.choice(others) if others else finding


def mistaken(film: Film, rng: random.Random) -> Film:
    """The film as a poor reader has it: up to two facts wrong, or something overlooked, invented, or mixed up."""
    claimed = spoil(film, rng)
    slips = (overlooked, invented, mixed_up)
    return rng.choice(slips)(claimed, rng) if rng.random() < 0.75 else claimed


def overlooked(film: Film, rng: random.Random) -> Film:
    """Without one finding or one normal structure that it has."""
    if not film.normal or (film.findings and rng.random() < 0.5):
        finding = rng.choice(film.findings)
        return replace(film, findings=tuple(f for f in film.findings if f is not finding))
    structure = rng.choice(film.normal)
    return replace(film, normal=tuple(s for s in film.normal if s != structure))


def invented(film: Film, rng: random.Random) -> Film:
    """With one finding or one normal structure that it has not."""
    found = {f.kind for f in film.findings}
    silent = [
        s for s in STRUCTURES if s not in film.normal and s not in {KINDS[kind].structure for kind in found}
    ]
    if silent and rng.random() < 0.5:
        normal = {*film.normal, rng.choice(silent)}
        return replace(film, normal=tuple(s for s in STRUCTURES if s in normal))
    extra = replace(
        sample_finding(rng.choice([kind for kind in KINDS if kind not in found]), rng), change=None
    )
    findings = sorted([*film.findings, extra], key=lambda finding: list(KINDS).index(finding.kind))
    normal = {s for s in film.normal if s != KINDS[extra.kind].structure}
    return replace(film, findings=tuple(findings), normal=tuple(s for s in STRUCTURES if s in normal))


def mixed_up(film: Film, rng: random.Random) -> Film:
    """With what has changed since the last film told of other findings than it was told of."""
    changes = [f.change for f in film.findings]
    rng.shuffle(changes)
    return replace(
        film, findings=tuple(replace(f, change=c) for f, c in zip(film.findings, changes, strict=True))
    )


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
        author = rng.choice((None, None, *AUTHORS))
        by = author.report(told, rng, film).text if author else loose_reports.report(told, rng, film)
        return typeset(by, rng), told
    kind = rng.choices(("whole", "findings", "description"), (0.5, 0.35, 0.15))[0]
    if kind == "description":
        return describe(told, rng.choice(subjects(told))), told
    said = report(told, rng, film)
    text = said.text if kind == "whole" else said.findings or said.impression
    return typeset(text, rng), told


def crowded_film(rng: random.Random) -> Film:
    """Four to six findings, more than any film holds: a report of it asks for many facts at once."""
    kinds = sorted(rng.sample(list(KINDS), rng.randint(4, 6)), key=list(KINDS).index)
    abnormal = {KINDS[kind].structure for kind in kinds}
    normal = tuple(structure for structure in STRUCTURES if structure not in abnormal)
    return Film(tuple(sample_finding(kind, rng) for kind in kinds), normal)


def medical_copying(rng: random.Random) -> Turn:
    """Knowledge to be written down as triplets, with nothing else to read (see `conversations.copying`)."""
    return copied(knowledge_of(crowded_film(rng)), "xray.copy")


def medical_drill(rng: random.Random, length: int = 5) -> Turn:
    """Findings to be written down in order, as answers name them and their places (see `conversations.drill`)."""
    placed = [kind for kind in KINDS if KINDS[kind].place != "midline"]
    found = [replace(sample_finding(rng.choice(placed), rng), change=None) for _ in range(length)]
    told = strung([f"{name_words(f, rng, article=False)} {place_words(f, rng)}" for f in found], rng)
    words = [word for f in found for word in (f.abnormality, f.location)]
    return Turn("", told, "List the findings.", json.dumps(words, separators=(",", ":")), "xray.drill")


def _by_data_set(film: Film, rng: random.Random) -> str:
    return plain_findings(film, rng, marks=True, denied=film)


def _by(author: Author, film: Film, rng: random.Random) -> str:
    said = author.report(film, rng)
    return said.findings or said.impression


HANDS: tuple[Callable[[Film, random.Random], str], ...] = (
    loose_reports.findings, loose_reports.findings, _by_data_set, *(partial(_by, author) for author in AUTHORS),
)  # fmt: skip
"""Who tells statements."""


def statements(rng: random.Random, length: int = 6) -> Turn:
    """Findings, normal structures and denials told one after the other by as many authors, to be written down in order.

    In an ordinary report few tokens ask on which side, in which zone or since when a finding is, and it has the words
    of other findings around it.
    """
    told, facts = [], []
    for _ in range(length):
        film = sample_statement(rng)
        told.append(rng.choice(HANDS)(film, rng))
        facts += [[f.abnormality, f.location] for f in film.findings] or [[film.normal[0], "normal"]]
    answer = json.dumps(facts, separators=(",", ":"))
    return Turn("", typeset(" ".join(told), rng), "List the statements.", answer, "xray.statements")


def sample_statement(rng: random.Random) -> Film:
    """One finding, or one normal structure, and nothing else."""
    if rng.random() < 0.25:
        return Film(normal=(rng.choice(STRUCTURES),))
    finding = sample_finding(rng.choice(list(KINDS)), rng)
    if KINDS[finding.kind].structure and rng.random() < 0.4:
        finding = replace(finding, change=rng.choice(CHANGES))
    zone, size = (told if rng.random() < 0.75 else None for told in (finding.zone, finding.size))
    return Film((replace(finding, zone=zone, size=size),))
