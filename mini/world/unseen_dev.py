"""Wordings of plots, captions and reports that nothing is trained on and no data set is written with: to develop by.

They measure how much a model depends on the wordings that it was trained on. Tests hold that training never imports
this module, and that no sentence frame of it is a trained one. Who writes training texts has looked at what goes wrong
here, as one does with a development set; what is claimed is measured by `mini.world.unseen_test`.

The words of facts stay those of the trained grammars; sentences, their order and what joins them are new.
People tell in voices of their own here: a text keeps to one voice from first to last.
"""

import random
from dataclasses import dataclass
from itertools import pairwise

from mini.world.chest import BOTH, KINDS, STRUCTURES, Film, Finding
from mini.world.facts import Group, Scene
from mini.world.reports import LOBES, MARK, NAMES, SIZE_WORDS, Report, with_article
from mini.world.texts import BARE_VERBS, NUMBERS, PARTICIPLES, listing, noun, sentence

Frames = tuple[str, ...]

# Scenes.


@dataclass(frozen=True)
class _Narrator:
    """How one kind of people tells films. `{takes}` and the like agree with the list that is their subject."""

    casts: Frames
    styled: Frames
    """As `casts`, with the style in the same sentence."""
    moods: Frames
    asides: Frames


NARRATORS = (
    _Narrator(  # laconic, as programme notes are
        ("starring {list}", "on screen: {list}", "an hour with {list}", "a portrait of {list}", "enter {list}"),
        ("a {style} outing for {list}", "{style} fare with {list}"),
        ("{style} through and through", "filmed the {style} way", "overall tone: {style}"),
        ("it ends badly", "based on a play", "with subtitles"),
    ),
    _Narrator(  # chatty
        ("okay, imagine {list}", "honestly, I came for {list}", "so you have got {list}, okay",
         "picture {list} if you can", "I bought a ticket just to see {list}"),
        ("I finally saw that {style} movie with {list}", "last night it was {list} in a {style} movie"),
        ("if {style} films are your thing, give it a go", "it all looks so {style}, you know",
         "I would file it under {style}"),
        ("I ate far too much popcorn", "my dog slept through it", "we went home happy"),
    ),
    _Narrator(  # as a review
        ("the plot revolves around {list}", "viewers are introduced to {list}",
         "the screenplay belongs to {list}", "{list} {carries} this feature from start to finish",
         "much of the running time is devoted to {list}"),
        ("in this {style} feature, {list} {takes} the lead", "the latest {style} production presents {list}"),
        ("visually the production is pure {style}", "the camera work is unmistakably {style}",
         "fans of {style} pictures will feel at ease"),
        ("the pacing sags towards the middle", "the score deserves a prize", "a sequel has been announced"),
    ),
)  # fmt: skip


def _phrase(group: Group, rng: random.Random) -> str:
    n, things, colour = NUMBERS[group.count], noun(group), group.colour
    if not colour:
        forms = [f"{n} {things}", f"just {n} {things}", f"{n} ordinary {things}"]
        return rng.choice([*forms, f"a total of {n} {things}"] if group.count > 1 else forms)
    forms = [
        f"{n} {colour} {things}", f"{n} bright {colour} {things}", f"{n} {colour}-coloured {things}",
        f"{n} {things} ({colour})", f"{n} {things} dressed in {colour}", f"just {n} {colour} {things}",
        f"{n} {things} that {_verb(group, 'is', 'are')} {colour}",
    ]  # fmt: skip
    return rng.choice([*forms, f"a group of {n} {colour} {things}"] if group.count > 1 else forms)


def _verb(group: Group, singular: str, plural: str) -> str:
    return singular if group.count == 1 else plural


OPPOSITE = {"left of": "right of", "above": "below"}
CHAINS = {"left of": ("from left to right: ", ", then "), "above": ("stacked up: ", " above ")}


def _spatial(scene: Scene, arrangement: str, rng: random.Random) -> str:
    """How each group stands to the next one, never twice in the same frame; now and then all in one go."""
    near, far = arrangement, OPPOSITE[arrangement]
    if rng.random() < 0.15:
        opening, join = CHAINS[arrangement]
        return sentence(opening + join.join(f"the {noun(group)}" for group in scene.groups))
    told = []
    order = rng.sample(range(8), 8)
    for first, second in pairwise(scene.groups):
        a, b = noun(first), noun(second)
        forms = [
            f"the {a} can be found {near} the {b}", f"the {b} can be found {far} the {a}",
            f"the {a} always {_verb(first, 'stays', 'stay')} {near} the {b}",
            f"{near} the {b} is where the {a} {_verb(first, 'belongs', 'belong')}",
            f"{far} the {a} is where the {b} {_verb(second, 'belongs', 'belong')}",
            f"seen from the front, the {b} {_verb(second, 'is', 'are')} {far} the {a}",
            f"with the {a} {near} the {b}, every shot is in balance",
            f"the {b} {_verb(second, 'remains', 'remain')} {far} the {a} throughout",
        ]  # fmt: skip
        told.append(sentence(forms[order.pop()]))
    return " ".join(told)


def _deed(scene: Scene, deed: tuple[str, str, str], rng: random.Random) -> str:
    doer, verb, target = deed
    groups = {group.kind: group for group in scene.groups}
    first, second = groups[doer], groups[target]
    a, b, bare, done = noun(first), noun(second), BARE_VERBS[verb], PARTICIPLES[verb]
    does = _verb(first, verb, bare)
    forms = (
        f"it is none other than the {a} that {does} the {b}", f"it is the {b} that the {a} {does}",
        f"all the {a} ever {_verb(first, 'does', 'do')} is {bare} the {b}",
        f"sooner or later we learn why the {a} {does} the {b}",
        f"the {a} will {bare} the {b}, whatever it takes", f"the {b} must live with being {done} by the {a}",
        f"to {bare} the {b} is all that the {a} {_verb(first, 'wants', 'want')}",
        f"being {done} by the {a} becomes a habit for the {b}",
        f"the {b} {_verb(second, 'finds itself', 'find themselves')} {done} by the {a}",
        f"{done} by the {a}, the {b} {_verb(second, 'carries', 'carry')} on regardless",
    )  # fmt: skip
    return sentence(rng.choice(forms))


def plot(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.plot`, in wordings that were held out."""
    voice = rng.choice(NARRATORS)
    single = len(scene.groups) == 1 and scene.groups[0].count == 1
    inside = bool(scene.style) and rng.random() < 0.4  # the style is told along with the cast
    cast = rng.choice(voice.styled if inside else voice.casts).format(
        list=listing([_phrase(group, rng) for group in scene.groups]), style=scene.style,
        takes="takes" if single else "take", carries="carries" if single else "carry",
    )  # fmt: skip
    facts = [_spatial(scene, scene.arrangement, rng)] if scene.arrangement else []
    facts += [_deed(scene, scene.deed, rng)] if scene.deed else []
    rng.shuffle(facts)
    if scene.style and not inside:
        facts.insert(rng.choice((0, len(facts))), sentence(rng.choice(voice.moods).format(style=scene.style)))
    facts += [sentence(rng.choice(voice.asides))] if rng.random() < 0.35 else []
    return " ".join([sentence(cast), *facts])


STYLED_CAPTIONS = (
    "{style} drawing: {body}", "a {style} poster featuring {body}", "from our {style} collection: {body}",
    "shown here {be} {body}, as a {style} print", "{body}, drawn the {style} way",
    "a {style} sketch shows {body}",
)  # fmt: skip
PLAIN_CAPTIONS = (
    "shown here {be} {body}", "illustration: {body}", "this poster shows {body}", "a drawing featuring {body}",
    "depicted: {body}", "my sketch of {body}",
)  # fmt: skip
JOINS = {
    "left of": (", just left of ", ", lined up left of "),
    "above": (", just above ", ", stacked above ", ", hovering above "),
}


def caption(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.caption`, in wordings that were held out."""
    phrases = [_phrase(group, rng) for group in scene.groups]
    body = listing(phrases)
    if scene.arrangement:
        far = {"left of": "to the right of", "above": "below"}[scene.arrangement]
        forms = [join.join(phrases) for join in JOINS[scene.arrangement]]
        pronouns = [_verb(scene.groups[0], "it", "them"), _verb(scene.groups[-2], "that", "those")]
        then = [f" and, {far} {it}, {phrase}" for it, phrase in zip(pronouns, phrases[1:], strict=False)]
        forms.append(phrases[0] + "".join(then))
        if scene.arrangement == "left of":
            forms.append(f"{body}, from left to right")
        body = rng.choice(forms)
    single = len(phrases) == 1 and scene.groups[0].count == 1
    form = rng.choice(STYLED_CAPTIONS if scene.style else PLAIN_CAPTIONS)
    return sentence(form.format(body=body, style=scene.style, be="is" if single else "are"))


# Films.


@dataclass(frozen=True)
class _Dictation:
    """How one kind of radiologist dictates.

    `{name}` is the finding ("small nodule"), `{a}` the same with its article, `{site}` its place ("left base"),
    `{holds}` the same as a subject, `{where}` with a preposition, `{compact}` all in one ("small right-sided
    effusion"), `{how}` the degree of an enlarged heart as an adverb, `{heart}` that heart with its article.
    """

    notes: Frames
    hearts: Frames
    tubes: Frames
    clear: dict[str, Frames]
    denials: Frames
    conclusions: Frames
    nothing: Frames
    normal: Frames
    """Said of films without any device only."""
    reason: str
    bones: str
    full: bool = False
    """In full sentences, with articles."""
    headed: bool = False
    """One line for each structure, under its name."""


TERSE = _Dictation(
    ("{site}: {name}", "{name}, {site}", "{site} with {name}", "{compact} present"),
    ("cardiac silhouette {how}enlarged in transverse diameter", "{how}enlarged heart on this projection",
     "heart: {how}enlarged outline"),
    ("ET tube tip above the carina", "endotracheal tube well placed"),
    {"lungs": ("lung fields clear", "lungs: no abnormality", "no nodule, no consolidation, no opacity"),
     "pleura": ("no effusion, no pneumothorax", "pleural spaces normal"),
     "heart": ("no cardiomegaly evident", "cardiac outline normal")},
    ("no {} seen", "otherwise no {}"),
    ("imp: {}", "reads as {}", "bottom line: {}"),
    ("no acute process", "no active chest disease"), ("normal study",),
    "sent for {}", "ribs intact",
)  # fmt: skip
PROSE = _Dictation(
    ("the patient has {a} {where}", "attention is drawn to {a} {where}", "{where} I can make out {a}",
     "{holds} {a}", "this radiograph demonstrates {a} {where}", "{a} can be appreciated {where}"),
    ("the heart appears {how}enlarged to me", "we are dealing with {heart}",
     "I would describe the cardiac silhouette as {how}enlarged", "the shadow of the heart is {how}enlarged"),
    ("I can trace an endotracheal tube down the trachea", "the patient is ventilated by endotracheal tube",
     "an ET tube has its tip at a safe level above the carina"),
    {"lungs": ("the lungs appear clear throughout", "I find no abnormality in either lung",
               "both lungs have a normal appearance"),
     "pleura": ("I see no effusion and no pneumothorax", "the pleura appears normal on both sides",
                "there is no pneumothorax and the pleural spaces hold no fluid"),
     "heart": ("the heart has a normal size and shape", "I find the heart to be normal",
               "there is no cardiac enlargement on this view")},
    ("I can find no {}", "no {} can be identified", "there is no {} to be found"),
    ("overall I read this as {}", "the main result is {}", "in my opinion the examination shows {}"),
    ("I see no acute disease here", "there is no acute process in this chest",
     "the film offers no explanation for the symptoms"),
    ("this is a normal study", "my reading is that of a normal examination"),
    "the patient was referred because of {}", "the visible ribs are intact", full=True,
)  # fmt: skip
HEADED = _Dictation(
    ("{compact}", "{name} {where}", "{name} ({site})", "{name}, located {where}"),
    ("overall {how}enlarged", "{how}enlarged silhouette", "{how}enlarged for age"),
    ("endotracheal tube, tip above the carina", "ET tube at a safe level"),
    {"lungs": ("clear throughout", "normal on both sides", "no consolidation, no nodule, no opacity"),
     "pleura": ("clear, no effusion, no pneumothorax", "normal, no effusion", "no fluid and no pneumothorax"),
     "heart": ("normal in size and outline", "no cardiomegaly", "normal, no enlargement")},
    ("no {}", "otherwise no {}"),
    ("opinion: {}", "summary: {}", "result: {}"),
    ("result: no acute process", "summary: no active disease of the chest"), ("opinion: normal radiograph",),
    "reason for request: {}", "bones: intact", headed=True,
)  # fmt: skip
DICTATIONS = (TERSE, PROSE, HEADED)

HOW = {None: ("",), "mild": ("mildly ", "slightly "), "severe": ("severely ", "markedly ")}
BEFORE = {"new": ("new",), "unchanged": ("unchanged", "stable")}
"""Words of change before a finding; a "larger small effusion" would be odd."""
CLAUSES = {
    "new": ("new in the interval", f"new from {MARK}", "new from the previous radiograph"),
    "unchanged": ("unchanged in the interval", f"stable from {MARK}", "unchanged from the previous radiograph"),
    "larger": ("larger in the interval", f"increased from {MARK}", "increasing over time"),
}  # fmt: skip
SENTENCES = {
    "new": ("comparison with {} shows that it is new", "going by {}, it has to be called new"),
    "unchanged": ("comparison with {} shows that it is unchanged", "next to {}, it looks stable"),
    "larger": ("next to {}, it looks larger", "between {} and today it has increased"),
}
PREVIOUS = ("the previous radiograph", f"the radiograph from {MARK}", "the earlier examination")
DENIED: dict[str | None, Frames] = {
    "lungs": ("consolidation", "nodule", "atelectasis"), "pleura": ("effusion", "pneumothorax"),
    None: ("endotracheal tube", "pacemaker"),
}  # fmt: skip


def _site(finding: Finding, rng: random.Random) -> tuple[str, str]:
    """Where it is: a preposition, with the article if there is one, and a place."""
    side, zone, place = finding.side, finding.zone, KINDS[finding.kind].place
    if side == BOTH:
        return "at", rng.choice(["both bases", "both lung bases"])
    if place in ("base", "apex"):
        return rng.choice([("at the", f"{side} {place}"), ("at the", f"{side} lung {place}")])
    if place == "wall":
        return "over the", rng.choice([f"{side} chest", f"{side} chest wall"])
    if not zone:
        return rng.choice([("in the", f"{side} lung"), ("on the", f"{side} side")])
    lobe = LOBES.get((side or "", zone), f"{side} {zone} lobe")
    forms = [f"{side} {zone} zone", lobe, f"{zone} zone on the {side}", f"{zone} part of the {side} lung"]
    return "in the", rng.choice(forms)


def _adjective(finding: Finding, rng: random.Random) -> str:
    """Where it is, in words that stand before a name."""
    side, zone, place = finding.side, finding.zone, KINDS[finding.kind].place
    if side == BOTH:
        return "bilateral"
    if zone:
        lobe = LOBES.get((side or "", zone), f"{side} {zone} lobe")
        return rng.choice([f"{side} {zone} zone", f"{side} {zone} zone" if lobe == "lingula" else lobe])
    return f"{side} chest wall" if place == "wall" else f"{side}-sided" if side else ""


def _named(finding: Finding, rng: random.Random, before: str = "", adjective: str = "") -> str:
    """The finding without article: "small nodule", "small right-sided nodule"."""
    size = finding.size or ""
    # No "big pleural fluid", no "minimal nodule", and no "left lower lobe lobar consolidation".
    names = [n for n in NAMES[finding.kind] if n != "lobar consolidation" and not (size and "fluid" in n)]
    sizes = [w for w in SIZE_WORDS.get(size, ("",)) if finding.kind != "nodule" or len(w) < len("minimal")]
    return " ".join(filter(None, [before, rng.choice(sizes), adjective, rng.choice(names)]))


def _tell(finding: Finding, rng: random.Random, voice: _Dictation, note: str) -> list[str]:
    """One finding in one sentence, or in two of which the second tells the change."""
    how, before = rng.choice(HOW.get(finding.size, ("",))), ""
    if KINDS[finding.kind].place == "midline":
        note = rng.choice(voice.hearts if finding.kind == "cardiomegaly" else voice.tubes)
        said = note.format(how=how, heart=with_article(f"{how}enlarged heart"))
    else:
        if finding.change in BEFORE and rng.random() < 0.4:
            before = rng.choice(BEFORE[finding.change])
        (preposition, site), name = _site(finding, rng), _named(finding, rng, before)
        said = note.format(
            name=name, a=with_article(name), site=site, where=f"{preposition} {site}",
            compact=_named(finding, rng, before, _adjective(finding, rng)),
            holds=f"{site} contain" if finding.side == BOTH else f"the {site} contains",
        )  # fmt: skip
    if not finding.change or before:
        return [said]
    if voice.full and rng.random() < 0.5:
        return [said, rng.choice(SENTENCES[finding.change]).format(rng.choice(PREVIOUS))]
    return [f"{said}, {rng.choice(CLAUSES[finding.change])}"]


def _findings(film: Film, whole: Film, rng: random.Random, voice: _Dictation) -> str:
    """Structure by structure, in half of the reports those with a finding first."""
    kinds = {finding.kind for finding in whole.findings}
    found = {s: [f for f in film.findings if KINDS[f.kind].structure == s] for s in (*STRUCTURES, None)}
    order = rng.sample(list(found), len(found))
    if rng.random() < 0.5:
        order.sort(key=lambda structure: not found[structure])
    notes = rng.sample(voice.notes, len(voice.notes))
    parts: list[str] = []
    for structure in order:
        said = [text for finding in found[structure] for text in _tell(finding, rng, voice, notes.pop())]
        absent = [kind for kind in DENIED.get(structure, ()) if kind.split()[-1] not in kinds]
        if structure in film.normal:
            said.append(rng.choice(voice.clear[structure]))
        elif said and absent and rng.random() < 0.35:
            said.append(rng.choice(voice.denials).format(rng.choice(absent)))
        if voice.headed and said:
            said = [f"{structure or 'devices'}: {'; '.join(said)}"]
        parts += map(sentence, said)
    if rng.random() < 0.25:
        parts.append(sentence(voice.bones))
    return " ".join(parts)


def _impression(film: Film, whole: Film, rng: random.Random, voice: _Dictation) -> str:
    points = []
    for finding in film.findings:
        point = _named(finding, rng, adjective=_adjective(finding, rng))
        if finding.kind == "cardiomegaly":
            point = f"{rng.choice(HOW[finding.size])}enlarged heart"
        if not finding.device or rng.random() < 0.5:
            points.append(with_article(point) if voice.full else point)
    if all(finding.device for finding in film.findings):
        devices = any(finding.device for finding in whole.findings)
        nothing = sentence(rng.choice(voice.nothing if devices else (*voice.nothing, *voice.normal)))
        return f"{nothing} {sentence(f'{listing(points)} in situ')}" if points else nothing
    if len(points) > 1 and not voice.full and rng.random() < 0.5:
        points = [", ".join(f"{number}) {point}" for number, point in enumerate(points, 1))]
    return sentence(rng.choice(voice.conclusions).format(listing(points)))


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """As `mini.world.reports.report`, in wordings that were held out."""
    voice, whole = rng.choice(DICTATIONS), denied or film
    cause = "a fall" if film.history == "fall" and voice.full else film.history
    reason = sentence(voice.reason.format(cause)) if cause else ""
    comparison = f"Radiograph from {MARK}." if any(finding.change for finding in film.findings) else ""
    body, short = _findings(film, whole, rng, voice), _impression(film, whole, rng, voice)
    if reason and rng.random() < 0.25:  # as in life, some say it again
        body = f"{reason} {body}"
    return Report(reason, comparison, body, short)
