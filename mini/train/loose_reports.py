"""Tells films without fixed sentence frames (see `mini.train.fillers`): any order, any words around the facts."""

import random

from mini.train.fillers import loose
from mini.world.chest import BOTH, KINDS, STRUCTURES, Film, Finding
from mini.world.reports import MARK, NAMES, SIZE_WORDS, place_words
from mini.world.texts import listing, sentence

NAMED = ("{size} {name}", "{size} {word} {name}", "{name}, {any} {size},")
SIZED_OR_NOT = ("{name}", "{word} {name}")


def name_words(finding: Finding, rng: random.Random) -> str:
    """What it is, with its size before the name or after it."""
    name = rng.choice(NAMES[finding.kind])
    if not finding.size:
        return loose(rng.choice(SIZED_OR_NOT), rng, {"name": name})
    return loose(rng.choice(NAMED), rng, {"name": name, "size": rng.choice(SIZE_WORDS[finding.size])})


ZONES = (
    "{any} {side} {word} {zone} (zone|lobe|third|part)",
    "{zone} (zone|third|part|lung) {some} {side} {any}",
    "{side} (lung|hemithorax), {any} {zone} (zone|lobe|third)",
    "{any} {side} (side|lung|hemithorax), {zone} {word}",
    "(in|within|of|over|overlying) the {side} {any}, {zone} (zone|third|part|portion)",
    "(in|within|of|over|overlying) the {zone} {any} of the {side} {any}",
    "{zone} {word} {side} (lung|hemithorax)",
    "{side} {zone} {word}",
    "{side} (side|lung|hemithorax) {any} {zone} {word}",
    "{word} {zone} {any}, {side} (side|lung|hemithorax)",
    "{side} {any} {zone}",
    "{zone} (aspect|portion|field|region) {some} {side} {any}",
    "{side}, {any} {zone} {word}",
    "{zone} (zone|third|part|lung) (on|at|to) {any} {side}",
    "{any} {zone}, {side}",
)
MIDDLE = "(mid|middle|mid)"
LINGULA = ("lingula {any}", "{some} lingula", "lingular {word}")
SIDED = ("{any} {side} {any}", "{side} (lung|hemithorax|chest) {any}", "{some} {side} (side|lung)")
ENDS = ("{any} {side} {end} {any}", "{end} {some} {side} {any}", "{side} (side|chest|hemithorax) {any}")
BOTH_SIDES = ("{any} both (sides|bases|lungs)", "bilateral {any}", "{some} bilaterally")


def where(finding: Finding, rng: random.Random) -> str:
    """Where it is; one time in three as reports say it."""
    if rng.random() < 1 / 3:
        return place_words(finding, rng)
    place = KINDS[finding.kind].place
    forms: tuple[str, ...] = SIDED
    if finding.side == BOTH:
        forms = BOTH_SIDES
    elif finding.zone:
        forms = ZONES
    elif place in ("base", "apex"):
        forms = ENDS
    if (finding.side, finding.zone) == ("left", "mid") and rng.random() < 0.3:
        forms = LINGULA
    zone = loose(MIDDLE, rng) if finding.zone == "mid" else finding.zone or ""
    facts = {"side": finding.side or "", "zone": zone, "end": place}
    return loose(rng.choice(forms), rng, facts)


def ahead(finding: Finding, rng: random.Random) -> str:
    """Where it is, as words before its name."""
    if finding.side == BOTH:
        return "bilateral"
    pattern = "{side}(|-sided) {zone} (zone|lobe)" if finding.zone else "{side}(|-sided)"
    zone = loose(MIDDLE, rng) if finding.zone == "mid" else finding.zone or ""
    return loose(pattern, rng, {"side": finding.side or "", "zone": zone})


SEEN = (
    "{any} {name} {any} {place} {any}",
    "{any} {place} {any} {name} {any}",
    "{place}: {any} {name}",
    "{name}: {place}",
    "{name}, {any} {place} {any}",
    "{any} {name} {be} {found} {any} {place}",
    "{any} {name} {any} {place} {be} {found}",
    "{any} {found} {be} {any} {name} {any} {place}",
    "{place} {any} {be} {found} {any} {name}",
    "{as} {name} {any} {place}",
    "{name} {any} {place}, {as} {word}",
    "{name} - {place}",
    "{ahead} {name}",
    "{any} {ahead} {name} {any}",
    "{any} {ahead} {name} {be} {found} {any}",
)
BRACKETED = 0.1
"""Share of places that stand in brackets, which patterns cannot say."""
FOUND = "(identified|appreciated|visible|demonstrated|evident|depicted|apparent|described|observed|shown)"
AS = "(evidence of|consistent with|in keeping with|suggestive of|compatible with|suspected|probable)"
HOW = {None: "", "mild": "(mildly|slightly)", "severe": "(severely|markedly)"}
HEARTS = (
    "{any} heart {some} {how} enlarged {any}", "{any} {how} enlarged {word} heart", "heart {some} {how} enlarged",
    "{any} cardiac silhouette {any} {how} enlarged",
)  # fmt: skip
TUBES = ("{any} (endotracheal|ET) tube {any}", "{some} tube {any} trachea", "{some} intubated {any}")
CHANGED = {"new": "new", "unchanged": "(unchanged|stable)", "larger": "(larger|increasing|increased)"}
CHANGES = ("{any} {change} {any}", "{change} {some}", "{some} {change}", "{change}")
THEN = (
    MARK, f"{MARK} {MARK}", f"(the|that|a) (film|study|one) {{word}} {MARK}", "{some}",
    "(the|that|an|our|her|his) {any} (prior|previous|last|earlier|old|former) (film|study|one|radiograph|exam)",
    "(the|that|an|our|her|his) {any} (prior|previous|last|earlier|old|former) (film|study|one|radiograph|exam)",
)  # fmt: skip
SINCE = (
    "{any} {change} (since|from|against|versus|relative to|compared with|compared to|as against) {then} {any}",
    "(since|from|against|versus|relative to|compared with|in comparison with|beside|after) {then} {any} {change} {any}",
    "(between|from) {then} (and|to) {word} {any} {change} {any}",
    "{any} {then} {some} {change} {any}",
    "{some} {change} {some} {then}",
    "{then}: {any} {change}",
)
"""What has changed since when, in a sentence of its own; it is said of the finding before."""
NAMED_LATER = (
    "{any} {name} {any} {change} {any}",
    "{any} {change} {any} {name} {any}",
    "{name}: {any} {change}",
)
"""The same after other findings, so that it has to be named."""
WAYS = ("ahead", "clause", "clause", "next", "next", "later")
"""How a change is told: before the name, with the finding, in the next sentence, or after all else."""


def tell(finding: Finding, rng: random.Random, way: str = "") -> str:
    """One finding in one or two sentences; a change in one of `WAYS`, or not at all."""
    early = f"{loose(CHANGED[finding.change], rng)} " if finding.change and way == "ahead" else ""
    if finding.kind == "cardiomegaly" and not early and rng.random() < 0.6:
        body = loose(rng.choice(HEARTS), rng, {"how": loose(HOW[finding.size], rng)})
    elif finding.kind == "cardiomegaly":
        body = loose("{any} {name} {any}", rng, {"name": early + name_words(finding, rng)})
    elif finding.kind == "tube":
        body = loose(rng.choice(TUBES), rng)
    elif rng.random() < BRACKETED:
        body = f"{loose('{any}', rng)} {early}{name_words(finding, rng)} ({where(finding, rng)})".strip()
    else:
        facts = {
            "name": early + name_words(finding, rng),
            "place": where(finding, rng),
            "ahead": ahead(finding, rng),
            "be": rng.choice(("is", "are")),
        }
        facts |= {"found": loose(FOUND, rng), "as": loose(AS, rng)}
        body = loose(rng.choice(SEEN), rng, facts)
    if not finding.change or way in ("ahead", "later"):
        return sentence(body)
    words = {"change": loose(CHANGED[finding.change], rng), "then": loose(rng.choice(THEN), rng)}
    change = loose(rng.choice(rng.choice((CHANGES, SINCE))), rng, words)
    return sentence(f"{body}, {change}") if way == "clause" else f"{sentence(body)} {sentence(change)}"


def tell_change(finding: Finding, rng: random.Random) -> str:
    """What has changed of a finding that was told before."""
    name = "heart" if finding.kind == "cardiomegaly" else rng.choice(NAMES[finding.kind])
    words = {"change": loose(CHANGED[finding.change or ""], rng), "name": name}
    return sentence(loose(rng.choice(NAMED_LATER), rng, words))


CLEAR = {
    "lungs": ("{any} lungs {any} (clear|normal|unremarkable) {any}", "{any} (clear|normal) {any} lungs {any}",
              "{any} no (abnormality|opacity|consolidation|disease) {any} lungs {any}",
              "{any} no (abnormality|disease) {any} (either|each) lung",
              "{any} (either|each|both) {any} (lung|lungs) {any} normal",
              "no {any} (opacity|consolidation), {any} no {any} (consolidation|nodule), {any} no "
              "{any} (nodule|opacity)",
              "{any} no {any} (opacity|consolidation) {any} (nodule|opacity) {any} (nodule|consolidation)"),
    "pleura": ("{any} no {any} effusion {any} no {any} pneumothorax {any}",
               "{any} no {any} pneumothorax {any} effusion {any}",
               "{any} (pleura|pleural spaces) {any} (clear|normal|unremarkable) {any}",
               "{any} (effusion and {any} pneumothorax|pneumothorax and {any} effusion) {any} (absent|excluded) {any}",
               "{any} (pleura|pleural spaces) {any} no (fluid|effusion) {any} no pneumothorax",
              "{any} (pleura|pleural spaces) {any} (clear|normal) {any} (both|either|each) {word}",
              "{any} no {any} (fluid|effusion|pneumothorax) {any} (both|either|each) {word}"),
    "heart": ("{any} heart {any} (normal|not enlarged) {any}", "{any} normal {any} heart {any}",
              "{any} cardiac (silhouette|size) {any} normal {any}", "{any} normal cardiac {any}",
              "{any} no {any} (cardiomegaly|cardiac enlargement|enlargement of the heart) {any}",
              "{any} heart {any} (no|without) {any} enlargement {any}"),
}  # fmt: skip
DENIED: dict[str | None, tuple[str, ...]] = {
    "lungs": ("consolidation", "nodule", "opacity", "atelectasis"), "pleura": ("effusion", "pneumothorax"),
    None: ("tube", "pacemaker", "clips"),
}  # fmt: skip
DENIALS = ("{any} no {any} {kind} {any}", "{any} {kind} {any} (absent|excluded)", "{any} absence of {any} {kind}",
           "{some} negative for {kind}")  # fmt: skip
NOTHING = (
    "{any} normal {any} chest {any}", "{any} no {any} acute {any}", "{any} negative {any}",
    "{any} unremarkable {any} chest",
)  # fmt: skip


HEADINGS = {
    "lungs": "(lungs|lung|lung fields|chest)", "pleura": "(pleura|pleural spaces|pleural)", "heart": "(heart|cardiac)",
    None: "(devices|lines and tubes|hardware|foreign bodies)",
}  # fmt: skip
HEADED = 0.25
"""Share of the reports with a line of its own for each structure."""


def report(film: Film, rng: random.Random, denied: Film | None = None) -> str:
    """Findings and an impression, in this order or the other, as `mini.world.reports.report` tells them but for the
    history. Denies only what `denied`, the whole film, lacks too."""
    body = findings(film, rng, denied)
    if rng.random() < 0.2:
        return body
    short = impression(film, rng)
    return "\n".join([short, body] if rng.random() < 0.8 else [body, short])


def findings(film: Film, rng: random.Random, denied: Film | None = None) -> str:
    """The section of findings, structure by structure."""
    kinds = {finding.kind for finding in (denied or film).findings}
    headed = rng.random() < HEADED
    structures: list[str | None] = [*STRUCTURES, None]
    rng.shuffle(structures)
    parts: list[str] = []
    ways = {finding.kind: rng.choice(WAYS) for finding in film.findings}
    for structure in structures:
        found = [f for f in film.findings if KINDS[f.kind].structure == structure]
        said = [tell(finding, rng, ways[finding.kind]) for finding in found]
        absent = [kind for kind in DENIED.get(structure, ()) if kind not in kinds]
        if structure in film.normal:
            said.append(sentence(loose(rng.choice(CLEAR[structure]), rng)))
        elif absent and rng.random() < (0.35 if found else 0.1 if structure is None else 0.0):
            name = rng.choice(NAMES[rng.choice(absent)])
            said.append(sentence(loose(rng.choice(DENIALS), rng, {"kind": name})))
        if rng.random() < 0.15:
            said.append(sentence(loose("{much}", rng)))
        if said and headed:
            heading = loose(HEADINGS[structure], rng)
            parts.append(sentence(f"{heading}: {'; '.join(map(_unended, said))}"))
        else:
            parts += said
    parts += [tell_change(f, rng) for f in film.findings if f.change and ways[f.kind] == "later"]
    return " ".join(parts)


def _unended(text: str) -> str:
    """A sentence as a part of another: without its capital, unless that is an abbreviation's, and its full stop."""
    text = text.removesuffix(".")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def impression(film: Film, rng: random.Random) -> str:
    """All findings in one sentence or in one each; without any, that nothing is wrong."""
    points = [
        f"{name_words(f, rng)} {where(f, rng)}" for f in film.findings if KINDS[f.kind].place != "midline"
    ]
    points += [
        loose(rng.choice(HEARTS[:2]), rng, {"how": loose(HOW[f.size], rng)})
        for f in film.findings
        if f.kind == "cardiomegaly"
    ]
    if not points:
        return sentence(loose(rng.choice(NOTHING), rng))
    if rng.random() < 0.5:
        return sentence(loose("{any} {points} {any}", rng, {"points": listing(points)}))
    return " ".join(sentence(point) for point in points)
