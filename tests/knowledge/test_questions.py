"""The prompt files and the questions that are built from them."""

import json

import pytest

from data.record import Edge
from data.sample import Domain, Modality
from prompts.library import Library, PromptError
from tools.knowledge.answers import Knowledge, MedicalKnowledge
from tools.knowledge.chexpert import OBSERVATIONS, observation
from tools.knowledge.graph import triplets_of
from tools.knowledge.questions import READERS, Questions, Reading

EVERY = [(domain, modality) for domain in Domain for modality in Modality]


@pytest.fixture(scope="module")
def questions() -> Questions:
    return Questions(Library())


@pytest.mark.parametrize(("domain", "modality"), EVERY)
def test_every_question_can_be_asked_in_every_domain(
    questions: Questions, domain: Domain, modality: Modality
) -> None:
    """Slots of the files and what fills them fit, and no slot is left over."""
    reading = Reading(domain, modality, "SAMPLE")
    edges = [Edge(head="a", relation="r", tail="b")]
    empty = {
        Domain.GENERAL: Knowledge(objects=[], relations=[], style=""),
        Domain.XRAY: MedicalKnowledge(findings=[], impression=""),
    }
    asked = [
        questions.merged(reading, "extract"),
        *(questions.rule(reading, "extract", entity) for entity in questions.rules(domain, modality)),
        questions.consolidate(reading, "extract", {"objects": "two stars"}),
        questions.triplets(reading, "extract", empty[domain]),
        questions.direct(reading, "describe:0", modality.other),
        questions.verify(reading, "verify:0", edges),
    ]
    assert len({question.system for question in asked}) == 1
    assert {question.shared for question in asked} == {("SAMPLE",)}
    for entity, text in questions.rules(domain, modality).items():
        assert f"- {entity}: {text}" in asked[0].system
    described = questions.describe(domain, modality.other, "describe:0", edges, "THE SUBJECT")
    assert "THE SUBJECT" in described.ask and "a | r | b" in str(described.shared)
    refined = questions.refine(domain, "report", "refine:0", "DESCRIPTION")
    assert refined.shared == ("DESCRIPTION",)
    for question in [*asked, described, refined]:
        assert "{{" not in f"{question.system}{question.shared}{question.ask}"
        assert question.prompt.startswith(f"{domain}/") and "@" in question.prompt


def test_a_description_is_told_what_the_graph_says_of_its_subject(questions: Questions) -> None:
    edges = [
        Edge(head="Dog", relation="count", tail="2"), Edge(head="cat", relation="count", tail="1"),
        Edge(head="dog", relation="attribute", tail="brown"), Edge(head="dog", relation="chases", tail="cat"),
    ]  # fmt: skip
    asked = {
        subject: questions.describe(Domain.GENERAL, Modality.IMAGE, "describe:0", edges, subject)
        for subject in ("dog", "cat", "bird")
    }
    assert '"dog" (count 2, attribute brown)' in asked["dog"].ask
    assert '"cat" (count 1)' in asked["cat"].ask
    assert '"bird" (nothing else is known of it)' in asked["bird"].ask
    assert len({question.shared for question in asked.values()}) == 1, "the graph stays a shared prefix"


def test_an_unknown_form_names_the_known_ones(questions: Questions) -> None:
    with pytest.raises(PromptError, match=r"poem.*plot, caption"):
        questions.refine(Domain.GENERAL, "poem", "refine:0", "x")


@pytest.mark.parametrize("modality", list(Modality))
def test_medical_prompts_name_the_14_observations_and_give_two_valid_examples(modality: Modality) -> None:
    folder = READERS[Domain.XRAY, modality]
    system = Library().prompt(f"{folder}/system").text
    assert ", ".join(OBSERVATIONS) in system
    lines = Library().prompt(f"{folder}/examples").text.splitlines()
    examples = [MedicalKnowledge.model_validate(json.loads(line)) for line in lines if line.startswith("{")]
    assert len(examples) == 2
    for example in examples:
        assert triplets_of(example)
        assert all(finding.implication in OBSERVATIONS for finding in example.findings)


def test_both_medical_modalities_ask_what_the_method_asks() -> None:
    radiograph, report = (Library().table(f"{READERS[Domain.XRAY, m]}/rules") for m in Modality)
    assert set(radiograph) == {"anatomy", "findings", "location", "significance", "report"}
    assert set(report) == set(radiograph) | {"details", "appearance"}


def test_observations_are_recognised() -> None:
    assert observation(" pleural  effusion. ") == "Pleural Effusion"
    assert observation("a cold") is None
    assert len(OBSERVATIONS) == 14
