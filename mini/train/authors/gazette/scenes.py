"""Scenes in the voices of a newspaper, a children's book, gossip, an auction, a police log and a museum."""

import random
from itertools import pairwise

from mini.train.authors.gazette.sentences import large, tidy
from mini.world.facts import Group, Scene
from mini.world.texts import BARE_VERBS, PARTICIPLES, listing, noun

Forms = tuple[str, ...]

SMALL = ("of", "the", "by", "and", "to", "in", "a", "that", "which", "with")


def _title(text: str) -> str:
    """As a headline: large letters but for the small words."""
    return " ".join(word if word in SMALL else word[0].upper() + word[1:] for word in text.split(" "))


PLAIN_PHRASES: dict[int, Forms] = {
    1: ("one {k}", "a single {k}", "just one {k}", "one {k} by itself", "one solitary {k}", "one {k}, no more,"),
    2: ("two {k}", "a pair of {k}", "{k}, two of them,", "{k}, two in all,", "{k} (two)", "no fewer than two {k}"),
    3: ("three {k}", "a trio of {k}", "{k}, three of them,", "{k}, three in all,", "{k} (three)", "all of three {k}"),
}  # fmt: skip
COLOURED_PHRASES: dict[int, Forms] = {
    1: ("one {c} {k}", "a single {c} {k}", "one {k}, {c} from end to end,", "one {k} that is {c}", "one {k} ({c})",
        "one {k} in {c}", "a {c} {k}, one only,", "one {k}, {c} in colour,", "one {k}, {c},"),
    2: ("two {c} {k}", "a pair of {c} {k}", "{c} {k}, two of them,", "{k}, two of them, both {c},", "two {k} in {c}",
        "{k}, two of them, {c},", "two {k} that are {c}", "{c} {k} (two)", "two {k}, {c} both,",
        "{k}, {c}, two in all,"),
    3: ("three {c} {k}", "a trio of {c} {k}", "{c} {k}, three of them,", "{k}, three of them, all {c},",
        "three {k} in {c}", "{k}, three of them, {c},", "three {k} that are {c}", "{c} {k} (three)",
        "three {k}, {c} every time,", "{k}, {c}, three in all,"),
}  # fmt: skip
COLOURS_AFTER: dict[int, Forms] = {
    1: ("the {k} is {c}", "the colour of the {k} is {c}", "{c} is what the {k} is", "{c}, that is how the {k} looks",
        "as for the {k}, it is {c}", "what colour is the {k}? It is {c}", "note that the {k} is {c}"),
    2: ("the {k} are {c}", "both {k} are {c}", "{c} is the colour of the {k}", "{c}, that is how both {k} look",
        "as for the {k}, both of them are {c}", "what colour are the {k}? Both are {c}", "note that the {k} are {c}"),
    3: ("the {k} are {c}", "all the {k} are {c}", "{c} is the colour of the {k}", "{c}, that is how all the {k} look",
        "as for the {k}, all of them are {c}", "what colour are the {k}? They are {c}", "note that the {k} are {c}"),
}  # fmt: skip
COLOUR_AT_ONCE: dict[int, Forms] = {
    1: ("it is {c}", "its colour is {c}", "what colour? {C}", "{c} it is"),
    2: (
        "both are {c}",
        "they are {c}",
        "their colour is {c}",
        "what colour? {C}, the two of them",
        "{c} they are",
    ),
    3: (
        "all three are {c}",
        "they are {c}",
        "their colour is {c}",
        "what colour? {C}, all of them",
        "{c} they are",
    ),
}

VOICES: dict[str, tuple[Forms, Forms, Forms]] = {
    "newspaper": (
        ("our reporter counted {list}", "the town woke up to {list}", "readers write to us about {list}",
         "exclusive: {list}", "extra, extra: {list}", "today's front page belongs to {list}"),
        ("the mayor declined to comment", "more on page seven", "the weather stays mild", "an inquiry has begun"),
        ("the film has been given a {s} look, our critic notes", "{s} is the word on every lip",
         "the premiere was {s} through and through"),
    ),
    "nursery": (
        ("once upon a time there {be} {list}", "can you count? There {be} {list}", "say hello to {list}",
         "far, far away there lived {list}", "turn the page, and what do you see? You see {list}"),
        ("and so to bed", "hush now, little reader", "then they all had soup", "can you clap your hands? Good"),
        ("it is a {s} bedtime tale", "and all the pages are {s}", "everything in this little book is {s}"),
    ),
    "gossip": (
        ("have you heard? It is all about {list}", "darling, everybody whispers about {list}",
         "guess who came to dinner: {list}", "you will never believe it, but there {be} {list}",
         "spotted at the premiere: {list}"),
        ("you did not hear it from me", "but hush", "tongues are wagging", "my aunt swears it is true"),
        ("so very {s}, my dear", "the whole affair is {s}, if you ask me", "how {s} can a film be? Very"),
    ),
    "auction": (
        ("lot nine comprises {list}", "offered here: {list}", "for sale, with {list}", "the lot includes {list}",
         "under the hammer: {list}"),
        ("estimate on request", "sold as seen", "some wear to the edges", "from an old family"),
        ("the manner is {s}", "style: {s}", "a fine {s} piece, says the catalogue", "{s}, as good judges agree"),
    ),
    "police": (
        ("at noon officers came upon {list}", "present at the scene: {list}", "the caller reported {list}",
         "entry in the log: {list}", "the patrol noted {list}"),
        ("no arrests were made", "the file stays open", "backup was sent", "statement taken at the desk"),
        ("the place is described as {s}", "general appearance: {s}", "all witnesses called it {s}"),
    ),
    "museum": (
        ("the work presents {list}", "we are shown {list}", "the artist has brought together {list}",
         "what the visitor meets here {be} {list}", "on view: {list}"),
        ("gift of a private donor", "please do not touch", "the artist was young then", "oil on board"),
        ("the idiom is {s}", "a work in the {s} taste", "{s} in style, it was much admired"),
    ),
}  # fmt: skip
"""For each voice: how it brings on the groups, asides without facts, and how it tells the style."""
LATER = (
    "there {be} also {list}", "add to this {list}", "besides, there {be} {list}", "and let us not forget {list}",
    "this goes together with {list}", "who else? {List}", "next on the list: {list}", "we also meet {list}",
)  # fmt: skip
PREFIXES = (
    "{s}: ", "{s} film. ", "in {s} style: ", "{s}, from first to last. ", "a {s} tale. ", "style, {s}. ",
)  # fmt: skip

RELATIONS = (
    "the {a} {a_is} {rel} the {b}", "{rel} the {b} {a_is} the {a}", "the {b} {b_is} {inv} the {a}",
    "{inv} the {a} {b_is} the {b}", "it is {rel} the {b} that we find the {a}",
    "it is the {b} that {b_is} {inv} the {a}", "what do we find {rel} the {b}? The {a}",
    "where {a_is} the {a}? {Rel} the {b}", "where {b_is} the {b}? {Inv} the {a}",
    "find the {b}, and {by_b} {a_is} the {a}", "find the {a}, and {by_a} {b_is} the {b}",
    "there {b_is} the {b}, and {by_b} {a_is} the {a}", "whoever sees the {b} finds the {a} {rel} {b_them}",
    "the {a} {a_has} the {b} {inv} {a_them}", "the {b} {b_has} the {a} {rel} {b_them}",
    "everybody places the {a} {rel} the {b}", "no doubt about it, the {b} {b_is} {inv} the {a}",
    "position of the {a}: {rel} the {b}", "the {a}, as the plan shows, {a_is} {rel} the {b}",
    "if you look {inv} the {a}, you see the {b}",
)  # fmt: skip
CHAINS = (
    "the {a} {a_is} {rel} the {b}, and the {b} {b_is} {rel} the {c}",
    "the {c} {c_is} {inv} the {b}, and the {b} {b_is} {inv} the {a}",
    "the {a} {a_is} {rel} the {b}, which in turn {b_is} {rel} the {c}",
    "{inv} the {a} {b_is} the {b}, and {inv} the {b} {c_is} the {c}",
)  # fmt: skip
DEEDS = (
    "the {a} {does} the {b}", "the {b} {b_is} {done} by the {a}", "it is the {a} that {does} the {b}",
    "who {verb} the {b}? The {a}", "whom {a_do} the {a} {bare}? The {b}",
    "and the {b}? {Done} by the {a}", "what {a_do} the {a} do? {A_they} {does} the {b}",
    "{done} by the {a}: the {b}", "the {a} {a_is} said to {bare} the {b}", "somebody saw the {a} {bare} the {b}",
    "to {bare} the {b}, no less, is what the {a} {a_want}", "day and night the {a} {does} the {b}",
    "nothing can stop the {a}, which {does} the {b}", "the {b} cannot help being {done} by the {a}",
    "here comes the part where the {a} {does} the {b}", "as for the {b}, the {a} {does} {b_them}",
    "the {a}, believe it or not, {does} the {b}", "the {b}, poor {b_things}, {b_is} {done} by the {a}",
)  # fmt: skip
BOTH_RELATIONS = (
    "the {a}, which {a_is} {rel} the {b}, {does} {b_them}", "the {a} that {does} the {b} {a_is} {rel} {b_them}",
    "the {b}, which the {a} {does}, {b_is} {inv} {a_them}", "{rel} the {b} {a_is} the {a}, which {does} {b_them}",
    "the {b}, {inv} the {a}, {b_is} {done} by {a_them}", "the {a} {does} the {b}, which {b_is} {inv} {a_them}",
)  # fmt: skip
"""Deed and place in one sentence; the doer is {rel} its target."""
OPENING_DEEDS = (
    "{A} {does} {B}", "{B} {b_is} {done} by {A}", "there {a_is} {A}, and {a_they} {does} {B}",
    "meet {A}, which {does} {B}", "see {B}, {done} by {A}", "this is about {B}, which {b_is} {done} by {A}",
)  # fmt: skip
INVERSE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
BESIDE = {
    "left of": "to {its} left",
    "right of": "to {its} right",
    "above": "above {it}",
    "below": "below {it}",
}


def _words(letter: str, group: Group) -> dict[str, str]:
    """What frames say of one group: noun, verbs and pronouns that agree with it."""
    pairs = {
        "is": ("is", "are"), "has": ("has", "have"), "do": ("does", "do"), "want": ("wants", "want"),
        "them": ("it", "them"), "they": ("it", "they"), "things": ("thing", "things"),
    }  # fmt: skip
    words = {f"{letter}_{name}": pair[group.count > 1] for name, pair in pairs.items()}
    return {letter: noun(group), f"{letter.upper()}_they": large(words[f"{letter}_they"]), **words}


def _related(first: Group, second: Group, relation: str) -> dict[str, str]:
    inverse = INVERSE[relation]
    words = {"rel": relation, "inv": inverse, "Rel": large(relation), "Inv": large(inverse)}
    for name, group, way in (("by_b", second, relation), ("by_a", first, inverse)):
        its, it = ("its", "it") if group.count == 1 else ("their", "them")
        words[name] = BESIDE[way].format(its=its, it=it)
    return words | _words("a", first) | _words("b", second)


def _done(doer: Group, verb: str, target: Group) -> dict[str, str]:
    done, bare = PARTICIPLES[verb], BARE_VERBS[verb]
    does = verb if doer.count == 1 else bare
    words = {"verb": verb, "bare": bare, "does": does, "done": done, "Done": large(done)}
    return words | _words("a", doer) | _words("b", target)


def _phrase(group: Group, rng: random.Random, colour: bool = True) -> str:
    if group.colour and colour:
        return rng.choice(COLOURED_PHRASES[group.count]).format(k=noun(group), c=group.colour)
    return rng.choice(PLAIN_PHRASES[group.count]).format(k=noun(group))


def _colour(group: Group, rng: random.Random, at_once: bool) -> str:
    """The colour in a sentence of its own, told of "it" or "them" where the group was named last."""
    assert group.colour
    forms = (COLOUR_AT_ONCE if at_once else COLOURS_AFTER)[group.count]
    return tidy(rng.choice(forms).format(k=noun(group), c=group.colour, C=large(group.colour)))


def _bring(groups: tuple[Group, ...], forms: Forms, rng: random.Random, split: float) -> str:
    """A sentence with `groups`, and their colours in it or after it."""
    later = [group for group in groups if group.colour and rng.random() < split]
    named = listing([_phrase(group, rng, group not in later) for group in groups])
    many = len(groups) > 1 or groups[0].count > 1
    form = rng.choice(forms)
    be = "is" if groups[0].count == 1 and (not many or "there" in form.lower()) else "are"
    said = [tidy(form.format(list=named, List=large(named), be=be))]
    return " ".join(said + [_colour(group, rng, len(groups) == 1 and rng.random() < 0.6) for group in later])


def _spatial(scene: Scene, rng: random.Random) -> str:
    assert scene.arrangement
    groups = scene.groups
    if len(groups) == 3 and rng.random() < 0.4:
        words = _related(groups[0], groups[1], scene.arrangement) | _words("c", groups[2])
        return tidy(rng.choice(CHAINS).format(**words))
    told = [
        tidy(rng.choice(RELATIONS).format(**_related(a, b, scene.arrangement))) for a, b in pairwise(groups)
    ]
    return " ".join(told)


def _deed_and_place(scene: Scene, rng: random.Random) -> list[str]:
    """Deed and arrangement, in one sentence where there are but two groups."""
    said = []
    if scene.deed:
        by_kind = {group.kind: group for group in scene.groups}
        doer, target = by_kind[scene.deed[0]], by_kind[scene.deed[2]]
        words = _done(doer, scene.deed[1], target)
        if scene.arrangement and len(scene.groups) == 2 and rng.random() < 0.4:
            relation = scene.arrangement if scene.groups[0] == doer else INVERSE[scene.arrangement]
            return [tidy(rng.choice(BOTH_RELATIONS).format(**words | _related(doer, target, relation)))]
        said.append(tidy(rng.choice(DEEDS).format(**words)))
    return [*said, _spatial(scene, rng)] if scene.arrangement else said


def _open_with_deed(scene: Scene, rng: random.Random) -> str:
    """Doer and target with all their words in the sentence of the deed, at times as a headline."""
    assert scene.deed
    by_kind = {group.kind: group for group in scene.groups}
    doer, target = by_kind[scene.deed[0]], by_kind[scene.deed[2]]
    words = _done(doer, scene.deed[1], target) | {"A": _phrase(doer, rng), "B": _phrase(target, rng)}
    opening = rng.choice(OPENING_DEEDS).format(**words)
    rest = tuple(group for group in scene.groups if group not in (doer, target))
    more = [_bring(rest, LATER, rng, 0.3)] if rest else []
    return " ".join([tidy(_title(opening) if rng.random() < 0.4 else opening), *more])


def plot(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.plot`, in another voice each time."""
    intros, asides, styles = VOICES[rng.choice(list(VOICES))]
    groups, way = scene.groups, rng.random()
    if scene.deed and way < 0.3:
        bodies = [_open_with_deed(scene, rng)]
        bodies += [_spatial(scene, rng)] if scene.arrangement else []
    else:
        if way < 0.6 and len(groups) > 1:
            cut = rng.randint(1, len(groups) - 1)
            opening = f"{_bring(groups[:cut], intros, rng, 0.4)} {_bring(groups[cut:], LATER, rng, 0.4)}"
        elif way < 0.75:
            opening = tidy(_title(listing([_phrase(group, rng) for group in groups])))
        else:
            opening = _bring(groups, intros, rng, 0.25)
        bodies = [opening]
        facts = _deed_and_place(scene, rng)
        rng.shuffle(facts)
        bodies += facts
    if rng.random() < 0.15:
        bodies.append(bodies.pop(0))
    if rng.random() < 0.45:
        bodies.insert(rng.randint(0, len(bodies)), tidy(rng.choice(asides)))
    if scene.style and rng.random() < 0.4:
        return large(rng.choice(PREFIXES).format(s=scene.style)) + " ".join(bodies)
    if scene.style:
        told = tidy(rng.choice(styles).format(s=scene.style))
        bodies.insert(rng.choice([0, len(bodies)]), told)
    return " ".join(bodies)


CAPTIONS = (
    "{x}", "plate four: {x}", "no title, but {x}", "on this sheet, {x}", "shown here: {x}", "what is this? {X}",
    "a drawing, with {x}", "as anyone can see, {x}", "our picture of the week: {x}", "look, {x}", "detail, {x}",
    "unsigned print with {x}", "from the family album: {x}", "exhibit B, {x}", "drawn by hand, {x}",
)  # fmt: skip
STYLED_CAPTIONS = (
    "{s}: {x}", "{s} print, {x}", "{x}. Style: {s}", "in {s}: {x}", "{s} picture. {X}", "{x}, the whole of it {s}",
    "how {s} it looks, with {x}", "{s} in manner, it shows {x}", "exhibit B ({s}): {x}", "{x}. The manner is {s}",
    "a drawing of the {s} kind, with {x}", "{s}, and in it {x}", "lot nine, a {s} sheet with {x}", "{s} study, {x}",
    "the {s} style suits them: {x}",
)  # fmt: skip
CAPTION_JOINS = {
    "left of": (
        "{A} left of {B}", "{A} to the left of {B}", "{B} right of {A}", "{B} to the right of {A}",
        "{B}, and {by_b} {A}", "{A}, and {by_a} {B}", "{B} with {A} to the left", "on the left {A}, on the right {B}",
    ),
    "above": (
        "{A} above {B}", "{A}, placed above {B}", "{B} below {A}", "{B}, set below {A}", "{B}, and {by_b} {A}",
        "{A}, and {by_a} {B}", "{B} with {A} above", "up above {A}, down below {B}",
    ),
}  # fmt: skip


def caption(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.caption`, as labels, lots and lines under photographs."""
    groups = scene.groups
    later = [g for g in groups if g.colour and rng.random() < 0.15]
    phrases = [_phrase(group, rng, group not in later) for group in groups]
    if scene.arrangement and len(groups) == 2:
        words = _related(*groups, scene.arrangement) | {"A": phrases[0], "B": phrases[1]}
        body = rng.choice(CAPTION_JOINS[scene.arrangement]).format(**words)
    elif scene.arrangement and rng.random() < 0.6:
        inverse = rng.random() < 0.4
        body = f" {INVERSE[scene.arrangement] if inverse else scene.arrangement} ".join(
            reversed(phrases) if inverse else phrases
        )
    else:
        body = listing(phrases)
        if scene.arrangement:
            body += f". {_spatial(scene, rng)}"
    body = body.rstrip(",")
    titled = _title(body) if rng.random() < 0.2 and ". " not in body else body
    form = rng.choice([f for f in STYLED_CAPTIONS if ". " not in body or not f.startswith("{x},")]
                      if scene.style else CAPTIONS)  # fmt: skip
    said = form.format(x=titled, X=large(titled), s=scene.style).replace("..", ".")
    return " ".join(
        [tidy(said), *(_colour(group, rng, len(groups) == 1 and not scene.style) for group in later)]
    )
