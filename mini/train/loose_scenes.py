"""Tells scenes without fixed sentence frames (see `mini.train.fillers`): any order, any words around the facts."""

import random
from itertools import pairwise

from mini.train.fillers import loose
from mini.world.facts import Group, Scene
from mini.world.texts import BARE_VERBS, NUMBERS, PARTICIPLES, listing, noun, sentence

NUMBER_WORDS = {1: "(one|one|a|a single)", 2: "(two|two|a pair of)", 3: "(three|three|a trio of)"}
COLOURED = (
    "{any} {n} {colour} {things}",
    "{n} {word} {colour} {things}",
    "{n} {colour} {word} {things}",
    "{n} {things} {some} {colour}",
    "{n} {things}, {any} {colour} {any}",
    "{things}, {n} and {word} {colour}",
    "{colour} {things}, {word} {n} {any}",
    "{n} {things}, {some} {colour},",
    "{n} {things} in {any} {colour}",
    "{n} {things} of {any} {colour} {word}",
    "{n} {things}, (each|all|every bit) {any} {colour},",
    "{colour} {things}, {any} {n} {some},",
    "{n} {colour} {things} {some}",
)
BRACKETED = 0.15
"""Share of colours that stand in brackets, which patterns cannot say."""
PLAIN = (
    "{any} {n} {things}", "{n} {word} {things}", "{n} {things} {some}", "{things}, {word} {n} {any}",
    "{things}, {n} {word}", "{some} {n} {things}", "{things}, {any} {n} {some},",
    "{any} {n} {things} {any}",
)  # fmt: skip


def phrase(group: Group, rng: random.Random) -> str:
    """A noun phrase: number and colour before the noun or after it."""
    facts = {"things": noun(group), "colour": group.colour or ""}
    after = NUMBERS[group.count]  # "a" and "a pair of" stand before nouns alone
    if group.colour and rng.random() < BRACKETED:
        return f"{loose(NUMBER_WORDS[group.count], rng)} {noun(group)} ({group.colour})"
    forms = COLOURED if group.colour else PLAIN
    pattern = rng.choice(forms)
    before = pattern.index("{n}") < pattern.index("{things}")
    facts["n"] = loose(NUMBER_WORDS[group.count], rng) if before else after
    return loose(pattern, rng, facts)


DEEDS = (
    "{any} the {doer} {any} {does} the {target} {any}",
    "{any} the {doer} {does} {any} the {target}",
    "{any} the {target} {be} {any} {done} {any} by the {doer} {any}",
    "{word}, the {target}, {done} by the {doer}, {any}",
    "by the {doer} {any} the {target} {be} {done}",
    "{some} that {does} the {target}, the {doer} {any}",
    "{any} the {doer}, {some}, {does} {any} the {target} {any}",
    "{some} the {target}, {word} {done} by {any} the {doer}",
    "{some} is the {doer} {word} {does} the {target}",
    "the {target} {some} {done}, {any} by the {doer}",
    "{done} by the {doer}, {any} the {target} {some}",
    "whom the {doer} {does} {be} the {target}",
    "{some} {doer} {does} {target} {any}",
    "{any} it is the {doer} {any} that {does} the {target}",
    "{any} the {target} (get|gets) {done} {any} by the {doer} {any}",
    "{any} (see|watch|find) the {target} {any} {done} by the {doer}",
    "{any} the {doer} (who|that|which) {any} {does} the {target} {any}",
    "{some} the {target} {word} that the {doer} {any} {does} {any}",
    "{some} to {bare} the {target} {some} the {doer} {any}",
    "the {doer} {some} (to|will|must|can) {bare} the {target} {any}",
    "{some} being {done} by the {doer} {some} the {target} {any}",
    "the {target} {some} being {done} {any} by the {doer}",
)


def deed(scene: Scene, rng: random.Random) -> str:
    """Who does what to whom, active or passive."""
    assert scene.deed
    name, verb, target = scene.deed
    groups = {group.kind: group for group in scene.groups}
    a, b = groups[name], groups[target]
    facts = {
        "doer": noun(a), "target": noun(b), "does": verb if a.count == 1 else BARE_VERBS[verb],
        "bare": BARE_VERBS[verb], "done": PARTICIPLES[verb], "be": "is" if b.count == 1 else "are",
    }  # fmt: skip
    return sentence(loose(rng.choice(DEEDS), rng, facts))


SIDES = {"left of": ("left", "right"), "above": ("above", "below")}
TOWARDS = {
    "left": "(left of|to the left of|on the left side of|left {word})",
    "right": "(right of|to the right of|right {word})",
    "above": "(above|high above|{word} above)", "below": "(below|{word} below)",
}  # fmt: skip
ORDERS = (
    "{any} the {x} {any} {towards} the {y} {any}",
    "{any} {towards} the {y} {some} the {x} {any}",
    "{any} the {x}, {any} {towards} the {y}, {any}",
    "{any} {towards} the {y}, the {x} {any}",
)
BESIDE = {
    "left": "(left of {it}|to {its} left|on {its} left|{its} left {word})",
    "right": "(right of {it}|to {its} right|on {its} right|{its} right {word})",
    "above": "(above {it}|{word} above {it})", "below": "(below {it}|{word} below {it})",
}  # fmt: skip
REFERRED = (
    "{any} the {y} {any}, and {beside} {any} the {x} {any}",
    "{any} the {y} {some} the {x} {beside} {any}",
    "{any} the {y}. {any} {beside} {any} the {x} {any}",
)
"""A pronoun stands for the thing named first."""
CONTRASTS = (
    "{any} the {x} {any} {here}, the {y} {any} {there} {any}",
    "{any} {here} {word} the {x}, {there} {word} the {y} {any}",
    "{here} {any} the {x} and {there} {any} the {y}",
)
"""Only where both sides are named, a side is that of the thing beside its word."""


def order(first: Group, second: Group, arrangement: str, rng: random.Random) -> str:
    """How two groups stand to each other, said of the first or of the second."""
    here, there = SIDES[arrangement]
    if rng.random() < 0.5:
        here, there, first, second = there, here, second, first
    pronouns = {"it": "it", "its": "its"} if second.count == 1 else {"it": "them", "its": "their"}
    facts = {
        "x": noun(first), "y": noun(second), "here": here, "there": there,
        "towards": loose(TOWARDS[here], rng), "beside": loose(BESIDE[here], rng, pronouns),
    }  # fmt: skip
    forms = rng.choices((ORDERS, REFERRED, CONTRASTS), (0.5, 0.25, 0.25))[0]
    return sentence(loose(rng.choice(forms), rng, facts))


def relation(scene: Scene, rng: random.Random) -> str:
    """What the first two groups of `scene` have to do with each other: its deed, else its arrangement."""
    if scene.deed:
        return deed(scene, rng)
    assert scene.arrangement
    return order(scene.groups[0], scene.groups[1], scene.arrangement, rng)


LISTS = ("{any} {list} {any}", "{some}: {list}", "{list} {some}", "{some} {list}")
STYLED = ("{some} {style} {any}", "{any} {style} {some}", "{word} is {style} {any}")
DECOYS = (
    "{any} what follows {any}", "{any} no love lost {any}", "a fight {any}", "{any} the fights {any}",
    "{any} in hiding {any}", "{any} day {word} one {any}", "{any} one day {any}", "{any} one of these {word}",
    "{any} two hours {any}", "{any} for three {word} {any}", "{any} at one point {any}", "{any} out of the blue {any}",
    "{some} in the red {any}", "{any} a white lie {any}", "{any} the love of {word} {any}", "{any} no one {any}",
    "{any} one by one {any}", "{any} a guard {any}", "{any} the chase {any}", "{any} as follows {any}",
    "{any} followed {any} everywhere {any}", "{any} loved by {word} {any}", "{any} two {word} later {any}",
)  # fmt: skip
"""Words of facts that tell none, as any text has them: whoever goes by the words alone takes them for facts."""


def plot(scene: Scene, rng: random.Random) -> str:
    """Every fact of `scene` and no other, as `mini.world.texts.plot` tells it."""
    phrases = [phrase(group, rng) for group in scene.groups]
    cut = rng.randint(1, len(phrases))
    parts = [
        sentence(loose(rng.choice(LISTS), rng, {"list": listing(some)}))
        for some in (phrases[:cut], phrases[cut:])
        if some
    ]
    if scene.arrangement:
        parts += [order(a, b, scene.arrangement, rng) for a, b in pairwise(scene.groups)]
    if scene.deed:
        parts.append(deed(scene, rng))
    if scene.style:
        parts.insert(rng.randint(0, len(parts)), _styled(scene.style, rng))
    if rng.random() < 0.4:
        parts.insert(rng.randint(0, len(parts)), sentence(loose("{much}", rng)))
    if rng.random() < 0.2:
        parts.insert(rng.randint(0, len(parts)), decoy(rng))
    if rng.random() < 0.4:
        rng.shuffle(parts)
    if rng.random() < 0.1:
        at = rng.randrange(len(parts))
        parts[at] = (
            f"{decoy(rng).removesuffix('.')}{rng.choice((',', ':'))} {parts[at][0].lower()}{parts[at][1:]}"
        )
    return " ".join(parts)


def decoy(rng: random.Random) -> str:
    return sentence(loose(rng.choice(DECOYS), rng))


def _styled(style: str, rng: random.Random) -> str:
    return sentence(loose(rng.choice(STYLED), rng, {"style": style}))


JOINS = {
    "left of": "(left of|to the left of|{some} left of|{some} to the left of|, {any} left {word})",
    "above": "(above|high above|{some} above|, {any} above)",
}
CAPTIONS = ("{any} {body}", "{body} {any}", "{some} {body}")
STYLED_CAPTIONS = (
    "{any} {style} {some} {body}",
    "{body}, {any} {style} {any}",
    "{any} {style} {word} with {body}",
    "{some} {body}, {some} {style}",
    "{style}: {body}",
    "{style}, {any} {body}",
    "{style} {word} {body}",
    "{some} {style} {some} {body} {any}",
    "{body} {any} ({style}|{style} {word})",
    "{body}: {some} {style}",
    "{body}, {word} {style} {word}",
    "{style} {word} (of|with|showing) {body}",
    "{style} {any} (of|with|showing) {body}",
    "{body} (in|as) {any} {style} {any}",
)


def caption(scene: Scene, rng: random.Random) -> str:
    """Every fact of `scene` but the deed in one sentence, as `mini.world.texts.caption` tells it."""
    phrases = [phrase(group, rng) for group in scene.groups]
    body = phrases[0]
    for other in phrases[1:]:
        if scene.arrangement:
            body += f" {loose(JOINS[scene.arrangement], rng)} {other}"
    if not scene.arrangement:
        body = listing(phrases)
    forms = STYLED_CAPTIONS if scene.style else CAPTIONS
    return sentence(loose(rng.choice(forms), rng, {"body": body, "style": scene.style or ""}))
