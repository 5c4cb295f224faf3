"""Wordings of plots, captions and reports in short, plain sentences.

They were held out once, until what went wrong in them had been looked at.
"""

import random
from itertools import pairwise

from mini.world.chest import BOTH, KINDS, Film, Finding
from mini.world.facts import Group, Scene
from mini.world.reports import MARK, NAMES, SIZE_WORDS, Report, place_words
from mini.world.texts import BARE_VERBS, NUMBERS, PARTICIPLES, listing, noun, sentence

# Scenes.


def _phrase(group: Group, rng: random.Random) -> str:
    n, things = NUMBERS[group.count], noun(group)
    if not group.colour:
        return rng.choice([f"exactly {n} {things}", f"altogether {n} {things}", f"{n} {things} in all"])
    forms = [
        f"{n} {things} in {group.colour}", f"{n} {things} painted {group.colour}",
        f"exactly {n} {group.colour} {things}", f"{n} {things} of {group.colour} colour",
    ]  # fmt: skip
    if group.count > 1:
        forms.append(f"{group.colour} {things}, {n} in number,")
    return rng.choice(forms)


def _verb(group: Group, singular: str, plural: str) -> str:
    return singular if group.count == 1 else plural


MOODS = (
    "its mood is {style} from first to last", "critics called the picture {style}", "think of it as {style} cinema",
    "what a {style} affair this is", "nobody has ever filmed anything more {style}",
)  # fmt: skip
ROLES = (
    "{list} share the screen", "watch out for {list}", "the cast consists of {list}", "every scene returns to {list}",
    "in the middle of it all we have {list}", "the director shows us {list}", "this is what became of {list}",
)  # fmt: skip
ASIDES = (
    "bring a friend", "the rest is history", "it lasts ninety minutes", "children will like the music",
    "the book was longer", "half the town took part",
)  # fmt: skip


def _spatial(first: Group, second: Group, arrangement: str, rng: random.Random) -> str:
    a, b = noun(first), noun(second)
    if arrangement == "left of":
        forms = [
            f"look left of the {b} and you spot the {a}", f"the {b}, right of the {a}, can not be missed",
            f"on the left we have the {a}, on the right the {b}", f"who turns right at the {a} comes to the {b}",
        ]  # fmt: skip
    else:
        forms = [
            f"look above the {b} and you spot the {a}", f"the {b}, below the {a}, can not be missed",
            f"up above we have the {a}, down below the {b}", f"who climbs above the {b} comes to the {a}",
        ]  # fmt: skip
    return sentence(rng.choice(forms))


def _deed(scene: Scene, rng: random.Random) -> str:
    assert scene.deed
    doer, verb, target = scene.deed
    groups = {group.kind: group for group in scene.groups}
    a, b = groups[doer], groups[target]
    does = _verb(a, verb, BARE_VERBS[verb])
    forms = (
        f"again and again the {noun(a)} {does} the {noun(b)}", f"rumour has it that the {noun(a)} {does} the {noun(b)}",
        f"for some reason the {noun(a)} {does} the {noun(b)}",
        f"what follows is simple, the {noun(b)} {_verb(b, 'gets', 'get')} {PARTICIPLES[verb]} by the {noun(a)}",
    )  # fmt: skip
    return sentence(rng.choice(forms))


def plot(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.plot`, in other words."""
    phrases = [_phrase(group, rng) for group in scene.groups]
    facts = [sentence(rng.choice(ROLES).format(list=listing(phrases)))]
    if scene.arrangement:
        facts.append(" ".join(_spatial(a, b, scene.arrangement, rng) for a, b in pairwise(scene.groups)))
    if scene.deed:
        facts.append(_deed(scene, rng))
    if scene.style:
        facts.append(sentence(rng.choice(MOODS).format(style=scene.style)))
    if rng.random() < 0.4:
        facts.append(sentence(rng.choice(ASIDES)))
    if rng.random() < 0.5:
        rng.shuffle(facts)
    return " ".join(facts)


JOINS = {
    "left of": (", to the left of ", ", on the left of ", ", which we see left of "),
    "above": (", placed above ", ", somewhere above ", ", which we see above "),
}


def caption(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.caption`, in other words."""
    phrases = [_phrase(group, rng) for group in scene.groups]
    body = rng.choice(JOINS[scene.arrangement]).join(phrases) if scene.arrangement else listing(phrases)
    forms: tuple[str, ...]
    if scene.style:
        forms = (f"you can see {body}, all of it {scene.style}", f"{scene.style} artwork with {body}")
    else:
        forms = (f"you can see {body}", f"someone drew {body}", f"an artwork with {body}")
    return sentence(rng.choice(forms))


# Films.

NOTES = (
    "of note is {name} {place}", "one recognises {name} {place}", "positive for {name} {place}", "{place}, {name}",
    "the film reveals {name} {place}", "also {name} {place}",
)  # fmt: skip
HOW = {None: "", "mild": "mildly ", "severe": "severely "}
HEARTS = (
    "heart {how}enlarged",
    "a {how}enlarged heart is visible",
    "as for the heart, it looks {how}enlarged",
)
TUBES = (
    "endotracheal tube position is satisfactory", "as to devices, the endotracheal tube sits in the trachea",
    "intubated, endotracheal tube as expected",
)  # fmt: skip
CHANGES = {
    "new": ("a new finding", "new compared with earlier films"),
    "unchanged": ("unchanged on comparison", "essentially unchanged"),
    "larger": ("larger on comparison", "larger than it used to be"),
}
CLEAR = {
    "lungs": ("as for the lungs, they are clear", "clear lungs on either side", "nothing abnormal in the lungs"),
    "pleura": ("neither effusion nor pneumothorax", "the pleura is free of effusion and pneumothorax",
               "pleura without fluid and without pneumothorax"),
    "heart": ("heart of normal size", "as for the heart, its size is normal", "cardiac size normal"),
}  # fmt: skip
DENIALS = {"lungs": ("consolidation", "nodule", "opacity"), "pleura": ("effusion", "pneumothorax")}
FREE = ("free of {}", "without any {}", "one looks for {} in vain")
NOTHING = (
    "unremarkable film",
    "nothing acute",
    f"compared with {MARK}, nothing acute",
    "chest within normal limits",
)
ORDERS: tuple[tuple[str | None, ...], ...] = (
    ("pleura", "lungs", "heart", None), ("pleura", "heart", None, "lungs"), (None, "pleura", "heart", "lungs"),
)  # fmt: skip


def _name(finding: Finding, rng: random.Random) -> str:
    name = rng.choice(NAMES[finding.kind])
    return f"{rng.choice(SIZE_WORDS[finding.size])} {name}" if finding.size else name


def _place(finding: Finding, rng: random.Random) -> str:
    if finding.zone and rng.random() < 0.5:
        return f"in the {finding.side} lung, {finding.zone} zone"
    if finding.side != BOTH and KINDS[finding.kind].place == "base" and rng.random() < 0.5:
        return f"of the {finding.side} side"
    return place_words(finding, rng)


def _tell(finding: Finding, rng: random.Random) -> str:
    if finding.kind == "cardiomegaly":
        body = rng.choice(HEARTS).format(how=HOW[finding.size])
    elif finding.kind == "tube":
        body = rng.choice(TUBES)
    else:
        body = rng.choice(NOTES).format(name=_name(finding, rng), place=_place(finding, rng))
    return sentence(f"{body}, {rng.choice(CHANGES[finding.change])}" if finding.change else body)


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """As `mini.world.reports.report`, in other words."""
    parts: list[str] = []
    kinds = {finding.kind for finding in (denied or film).findings}
    for structure in rng.choice(ORDERS):
        found = [f for f in film.findings if KINDS[f.kind].structure == structure]
        parts += [_tell(finding, rng) for finding in found]
        if structure in film.normal:
            parts.append(sentence(rng.choice(CLEAR[structure])))
        elif found and rng.random() < 0.35:
            absent = [kind for kind in DENIALS.get(structure or "", ()) if kind not in kinds]
            parts += [sentence(rng.choice(FREE).format(rng.choice(absent)))] if absent else []
    points = [f"{_name(f, rng)} {_place(f, rng)}" for f in film.findings if KINDS[f.kind].place != "midline"]
    points += [f"{HOW[f.size]}enlarged heart" for f in film.findings if f.kind == "cardiomegaly"]
    opening = rng.choice(["in short, ", "to sum up, ", "conclusion, "])
    impression = sentence(f"{opening}{listing(points) if points else rng.choice(NOTHING)}")
    indication = f"Reason given was {film.history}" if film.history else ""
    return Report(indication, "", " ".join(parts), impression)
