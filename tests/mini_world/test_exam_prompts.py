"""Reworded prompts fit the code that fills the project's own, and none of them is one of those."""

import re
from pathlib import Path

import pytest

from data.record import Edge
from data.sample import Domain, Modality
from mini.exam_prompts import REWORDINGS, library
from mini.train.conversations import knowledge_of
from mini.train.medical import knowledge_of as medical_knowledge_of
from mini.world.chest import Film
from mini.world.facts import Group, Scene
from prompts.library import SLOT, Library
from tools.knowledge.chexpert import OBSERVATIONS
from tools.knowledge.questions import Questions, Reading

OWN = Library()
READ = [name for name in OWN.digests() if name.startswith(("general/", "xray/"))]


@pytest.mark.parametrize("name", REWORDINGS)
def test_every_prompt_is_there_in_other_words(name):
    reworded = library(name)
    assert sorted(reworded.digests()) == sorted(READ)
    for path in READ:
        own, other = (Path(root.root / path).read_text() for root in (OWN, reworded))
        assert set(SLOT.findall(own)) == set(SLOT.findall(other)), path
        if path.endswith(".yaml"):
            pairs = zip(OWN.table(path[:-5]).items(), reworded.table(path[:-5]).items(), strict=True)
            assert all(mine[0] == theirs[0] and mine[1] != theirs[1] for mine, theirs in pairs), path
        # The answers of the examples stay: what is reworded is the prompt.
        prose = [line for line in own.splitlines() if not line.startswith("{")]
        sentences = [
            text for line in prose for text in re.split(r"(?<=[.:?])\s", line) if len(text.split()) > 2
        ]
        assert not [
            text for text in sentences if text in other and "No Finding" not in text and "{{" not in text
        ], path


@pytest.mark.parametrize("name", REWORDINGS)
@pytest.mark.parametrize("modality", Modality)
def test_every_question_can_be_asked_in_other_words(name, modality):
    own, other = Questions(OWN), Questions(library(name))
    edges = [Edge(head="star", relation="count", tail="2")]
    for domain, knowledge in (
        (Domain.GENERAL, knowledge_of(Scene((Group("star", 2, "red"),)))),
        (Domain.XRAY, medical_knowledge_of(Film(normal=("lungs",)))),
    ):
        reading = Reading(domain, modality, "a text")
        rules = list(own.rules(domain, modality))
        assert rules == list(other.rules(domain, modality))
        for ask in (
            lambda q, r=reading: q.merged(r, ""),
            *(lambda q, r=reading, e=entity: q.rule(r, "", e) for entity in rules),
            lambda q, r=reading, a=rules: q.consolidate(r, "", dict.fromkeys(a, "none")),
            lambda q, r=reading, k=knowledge: q.triplets(r, "", k),
            lambda q, r=reading: q.direct(r, "", modality.other),
            lambda q, r=reading: q.verify(r, "", edges),
            lambda q, d=domain: q.describe(d, modality, "", edges, "star"),
            lambda q, d=domain: q.refine(d, "report", "", "two stars"),
        ):
            mine, theirs = ask(own), ask(other)
            assert mine.answer == theirs.answer and mine.ask != theirs.ask and mine.system != theirs.system
        if domain is Domain.XRAY:
            assert all(label in other.merged(reading, "").system for label in OBSERVATIONS)
