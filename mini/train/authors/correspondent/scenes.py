"""Scenes by a letter-writer who also posts, lists, lectures and keeps a diary."""

import random
import re
import string
from itertools import pairwise

from mini.train.authors.sentences import tidy
from mini.world.facts import Group, Scene
from mini.world.texts import BARE_VERBS, NUMBERS, PARTICIPLES, listing, noun

# In the tables k is a noun, n its number, c its colour; s, be, has, they, them agree with it.

NUMBERED = {
    1: ("one {k}", "a {k}", "a single {k}", "just one {k}", "one lone {k}", "{k} (one)"),
    2: ("two {k}", "a pair of {k}", "{k}, two of them,", "{k} (two)", "two separate {k}", "{k}, two in total,"),
    3: ("three {k}", "a trio of {k}", "{k}, three of them,", "{k} (three)", "three separate {k}",
        "{k}, three in total,"),
}  # fmt: skip
COLOURED = (
    "{n} {c} {k}", "{n} {c} {k}", "{n} {k}, which {be} {c},", "{n} {k} ({c})", "{n} {k} that {be} {c}",
    "{c} {k} ({n})", "{n} {k}, {c} as can be,", "{n} bright {c} {k}", "{n} {k}, each {k1} {c},", "{k} ({n}, {c})",
    "{n} {k} all in {c}", "{n} {k} whose colour is {c}", "{n} {k}, {c} of course,", "{n} {k} with {c} paint",
    "{n} {k}, colour {c},",
)  # fmt: skip
COLOURED_ONE = ("a {c} {k}", "a {c} {k}", "a single {c} {k}", "a {k}, {c} all over,", "a {k} that is {c}")
COLOURED_MANY = {
    2: ("a pair of {c} {k}", "{c} {k}, two of them,", "{k}, two and both {c},", "two {k}, both of them {c},"),
    3: ("a trio of {c} {k}", "{c} {k}, three of them,", "{k}, three and every one {c},",
    "three {k}, all of them {c},"),
}  # fmt: skip
COLOURS = (
    "{c} is the colour of the {k}", "the {k} {be} {c}", "the colour of the {k} is {c}",
    "as for colour, the {k} {be} {c}", "{c}, that is what the {k} {be}", "somebody painted the {k} {c}",
    "I would call the {k} {c}", "{c} {be} the {k}", "the {k} {has} a {c} coat", "{c} was picked for the {k}",
    "the {k}, by the way, {be} {c}", "colour of the {k}: {c}", "the {k} glow{s} {c}",
    "you will know the {k} by the colour, {c}", "how {c} the {k} look{s}", "{k}: {c}", "{c}, I swear, {be} the {k}",
    "for the {k} they took {c}",
)  # fmt: skip
STATED = (
    "there {be} {n} {k}, and {they} {be} {c}", "{c} {be} the {k}, {n} in number", "of {k} we count {n}, in {c}",
    "{k}: {n}, {c}", "number of {k}: {n}. Colour: {c}", "I saw {n} {k}. {they} {be} {c}", "{k}, {n}, colour {c}",
    "the {k} ({n}) look{s} {c}", "{n} {c} {k} appear{s}, to be exact", "as to the {k}, I counted {n}, in {c}",
    "we notice {n} {k}; {c} is the colour", "{n} {k} come{s} in, dressed in {c}", "{k} count {n}, {k} colour {c}",
    "the colour is {c} and the number {n} for the {k}", "where else do you get {n} {k} in {c}?",
)  # fmt: skip
STATED_MANY = (
    "the {k} number {n} and are {c}", "{c} are the {k}, of which there are {n}", "the {k} are {n} and {c}",
    "{n} is the number of the {k} and {c} their colour", "the {k} are {c}, and there are {n} of them",
    "how many {k}? {n}, and they are {c}",
)  # fmt: skip
COUNTED = (
    "there {be} {n} {k}", "{k}: {n}", "number of {k}: {n}", "of {k} we count {n}", "I saw {n} {k}",
    "{k}, {n} of {them}", "{n} {k} come{s} in", "the count for {k} is {n}", "as to {k}, I counted {n}",
    "{k} present: {n}", "{n} {k} appear{s} as well", "we notice {n} {k}", "{n} would be the number of {k}",
    "do not miss the {k} ({n})", "{n} {k}, no more and no fewer",
)  # fmt: skip


def _forms(group: Group) -> dict[str, str]:
    one = group.count == 1
    return {
        "k": noun(group), "k1": group.kind, "n": NUMBERS[group.count], "c": group.colour or "",
        "s": "s" if one else "", "be": "is" if one else "are", "has": "has" if one else "have",
        "they": "it" if one else "they", "them": "it" if one else "them",
    }  # fmt: skip


def _phrase(group: Group, rng: random.Random) -> str:
    """A noun phrase for lists."""
    frames: tuple[str, ...] = NUMBERED[group.count]
    if group.colour:
        single = COLOURED_ONE if group.count == 1 else COLOURED_MANY[group.count]
        frames = single if rng.random() < 0.4 else COLOURED
    if group.count == 1:
        frames = tuple(f for f in frames if "each" not in f and "all in" not in f)
    return rng.choice(frames).format(**_forms(group))


def _state(group: Group, rng: random.Random) -> str:
    """A statement of its own about a group."""
    frames = STATED + (STATED_MANY if group.count > 1 else ()) if group.colour else COUNTED
    if group.count == 1:
        frames = tuple(
            f for f in frames if not re.search("of {(them|k)} we|, {n} of|count {n}, {k}|of {k} we", f)
        )
    return rng.choice(frames).format(**_forms(group))


LISTS = (
    "I want to tell you about {list}", "on the poster: {list}", "you get {list}, nothing else", "cast: {list}",
    "consider, if you will, {list}", "today I saw {list}", "does anybody know the film with {list}?",
    "with {list} in the main parts", "{list} appear{s} before the music even ends", "print {list}",
    "it is a film in which {list} come{s} together", "my favourite part has {list}", "{list}: that is the whole cast",
    "with a cast of {list}", "{list} {be} all it takes to fill an evening", "guess what, it has {list}",
    "featuring {list}", "what we are given is {list}", "imagine {list}", "fill in the form with {list}",
)  # fmt: skip
MOODS = (
    "{style}, that is the word for it", "genre: {style}", "shelve it as {style}", "the look is {style}",
    "{style} it is, through and through", "as {style} as they come", "{style} in every shot", "style: {style}",
    "they shot it in the {style} manner", "it belongs to the {style} school",
    "have you ever seen such a {style} film?", "it is all very {style}", "{style} from the first minute",
    "my sister says it is too {style} for her", "what struck me was how {style} it looked",
    "a {style} film, in other words",
)  # fmt: skip
BILLINGS = (
    "{style} with {list}", "{style} film about {list}", "a {style} piece, with {list}", "{style}: {list}",
    "{style} and quiet, the film gives us {list}", "in this {style} film you meet {list}",
    "{style}, with a cast of {list}", "the {style} one with {list}", "new {style} feature. With {list}",
    "this week, {style} again: {list}",
)  # fmt: skip
# In the tables below a and b are nouns; a is left of or above b.
ACROSS = (
    "to the right of the {a} you find the {b}", "left of the {b} stand{s_a} the {a}",
    "the {b} {be_b} right of the {a}", "the {a} {be_a} to be found left of the {b}",
    "right of {them_a}, I mean the {a}, {be_b} the {b}", "if you start at the {a} and go right you reach the {b}",
    "the {a} keep{s_a} to the left of the {b}", "with the {a} on the left and the {b} on the right",
    "the {b}? To the right of the {a}", "{a} left of {b}", "the {b} {has_b} the {a} to the left",
    "the {a} {has_a} the {b} to the right", "{b}: right of the {a}", "first the {a}, then, right of {them_a}, the {b}",
    "look at the {b}. Left of {them_b} you see the {a}",
    "it is the {a} that {be_a} left of the {b}, not the other way round", "see the {b} to the right of the {a}",
    "the place right of the {a} belongs to the {b}", "the {a}, which {be_a} left of the {b}, never move{s_a}",
)  # fmt: skip
UPRIGHT = (
    "below the {a} you find the {b}", "above the {b} hang{s_a} the {a}", "the {b} {be_b} below the {a}",
    "the {a} {be_a} to be found above the {b}", "below {them_a}, I mean the {a}, {be_b} the {b}",
    "if you start at the {b} and look above you reach the {a}", "the {a} keep{s_a} above the {b}",
    "with the {a} above and the {b} below", "the {b}? Below the {a}", "{a} above {b}",
    "the {b} {has_b} the {a} above {them_b}", "the {a} {has_a} the {b} below {them_a}", "{b}: below the {a}",
    "first the {a}, then, below {them_a}, the {b}", "look at the {b}. Above {them_b} you see the {a}",
    "it is the {a} that {be_a} above the {b}, not the other way round", "see the {b} below the {a}",
    "the place below the {a} belongs to the {b}", "the {a}, which {be_a} above the {b}, never move{s_a}",
)  # fmt: skip
# Three in one sentence: in order a, b, c.
CHAINS = {
    "left of": (
        "from left to right: {a}, {b}, {c}", "read from left to right, we have the {a}, the {b} and the {c}",
        "the {a} left of the {b}, the {b} left of the {c}", "the {c} right of the {b}, the {b} right of the {a}",
        "first the {a}, right of {them_a} the {b}, right of {them_b} the {c}",
        "the {b} {has_b} the {a} to the left and the {c} to the right",
    ),
    "above": (
        "going down: {a} above {b}, {b} above {c}", "the {a} {be_a} above the {b}, which {be_b} above the {c}",
        "the {c} below the {b}, the {b} below the {a}",
        "first the {a}, below {them_a} the {b}, below {them_b} the {c}",
        "the {b} {has_b} the {a} above {them_b} and the {c} below {them_b}",
        "the {c} {be_c} below the {b}, and the {b} in turn below the {a}",
    ),
}  # fmt: skip
DEEDS = (
    "the {a} want{s_a} to {bare} the {b}", "{part} by the {a}, the {b} {has_b} no rest", "the {a} {does} the {b}",
    "it is the {a} that {does} the {b}", "the {b} {be_b} {part} by the {a}",
    "all day long the {a} {does} the {b}", "the story of the {a} that {does} the {b}",
    "why must the {a} {bare} the {b}?", "the {a}, I am told, {does} the {b}",
    "that the {a} {does} the {b} is the whole point", "plot: {a} {does} {b}",
    "nothing but to {bare} the {b} will please the {a}", "the {b}, {part} by the {a}, can hardly sleep",
    "nobody can stop the {a}, so the {a} {does} the {b}", "and so it happens that the {b} get{s_b} {part} by the {a}",
    "the {a} decide{s_a} to {bare} the {b}", "what do{es_a} the {a} do? {they_a} {does} the {b}",
    "who {verb} the {b}? The {a}, of course", "as the {a} {does} the {b}, the music plays", "{b} {part} by {a}",
    "by whom {be_b} the {b} {part}? By the {a}", "the {a} will {bare} the {b} until the credits roll",
    "we learn about the {a} and how {they_a} {does} the {b}", "{part} by nobody but the {a}: that is the {b}",
)  # fmt: skip
ASIDES = (
    "tickets were sold out", "bring popcorn", "my aunt slept through it", "it rained the whole way home",
    "discuss among yourselves", "royalty free, large download", "sorry for the long post", "subtitles on request",
    "thanks in advance", "the seats were hard", "more on this next week", "please compare your notes from Monday",
    "parking is free", "the soup afterwards was good", "rated for everybody", "edit: typo", "repeat on Sunday",
    "I am still thinking about it", "the gift shop had postcards", "do write back soon",
)  # fmt: skip
VOICES = (
    ("dear Anna. ", " Yours, Tom."), ("dear cousin. ", ""), ("hi all. ", " Any ideas? Thanks."), ("", " Cheers, Ben."),
    ("tonight, channel nine. ", ""), ("8.15 pm: ", " Ends late."), ("lecture notes. ", ""),
    ("ladies and gentlemen. ", ""), ("dear diary. ", " Good night."), ("rainy Tuesday. ", ""), ("stock clip: ", ""),
    ("question: ", ""), ("ok so ", ""), ("just saw this: ", ""), ("P.S. ", ""), ("begin. ", " End."),
    ("telegram. ", " Letter will come."),
)  # fmt: skip
LINKS = (
    "; ", ", while ", ", and ", "; moreover, ", ", and what is more, ", ", where ", " - ", "; then again, ",
)  # fmt: skip


def _pair(frames: tuple[str, ...], groups: tuple[Group, ...], rng: random.Random, verb: str = "") -> str:
    """A frame about two or three groups, called a, b, c."""
    values: dict[str, str] = {}
    for letter, group in zip("abc", groups, strict=False):
        forms = _forms(group)
        values[letter] = forms["k"]
        values |= {f"{name}_{letter}": forms[name] for name in ("s", "be", "has", "they", "them")}
    one = groups[0].count == 1
    values |= {"es_a": "es" if one else "", "verb": verb}
    if verb:
        values |= {
            "does": verb if one else BARE_VERBS[verb],
            "bare": BARE_VERBS[verb],
            "part": PARTICIPLES[verb],
        }
    return rng.choice(frames).format(**values)


def _relations(scene: Scene, rng: random.Random) -> list[str]:
    """The arrangement as one statement for each pair, or as one for all."""
    if not scene.arrangement:
        return []
    if len(scene.groups) == 3 and rng.random() < 0.5:
        return [_pair(CHAINS[scene.arrangement], scene.groups, rng)]
    frames = ACROSS if scene.arrangement == "left of" else UPRIGHT
    said = [_pair(frames, pair, rng) for pair in pairwise(scene.groups)]
    return said if rng.random() < 0.7 else said[::-1]


def _introduce(scene: Scene, groups: list[Group], rng: random.Random) -> tuple[list[str], bool]:
    """Statements that tell all groups, and whether they told the style too."""
    way = rng.random()
    if way < 0.25:
        return [_state(group, rng) for group in groups], False
    later = [group for group in groups if group.colour] if way < 0.45 else []
    phrases = [_phrase(Group(g.kind, g.count, None) if g in later else g, rng) for g in groups]
    be = _forms(groups[0]) if len(groups) == 1 else {"s": "", "be": "are"}
    styled = bool(scene.style) and rng.random() < 0.45
    frame = rng.choice(BILLINGS if styled else LISTS)
    said = frame.format(style=scene.style, list=listing(phrases), s=be["s"], be=be["be"])
    return [said, *(rng.choice(COLOURS).format(**_forms(group)) for group in later)], styled


def _cased(text: str, rng: random.Random) -> str:
    """At times without any large letter, or with large ones only."""
    way = rng.random()
    if way < 0.12:
        return text.lower()
    return string.capwords(text) if way < 0.22 else text


def plot(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.plot`, in other words."""
    groups = list(scene.groups)
    if not scene.arrangement or rng.random() < 0.3:
        rng.shuffle(groups)
    said, styled = _introduce(scene, groups, rng)
    extra = _relations(scene, rng)
    if scene.deed:
        named = {group.kind: group for group in groups}
        doer, verb, target = scene.deed
        extra.insert(rng.randint(0, len(extra)), _pair(DEEDS, (named[doer], named[target]), rng, verb))
    if scene.style and not styled:
        mood = rng.choice(MOODS).format(style=scene.style)
        (said if rng.random() < 0.5 else extra).insert(0, mood)
    said = extra + said if rng.random() < 0.25 else said + extra
    if rng.random() < 0.45:
        said.insert(rng.randint(0, len(said)), rng.choice(ASIDES))
    if rng.random() < 0.25 and not re.search(r"[.?:;]", "".join(said)):
        text = said[0] + "".join(rng.choice(LINKS) + clause for clause in said[1:])
    else:
        text = " ".join(tidy(clause) for clause in said)
    before, after = rng.choice(VOICES) if rng.random() < 0.35 else ("", "")
    if before and before[-2] != "." and text[:2] != "I ":
        text = text[0].lower() + text[1:]
    return _cased(tidy(before + text) + (after or _answer(text, rng)), rng)


def _answer(text: str, rng: random.Random) -> str:
    """After a question at the end."""
    return rng.choice((" Yes.", " I wonder.", " Tell me.", " You tell me.")) if text.endswith("?") else ""


JOINS = {
    "left of": ((" left of ", ", to the left of ", ", standing left of ", " just left of ", ", left of "),
                (" right of ", ", to the right of ", ", standing right of ", " just right of ", ", right of ")),
    "above": ((" above ", ", drawn above ", " just above ", ", well above ", ", above "),
              (" below ", ", drawn below ", " just below ", ", well below ", ", below ")),
}  # fmt: skip
SHOTS = (
    "{body}", "photo: {body}", "{body}, vector", "my drawing of {body}", "what I saw in room nine: {body}",
    "figure: {body}", "postcard with {body}", "{body} on canvas", "isolated {body}", "here you see {body}",
    "slide: {body}", "{body}, untitled", "download {body}", "wallpaper, {body}", "from my trip: {body}",
    "note, in this plate, {body}", "only {body}", "today I drew {body}",
)  # fmt: skip
STYLED_SHOTS = (
    "{style} with {body}", "{style}: {body}", "{style} photo, {body}", "{body}; style {style}", "{body}, very {style}",
    "{style} drawing showing {body}", "{style} postcard of {body}", "{body} - {style} art",
    "{style} and lovely, {body}", "in {style}, {body}", "{body}, the {style} kind", "{style} wallpaper, {body}",
    "note the {style} manner and {body}", "my most {style} drawing: {body}", "{body}. How {style}",
    "{style} vector with {body}", "tags: {style}, {body}",
)  # fmt: skip


def caption(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.caption`, in other words."""
    groups, after = list(scene.groups), ""
    way = rng.random()
    later = [group for group in groups if group.colour] if way < 0.2 else []
    phrases = [_phrase(Group(g.kind, g.count, None) if g in later else g, rng) for g in groups]
    if scene.arrangement and rng.random() < 0.6:
        forward = rng.random() < 0.6
        joins = JOINS[scene.arrangement][0 if forward else 1]
        body = rng.choice(joins).join(phrases if forward else phrases[::-1])
    else:
        if not scene.arrangement:
            rng.shuffle(phrases)
        body, after = listing(phrases), ". ".join(_relations(scene, rng))
    colours = [rng.choice(COLOURS).format(**_forms(group)) for group in later]
    first = [rng.choice(STYLED_SHOTS if scene.style else SHOTS).format(style=scene.style, body=body)]
    parts = colours + first if colours and rng.random() < 0.3 else first + colours
    return _cased(" ".join(tidy(part) for part in [*parts, after] if part), rng)
