"""Exercises in films, most of whose tokens are facts: crowded ones, and turns that nobody asks in a run."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from mini.train import loose_reports
from mini.train.authors import REPORTERS, Reporter
from mini.train.conversations import Turn, copied
from mini.train.medical import knowledge_of
from mini.train.typography import strung, typeset
from mini.world.chest import CHANGES, KINDS, STRUCTURES, Film, sample_finding
from mini.world.reports import name_words, place_words, plain_findings


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


def _by(author: Reporter, film: Film, rng: random.Random) -> str:
    said = author.report(film, rng)
    return said.findings or said.impression


HANDS: tuple[Callable[[Film, random.Random], str], ...] = (
    loose_reports.findings, loose_reports.findings, _by_data_set, *(partial(_by, author) for author in REPORTERS),
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
    if KINDS[finding.kind].structure and rng.random() < 0.6:
        finding = replace(finding, change=rng.choice(CHANGES))
    zone, size = (told if rng.random() < 0.75 else None for told in (finding.zone, finding.size))
    return Film((replace(finding, zone=zone, size=size),))
