"""Labels that mean the same node get one spelling; others stay apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.knowledge.labels import is_number, normalise


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Three stars", "3 star"),
        ("the  Red\tcircles", "red circle"),
        ("boxes", "box"),
        ("tomatoes", "tomato"),
        ("buses", "bus"),
        ("lenses", "lens"),
        ("shoes", "shoe"),
        ("houses", "house"),
        ("lives", "life"),
        ("opacities", "opacity"),
        ("left-lower lobe", "left lower lobe"),
        ("right_lower_lobe.", "right lower lobe"),
        ("1.5 cm nodule", "1.5 cm nodule"),
        ("women's hats", "woman hat"),
        ("glass", "glass"),
        ("atelectasis", "atelectasis"),
        ("a", "a"),
        ("?!", "?!"),
        ("\uff2eODULE", "nodule"),
    ],
)
def test_spellings(written: str, expected: str) -> None:
    assert normalise(written) == expected


def test_punctuation_alone_stays_apart() -> None:
    assert normalise("?") != normalise("!")


@given(st.text(max_size=40))
def test_normalising_twice_changes_nothing(label: str) -> None:
    assert normalise(normalise(label)) == normalise(label)


@given(st.integers(0, 999))
def test_counts_are_numbers(count: int) -> None:
    assert is_number(normalise(str(count)))
    assert not is_number(normalise(f"{count} stars"))
