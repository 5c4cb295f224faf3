"""Texts set otherwise: with other capitals, and with words in brackets or quotes.

A byte-level tokenizer spells a word within a sentence (" noir") otherwise than one that begins it ("Noir") or stands in
brackets ("noir"), and what a model has hardly seen it does not know: all wrong styles of 150 captions stood first, and
nearly all wrong colours of 60 captions in brackets.
"""

import random
import re

CAPITALS = 0.25
"""Share of the texts that get other capitals."""
ENCLOSED = 0.2
"""Share of the texts some of whose words get brackets or quotes."""
WORD = re.compile(r"\b[A-Za-z][a-z]+\b")
PAIRS = (("(", ")"), ("(", ")"), ("(", ")"), ('"', '"'), ("'", "'"))
SEPARATORS = (" ", " ", ", ", ". ", "\n", "/")


def typeset(text: str, rng: random.Random) -> str:
    """The text, or for a part of them, one set otherwise."""
    return enclosed(cased(text, rng), rng)


def cased(text: str, rng: random.Random) -> str:
    """The text, or, for a part of them, with every word or some words large, or all small. Capitals as in XXXX stay."""
    if rng.random() >= CAPITALS:
        return text
    large = rng.choice((0.0, 0.3, 1.0))
    if not large:
        return WORD.sub(lambda word: word[0].lower(), text)
    return WORD.sub(lambda word: word[0].capitalize() if rng.random() < large else word[0], text)


def enclosed(text: str, rng: random.Random) -> str:
    """The text, or, for a part of them, with every sixth word in brackets or quotes."""
    if rng.random() >= ENCLOSED:
        return text
    left, right = rng.choice(PAIRS)
    return WORD.sub(lambda word: f"{left}{word[0]}{right}" if rng.random() < 1 / 6 else word[0], text)


def strung(words: list[str], rng: random.Random) -> str:
    """Words in a row with blanks or marks or new lines between them, some of them large, some in brackets."""

    def one(word: str) -> str:
        word = word[0].upper() + word[1:] if rng.random() < 0.3 else word
        return f"({word})" if rng.random() < 0.15 else word

    return rng.choice(SEPARATORS).join(map(one, words))
