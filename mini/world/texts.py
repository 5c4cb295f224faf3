"""Tells scenes as texts: plots, captions and descriptions in many wordings, and descriptions with a given subject."""

import random
from itertools import pairwise

from mini.world.facts import ARRANGEMENTS, Group, Scene

NUMBERS = {1: "one", 2: "two", 3: "three"}
PLURALS = {"fish": "fish"}
BARE_VERBS = {
    "chases": "chase", "guards": "guard", "loves": "love", "fights": "fight", "hides": "hide", "follows": "follow",
}  # fmt: skip
PARTICIPLES = {
    "chases": "chased", "guards": "guarded", "loves": "loved", "fights": "fought", "hides": "hidden",
    "follows": "followed",
}  # fmt: skip


def plural(kind: str) -> str:
    return PLURALS.get(kind, f"{kind}s")


def noun(group: Group) -> str:
    """The noun alone: "star", "stars"."""
    return group.kind if group.count == 1 else plural(group.kind)


def phrase(group: Group) -> str:
    """The plain noun phrase: "one red star", "two stars"."""
    return " ".join(filter(None, [NUMBERS[group.count], group.colour, noun(group)]))


def varied_phrase(group: Group, rng: random.Random) -> str:
    """A noun phrase in one of several wordings."""
    body = " ".join(filter(None, [group.colour, noun(group)]))
    forms = {
        1: [f"a {body}", f"one {body}", f"a single {body}"],
        2: [f"two {body}", f"a pair of {body}", f"two {body}"],
        3: [f"three {body}", f"a trio of {body}", f"three {body}"],
    }[group.count]
    if group.colour:
        count = NUMBERS[group.count]
        tail = "all " if group.count > 1 else ""
        forms.append(f"{count} {noun(group)}, {tail}{group.colour},")
    return rng.choice(forms)


def listing(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def sentence(text: str) -> str:
    """First letter large, one full stop, no comma before it or doubled."""
    text = text.replace(",,", ",").replace(", and", " and").rstrip(" ,")
    return text[0].upper() + text[1:] + "."


def _be(group: Group) -> str:
    return "is" if group.count == 1 else "are"


def _spatial(first: Group, second: Group, arrangement: str, rng: random.Random | None) -> str:
    a, b = f"the {noun(first)}", f"the {noun(second)}"
    if rng is None:
        return sentence(f"{a} {_be(first)} {arrangement} {b}")
    stands = "stands" if first.count == 1 else "stand"
    waits = "waits" if second.count == 1 else "wait"
    if arrangement == "left of":
        forms = [
            f"{a} {_be(first)} left of {b}", f"{a} {stands} to the left of {b}", f"{b} {_be(second)} right of {a}",
            f"to the right of {a} {waits} {b}",
        ]  # fmt: skip
    else:
        forms = [
            f"{a} {_be(first)} above {b}", f"{a} {stands} high above {b}", f"{b} {_be(second)} below {a}",
            f"below {a} {waits} {b}",
        ]  # fmt: skip
    return sentence(rng.choice(forms))


def _deed(scene: Scene, rng: random.Random | None) -> str:
    assert scene.deed
    doer, verb, target = scene.deed
    groups = {group.kind: group for group in scene.groups}
    a, b = groups[doer], groups[target]
    active = f"the {noun(a)} {verb if a.count == 1 else BARE_VERBS[verb]} the {noun(b)}"
    if rng is None or rng.random() < 0.7:
        return sentence(active)
    return sentence(f"the {noun(b)} {_be(b)} {PARTICIPLES[verb]} by the {noun(a)}")


def relation_sentence(scene: Scene, rng: random.Random) -> str:
    """What the first two groups of `scene` have to do with each other: its deed, else its arrangement."""
    if scene.deed:
        return _deed(scene, rng)
    assert scene.arrangement
    return _spatial(scene.groups[0], scene.groups[1], scene.arrangement, rng)


STYLED_OPENINGS = (
    "This is a {style} story", "A {style} tale begins at dawn", "The film has a {style} look",
    "Everything happens in a {style} town", "In {style} style the story unfolds",
)  # fmt: skip
PLAIN_OPENINGS = (
    "The story begins at dawn", "It all starts on a quiet evening", "Nobody expects what happens next",
    "The day is like any other", "Long ago there was peace",
)  # fmt: skip
INTRODUCTIONS = (
    "we meet {list}", "there is room for {list}", "the story is about {list}", "nobody forgets {list}",
    "the town is home to {list}", "the camera finds {list}", "everyone talks about {list}",
)  # fmt: skip
ENDINGS = (
    "In the end nothing is the same", "Time is short", "The night is long", "A secret comes to light",
    "Nobody sees the end coming", "Only one thing is certain",
)  # fmt: skip


def plot(scene: Scene, rng: random.Random) -> str:
    """The plot of a film: every fact of `scene`, in one to six sentences, in one of many wordings."""
    sentences = []
    if scene.style:
        sentences.append(sentence(rng.choice(STYLED_OPENINGS).format(style=scene.style)))
    elif rng.random() < 0.5:
        sentences.append(sentence(rng.choice(PLAIN_OPENINGS)))
    phrases = [varied_phrase(group, rng) for group in scene.groups]
    if len(phrases) > 1 and rng.random() < 0.35:
        sentences.append(sentence(rng.choice(INTRODUCTIONS).format(list=phrases[0])))
        rest = listing(phrases[1:])
        sentences.append(
            sentence(rng.choice(["then we see {}", "nearby we find {}", "later we meet {}"]).format(rest))
        )
    else:
        sentences.append(sentence(rng.choice(INTRODUCTIONS).format(list=listing(phrases))))
    facts = []
    if scene.arrangement:
        pairs = pairwise(scene.groups)
        facts.append(" ".join(_spatial(a, b, scene.arrangement, rng) for a, b in pairs))
    if scene.deed:
        facts.append(_deed(scene, rng))
    rng.shuffle(facts)
    sentences += facts
    if rng.random() < 0.4:
        sentences.append(sentence(rng.choice(ENDINGS)))
    return " ".join(sentences)


def caption(scene: Scene, rng: random.Random) -> str:
    """The caption of a picture: one sentence with every fact of `scene` but the deed."""
    phrases = [varied_phrase(group, rng) for group in scene.groups]
    if scene.arrangement:
        join = {"left of": ["left of", "to the left of"], "above": ["above", "high above"]}[scene.arrangement]
        body = f" {rng.choice(join)} ".join(phrases)
    else:
        body = listing(phrases)
    if scene.style:
        forms = [f"a {scene.style} picture of {body}", f"{body}, in {scene.style} style"]
    else:
        forms = [
            f"a picture of {body}",
            body,
            f"there {'is' if scene.groups[0].count == 1 else 'are'} {body}",
        ]
    return sentence(rng.choice(forms))


def describe(scene: Scene, subject: str, order: list[tuple[str, str, str]] | None = None) -> str:
    """The standard description with a given subject, and every fact; also what the diffusion model is trained on.

    `order` is the order of the knowledge graph's edges, which the description follows; the scene's own by default.
    """
    edges = scene.relations if order is None else [edge for edge in order if edge in scene.relations]
    seen = [head for head, _, _ in order or []] + [group.kind for group in scene.groups]
    groups = {group.kind: group for group in scene.groups}
    main = groups[subject]
    others = [phrase(groups[kind]) for kind in dict.fromkeys(seen) if kind in groups and kind != subject]
    opening = f"a {scene.style} scene" if scene.style else "a scene"
    beside = f", beside {listing(others)}" if others else ""
    parts = [sentence(f"{opening} with {phrase(main)} as the main subject{beside}")]
    for edge in edges:
        head, relation, tail = edge
        spatial = relation in ARRANGEMENTS
        parts.append(_spatial(groups[head], groups[tail], relation, None) if spatial else _deed(scene, None))
    return " ".join(parts)


TELLERS = {"plot": plot, "caption": caption}
"""How a scene is told in each text form that the world has."""
