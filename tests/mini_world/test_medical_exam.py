"""The medical exam gives full marks to somebody who knows, and fewer to somebody who errs. A client that knows the
right answers stands in for the endpoint."""

import random
from dataclasses import replace
from types import SimpleNamespace

import pytest

from data.sample import Modality
from mini.exam import Examiner, Report
from mini.exam_medical import MedicalExaminer, grade_film
from mini.exam_prompts import library
from mini.train.medical import edges_of, knowledge_of, rule_answers
from mini.world import unseen_dev
from mini.world.chest import Film, Finding
from mini.world.described import describe, subjects
from mini.world.reports import plain_findings
from prompts.library import Library
from tools.knowledge.answers import MedicalKnowledge, Triplet, Triplets
from tools.knowledge.questions import Questions
from tools.lmm.question import LMMError

FILM = Film(
    (Finding("nodule", "left", "mid", "small"), Finding("cardiomegaly", size="mild", change="new")),
    ("pleura",),
)


def graded(answer):
    report = Report()
    grade_film(report, FILM, answer)
    return report


def test_a_right_answer_has_full_marks():
    report = graded(knowledge_of(FILM))
    assert all(tally.f1 == 1 for tally in report.tallies.values())
    assert {"findings", "side", "zone", "size", "change", "implication", "exact"} <= set(report.tallies)


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        (Finding("nodule", "right", "mid", "small"), "side"),
        (Finding("nodule", "left", "lower", "small"), "zone"),
        (Finding("nodule", "left", "mid", "large"), "size"),
        (Finding("opacity", "left", "mid", "small"), "findings"),
    ],
)
def test_a_wrong_fact_costs_its_part(wrong, part):
    report = graded(knowledge_of(replace(FILM, findings=(wrong, FILM.findings[1]))))
    assert report.tallies[part].f1 < 1 and report.tallies["exact"].recall == 0


def test_invented_findings_and_normal_structures_cost():
    invented = Film((*FILM.findings, Finding("effusion", "left", size="small"), Finding("tube")), ("lungs",))
    figures = graded(knowledge_of(invented)).figures()
    assert figures["findings"] == round(2 * 2 / (2 * 2 + 2), 3)
    assert figures["normal structures"] == 0


def test_no_answer_counts_as_empty():
    report = graded(None)
    assert report.tallies["findings"].f1 == 0 and report.tallies["exact"].recall == 0


class Knowing:
    """Answers every question about the studies of an exam rightly; counts what it was asked."""

    def __init__(self, n: int) -> None:
        self.exam = MedicalExaminer(Examiner(self, n))
        self.steps: list[str] = []

    async def ask(self, question):
        self.steps.append(question.step)
        return SimpleNamespace(
            value=self.answer(question),
            usage=SimpleNamespace(repairs=0, prompt_tokens=1, completion_tokens=1),
        )

    def answer(self, question):
        shared = str(question.shared[0])
        for study in self.exam.studies():
            told, shown = study.told, study.film.shown()
            if question.step == "describe":
                lines = {f"{e.head} | {e.relation} | {e.tail}" for e in edges_of(told)}
                asked = [subject for subject in subjects(told) if f'Begin with "{subject}"' in question.ask]
                if asked and lines == {line for line in shared.splitlines() if " | " in line}:
                    return describe(told, asked[0])
            elif question.step == "refine":
                if shared == describe(shown, subjects(shown)[0]):
                    return plain_findings(shown, random.Random(1))
            elif study.report.text == shared:
                return {
                    "triplets": Triplets(triplets=[Triplet(**edge.model_dump()) for edge in edges_of(told)]),
                    "consolidate": knowledge_of(told),
                    **rule_answers(told, Modality.TEXT),
                }[question.step]
        raise AssertionError(question)


async def test_the_chain_and_the_writing_have_full_marks_for_right_answers():
    knowing = Knowing(12)
    chain, written = await knowing.exam.stepwise(), await knowing.exam.writing()
    assert {"anatomy", "details", "appearance", "consolidate", "triplets"} <= set(knowing.steps)
    for name in ("findings", "triplets", "triplets exact", "exact"):
        assert chain.tallies[name].recall == 1, name
    for name in ("subject", "description exact", "description facts", "report facts"):
        assert written.tallies[name].recall == 1, name


async def test_pictures_and_reports_are_asked_about_in_any_wording():
    asked = []

    class Refusing:
        async def ask(self, question):
            asked.append(question)
            raise LMMError("no")

    for questions in (Questions(Library()), Questions(library("formal"))):
        exam = MedicalExaminer(Examiner(Refusing(), 3, questions))
        for report in (
            await exam.from_radiographs(),
            await exam.from_reports(),
            await exam.from_reports(unseen_dev.report),
        ):
            assert report.asked == 3 and report.valid == 0 and report.tallies["exact"].recall == 0
    assert len({question.ask for question in asked}) == 2
    assert len({question.shared[0] for question in asked if isinstance(question.shared[0], str)}) == 6
    assert all(question.answer is MedicalKnowledge for question in asked)
