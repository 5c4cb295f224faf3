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
PHRASES = (
    """
on the whole|as it turns out|in the end|for once|at first sight|believe it or not|to be fair|so they say
it seems|of course|as far as we know|by the way|in a way|more or less|for a while|from time to time
all the same|after all|in fact|at last|at least|as usual|on top of that|before long|in the meantime
needless to say|not for the first time|as you may know|as luck will have it|to our surprise
with some patience|under the circumstances|so far|sooner or later|in this part of the world
at the end of the day|it goes without saying|it is said|we are told|they tell us|you will find|there is
there are|here we have|you get|what you get is|what it shows is|what is there|that is|which is|who is|it is
these are|this is|is it not|is there|are there|was once|will be|has been|have been|may be|can be found
is to be found|is to be seen|turns out to be|happens to be|is known to be|is said to be|appears to be
is all about|makes room for|brings together|comes with|comes along with|ends with|opens with|opens on
deals with|is full of|is made of|is made up of|consists only of|in front of us|at the back|in the foreground
in the background|in the centre|on the scene|in the picture|in the frame|for the viewer|for the audience
for good measure|for what it is worth|as a matter of course|as a rule|in any case|in every sense
in the first place|in the second act|in the last act|at the start|at the beginning|from the beginning
to begin with|to make things worse|to put it simply|to say the least|to cut it short|if you ask me
if we trust the author|and then some|and that is it|and so on|and nothing else|and little else
or so it seems|or something like it|but still|while the others wait|when nobody watches|when the time comes
where nobody goes|until the very end|because of that|that nobody knows|that everybody knows|that we know of
who would have thought|how very odd|how could it be otherwise|with them|with it|among them|among these
next to nothing else|along with|together with|as well as|in addition to that|in the company of
in the presence of|with the help of|in spite of everything|instead of that|because of it all
""".strip()
    .replace("\n", "|")
    .split("|")
)
"""What writers put between facts: a text of single words alone has none of the glue of real ones."""
SYLLABLES = """
ba be di do fa fo ga gu ha ho ja ka ki la lo ma mi na no pa po ra ri sa so ta to va vi wa zo
""".split()  # noqa: SIM905


def filler(rng: random.Random, fewest: int, most: int) -> str:
    """So many words without a meaning, one in six of no language at all; or a phrase, and a few words less."""
    words = [
        "".join(rng.choices(SYLLABLES, k=rng.randint(2, 3))) if rng.random() < 1 / 6 else rng.choice(WORDS)
        for _ in range(rng.randint(fewest, most))
    ]
    if most > 1 and words and rng.random() < PHRASED:
        words[-2:] = [rng.choice(PHRASES)]
    return " ".join(words)


FILLERS = {"any": (0, 3), "some": (1, 3), "word": (1, 1), "much": (3, 7)}
"""Slots of patterns that stand for fillers: fewest and most words."""
PHRASED = 0.35
"""Share of the fillers, where they may be longer than a word, that are phrases."""


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
