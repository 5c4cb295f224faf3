"""Films in the voices of an old consultant, a hurried resident, a template and a teleradiologist."""

import random

from mini.train.authors.gazette.sentences import large, tidy
from mini.world.chest import BOTH, KINDS, Film, Finding
from mini.world.reports import LOBES, MARK, NAMES, SIZE_WORDS, Report, with_article

Forms = tuple[str, ...]

ZONED = (
    "in the {zone} zone on the {side}", "on the {side}, in its {zone} zone", "in the {side} {zone} zone",
    "within the {zone} zone of the {side} lung", "over the {side} {zone} zone",
    "in the {side} lung, in its {zone} zone",
    "in the {zone} part of the {side} lung", "on the {side} side, in the {zone} zone", "in the {zone} {side} lung",
)  # fmt: skip
UNZONED = (
    "in the {side} lung", "on the {side} side", "within the {side} hemithorax",
    "somewhere in the {side} lung",
)  # fmt: skip
PLEURAL = (
    "at the {side} {end}", "on the {side} side", "in the {side} pleural space",
    "on the {side}, at the {end}", "at the {end} on the {side}",
)  # fmt: skip
PACED = ("in the {side} chest wall", "on the {side} side", "over the {side} chest")
TERSE: dict[str, Forms] = {
    "zone": ("{side} lung, {zone} zone", "{zone} zone, {side} side", "{side} {zone} zone", "{side} side, {zone} zone"),
    "lung": ("{side} lung", "{side} side", "{side} hemithorax"),
    "pleura": ("{side} {end}", "{side} side", "{side} pleural space"), "wall": ("{side} chest wall", "{side} side"),
}  # fmt: skip
"""Places without a preposition, for those in a hurry."""
BILATERAL = (
    "on both sides", "at both bases", "bilaterally", "in both pleural spaces", "on the right and on the left",
)  # fmt: skip

VOICED_NOTES: dict[str, Forms] = {
    "consultant": (
        "I note {name} {place}", "{place} one observes {name}", "there {be}, I believe, {name} {place}",
        "it is {place} that I find {name}", "my attention is drawn to {name} {place}", "{place} there {be} {name}",
        "what one sees {place} {be} {name}", "to my eye there {be} {name}, and this {place}",
    ),
    "resident": (
        "{bare} {place}", "{place}: {bare}", "pos for {bare}, {place}", "{bare}, {place}", "got {name} {place}",
        "{bare} - {place}", "+ {bare} {place}",
    ),
    "template": (
        "{bare}: present. Site: {place}", "finding: {bare}. Location: {place}", "{bare} | {place}", "{place}: {bare}",
        "{bare} (yes), {place}", "abnormal. {Bare} {place}",
    ),
    "teleradiologist": (
        "remote read shows {name} {place}", "{name} {be} identified {place}", "{name}, {place}, can be seen",
        "there {be} {name} that {be} visible {place}", "please be aware of {name} {place}",
        "{place}, {name} can be made out", "images received show {name} {place}", "{name} {be} demonstrated {place}",
    ),
}  # fmt: skip
"""How each voice notes a finding with its place."""
HOWS: dict[str | None, Forms] = {
    None: ("",),
    "mild": ("mildly ", "slightly "),
    "severe": ("severely ", "markedly "),
}
HEARTS = (
    "the heart is {how}enlarged", "{how}enlarged heart", "heart: {how}enlarged", "cardiac silhouette {how}enlarged",
    "I find the heart {how}enlarged", "it is the heart that is {how}enlarged", "there is {bare}", "{bare}",
    "the heart, as one sees at once, is {how}enlarged", "cardiac size: {how}enlarged", "evidence of {bare}",
    "{bare} is noted", "heart size - {how}enlarged", "one is struck by how the heart is {how}enlarged",
    "we are shown {bare}",
)  # fmt: skip
TUBES = (
    "endotracheal tube above the carina", "ET tube in place", "an endotracheal tube has been passed",
    "lines and tubes: endotracheal tube", "ET tube seen, tip above the carina", "there is an endotracheal tube",
    "the trachea contains an endotracheal tube", "ET tube: satisfactory", "the patient has an endotracheal tube",
    "I see that an endotracheal tube lies in the trachea", "devices: ET tube", "intubated, ET tube ok",
    "the tip of the endotracheal tube is above the carina", "status post intubation with an ET tube",
    "noted, an endotracheal tube in good position",
)  # fmt: skip
ADJECTIVES = {"new": ("new",), "unchanged": ("unchanged", "stable"), "larger": ("increasing", "increased")}
CLAUSES: dict[str, Forms] = {
    "new": (", new", ", new since {when}", ", which is new", ", and this is new", " (new)", " - new"),
    "unchanged": (", unchanged", ", stable since {when}", ", which is unchanged from {when}", " (stable)",
                  ", and this is unchanged", " - stable"),
    "larger": (", larger than on {when}", ", increasing", ", which has increased since {when}", " (larger)",
               ", and this is larger than before", " - increased"),
}  # fmt: skip
AFTER: dict[str, Forms] = {
    "new": ("it is new", "it is new since {when}", "on {when} it was not seen, so it is new", "change: new",
            "is it new? Yes, new since {when}", "against {when}, this is new"),
    "unchanged": ("it is unchanged", "this has been stable since {when}", "change: unchanged",
                  "on {when} it was as now, unchanged", "has it moved on? It is stable",
                  "against {when}, this is unchanged"),
    "larger": ("it is larger than on {when}", "this has increased since {when}", "change: larger", "it is increasing",
               "on {when} it was less, and now it is larger", "against {when}, this has increased"),
}  # fmt: skip
FRONT: dict[str, Forms] = {
    "new": ("new since {when}: ", "new: ", "as a new finding, "),
    "unchanged": ("unchanged since {when}: ", "stable: ", "as on {when}, unchanged, "),
    "larger": ("larger than on {when}: ", "increasing: ", "increased since {when}: "),
}
WHEN = (
    MARK, f"the film of {MARK}", f"the study of {MARK}", "the prior film", f"{MARK}, {MARK}",
    "the prior study",
)  # fmt: skip

CLEAR: dict[str, Forms] = {
    "lungs": ("the lungs are clear", "lungs: clear", "lungs clear", "I find the lungs quite clear",
              "both lungs are normal", "in the lungs, nothing amiss", "lung fields clear on either side",
              "lungs: normal"),
    "pleura": ("no effusion, no pneumothorax", "pleura: clear", "pleura normal", "pleural spaces are clear",
               "neither pneumothorax nor effusion do I see", "no pneumothorax or effusion", "pleura: normal"),
    "heart": ("heart: normal", "heart size normal", "the heart is of normal size", "heart not enlarged, normal",
              "as to the heart, it is normal", "cardiac silhouette normal", "I find the heart normal in size"),
}  # fmt: skip
DENIED = {
    "lungs": ("consolidation", "nodule", "opacity", "atelectasis"), "pleura": ("effusion", "pneumothorax"),
}  # fmt: skip
DENIALS = (
    "no {}", "{}: none", "I see no {}", "negative for {}", "there is no {}", "of {} there is no sign", "{}: absent",
    "without {}", "no evidence of {}", "{}? No", "{} is not seen", "one finds no {}", "no {} today", "{}: no",
    "not present: {}",
)  # fmt: skip
OTHER = (
    "skeleton unremarkable", "trachea midline", f"read by Dr. {MARK}", "soft tissues unremarkable", f"called to {MARK}",
    "single frontal view", f"dictated but not signed, {MARK}", "technique adequate", "mediastinum unremarkable",
)  # fmt: skip
NOTHING = (
    "no acute finding", "normal chest", "nothing to worry about", "no active disease", f"no acute disease, {MARK}",
    "unremarkable study", "I have nothing to add", "essentially a normal film", "no acute trouble",
)  # fmt: skip
OPENINGS = (
    "", "", "as I see it, ", "impression: ", "in brief, ", "in my view, ", "summing up, ", "conclusion: ",
    "preliminary: ",
)  # fmt: skip
REASONS = (
    "{h}", "{h}, {m}", "{m}-year-old, {h}", "Kindly exclude disease in this patient ({h}).", "Hx: {h}.",
    "Clinical: {h}", "Sent to us for {h}.", "Reason: {h}", "{h} since {m}", "Presents with {h}.", "Please read, {h}.",
    "Dr. {m} reports {h}.", "Complaint: {h}.", "History of {h}, per {m}", "Query cause, {h}.",
)  # fmt: skip
NO_REASON = ("", MARK, f"Routine, {MARK}.", "Not given.")
LABELS = {"lungs": "lungs", "pleura": "pleura", "heart": "heart", None: "devices"}


def _place(finding: Finding, rng: random.Random, terse: bool = False) -> str:
    """Where it is, zone first or side first, with a preposition or, in haste, without."""
    at = KINDS[finding.kind].place
    if finding.side == BOTH:
        return rng.choice(BILATERAL)
    lobe = LOBES.get((finding.side or "", finding.zone or ""))
    if finding.zone and (lobe or finding.zone != "mid") and rng.random() < 0.25:
        return f"in the {lobe or f'{finding.side} {finding.zone} lobe'}"
    region = (
        "zone" if finding.zone else "wall" if at == "wall" else "pleura" if at in ("base", "apex") else "lung"
    )
    full = {"zone": ZONED, "wall": PACED, "pleura": PLEURAL, "lung": UNZONED}[region]
    forms = TERSE[region] if terse and rng.random() < 0.5 else full
    return rng.choice(forms).format(side=finding.side, zone=finding.zone, end=at)


def _name(finding: Finding, rng: random.Random, adjective: str = "") -> tuple[str, str]:
    """What it is, with its article and without."""
    size = rng.choice(SIZE_WORDS[finding.size]) if finding.size else ""
    bare = " ".join(filter(None, [adjective, size, rng.choice(NAMES[finding.kind])]))
    return with_article(bare), bare


def _tell(finding: Finding, voice: str, rng: random.Random) -> str:
    """One finding, and its change before the name, in a clause, in front or in a sentence after it."""
    change, when = finding.change or "", rng.choice(WHEN)
    way = rng.choice(["before", "clause", "after", "after", "front"]) if change else ""
    named, bare = _name(finding, rng, rng.choice(ADJECTIVES[change]) if way == "before" else "")
    if finding.kind == "tube":
        body = rng.choice(TUBES)
    elif finding.kind == "cardiomegaly":
        forms = [form for form in HEARTS if way != "before" or "{bare}" in form]
        body = rng.choice(forms).format(how=rng.choice(HOWS[finding.size]), bare=bare)
    else:
        be = "are" if finding.kind == "clips" else "is"
        forms = [
            form for form in VOICED_NOTES[voice] if way != "front" or not form.startswith(("abn", "find"))
        ]
        place = _place(finding, rng, terse=voice in ("resident", "template"))
        body = rng.choice(forms).format(name=named, bare=bare, Bare=large(bare), place=place, be=be)
    if way == "clause":
        body += rng.choice(CLAUSES[change]).format(when=when)
    if way == "front":
        body = rng.choice(FRONT[change]).format(when=when) + body
    return (
        f"{tidy(body)} {tidy(rng.choice(AFTER[change]).format(when=when))}" if way == "after" else tidy(body)
    )


def _points(film: Film, rng: random.Random) -> list[str]:
    """The findings again in short, or that there are none."""
    points = []
    for finding in film.findings:
        if finding.device and rng.random() < 0.5:
            continue
        bare = _name(finding, rng)[1]
        if finding.kind == "cardiomegaly" and rng.random() < 0.5:
            bare = f"{rng.choice(HOWS[finding.size])}enlarged heart"
        elif finding.side and finding.side != BOTH and rng.random() < 0.4:
            bare = f"{finding.side}-sided {bare}" + (f", {finding.zone} zone" if finding.zone else "")
        elif finding.side:
            bare = f"{bare} {_place(finding, rng)}"
        points.append(bare)
    if all(finding.device for finding in film.findings):
        points.insert(0, rng.choice(NOTHING))
    if film.pneumonia and rng.random() < 0.5:
        points.append(rng.choice(["with the fever, pneumonia is likely", "given fever, suspect pneumonia"]))
    return points


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """As `mini.world.reports.report`, in one of four voices."""
    voice = rng.choice(list(VOICED_NOTES))
    kinds = {finding.kind for finding in (denied or film).findings}
    order: list[str | None] = list(LABELS)
    rng.shuffle(order)
    lines: list[str] = []
    for structure in order:
        found = [f for f in film.findings if KINDS[f.kind].structure == structure]
        parts = [_tell(finding, voice, rng) for finding in found]
        if structure and structure in film.normal:
            parts.append(tidy(rng.choice(CLEAR[structure])))
        elif found and rng.random() < 0.35:
            absent = [kind for kind in DENIED.get(structure or "", ()) if kind not in kinds]
            parts += [tidy(rng.choice(DENIALS).format(rng.choice(absent)))] if absent else []
        if parts:
            lines.append(" ".join(parts))
            if voice == "template" and found and rng.random() < 0.4:
                lines[-1] = f"{large(LABELS[structure])} - {lines[-1]}"
    if rng.random() < 0.3:
        lines.insert(rng.randint(0, len(lines)), tidy(rng.choice(OTHER)))
    bullets = voice == "template" and rng.random() < 0.6
    body = "\n".join(f"- {line}" for line in lines) if bullets else " ".join(lines)
    points = _points(film, rng)
    if len(points) > 1 and rng.random() < 0.4:
        short = " ".join(f"{number}) {tidy(point)}" for number, point in enumerate(points, 1))
    else:
        joined = "; ".join(points) if rng.random() < 0.5 else ". ".join([points[0], *map(large, points[1:])])
        short = tidy(rng.choice(OPENINGS) + joined)
    reason = (
        large(rng.choice(REASONS).format(h=film.history, m=MARK)) if film.history else rng.choice(NO_REASON)
    )
    changed = any(finding.change for finding in film.findings)
    compared = large(f"{rng.choice(WHEN)}.") if changed else rng.choice(["", "None.", MARK])
    return (
        Report(reason, compared, "", body) if rng.random() < 0.05 else Report(reason, compared, body, short)
    )
