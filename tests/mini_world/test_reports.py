"""Reports tell the facts that they are given, deny only what is not there, and look like Open-i's."""

import random
import re
from collections import Counter

from mini.world.chest import BOTH, KINDS, sample_film
from mini.world.reports import CLEAR, MARK, NAMES, SIZE_WORDS, report

HEARTS = ("heart", "cardiac", "cardiomegaly")
NOUNS = {kind: {name.split()[-1].lower() for name in names} for kind, names in NAMES.items()} | {
    "tube": {"tube", "intubated"}, "cardiomegaly": {"enlarged", "cardiomegaly", "increased"},
}  # fmt: skip


def reports(n: int, seed: str = "reports"):
    rng = random.Random(seed)
    for _ in range(n):
        film = sample_film(rng)
        told = film.told(rng)
        yield film, told, report(told, rng, film)


def sentences(text: str) -> list[list[str]]:
    return [re.findall(r"[a-z]+", part) for part in re.split(r"(?<=\.)\s", text.lower())]


def test_every_told_fact_stands_in_a_sentence_about_its_finding():
    for _, told, said in reports(800):
        parts = sentences(said.text)
        for finding in told.findings:
            about = [words for words in parts if NOUNS[finding.kind] & set(words)]
            assert about, (finding, said)
            if finding.side and finding.side != BOTH:
                assert any(finding.side in words or "lingula" in words for words in about), (finding, said)
            if finding.size and finding.kind != "cardiomegaly":
                assert any(set(SIZE_WORDS[finding.size]) & set(words) for words in about), (finding, said)


def test_what_is_not_told_is_not_said():
    hidden = Counter()
    for film, told, said in reports(800):
        words = set(re.findall(r"[a-z]+", said.text.lower()))
        if not any(finding.zone for finding in told.findings):
            hidden["zone"] += any(finding.zone for finding in film.findings)
            assert not words & {"upper", "mid", "midlung", "middle", "lower", "lingula", "lobe", "zone"}
        if not any(finding.size for finding in told.findings):
            hidden["size"] += any(finding.size for finding in film.findings)
            assert not words & {word for forms in SIZE_WORDS.values() for word in forms}
        if not any(finding.kind == "pacemaker" for finding in told.findings):
            assert not words & {"pacemaker", "pacing", "generator"}
        if not told.history:
            assert not words & {"history", "fever", "cough", "dyspnea", "fall"}
    assert min(hidden.values()) > 40


def test_a_report_never_denies_what_the_film_has():
    denied = re.compile(r"\bno (?:\w+ of )?(?:a )?(?:focal |suspicious |pleural |patchy )?(\w+)")
    for film, _, said in reports(800):
        kinds = {finding.kind for finding in film.findings}
        for kind in ("pneumothorax", "effusion", "nodule", "consolidation", "opacity"):
            if kind in denied.findall(said.text.lower()):
                assert kind not in kinds, (film, said)
        normal = {KINDS[finding.kind].structure for finding in film.findings}
        for structure, forms in CLEAR.items():
            if structure in normal:
                assert not any(form.lower() in said.text.lower() for form in forms), (film, said)


def test_changes_and_comparisons_go_together():
    for _, told, said in reports(400):
        if any(finding.change for finding in told.findings):
            assert MARK in said.comparison
        if not told.findings:
            assert re.search(r"normal|clear|no |negative", said.text.lower())


def test_reports_are_plain_sentences_with_marks_of_deidentification():
    marked = empty = 0
    for _, _, said in reports(800):
        for text in (said.findings, said.impression):
            assert not re.search(r"  |\.\.|,,| ,|,\.|None|[{}]|\b[Aa]n? an? |\ba [aeio]", text), text
            assert not text or ((text[0].isupper() or text[0].isdigit()) and text.endswith("."))
        marked += MARK in said.text
        empty += not said.findings
        assert len(said.text.split()) < 120
    assert marked > 150 and 15 < empty < 100


def test_styles_differ():
    """The same film is told in many ways."""
    film = next(film for film, _, _ in reports(50) if len(film.findings) == 2)
    rng = random.Random(1)
    assert len({report(film, rng).findings for _ in range(100)}) > 95
