"""Texts with other capitals.

A byte-level tokenizer spells "Noir", first word of a caption, otherwise than " noir" within one, and a model that has
hardly seen it there does not know it: all wrong styles of 150 captions stood first.
"""

import random
import re

CHANGED = 0.25
"""Share of the texts that get other capitals."""
WORD = re.compile(r"\b[A-Za-z][a-z]+\b")
SEPARATORS = (" ", " ", ", ", ". ", "\n", "/")


def cased(text: str, rng: random.Random) -> str:
    """The text, or, for a part of them, with every word or some words large, or all small. Capitals as in XXXX stay."""
    if rng.random() >= CHANGED:
        return text
    large = rng.choice((0.0, 0.3, 1.0))
    if not large:
        return WORD.sub(lambda word: word[0].lower(), text)
    return WORD.sub(lambda word: word[0].capitalize() if rng.random() < large else word[0], text)


def strung(words: list[str], rng: random.Random) -> str:
    """Words in a row, some of them large, with blanks or marks or new lines between them."""
    separator = rng.choice(SEPARATORS)
    return separator.join(word[0].upper() + word[1:] if rng.random() < 0.3 else word for word in words)
