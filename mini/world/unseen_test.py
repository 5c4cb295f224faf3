"""Wordings of plots, captions and reports for the one measurement that nobody has tuned to.

They were written without sight of the training texts, by an author who knew only the grammars of the data
sets and the earlier held-out one (`mini.world.unseen_dev`). A model is measured in them once per set of
weights. Whoever reads them to improve the training has used them up, and they become one more development
grammar.

The words of facts stay those of the trained grammars; sentences, their order and what joins them are new.
A text keeps to one voice from first to last, and the cast of a plot is named in the order of the scene.
"""

import random
from dataclasses import dataclass
from itertools import pairwise

from mini.world.chest import BOTH, KINDS, STRUCTURES, Film, Finding
from mini.world.facts import Group, Scene
from mini.world.reports import BARE, LOBES, MARK, NAMES, SIZE_WORDS, Report
from mini.world.texts import BARE_VERBS, NUMBERS, PARTICIPLES, listing, noun, sentence

Frames = tuple[str, ...]

# Scenes.


@dataclass(frozen=True)
class _Teller:
    """How one kind of people tells films.

    `{list}` is the cast, with which `{is}`, `{was}` and `{has}` agree. In `places` and `deeds`, `{a}` and `{b}` are
    the nouns, `{a_is}`, `{a_s}` and the like agree with them, `{near}` and `{far}` are the relation and its reverse.
    """

    casts: Frames
    styled: Frames
    """As `casts`, with the style in the same sentence."""
    moods: Frames
    places: Frames
    deeds: Frames
    asides: Frames


TELLERS = (
    _Teller(  # by the fireside
        ("once upon a time there {was} {list}", "in a land far away lived {list}",
         "grandmother used to tell of {list}", "listen, children, to the tale of {list}",
         "many winters ago a village dreamt of {list}"),
        ("in a {style} land far away lived {list}", "once upon a {style} time there {was} {list}",
         "listen, children, to the {style} tale of {list}"),
        ("the whole land was {style}", "every page of the tale is {style}", "at bottom it is a {style} fable"),
        ("the {a} had {a_its} home {near} the {b}", "whoever came by saw the {b} {far} the {a}",
         "as it happened, the {a} dwelt {near} the {b}", "{near} the {b} stood the {a}",
         "the {b} slept {far} the {a}"),
        ("to this day the {a} {does} the {b}", "it came to pass that the {b} {b_was} {done} by the {a}",
         "by an old spell the {a} must {bare} the {b}", "and so it was that the {a} came to {bare} the {b}",
         "as every child knows, the {a} {does} the {b}"),
        ("the moral is for each of us to find", "by then the fire had burned low", "sleep well, little ones"),
    ),
    _Teller(  # to a producer
        ("my pitch in a nutshell: {list}", "what I have in mind is a film with {list}",
         "we would need to cast {list}", "think of {list} and you have my film", "the budget covers {list}"),
        ("what I have in mind is a {style} film with {list}", "think {style}, think {list}",
         "my pitch is a {style} feature with {list}"),
        ("I want every frame to be {style}", "the designer insists on a {style} treatment",
         "{style} is the word that I gave the crew"),
        ("our set has the {a} {near} the {b}", "for the camera we put the {a} {near} the {b}",
         "let us keep the {b} {far} the {a}", "I would place the {b} {far} the {a}",
         "it only works with the {a} {near} the {b}"),
        ("the hook is this: the {a} {does} the {b}", "people will pay to watch the {a} {bare} the {b}",
         "what drives it all is that the {b} {b_is} {done} by the {a}", "act by act, the {a} {does} the {b}",
         "we never explain how the {b} came to be {done} by the {a}"),
        ("call me when you have read this", "it practically sells itself", "shooting could begin in spring"),
    ),
    _Teller(  # as a script
        ("fade in on {list}", "exterior, day: {list}", "the curtain rises on {list}", "opening shot: {list}",
         "the lights go up and there {is} {list}"),
        ("fade in, {style} lighting, on {list}", "opening shot, very {style}: {list}",
         "the curtain, a {style} design, rises on {list}"),
        ("lighting: {style}", "title cards in {style} lettering", "the set should feel {style}"),
        ("on stage the {a} keep{a_s} {near} the {b}", "we cut to the {b}, {far} the {a}",
         "pan across to show the {a} {near} the {b}", "chalk marks put the {b} {far} the {a}",
         "{far} the {a}, in full light, {b_is} the {b}"),
        ("action: the {a} {does} the {b}", "close-up as the {a} {does} the {b}",
         "in a long take the {b} {b_is} {done} by the {a}", "we watch on as the {a} {does} the {b}",
         "enter the {b}, {done} by the {a}"),
        ("roll credits", "music swells", "dissolve to the title card"),
    ),
    _Teller(  # among fans
        ("for anyone who missed it, the film has {list}", "the cast, if I counted properly: {list}",
         "my sister made me watch this thing about {list}", "worth seeing just for {list}",
         "not to spoil anything, but there {is} {list} in it"),
        ("who knew that a {style} film could make so much of {list}", "{style} flick, the cast being {list}",
         "here comes yet another {style} film about {list}"),
        ("they went all {style} with the visuals", "bonus points for looking so {style}",
         "expect something rather {style}"),
        ("if memory serves, the {a} {a_was} {near} the {b}", "look closely and you will spot the {a} {near} the {b}",
         "in the shot that I remember, the {b} {b_is} {far} the {a}", "on the cover you get the {a} {near} the {b}",
         "correct me if I am wrong, but the {b} sat {far} the {a}"),
        ("spoiler: the {a} {does} the {b}", "basically, the {a} {does} the {b} for an hour",
         "the best part is when the {a} {does} the {b}", "turns out the {a} {does} the {b}",
         "I still cannot believe that the {b} {b_is} {done} by the {a}"),
        ("four out of five from me", "would watch again", "do yourself a favour and skip the trailer"),
    ),
    _Teller(  # as an archive's catalogue
        ("this rarely screened work is built around {list}", "restored print, its subject being {list}",
         "the festival opens with a study of {list}", "seldom {has} {list} been filmed with such care",
         "surviving reels show {list}"),
        ("this {style} work is built around {list}", "a {style} rarity from the archive, its subject being {list}",
         "the festival opens with a {style} study of {list}"),
        ("critics of the time called it {style}", "sets and lettering are {style}",
         "it remains a late example of {style} film making"),
        ("its compositions hold the {a} {near} the {b}", "the frame is divided, with the {b} {far} the {a}",
         "as on the lobby card, the {a} appear{a_s} {near} the {b}", "the director positions the {b} {far} the {a}",
         "stills confirm that the {a} {a_was} {near} the {b}"),
        ("a wordless sequence shows how the {a} {does} the {b}", "the {a}, we are told, {does} the {b}",
         "at the turning point the {b} {b_is} {done} by the {a}", "the drama is that of the {b}, {done} by the {a}",
         "the surviving reel has the {a} {bare} the {b}"),
        ("admission is free", "the negative was long thought lost", "a discussion will be held afterwards"),
    ),
)  # fmt: skip

ACTIVE = (
    "{p} {does} {q}", "it begins when {p} {does} {q}", "how {p} {does} {q} is what this film tells",
    "as far as I could tell, {p} {does} {q}",
)  # fmt: skip
PASSIVE = (
    "before our very eyes {q} {q_is} {done} by {p}", "it begins with {q}, {done} by {p}",
    "how {q} came to be {done} by {p} is soon told",
    "as far as I could tell, {q} {q_is} {done} by {p}",
)  # fmt: skip
THIRDS = (
    "{phrase} complete{r_s} the cast", "room was found as well for {phrase}", "do not overlook {phrase}",
    "elsewhere {r_is} {phrase}",
)  # fmt: skip
NEAR = {"left of": ("left of", "to the left of"), "above": ("above",)}
FAR = {"left of": ("right of", "to the right of"), "above": ("below",)}


def _phrase(group: Group, rng: random.Random) -> str:
    """A noun phrase that always has its number, and no comma."""
    n, things, colour = NUMBERS[group.count], noun(group), group.colour
    if not colour:
        forms = [f"{n} {things}", f"exactly {n} {things}", f"{n} nameless {things}"]
        return rng.choice([*forms, f"{things} ({n} of them)"] if group.count > 1 else forms)
    forms = [
        f"{n} {colour} {things}", f"{n} {colour} {things}", f"exactly {n} {colour} {things}",
        f"{n} {things} in {colour}", f"{n} {things} painted {colour}", f"{n} nameless {colour} {things}",
        f"{n} {things} as {colour} as can be",
    ]  # fmt: skip
    return rng.choice([*forms, f"{colour} {things} ({n} of them)"] if group.count > 1 else forms)


def _agree(name: str, group: Group) -> dict[str, str]:
    """A group's noun under `name`, and under names that begin with it what agrees with the noun."""
    forms = {"is": ("is", "are"), "was": ("was", "were"), "s": ("s", ""), "its": ("its", "their")}
    words = {f"{name}_{form}": pair[group.count > 1] for form, pair in forms.items()}
    return {name: noun(group), **words}


def _places(scene: Scene, arrangement: str, rng: random.Random, voice: _Teller) -> list[str]:
    """How each group stands to the next one, never twice in the same frame; now and then all in one sentence."""
    pairs = list(pairwise(scene.groups))
    if len(pairs) > 1 and rng.random() < 0.3:
        first, second, third = scene.groups
        words = {
            **_agree("a", first),
            **_agree("b", second),
            "c": noun(third),
            "near": rng.choice(NEAR[arrangement]),
        }
        return ["the {a} {a_is} {near} the {b}, just as the {b} {b_is} {near} the {c}".format(**words)]
    frames = rng.sample(voice.places, len(pairs))
    return [
        frame.format(
            **_agree("a", a), **_agree("b", b),
            near=rng.choice(NEAR[arrangement]), far=rng.choice(FAR[arrangement]),
        )
        for frame, (a, b) in zip(frames, pairs, strict=True)
    ]  # fmt: skip


def _verb_forms(verb: str, doer: Group) -> dict[str, str]:
    bare = BARE_VERBS[verb]
    return {"does": verb if doer.count == 1 else bare, "bare": bare, "done": PARTICIPLES[verb]}


def _meeting(scene: Scene, rng: random.Random) -> list[str] | None:
    """Cast and deed in one, where the deed is between the first two groups, so that the cast keeps its order."""
    if not scene.deed or {scene.deed[0], scene.deed[2]} != {group.kind for group in scene.groups[:2]}:
        return None
    doer, verb, _ = scene.deed
    first, second, *rest = scene.groups
    active = first.kind == doer
    p, q = (first, second) if active else (second, first)
    words = {
        "p": _phrase(p, rng),
        "q": _phrase(q, rng),
        **_verb_forms(verb, p),
        "q_is": _agree("q", q)["q_is"],
    }
    said = rng.choice(ACTIVE if active else PASSIVE).format(**words)
    return [said, *(rng.choice(THIRDS).format(phrase=_phrase(r, rng), **_agree("r", r)) for r in rest)]


def plot(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.plot`, in wordings that were never trained on nor tuned to."""
    voice = rng.choice(TELLERS)
    cast = _meeting(scene, rng) if rng.random() < 0.25 else None
    deed = None if cast else scene.deed
    inside = not cast and bool(scene.style) and rng.random() < 0.4  # the style is told along with the cast
    if not cast:
        single = len(scene.groups) == 1 and scene.groups[0].count == 1
        words = ("is", "was", "has") if single else ("are", "were", "have")
        agreed = dict(zip(("is", "was", "has"), words, strict=True))
        everyone = listing([_phrase(group, rng) for group in scene.groups])
        form = rng.choice(voice.styled if inside else voice.casts)
        cast = [form.format(list=everyone, style=scene.style, **agreed)]
    places = _places(scene, scene.arrangement, rng, voice) if scene.arrangement else []
    deeds = []
    if deed:
        groups = {group.kind: group for group in scene.groups}
        a, b = groups[deed[0]], groups[deed[2]]
        both = {**_agree("a", a), **_agree("b", b), **_verb_forms(deed[1], a)}
        deeds = [rng.choice(voice.deeds).format(**both)]
    facts = [*places, *deeds] if rng.random() < 0.5 else [*deeds, *places]
    told = [*cast, *facts]
    if scene.style and not inside:
        told.insert(rng.choice((len(cast), len(told))), rng.choice(voice.moods).format(style=scene.style))
    if rng.random() < 0.3:
        told.append(rng.choice(voice.asides))
    return " ".join(map(sentence, told))


STYLED_CAPTIONS = (
    "plate from a {style} album: {body}", "{style} wallpaper with {body}", "{body} on a {style} postcard",
    "page of a {style} sketchbook with {body}", "look what I drew, very {style}: {body}",
    "alt text: {body}, everything rather {style}", "a {style} canvas that holds {body}",
    "the artist turned {style} and gave us {body}", "stamp design, {style}: {body}",
)  # fmt: skip
PLAIN_CAPTIONS = (
    "plate from an album: {body}", "wallpaper with {body}", "{body} on a postcard", "what you see {be} {body}",
    "page of a sketchbook with {body}", "look what I drew: {body}", "alt text: {body}", "a canvas that holds {body}",
    "the artist gave us {body}", "stamp design: {body}", "untitled ({body})",
)  # fmt: skip
JOINS = {
    "left of": (" placed left of ", " situated to the left of ", " somewhere to the left of "),
    "above": (" placed above ", " situated above ", " somewhere above "),
}


def caption(scene: Scene, rng: random.Random) -> str:
    """As `mini.world.texts.caption`, in wordings that were never trained on nor tuned to."""
    phrases = [_phrase(group, rng) for group in scene.groups]
    body, single = listing(phrases), len(phrases) == 1 and scene.groups[0].count == 1
    if scene.arrangement:
        way = {"left of": "to the right", "above": "below"}[scene.arrangement]
        beyond = "".join(f" and {phrase} further {way}" for phrase in phrases[2:])
        forms = [join.join(phrases) for join in JOINS[scene.arrangement]]
        forms.append(f"{phrases[0]}, with {phrases[1]} {way}{beyond}")
        if len(phrases) == 2:
            forms.append(f"{phrases[1]} {rng.choice(FAR[scene.arrangement])} {phrases[0]}")
        body = rng.choice(forms)
    form = rng.choice(STYLED_CAPTIONS if scene.style else PLAIN_CAPTIONS)
    return sentence(form.format(body=body, style=scene.style, be="is" if single else "are"))


# Films.


@dataclass(frozen=True)
class _Reader:
    """How one kind of radiologist reports.

    `{a}` is the finding with its article ("a small nodule"), `{be}` and `{s}` agree with it, `{kind}` is its bare
    name and `{sized}` its size after a comma, `{site}` its place ("left base"), `{the}` the same with an article,
    `{holds}` with a verb, `{where}` with a preposition; `{how}` is the degree of an enlarged heart as an adverb.
    """

    notes: Frames
    hearts: Frames
    tubes: Frames
    clear: dict[str, Frames]
    together: str
    """For several normal structures at once."""
    denials: Frames
    conclusions: Frames
    nothing: Frames
    normal: Frames
    """Said of films without any device only."""
    devices: str
    pneumonia: str
    reason: str
    others: Frames
    full: bool = True
    """In full sentences, with articles."""
    leads: bool = False
    """Names each structure before it speaks of it."""


READERS = (
    _Reader(  # a letter to a colleague
        ("our film reveals {a} {where}", "you will notice {a} {where}", "deserving your attention {be} {a} {where}",
         "{a} show{s} up {where}", "we came across {a} {where}"),
        ("we measured the heart as {how}enlarged", "your patient has {heart}", "the heart strikes us as {how}enlarged"),
        ("an endotracheal tube has been passed, its tip above the carina",
         "your patient has an ET tube, correctly sited above the carina"),
        {"lungs": ("neither lung shows anything abnormal", "your patient has lungs that are clear in every zone",
                   "nothing suggests a nodule, an opacity or a consolidation"),
         "pleura": ("both pleural spaces are free of effusion and pneumothorax",
                    "nothing suggests an effusion or a pneumothorax", "we found the pleura to be normal"),
         "heart": ("the heart is of normal dimensions", "in size the heart is quite normal",
                   "nothing suggests cardiomegaly")},
        "nothing abnormal was found in the {}",
        ("of {} there was no sign", "we looked for {} and found none"),
        ("to conclude, your patient has {}", "so in short we are looking at {}", "what you need to know of is {}"),
        ("happily, there is no acute disease to report", "we can reassure you that there is no acute disease"),
        ("happily, your patient has a normal chest",),
        "your patient carries {}", "given the fever, we suspect pneumonia", "your request mentions {}",
        ("the skeleton gave us no concern", f"with kind regards, {MARK}", f"a copy has gone to {MARK}"),
    ),
    _Reader(  # aloud, structure by structure
        ("I notice {a} {where}", "{a} stand{s} out {where}", "my eye goes to {a} {where}", "I count {a} {where}",
         "what I get is {a} {where}"),
        ("I would call it {how}enlarged", "its outline looks {how}enlarged", "I measure {heart}"),
        ("I notice an ET tube that stops above the carina", "an endotracheal tube is down, tip above the carina"),
        {"lungs": ("I get clear lungs", "they look clear to me", "they are clear from apex to base"),
         "pleura": ("I notice no effusion and no pneumothorax", "it looks normal all round",
                    "I can rule out an effusion and a pneumothorax"),
         "heart": ("its size looks normal to me", "I would call it normal", "it is not enlarged at all")},
        "quickly done: I would call the {} normal",
        ("I do not notice {}", "I can rule out {}"),
        ("putting it together, I get {}", "if I had to sum up: {}", "my take is {}"),
        ("putting it together, I get no acute disease", "my take is that nothing acute is going on"),
        ("if I had to sum up: normal",),
        "for hardware I count {}", "add the fever and pneumonia comes to mind", "they told me about {}",
        ("I skipped the bones, which look fine", f"I read this out to {MARK}", "the film is well centred"),
        leads=True,
    ),
    _Reader(  # in keywords, the attributes after the noun
        ("positive for {kind}{sized}, {site}", "{kind} demonstrated{sized}, {site}", "{site} positive: {kind}{sized}",
         "{kind} projecting over {site}{sized}", "{kind} confined to {site}{sized}"),
        ("positive for cardiomegaly{sized}", "heart measured, {how}enlarged",
         "cardiomegaly demonstrated{sized}"),
        ("ET tube sited, tip above carina", "endotracheal tube demonstrated, tip above carina"),
        {"lungs": ("all lung zones clear", "lungs clear, right and left", "negative for nodule and consolidation"),
         "pleura": ("negative for effusion, negative for pneumothorax", "pleura negative, normal",
                    "pleural spaces clear, right and left"),
         "heart": ("heart size on film normal", "cardiomegaly criteria not met", "heart measured, normal")},
        "normal as far as shown: {}",
        ("search for {} negative", "{} not demonstrated"),
        ("final: {}", "net result: {}", "radiographic diagnosis: {}"),
        ("final: nothing acute", "radiographic diagnosis: no active process"), ("net result: all normal",),
        "foreign material: {}", "fever given, query pneumonia", "clinical question: {}",
        ("skeleton negative", f"verified: {MARK}", "erect, single exposure"), full=False,
    ),
    _Reader(  # impersonal, as in a teaching file
        ("{a} project{s} over {the}", "the examination is notable for {a} {where}", "{where} lie{s} {a}",
         "evident {where} {be} {a}", "{holds} {a}"),
        ("on measurement the heart proves {how}enlarged", "the examination is notable for {heart}",
         "the contour of the heart is that of {heart}"),
        ("the tip of an endotracheal tube projects above the carina",
         "intubation is documented, with the ET tube ending above the carina"),
        {"lungs": ("aeration of the lungs is normal", "from apex to base the lungs remain clear",
                   "neither nodule nor opacity nor consolidation is shown"),
         "pleura": ("neither effusion nor pneumothorax is shown", "the pleura is of normal appearance",
                    "the pleura remains clear of effusion and pneumothorax"),
         "heart": ("the heart proves normal on measurement", "the contour of the heart is normal",
                     "the heart does not exceed its normal size")},
        "appearances are normal as regards the {}",
        ("absence of {} is documented", "the examination fails to show {}"),
        ("the diagnosis to be made is {}", "these appearances amount to {}", "the teaching point is {}"),
        ("these appearances amount to no acute disease", "the teaching point is the absence of acute disease"),
        ("these appearances amount to a normal chest",),
        "implanted or inserted material comprises {}", "in view of the fever, pneumonia must be considered",
        "the clinical details state {}",
        ("rotation is negligible", f"the exposure was made at {MARK}", "the ribs bear no fracture"),
    ),
)  # fmt: skip

LEADS: dict[str | None, str] = {
    "lungs": "as regards the lungs, ", "pleura": "turning to the pleura, ", "heart": "moving to the heart, ",
    None: "checking for devices, ",
}  # fmt: skip
HOW = {None: ("",), "mild": ("mildly ", "slightly "), "severe": ("severely ", "markedly ")}
BEFORE = {"new": ("new",), "unchanged": ("unchanged", "stable")}
"""Words of change before a finding; a "larger small effusion" would be odd."""
CLAUSES = {
    "new": ("new against {}", "to be called new, judging by {}"),
    "unchanged": ("unchanged against {}", "still stable, judging by {}"),
    "larger": ("larger against {}", "increasing, judging by {}"),
}
SENTENCES = {
    "new": ("set against {}, it counts as new", "{} did not have it, so it must be new"),
    "unchanged": ("set against {}, it is unchanged", "{} had it as well, and it has been stable"),
    "larger": ("set against {}, it has increased", "{} had it as well, but now it is larger"),
}
TAGS = {
    "new": ("status: new", "(new)"), "unchanged": ("status: unchanged", "status: stable", "(stable)"),
    "larger": ("status: increasing", "status: larger", "(increasing)"),
}  # fmt: skip
EARLIER = ("the preceding film", f"the examination dated {MARK}", "the baseline film")
DENIED: dict[str | None, Frames] = {
    "lungs": ("nodule", "consolidation", "atelectasis"), "pleura": ("effusion", "pneumothorax"),
    None: ("endotracheal tube", "pacemaker"),
}  # fmt: skip


def _article(text: str) -> str:
    if text.endswith(BARE):
        return text
    return f"an {text}" if text[0] in "aeiou" or text.startswith("ET") else f"a {text}"


def _site(finding: Finding, rng: random.Random) -> tuple[str, str, str]:
    """Where it is: a preposition, an article if there is one, and a place."""
    side, zone, place = finding.side, finding.zone, KINDS[finding.kind].place
    if side == BOTH:
        return "at", "", "both bases"
    if place in ("base", "apex"):
        return "at", "the", rng.choice([f"{side} {place}", f"{place} of the {side} lung"])
    if place == "wall":
        return "over", "the", rng.choice([f"{side} chest wall", f"chest wall on the {side}"])
    if not zone:
        return rng.choice([("in", "the", f"{side} lung"), ("in", "the", f"{side} hemithorax")])
    lobe = LOBES.get((side or "", zone), f"{side} {zone} lobe")
    return "in", "the", rng.choice([f"{side} {zone} zone", lobe, f"{zone} zone of the {side} lung"])


def _name(finding: Finding, rng: random.Random) -> tuple[str, str]:
    """A word of size, if it is told, and what it is called."""
    # No "big pleural fluid", no "minimal nodule", and no "left lower lobe lobar consolidation".
    names = [
        n for n in NAMES[finding.kind] if n != "lobar consolidation" and not (finding.size and "fluid" in n)
    ]
    sizes = SIZE_WORDS[finding.size] if finding.size else ("",)
    if finding.kind == "nodule":
        sizes = tuple(word for word in sizes if word not in ("minimal", "extensive"))
    return rng.choice(sizes), rng.choice(names)


def _joined(*words: str) -> str:
    return " ".join(filter(None, words))


def _tell(finding: Finding, rng: random.Random, voice: _Reader, note: str) -> list[str]:
    """One finding in one sentence, or in two of which the second tells the change."""
    before, change = "", finding.change
    size, kind = _name(finding, rng)
    if finding.kind == "cardiomegaly":
        note = rng.choice(voice.hearts)
    elif finding.kind == "tube":
        return [rng.choice(voice.tubes)]
    elif voice.full and change in BEFORE and rng.random() < 0.4:
        before, change = rng.choice(BEFORE[change]), None
    preposition, article, site = _site(finding, rng)
    bare, both = kind.endswith("clips"), finding.side == BOTH
    how = rng.choice(HOW.get(finding.size, ("",)))
    said = note.format(
        a=_article(_joined(before, size, kind)), kind=kind, sized=f", {size}" if size else "", site=site,
        the=_joined(article, site), where=_joined(preposition, article, site), be="are" if bare else "is",
        s="" if bare else "s", holds=_joined(article, site, "exhibit" if both else "exhibits"),
        how=how, heart=_article(f"{how}enlarged heart"),
    )  # fmt: skip
    if not change:
        return [said]
    if not voice.full:
        tag = rng.choice(TAGS[change])
        return [f"{said} {tag}" if tag.startswith("(") else f"{said}, {tag}"]
    earlier = rng.choice(EARLIER)
    if rng.random() < 0.5:
        return [said, rng.choice(SENTENCES[change]).format(earlier)]
    return [f"{said}, {rng.choice(CLAUSES[change]).format(earlier)}"]


def _findings(film: Film, whole: Film, rng: random.Random, voice: _Reader) -> str:
    """Structure by structure in any order; now and then all that is normal at once, at the end or the beginning."""
    kinds = {finding.kind for finding in whole.findings}
    together = len(film.normal) > 1 and rng.random() < 0.3
    notes = rng.sample(voice.notes, len(voice.notes))
    parts: list[str] = []
    for structure in rng.sample((*STRUCTURES, None), len(STRUCTURES) + 1):
        found = [finding for finding in film.findings if KINDS[finding.kind].structure == structure]
        said = [text for finding in found for text in _tell(finding, rng, voice, notes.pop())]
        absent = [kind for kind in DENIED.get(structure, ()) if kind.split()[-1] not in kinds]
        if structure in film.normal and not together:
            said.append(rng.choice(voice.clear[structure]))
        elif said and absent and rng.random() < 0.3:
            kind = rng.choice(absent)
            said.append(rng.choice(voice.denials).format(_article(kind) if voice.full else kind))
        if voice.leads and said:
            said[0] = LEADS[structure] + said[0]
        parts += said
    if together:
        parts.insert(rng.choice((0, len(parts))), voice.together.format(listing(list(film.normal))))
    if rng.random() < 0.25:
        parts.append(rng.choice(voice.others))
    return " ".join(map(sentence, parts))


def _point(finding: Finding, rng: random.Random, voice: _Reader) -> str:
    """One finding in a few words: "small right-sided effusion"."""
    side, zone = finding.side, finding.zone
    size, kind = _name(finding, rng)
    if side == BOTH:
        where = "bilateral"
    elif zone:
        where = f"{side} {zone} zone"
    elif KINDS[finding.kind].place == "wall":
        where = f"{side} chest wall"
    else:
        where = f"{side}-sided" if side else ""
    point = _joined(size, where, kind)
    return _article(point) if voice.full else point


def _impression(film: Film, whole: Film, rng: random.Random, voice: _Reader) -> str:
    points = [_point(finding, rng, voice) for finding in film.findings if not finding.device]
    devices = [_point(f, rng, voice) for f in film.findings if f.device and rng.random() < 0.5]
    if points:
        if len(points) > 1 and rng.random() < 0.3:
            points = ["; ".join(f"({letter}) {point}" for letter, point in zip("abc", points, strict=False))]
        said = [rng.choice(voice.conclusions).format(listing(points))]
    else:
        bare = not any(finding.device for finding in whole.findings)
        said = [rng.choice((*voice.nothing, *voice.normal) if bare else voice.nothing)]
    if devices:
        said.append(voice.devices.format(listing(devices)))
    if film.pneumonia and rng.random() < 0.5:
        said.append(voice.pneumonia)
    return " ".join(map(sentence, said))


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """As `mini.world.reports.report`, in wordings that were never trained on nor tuned to."""
    voice, whole = rng.choice(READERS), denied or film
    cause = "a fall" if film.history == "fall" and voice.full else film.history
    reason = sentence(voice.reason.format(cause)) if cause else ""
    comparison = f"Earlier film, {MARK}." if any(finding.change for finding in film.findings) else ""
    body, short = _findings(film, whole, rng, voice), _impression(film, whole, rng, voice)
    if reason and rng.random() < 0.25:  # as in life, some say it again
        body = f"{reason} {body}"
    return Report(reason, comparison, body, short)
