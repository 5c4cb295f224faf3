"""Films in the voices of an emergency physician, a dictating radiologist, a form and a teacher."""

import random
import re

from mini.train.authors.sentences import tidy
from mini.world.chest import BOTH, KINDS, Film, Finding
from mini.world.reports import (
    COMPARED,
    LOBES,
    MARK,
    NAMES,
    NOT_COMPARED,
    SIZE_WORDS,
    ZONE_WORDS,
    Report,
    with_article,
)

# In the tables name is the finding with its size (a: with article), core without it, at its place with a
# preposition, spot without one, pre the place before a noun.

TERSE = (
    "{name} {at}", "{spot}: {name}", "{pre} {name}", "{name}, {spot}", "{at}: {name}", "+ {name}, {spot}",
    "{name} - {spot}", "finding: {name}. Location: {spot}",
)  # fmt: skip
DICTATED = (
    "we can see {a} {at}", "{at} there {be} {a}", "please look at {a} {at}", "{a} {be} identified {at}",
    "what is seen {at} would be {a}", "{a} project{s} {at}", "the film shows {a} {at}", "{at} one makes out {a}",
)  # fmt: skip
FORMAL = (
    "{pre} {name} {be} seen", "{pre} {name} noted", "evidence of {pre} {name}", "{name} {be} noted {at}",
    "{name} seen {at}", "{a} {be} present {at}", "{pre} {name} {be} present", "shows {name} {at}",
)  # fmt: skip
TEACHING = (
    "note the {name} {at}", "the eye goes to {a} {at}", "you should find the {name} {at}", "look {at} for the {name}",
    "this is how {a} {at} look{s}", "the point of this case is the {name} {at}", "here {be} {a} {at}",
    "do not overlook the {name} {at}",
)  # fmt: skip
SIZED = (
    "{core} {at}, {size}", "{a_core} {be} seen {at}; {they} {be} {size}", "{size} in size, {a_core} {be} seen {at}",
    "the {core} {at} {be} {size}", "{spot}: {core}, {size}", "{pre} {core}, {size} in extent", "{core} ({size}) {at}",
    "{core}, {spot}, size {size}", "there {be} {a_core} {at}. {they} {be} {size}", "{pre} {core}. Size: {size}",
)  # fmt: skip
SPLIT = (
    "there {be} {a}. {they} {be} {at}", "{name}. Zone: {zone}, side: {side}", "{name}, zone {zone}, side {side}",
    "{side} side, {zone} zone, {name}", "{side}-sided {name}, {zone} zone",
    "in the {zone} zone, {side}-sided, {be} {a}",
    "in the {side} lung there {be} {a}. The {zone} zone is where {they} lie{s}", "{name} ({side}, {zone} zone)",
    "{side} lung with {a}, {zone} zone", "{a} of the {side} lung, more exactly of the {zone} zone",
)  # fmt: skip
HEARTS = (
    "heart {how}enlarged", "the heart, {how}enlarged, stands out", "{how}enlarged cardiac silhouette",
    "I find the heart {how}enlarged", "note how the heart is {how}enlarged", "the heart shadow is {how}enlarged",
    "{how}enlarged heart", "heart: {how}enlarged", "cardiac silhouette {how}enlarged", "there is {size}cardiomegaly",
    "{size}enlargement of the heart is seen", "{size}cardiac enlargement", "cardiomegaly, {size_after}",
    "the heart shows {size}enlargement", "{size}cardiomegaly noted", "one cannot miss the {size}cardiomegaly",
)  # fmt: skip
TUBES = (
    "ET tube in situ", "endotracheal tube in place", "an ET tube is seen in the trachea",
    "tube: endotracheal tube, well placed", "we see the endotracheal tube above the carina",
    "the tip of the ET tube is above the carina", "intubated, ET tube ok", "note the endotracheal tube in the trachea",
    "status post intubation with an ET tube", "ET tube tip above carina", "the patient has an endotracheal tube",
    "endotracheal tube seen, tip in the trachea", "there is an endotracheal tube",
    "via the trachea runs an endotracheal tube", "the endotracheal tube is where it should be",
    "ET tube projects normally",
)  # fmt: skip
BEFORE = {"new": ("new",), "unchanged": ("stable", "unchanged"), "larger": ("increasing", "increased")}
WHEN = (
    MARK,
    f"the film of {MARK}",
    "the prior film",
    "the last study",
    f"the study dated {MARK}",
    "the previous film",
)
TAILS = {
    "new": (", new since {when}", ", new", " (new)", ", which is new", ", a new finding since {when}", "; new"),
    "unchanged": (", unchanged", " (stable)", ", stable since {when}", ", which is unchanged",
                  "; unchanged from {when}",
                  ", stable compared with {when}"),
    "larger": (", larger than on {when}", " (increasing)", ", increased since {when}", ", which has increased",
               "; larger than before", ", increasing compared with {when}"),
}  # fmt: skip
AFTER = {
    "new": ("this is new since {when}", "new", "new compared with {when}", "that is new", "new since {when}"),
    "unchanged": ("this is unchanged since {when}", "stable", "unchanged from {when}", "it is stable",
                  "it has been stable since {when}"),
    "larger": ("this has increased since {when}", "larger than on {when}", "it is larger now",
               "increased since {when}",
               "it has become larger since {when}"),
}  # fmt: skip
COMPARISONS = (
    "compared with {when}, the {it} is {change}", "comparison with {when}: {it} {change}",
    "the {it} is {change} since {when}", "since {when} the {it} is {change}",
    "with regard to {when}, the {it} is {change}", "interval: {it} {change}",
    "as against {when} I call the {it} {change}", "{change} since {when}: the {it}",
)  # fmt: skip
COMPARED_WORDS = {
    "new": ("new",),
    "unchanged": ("unchanged", "stable"),
    "larger": ("larger", "increased", "increasing"),
}
CLEAR = {
    "lungs": ("lungs clear", "lungs: clear", "the lungs, as far as seen, are clear", "clear lungs",
              "I find the lungs clear",
              "both lungs clear", "the lungs show no opacity, no consolidation and no nodule", "no lung opacity",
              "lungs are normal", "the lungs are normal in appearance", "note that the lungs are clear",
              "clear are both lungs", "no consolidation or nodule in either lung", "normal lungs",
              "lung fields clear"),
    "pleura": ("no effusion, no pneumothorax", "pleura: normal", "pleural spaces clear", "the pleura is normal",
               "there is no effusion and there is no pneumothorax", "no pneumothorax, no pleural effusion",
               "no pleural fluid and no pneumothorax", "we see no effusion and no pneumothorax", "pleura clear",
               "pleural spaces: no effusion, no pneumothorax", "normal pleura", "effusion: no. Pneumothorax: no",
               "no effusion is seen, no pneumothorax either", "the pleural spaces are normal",
               "note that there is no pneumothorax and no effusion"),
    "heart": ("heart normal", "heart: normal size", "the heart is normal", "heart size normal", "normal heart",
              "the heart is not enlarged", "no cardiomegaly", "normal heart size", "cardiac silhouette: normal",
              "no enlargement of the heart", "I find the heart normal in size", "size of the heart is normal",
              "heart size is within normal limits", "note the normal size of the heart", "heart shadow normal"),
}  # fmt: skip
DENIED = {
    "lungs": ("opacity", "consolidation", "nodule", "atelectasis"), "pleura": ("effusion", "pneumothorax"),
    None: ("pacemaker", "endotracheal tube"),
}  # fmt: skip
NO = (
    "no {}", "there is no {}", "we see no {}", "no {} seen", "{}: no", "no evidence of {}", "no sign of {}",
    "negative for {}", "{} is not seen", "no {} is noted", "no {} made out", "{} not present", "no {} at all",
    "no definite {}", "no obvious {}",
)  # fmt: skip
HEADINGS = {
    "lungs": ("Lungs: ", "Lungs and airways: ", "Lung fields: "), "pleura": ("Pleural cavities: ", "Pleural spaces: "),
    "heart": ("Heart: ", "Cardiac: "), None: ("Devices: ", "Lines and tubes: ", "Hardware: "),
}  # fmt: skip
NEUTRAL = (
    "skeleton intact", "the ribs are intact", "single view", "portable film", f"discussed with Dr. {MARK}",
    "rotated film", "good inspiration", "thank you for the referral", "trachea midline", f"read by {MARK}",
    "bones: unremarkable",
)  # fmt: skip
NOTHING = (
    "no acute disease", "normal chest", "normal film", "nothing acute", "no acute abnormality", "no acute finding",
    "impression: normal", "no active disease", f"normal, {MARK}", "a normal case, for practice", "no acute illness",
    "we see no acute abnormality", "chest normal", "normal study", "no acute chest disease",
)  # fmt: skip
REASONS = (
    "{h}", "{h}", "reason: {h}", "clinical details: {h}", "presents with {h}", f"{MARK} y/o, {{h}}",
    "indication is {h}", "{h}, please assess", "seen in the ED for {h}", f"{MARK} with {{h}}", "complaint: {h}",
    "history of {h}", "c/o {h}", "brought in because of {h}", "sent by the GP, {h}", "{h}, day two",
)  # fmt: skip
HISTORY = (
    "history of {}", "clinically {}", "clinical history: {}", "the patient came with {}", "{} is the history given",
    "given {} as history",
)  # fmt: skip
PNEUMONIA = (
    "pneumonia likely given the fever", "with the fever this suggests pneumonia", "fever, so pneumonia is likely",
    "suspicious for pneumonia", "together with the fever, think of pneumonia",
)  # fmt: skip
LABELS = (
    "", "", "", "in summary, ", "in a word: ", "diagnosis: ", "verdict: ", "my reading: ", "teaching point: ",
)  # fmt: skip
VOICE_FRAMES = (TERSE, DICTATED, FORMAL, TEACHING)
ADVERBS = {None: ("",), "mild": ("mildly ", "slightly "), "severe": ("severely ", "markedly ")}


def _places(finding: Finding, rng: random.Random) -> tuple[str, str, str]:
    """Where it is: with preposition, without, and as words before a noun."""
    side, place = finding.side, KINDS[finding.kind].place
    if side == BOTH:
        return rng.choice(("on both sides", "at both bases", "bilaterally")), "both bases", "bilateral"
    if place in ("base", "apex"):
        at = rng.choice(
            (f"at the {side} {place}", f"on the {side}", f"at the {side} lung {place}", f"on the {side} side")
        )
        return at, rng.choice((f"{side} {place}", f"{side} side")), rng.choice((f"{side}-sided", f"{side}"))
    if place == "wall":
        at = rng.choice((f"over the {side} chest", f"in the {side} chest wall", f"on the {side} side"))
        return at, rng.choice((f"{side} chest wall", f"{side} chest", f"{side} side")), f"{side}-sided"
    if finding.zone is None:
        at = rng.choice(
            (f"in the {side} lung", f"on the {side}", f"within the {side} lung", f"on the {side} side")
        )
        return (
            at,
            rng.choice((f"{side} lung", f"{side} side")),
            rng.choice((f"{side}-sided", f"{side} lung", f"{side}")),
        )
    lobe = LOBES.get((side or "", finding.zone))
    spots = [form.format(side=side) for form in ZONE_WORDS[finding.zone]] + ([lobe] if lobe else [])
    spots += [f"{side} lung, {finding.zone} zone", f"{side} {finding.zone} zone"]
    before = [f"{side} {finding.zone} zone", f"{side}-sided {finding.zone} zone"]
    before.append(f"{side} {finding.zone} lobe" if finding.zone != "mid" else f"{side} midlung")
    at = f"{rng.choice(('in', 'in', 'within'))} the {rng.choice(spots)}"
    return at, rng.choice(spots), rng.choice(before)


def _tell(
    finding: Finding, name: str, frames: tuple[str, ...], rng: random.Random, change: bool = True
) -> str:
    """One finding; with `change`, what has changed stands before the name, in a clause or in a sentence after."""
    size = rng.choice(SIZE_WORDS[finding.size]) if finding.size else ""
    ahead = finding.change if change and rng.random() < 0.35 and finding.kind != "cardiomegaly" else None
    early = f"{rng.choice(BEFORE[ahead])} " if ahead else ""
    if finding.kind == "tube":
        said = rng.choice(TUBES)
    elif finding.kind == "cardiomegaly":
        hearts = [f for f in HEARTS if finding.size or "size_after" not in f]
        how = rng.choice(ADVERBS[finding.size])
        words = {"how": how, "size": f"{size} ".lstrip(), "size_after": size}
        said = rng.choice(hearts).format(**words)
    else:
        at, spot, pre = _places(finding, rng)
        core = early + name
        full = f"{early}{size} {name}" if size else core
        if finding.zone and rng.random() < 0.3:
            frames = SPLIT
        elif size and rng.random() < 0.3:
            frames = SIZED
        one = finding.kind != "clips"
        said = rng.choice(frames).format(
            name=full, a=with_article(full), core=core, a_core=with_article(core), size=size, at=at, spot=spot, pre=pre,
            side=finding.side, zone=finding.zone, be="is" if one else "are", s="s" if one else "",
            they="it" if one else "they",
        )  # fmt: skip
    if not finding.change or ahead or not change:
        return said
    table = TAILS if rng.random() < 0.5 else AFTER
    return (
        said
        + (". " if table is AFTER else "")
        + rng.choice(table[finding.change]).format(when=rng.choice(WHEN))
    )


def _section(
    film: Film, structure: str | None, voice: int, names: dict[str, str], rng: random.Random
) -> list[str]:
    """What a report says of one structure or of devices; changes of the kinds missing in `names` are told later."""
    said: list[str] = []
    for finding in (f for f in film.findings if KINDS[f.kind].structure == structure):
        name = names[finding.kind]
        later = name.startswith("*")
        said.append(_tell(finding, name.lstrip("*"), VOICE_FRAMES[voice], rng, not later))
    return said + ([rng.choice(CLEAR[structure])] if structure in film.normal and structure else [])


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """As `mini.world.reports.report`, in other words."""
    voice, headed = rng.randrange(len(VOICE_FRAMES)), rng.random() < 0.3
    kinds = {finding.kind for finding in (denied or film).findings}
    parts: list[str] = []
    order: list[str | None] = ["lungs", "pleura", "heart", None]
    rng.shuffle(order)
    names = {f.kind: rng.choice(NAMES[f.kind]) for f in film.findings}
    ends = [f for f in film.findings if f.change and rng.random() < 0.3]
    names |= {f.kind: f"*{names[f.kind]}" for f in ends}
    for structure in order:
        said = _section(film, structure, voice, names, rng)
        absent = [k for k in DENIED.get(structure, ()) if k.replace("endotracheal ", "") not in kinds]
        if said and absent and structure not in film.normal and rng.random() < 0.35:
            said.append(rng.choice(NO).format(rng.choice(absent)))
        if said and headed and ": " not in said[0]:
            said[0] = rng.choice(HEADINGS[structure]) + said[0]
        parts += said
    for finding in ends:
        change, name = rng.choice(COMPARED_WORDS[finding.change or "new"]), names[finding.kind].lstrip("*")
        parts.append(rng.choice(COMPARISONS).format(when=rng.choice(WHEN), it=name, change=change))
    if film.history and rng.random() < 0.2:
        parts.insert(0, rng.choice(HISTORY).format(film.history))
    if rng.random() < 0.3:
        parts.insert(rng.randint(0, len(parts)), rng.choice(NEUTRAL))
    if not headed and rng.random() < 0.25 and not re.search(r"[.:;]", "".join(parts)):
        body = parts[0] + "".join(
            rng.choice(("; ", ", and ", "; also, ", ", furthermore ")) + part for part in parts[1:]
        )
    else:
        body = " ".join(tidy(part) for part in parts)
    body, short = tidy(body), _impression(film, names, rng)
    changed = any(finding.change for finding in film.findings)
    reason = (
        tidy(rng.choice(REASONS).format(h=film.history))
        if film.history
        else rng.choice(("", MARK, f"{MARK}."))
    )
    compared = rng.choice(COMPARED if changed else NOT_COMPARED)
    return (
        Report(reason, compared, "", body) if rng.random() < 0.06 else Report(reason, compared, body, short)
    )


def _impression(film: Film, names: dict[str, str], rng: random.Random) -> str:
    """The findings again, briefly, or that there are none."""
    told = [f for f in film.findings if not f.device or rng.random() < 0.4]
    frames = ("{name} {at}", "{pre} {name}", "{name}, {spot}", "{spot}: {name}")
    points = [_tell(f, names[f.kind].lstrip("*"), frames, rng, rng.random() < 0.5) for f in told]
    if all(finding.device for finding in film.findings):
        points.insert(0, rng.choice(NOTHING))
    if film.pneumonia and rng.random() < 0.8:
        points.append(rng.choice(PNEUMONIA))
    if len(points) > 1 and rng.random() < 0.3:
        return " ".join(f"{number}) {tidy(point)}" for number, point in enumerate(points, 1))
    if len(points) > 1 and rng.random() < 0.3 and not re.search(r"[.:;]", "".join(points)):
        return tidy(rng.choice(LABELS) + "; ".join(points))
    return " ".join([tidy(rng.choice(LABELS) + points[0]), *(tidy(point) for point in points[1:])])
