"""Sentences from patterns: `(a|b) c` is "a c" or "b c", and `{name}` stands for another pattern or a filled value."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

TOKEN = re.compile(r"[()|]|\{\w+\}|[^()|{}]+")
Slots = Mapping[str, str]
"""What each `{name}` of a pattern is: a pattern itself."""


@dataclass(frozen=True)
class Choice:
    """One of several sequences of texts, slots and choices."""

    options: tuple[tuple["Choice | str", ...], ...]


def parsed(pattern: str) -> Choice:
    """The tree of a pattern. Raises ValueError for unbalanced brackets."""
    tokens = TOKEN.findall(pattern)
    if "".join(tokens) != pattern:
        raise ValueError(f"the pattern {pattern!r} has a stray brace")
    choice, end = _choice(tokens, 0)
    if end != len(tokens):
        raise ValueError(f"the pattern {pattern!r} has unbalanced brackets")
    return choice


def _choice(tokens: list[str], at: int) -> tuple[Choice, int]:
    options: list[list[Choice | str]] = [[]]
    while at < len(tokens) and tokens[at] != ")":
        if tokens[at] == "|":
            options.append([])
        elif tokens[at] == "(":
            inner, at = _choice(tokens, at + 1)
            if at == len(tokens):
                raise ValueError("a bracket is not closed")
            options[-1].append(inner)
        else:
            options[-1].append(tokens[at])
        at += 1
    return Choice(tuple(map(tuple, options))), at


def say(choice: Choice, rng: random.Random, slot: Callable[[str], str]) -> str:
    """One sentence at random, single blanks; `slot` gives the text of `{name}`."""

    def walk(node: Choice | str) -> str:
        if isinstance(node, Choice):
            return "".join(walk(part) for part in rng.choice(node.options))
        return slot(node[1:-1]) if node.startswith("{") else node

    return re.sub(r" +([,.?!:;]|$)", r"\1", re.sub(r" +", " ", walk(choice))).strip()


def regex(choice: Choice, slot: Callable[[str], str]) -> str:
    """A regular expression of all sentences, as `squeezed` writes them; `slot` gives that of `{name}`."""

    def walk(node: Choice | str) -> str:
        if isinstance(node, Choice):
            return "(?:" + "|".join("".join(map(walk, option)) for option in node.options) + ")"
        return slot(node[1:-1]) if node.startswith("{") else re.escape(squeezed(node))

    return walk(choice)


def squeezed(text: str) -> str:
    """Small letters, digits and decimal points alone, so that blanks, case and punctuation make no difference."""
    return re.sub(r"[^a-z0-9.]|\.(?![0-9])", "", text.lower())
