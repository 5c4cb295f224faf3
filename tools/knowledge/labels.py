"""One spelling per node label, so that "Three stars" and "3 star" are the same node.

Rules instead of a dictionary-based lemmatiser: labels are short noun phrases, and a data file that must be downloaded
would be one more thing that can be absent. A wrong singular does no harm as long as singular and plural come to the
same; where a rule would part them ("tomatoe", "tomato"), the plural is listed.
"""

import re
import unicodedata

ARTICLES = {"a", "an", "the"}
NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")
    )
}  # fmt: skip
IRREGULAR = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot", "teeth": "tooth",
    "mice": "mouse", "geese": "goose", "leaves": "leaf", "knives": "knife", "wolves": "wolf", "shelves": "shelf",
    "loaves": "loaf", "halves": "half", "vertebrae": "vertebra", "bronchi": "bronchus", "hila": "hilum",
    "diagnoses": "diagnosis", "metastases": "metastasis", "atelectases": "atelectasis", "apices": "apex",
    "lives": "life", "wives": "wife", "scarves": "scarf", "calves": "calf", "thieves": "thief", "hooves": "hoof",
    "oxen": "ox", "dice": "die", "larvae": "larva", "fungi": "fungus", "cacti": "cactus",
}  # fmt: skip
WITH_ES = """
tomato potato hero echo mango volcano tornado torpedo mosquito buffalo domino cargo veto embargo
bus virus sinus octopus cactus campus circus status focus census walrus bonus gas lens canvas atlas iris
""".split()  # noqa: SIM905, one word a line is worse to read
IRREGULAR |= {f"{word}es": word for word in WITH_ES}
"""Rules that take an s or an es off would part these from their singular, or shoes, houses and causes from theirs."""
UNCHANGED = {"series", "species", "lens", "pancreas", "canvas", "atlas", "always", "perhaps", "versus"}

POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s\b")
NOT_WORD = re.compile(r"[^\w.]|_|(?<!\d)\.|\.(?!\d)")


def singular(word: str) -> str:
    """The singular of a lower-case English noun; other words mostly stay as they are."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 3 or word in UNCHANGED or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def normalise(label: str) -> str:
    """Case, white space, punctuation, leading articles, number words and plurals evened out. Idempotent.

    A label of nothing but punctuation stays as it is, so that "?" and "!" remain two nodes.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    words = NOT_WORD.sub(" ", POSSESSIVE.sub("", folded)).split()
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    return " ".join(NUMBERS.get(word, singular(word)) for word in words) or " ".join(folded.split())


def is_number(label: str) -> bool:
    """Whether a normalised label is a bare number."""
    return bool(re.fullmatch(r"\d+(\.\d+)?", label))
