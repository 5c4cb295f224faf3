"""Examines the miniature's Qwen2-VL on held-out radiographs and reports, as `mini.exam` does on scenes."""

import asyncio
import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from data.sample import Domain, Modality
from mini.exam import SEED, Examiner, Report
from mini.train.medical import edges_of, knowledge_of
from mini.world import reports
from mini.world.chest import KINDS, SIDES, ZONES, Film
from mini.world.described import describe, subjects
from mini.world.openi import Study, study_of
from mini.world.radiograph import draw
from mini.world.reports import NAMES, SIZE_WORDS
from tools.knowledge.answers import Finding as FindingFact
from tools.knowledge.answers import MedicalKnowledge
from tools.knowledge.questions import Reading
from tools.lmm.question import Picture

Tell = Callable[[Film, random.Random, Film | None], reports.Report]


@dataclass
class MedicalExaminer:
    """Asks the endpoint of `base` about its number of held-out studies, with its questions."""

    base: Examiner

    def studies(self) -> list[Study]:
        return [study_of("iuxray", SEED, i, exposures=1) for i in range(self.base.n)]

    async def picture(self, study: Study, change: Callable[[Any], Any] | None) -> Picture:
        image, buffer = draw(study.exposures[0]), io.BytesIO()
        (change(image) if change else image).save(buffer, "PNG")
        return await self.base.pictures.shrink(buffer.getvalue(), 448)

    async def from_radiographs(self, change: Callable[[Any], Any] | None = None) -> Report:
        """Merged extraction of drawn radiographs, after an optional change to each."""
        report = Report()

        async def one(study: Study) -> None:
            reading = Reading(Domain.XRAY, Modality.IMAGE, await self.picture(study, change))
            answer = await self.base.ask(report, self.base.questions.merged(reading, "extract"))
            grade_film(report, study.film.shown(), answer)

        await asyncio.gather(*map(one, self.studies()))
        return report

    async def from_reports(self, tell: Tell = reports.report) -> Report:
        """Merged extraction of reports, or of reports told otherwise (`mini.world.unseen_test`)."""
        report = Report()

        async def one(study: Study) -> None:
            text = tell(study.told, random.Random(f"exam-{study.number}"), study.film).text
            reading = Reading(Domain.XRAY, Modality.TEXT, text)
            answer = await self.base.ask(report, self.base.questions.merged(reading, "extract"))
            grade_film(report, study.told, answer)

        await asyncio.gather(*map(one, self.studies()))
        return report

    async def stepwise(self) -> Report:
        """The paper's chain on reports: rules, consolidation, triplets."""
        report, ask, questions = Report(), self.base.ask, self.base.questions

        async def one(study: Study) -> None:
            reading = Reading(Domain.XRAY, Modality.TEXT, study.report.text)
            answers = {}
            for entity in questions.rules(Domain.XRAY, Modality.TEXT):
                answers[entity] = str(await ask(report, questions.rule(reading, entity, entity)))
            knowledge = await ask(report, questions.consolidate(reading, "consolidate", answers))
            grade_film(report, study.told, knowledge)
            if knowledge is not None:
                found = await ask(report, questions.triplets(reading, "triplets", knowledge))
                edges = {(t.head, t.relation, t.tail) for t in found.triplets} if found else set()
                true = {(edge.head, edge.relation, edge.tail) for edge in edges_of(study.told)}
                report.tally("triplets").add(true, edges)
                report.check("triplets exact", edges == true)

        await asyncio.gather(*map(one, self.studies()))
        return report

    async def writing(self) -> Report:
        """Descriptions that begin with a given subject, and reports refined from right descriptions."""
        report, ask, questions = Report(), self.base.ask, self.base.questions

        async def one(study: Study) -> None:
            told, shown = study.told, study.film.shown()
            subject = random.Random(f"exam-{study.number}").choice(subjects(told))
            question = questions.describe(Domain.XRAY, Modality.IMAGE, "describe", edges_of(told), subject)
            said = str(await ask(report, question)).lower()
            report.check("subject", said.startswith(subject.lower()))
            report.check("description exact", said == describe(told, subject).lower())
            for finding in told.findings:
                placed = finding.location == "midline" or finding.location in said
                report.check("description facts", finding.abnormality in said and placed)
            question = questions.refine(Domain.XRAY, "report", "refine", describe(shown, subjects(shown)[0]))
            mentioned(report, shown, str(await ask(report, question)).lower())

        await asyncio.gather(*map(one, self.studies()))
        return report


def grade_film(report: Report, true: Film, knowledge: MedicalKnowledge | None) -> None:
    """Hold one answer against the facts; sides, zones and sizes of what was found. No answer counts as empty."""
    found = knowledge or MedicalKnowledge(findings=[], impression="")
    by_kind = {kind: fact for fact in found.findings if (kind := kind_of(fact))}
    report.tally("findings").add({f.kind for f in true.findings}, set(by_kind))
    normal = {fact.anatomy for fact in found.findings if not fact.abnormality}
    report.tally("normal structures").add(set(true.normal), normal)
    for finding in true.findings:
        fact = by_kind.get(finding.kind)
        if fact is None:
            continue
        words = f"{fact.anatomy} {fact.location}".split()
        if finding.side in SIDES:
            report.check("side", [word for word in words if word in SIDES][:1] == [finding.side])
        if finding.zone:
            report.check("zone", [word for word in words if word in ZONES] == [finding.zone])
        if finding.size:
            report.check("size", finding.size in fact.abnormality.split())
        if finding.change:
            report.check("change", finding.change in fact.abnormality)
        report.check("implication", fact.implication == finding.implication)
    true_answer = knowledge_of(true)
    report.check("exact", knowledge is not None and _unordered(found) == _unordered(true_answer))


def kind_of(fact: FindingFact) -> str | None:
    """The kind of finding that an answer names; None for a normal structure or an unknown name."""
    return next((kind for kind, spec in KINDS.items() if spec.name in fact.abnormality), None)


HEARD = {kind: {name.split()[-1].lower() for name in names} for kind, names in NAMES.items()}
HEARD["cardiomegaly"] |= {"enlarged", "increased"}
HEARD["tube"] |= {"intubated"}
"""Words by which a report names a kind."""


def mentioned(report: Report, film: Film, text: str) -> None:
    """Whether a report names every finding, with its side and size."""
    words = set(text.replace(",", " ").replace(".", " ").split())
    for finding in film.findings:
        report.check("report facts", bool(HEARD[finding.kind] & words))
        if finding.side in SIDES:
            report.check("report facts", finding.side in words or "lingula" in words)
        if finding.size and finding.kind != "cardiomegaly":
            report.check("report facts", bool(set(SIZE_WORDS[finding.size]) & words))


def _unordered(knowledge: MedicalKnowledge) -> list[str]:
    return sorted(fact.model_dump_json() for fact in knowledge.findings)


def described(n: int) -> list[tuple[Any, str]]:
    """Held-out radiographs and descriptions of all that they show; no two of a group of 64 are alike.

    Every third radiograph is normal, and normal ones are told alike, so all but one of each description are left out.
    """
    pairs: dict[str, Any] = {}
    numbers = count()
    while len(pairs) < n:
        study = study_of("iuxray", SEED, next(numbers), exposures=1)
        shown = study.film.shown()
        pairs.setdefault(describe(shown, subjects(shown)[0]), draw(study.exposures[0]))
    return [(picture, text) for text, picture in pairs.items()]
