"""Every medical turn has a well-formed answer that fits the facts of its film."""

import json
import random
import re

import pytest

from data.sample import Domain, Modality
from mini.train.conversations import LONG, SHORT
from mini.train.film_exercises import crowded_film, medical_drill, statements
from mini.train.medical import (
    MedicalTeacher,
    edges_of,
    knowledge_of,
    line,
    medical_turn,
    rule_answers,
    told_report,
)
from mini.train.poor_reader import invented, mistaken, mixed_up, overlooked
from mini.world.chest import CHANGES, KINDS, STRUCTURES, sample_film
from mini.world.reports import MARK, NAMES
from prompts.library import Library
from tools.knowledge.answers import MedicalKnowledge, Triplets, Verdict
from tools.knowledge.chexpert import OBSERVATIONS
from tools.knowledge.graph import edges_of as edges_of_triplets
from tools.knowledge.subjects import choose, entities

TEACHER = MedicalTeacher(Library())


def readings(n: int):
    """(shared, facts, missing, rng): reports and radiographs in turn."""
    rng = random.Random("medical")
    for index in range(n):
        film = sample_film(rng)
        if index % 2:
            yield *told_report(film, rng), Modality.IMAGE, rng
        else:
            yield None, film.shown(), Modality.TEXT, rng


def test_merged_and_consolidated_answers_are_the_facts():
    for shared, facts, missing, rng in readings(300):
        for task in (TEACHER.merged, TEACHER.consolidate):
            answer = MedicalKnowledge.model_validate_json(task(shared, facts, missing, rng).answer)
            assert answer == knowledge_of(facts)
        found = [fact for fact in answer.findings if fact.abnormality]
        assert {(f.abnormality, f.location) for f in found} == {
            (f.abnormality, f.location) for f in facts.findings
        }
        assert [fact.anatomy for fact in answer.findings if not fact.abnormality] == list(facts.normal)
        assert all(fact.implication in OBSERVATIONS for fact in answer.findings)
        assert all(fact.location for fact in found)


def test_some_of_the_answers_to_consolidate_contradict_the_sample():
    rng, wrong, given = random.Random("partly"), 0, 0
    for shared, facts, missing, _ in readings(200):
        asked = TEACHER.consolidate(shared, facts, missing, rng).ask
        for entity, answer in rule_answers(facts, missing.other).items():
            wrong += f"{entity}: {answer}\n" not in asked
            given += 1
    assert 0.1 < wrong / given < 0.4


def test_a_poor_reader_differs_in_a_few_facts_and_has_none_twice():
    rng = random.Random("mistaken")
    films = [sample_film(rng) for _ in range(200)]
    claimed = [mistaken(film, rng) for film in films]
    assert 0.5 < sum(a != b for a, b in zip(films, claimed, strict=True)) / len(films) < 0.95
    for film, poor in zip(films, claimed, strict=True):
        assert len(set(film.findings) - set(poor.findings)) <= 3
        assert len({finding.kind for finding in poor.findings}) == len(poor.findings)


def test_what_is_overlooked_invented_or_mixed_up_is_one_thing():
    rng = random.Random("slips")
    moved = 0
    for _ in range(200):
        film = sample_film(rng).told(rng)
        less, more, mixed = (slip(film, rng) for slip in (overlooked, invented, mixed_up))
        said = {*film.findings, *film.normal}
        assert {*less.findings, *less.normal} < said and len(said) - len({*less.findings, *less.normal}) == 1
        added = {*more.findings, *more.normal} - said
        assert len(added) == 1
        structures = {KINDS[finding.kind].structure for finding in more.findings}
        assert not structures & set(more.normal)
        assert [f.kind for f in mixed.findings] == [f.kind for f in film.findings]
        assert sorted(str(f.change) for f in mixed.findings) == sorted(str(f.change) for f in film.findings)
        moved += mixed != film
    assert moved > 20


def test_stepwise_triplets_are_the_edges_of_the_merged_answer():
    for shared, facts, missing, rng in readings(200):
        answer = Triplets.model_validate_json(TEACHER.triplets(shared, facts, missing, rng).answer)
        assert edges_of_triplets(answer) == edges_of(facts)
        assert len({triplet.relation for triplet in answer.triplets}) <= 10


@pytest.mark.parametrize("modality", Modality)
def test_every_rule_of_the_prompts_is_answered(modality):
    rules = set(TEACHER.questions.rules(Domain.XRAY, modality))
    rng = random.Random(3)
    for _ in range(100):
        film = sample_film(rng)
        answers = rule_answers(film if modality is Modality.TEXT else film.shown(), modality)
        assert set(answers) == rules
        assert all(answers.values())
        assert all(KINDS[f.kind].implication in answers["significance"] for f in film.findings)


def test_a_verdict_turns_the_claimed_graph_into_the_true_one():
    changed = 0
    for shared, facts, missing, rng in readings(300):
        turn = TEACHER.verify(shared, facts, missing, rng)
        verdict = Verdict.model_validate_json(turn.answer)
        claimed = {text for text in turn.ask.splitlines() if text.count(" | ") == 2}
        true = {line(edge) for edge in edges_of(facts)}
        assert (claimed - set(verdict.lacks)) | set(verdict.adds) == true
        assert set(verdict.lacks) <= claimed and not set(verdict.adds) & claimed
        changed += bool(verdict.lacks or verdict.adds)
    assert 120 < changed < 280


def test_descriptions_begin_with_any_subject_that_a_run_can_ask_for():
    for _, facts, missing, rng in readings(200):
        turn = TEACHER.describing(facts, missing, rng)
        subject = re.search(r'Begin with "(.*?)"', turn.ask)[1]
        assert turn.answer.lower().startswith(subject.lower())
        assert all(finding.abnormality in turn.answer.lower() for finding in facts.findings)
        edges = edges_of(facts)
        heads = {edge.head for edge in edges}
        assert set(choose(edges, 5)) <= set(entities(edges)) == heads


def test_refined_reports_add_nothing():
    for _, facts, _, rng in readings(300):
        said = TEACHER.refining(facts, rng).answer.lower()
        assert MARK.lower() not in said and "bon" not in said and "mediastinum" not in said
        for kind in ("nodule", "consolidation", "pneumothorax", "pacemaker", "intubated"):
            if kind in said and f"no {kind}" not in said:
                present = any(kind in (f.kind, *KINDS[f.kind].name.split()) for f in facts.findings)
                clear = kind in ("nodule", "consolidation", "pneumothorax") and facts.normal
                assert (
                    present
                    or clear
                    or (kind == "intubated" and any(f.kind == "tube" for f in facts.findings))
                )


def test_turns_are_of_every_task_and_short():
    tasks = set()
    for shared, facts, _, rng in readings(600):
        for shares in (SHORT, LONG):
            turn = medical_turn(TEACHER, shared, facts, rng, shares)
            tasks.add(turn.task.split(".")[1])
            assert turn.system and turn.ask and turn.answer
            assert len(turn.answer) < 2200
            assert (turn.shared is None) == (shared is None)
    assert tasks == {"merged", "rule", "direct", "consolidate", "triplets", "verify"}


def test_exercises_are_dense_and_right():
    rng = random.Random(5)
    for _ in range(100):
        drill = medical_drill(rng)
        words = json.loads(drill.answer)
        assert len(words) == 10 and set(words[::2]) <= {
            " ".join(filter(None, [size, kind.name]))
            for kind in KINDS.values()
            for size in (*kind.sizes, None)
        }
        film = crowded_film(rng)
        assert 4 <= len(film.findings) <= 6
        assert MedicalKnowledge.model_validate(knowledge_of(film).model_dump()).findings


def test_statements_are_written_down_in_the_order_in_which_they_are_told():
    rng, normal, changed = random.Random("statements"), 0, 0
    said = {kind: {name.split()[-1].lower() for name in NAMES[kind]} for kind in KINDS}
    said["cardiomegaly"] |= {"enlarged", "increased"}
    said["tube"] |= {"intubated", "trachea"}
    for _ in range(200):
        turn = statements(rng)
        answer = json.loads(turn.answer)
        assert len(answer) == 6
        words, at = re.findall(r"[a-z]+", turn.shared.lower()), 0
        for fact, place in answer:
            if place == "normal":
                assert fact in STRUCTURES
                normal += 1
                continue
            kind = next(kind for kind, spec in KINDS.items() if spec.name in fact)
            at = next(i for i in range(at, len(words)) if words[i] in said[kind])
            changed += fact.endswith(CHANGES)
    assert 200 < normal < 400
    assert 200 < changed < 600
