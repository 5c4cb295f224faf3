"""Texts set otherwise: the same words, some texts left alone, and marks of de-identification kept."""

import random
import re

from mini.train.conversations import drill, surface_forms
from mini.train.typography import CAPITALS, ENCLOSED, PAIRS, SEPARATORS, cased, enclosed, strung

TEXT = "Noir artwork with two red cars. No XXXX of an effusion; ET tube in place."


def test_only_capitals_change_and_only_in_a_part_of_the_texts():
    rng = random.Random(0)
    told = [cased(TEXT, rng) for _ in range(400)]
    assert {text.lower() for text in told} == {TEXT.lower()}
    assert 0.6 * CAPITALS < sum(text != TEXT for text in told) / len(told) <= 1.3 * CAPITALS
    assert any(text.startswith("noir") for text in told)
    assert any("Two Red Cars" in text for text in told)
    assert all("XXXX" in text and "ET tube" in text.replace("Tube", "tube") for text in told)


def test_words_in_brackets_or_quotes_are_the_same_words():
    rng = random.Random(3)
    told = [enclosed(TEXT, rng) for _ in range(400)]
    assert {re.sub("""[()"']""", "", text) for text in told} == {TEXT}
    assert 0.6 * ENCLOSED < sum(text != TEXT for text in told) / len(told) <= ENCLOSED * 1.3
    for left, right in PAIRS:
        assert any(f"{left}red{right} cars" in text for text in told)


def test_words_in_a_row_keep_their_order_between_marks_of_every_kind():
    rng = random.Random(1)
    rows = [strung(["red", "moons", "noir"], rng) for _ in range(200)]
    assert all([word.lower() for word in re.findall(r"\w+", row)] == ["red", "moons", "noir"] for row in rows)
    assert {re.search(r"\W+", row.replace("(", "").replace(")", ""))[0] for row in rows} == set(SEPARATORS)
    assert any("(moons)" in row for row in rows)
    assert any(row.startswith("Red") for row in rows) and any(row.startswith("red") for row in rows)


def test_a_drill_is_answered_with_plain_forms():
    rng = random.Random(2)
    for _ in range(50):
        turn = drill(rng)
        assert set(re.findall(r'"([^"]+)"', turn.answer)) <= set(surface_forms())
