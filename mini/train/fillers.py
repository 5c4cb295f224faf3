"""Words that carry no fact, to stand anywhere in a training text.

A model that has read the same few sentence frames thousands of times reads the frames, and a text in other words is a
riddle to it. Between fillers there is no frame: is left to go by are the words of facts, and how they stand to
each other.
"""

import random
import re
from collections.abc import Mapping
from functools import cache

from mini.train.grammar import Choice, parsed, say

WORDS = """
about across after afternoon against ago air almost alone along although always amid among and animal another
anybody around arrives as asleep at autumn away back bad basket beautiful because become before behind believe
bell best better between beyond bitter bread breath bridge brief bright broad broken brother built busy but by
call calm camera careful carries castle certain chair change cheerful child circle city clean clever close cold
come common corner country cross crowd curious daily dance danger dark daughter dear deep different dinner
distant door doubt dream dry during each early earth easy edge else empty enough entire even evening everything
except face fair fall far fast father few field final find fine floor fly foot for forest forever forget fresh
full funny further gate gentle girl give glad glass go gone good grand grass great ground grows guest hand happy
hard hat heavy hello help here hill hold home hope hour how huge hundred idea if inside into island it journey
joy just keep kind king kitchen know lake lamp land last late laugh law leaf leave legend less let letter light
line listen little lives lonely long loud lucky main maybe meet merry message midnight mind mirror morning
mother mountain much must name narrow near next nice night noise now odd of often old on once only open or other
our outside over own page pale palace path pause peace people perhaps picture piece place plain play please
pleasant poor pretty promise proud public queen question quick quiet rain rare rather reach ready real remember
rests rich river road room royal sad safe same sand season second secret seem seldom serious shadow sharp
shop short show silent sister sky sleep slow smile soft son song soon sound south space spring square stage
steep step still stone stop storm story strange street strong sudden summer sun sure surprise sweet swift table
tall tell thin this thousand through tide tight time today together tomorrow tonight too towards travel true
twice under until upon usual valley very village visit voice walks wall warm water weather welcome well west wet
when where while whisper whole why wide wild wind window winter wise with wonder wood word work world write
year yes yet young
""".split()  # noqa: SIM905, three hundred lines of one word each are worse to read
SYLLABLES = """
ba be di do fa fo ga gu ha ho ja ka ki la lo ma mi na no pa po ra ri sa so ta to va vi wa zo
""".split()  # noqa: SIM905


def filler(rng: random.Random, fewest: int, most: int) -> str:
    """So many words without a meaning; one in six is of no language at all."""
    words = [
        "".join(rng.choices(SYLLABLES, k=rng.randint(2, 3))) if rng.random() < 1 / 6 else rng.choice(WORDS)
        for _ in range(rng.randint(fewest, most))
    ]
    return " ".join(words)


FILLERS = {"any": (0, 3), "some": (1, 3), "word": (1, 1), "much": (3, 7)}
"""Slots of patterns that stand for fillers: fewest and most words."""


def loose(pattern: str, rng: random.Random, slots: Mapping[str, str] | None = None) -> str:
    """A text from a pattern of `mini.train.grammar` whose slots are fillers or one of `slots`.

    Raises:
        KeyError: the pattern has a slot of another name.
    """

    def slot(name: str) -> str:
        return filler(rng, *FILLERS[name]) if name in FILLERS else (slots or {})[name]

    return re.sub(r",[ ,]*,", ",", say(_tree(pattern), rng, slot)).strip(" ,")


@cache
def _tree(pattern: str) -> Choice:
    return parsed(pattern)
