"""Tells films as radiology reports, in several styles and many wordings, with Open-i's marks of de-identification.

A report tells every fact of the film that it is given (`Film.told` chooses them), denies what the film does not have,
and says things that are no facts of this world: dates and names that became `XXXX`, bones, technique.
"""

import random
from dataclasses import dataclass

from mini.world.chest import BOTH, KINDS, STRUCTURES, Film, Finding
from mini.world.texts import listing, sentence

MARK = "XXXX"


@dataclass(frozen=True)
class Report:
    """The sections of one report; a section may be empty."""

    indication: str
    comparison: str
    findings: str
    impression: str

    @property
    def text(self) -> str:
        """As a data set gives it: impression first."""
        return "\n".join(filter(None, [self.impression, self.findings]))


# How findings are called. A word of size stands before the name; `None` is a size that is not told.
NAMES = {
    "opacity": ("patchy opacity", "patchy airspace opacity", "ill-defined opacity", "hazy opacity", "opacity"),
    "consolidation": ("dense consolidation", "consolidation", "airspace consolidation", "lobar consolidation"),
    "nodule": ("nodule", "round nodule", "nodular lesion"),
    "atelectasis": ("streaky atelectasis", "linear atelectasis", "subsegmental atelectasis", "bandlike atelectasis"),
    "effusion": ("pleural effusion", "effusion", "pleural fluid"),
    "pneumothorax": ("pneumothorax",),
    "cardiomegaly": ("cardiomegaly", "enlargement of the heart", "cardiac enlargement"),
    "tube": ("endotracheal tube", "ET tube"),
    "pacemaker": ("pacemaker", "pacing device", "pulse generator"),
    "clips": ("surgical clips", "metallic clips", "clips"),
}  # fmt: skip
SIZE_WORDS = {
    "small": ("small", "minimal", "tiny"), "large": ("large", "extensive", "big"),
    "mild": ("mild", "slight"), "severe": ("severe", "marked"),
}  # fmt: skip
BARE = (
    "clips", "fluid", "atelectasis", "consolidation", "cardiomegaly", "enlargement of the heart", "cardiac enlargement",
)  # fmt: skip
"""Ends of names that take no article."""

ZONE_WORDS = {
    "upper": ("{side} upper zone", "{side} upper lobe", "upper {side} lung", "upper zone of the {side} lung"),
    "mid": ("{side} mid zone", "{side} midlung", "mid zone of the {side} lung"),
    "lower": ("{side} lower zone", "{side} lower lobe", "lower {side} lung", "lower zone of the {side} lung"),
}
LOBES = {("right", "mid"): "right middle lobe", ("left", "mid"): "lingula"}
CHANGE_WORDS = {
    "new": ("new", "not seen before"), "unchanged": ("unchanged", "stable"),
    "larger": ("larger than before", "increasing"),
}  # fmt: skip
CHANGE_SENTENCES = {
    "new": ("This is new since {when}", "It was not there on {when}"),
    "unchanged": ("It is unchanged since {when}", "This is stable compared with {when}"),
    "larger": ("It is larger than on {when}", "This has increased since {when}"),
}
WHEN = (f"the film of {MARK}", MARK, "the prior study", "the last film", f"{MARK} {MARK}")


def place_words(finding: Finding, rng: random.Random) -> str:
    """Where it is, with its preposition: "in the right upper lobe"."""
    if KINDS[finding.kind].place in ("base", "apex"):
        at = KINDS[finding.kind].place
        if finding.side == BOTH:
            return rng.choice(["on both sides", "at both bases", "bilaterally"])
        return rng.choice(
            [f"at the {finding.side} {at}", f"on the {finding.side}", f"in the {finding.side} {at}"]
        )
    if finding.kind == "pacemaker":
        return rng.choice(
            [f"on the {finding.side}", f"over the {finding.side} chest", f"in the {finding.side} chest wall"]
        )
    if finding.zone is None:
        return rng.choice(
            [f"in the {finding.side} lung", f"on the {finding.side}", f"in the {finding.side} hemithorax"]
        )
    forms = [form.format(side=finding.side) for form in ZONE_WORDS[finding.zone]]
    lobe = LOBES.get((finding.side or "", finding.zone))
    return f"in the {rng.choice([*forms, lobe] if lobe else forms)}"


def name_words(finding: Finding, rng: random.Random, article: bool = True) -> str:
    """What it is: "a small nodule", "surgical clips"."""
    name = rng.choice(NAMES[finding.kind])
    body = f"{rng.choice(SIZE_WORDS[finding.size])} {name}" if finding.size else name
    return with_article(body) if article else body


def with_article(name: str) -> str:
    """A finding with its article, if it takes one: "an ET tube", "surgical clips"."""
    if name.endswith(BARE):
        return name
    return f"an {name}" if name[0] in "aeiou" or name.startswith("ET") else f"a {name}"


SEEN = (
    "there {be} {name} {place}", "{name} {be} seen {place}", "{name} {place}", "{place} there {be} {name}",
    "we see {name} {place}", "{name} {place} {be} noted", "{place}, {name} {be} present",
)  # fmt: skip
HEARTS = {
    None: ("the heart is enlarged", "the cardiac silhouette is enlarged", "there is cardiomegaly",
           "heart size is increased"),
    "mild": ("the heart is mildly enlarged", "the cardiac silhouette is slightly enlarged",
             "there is mild cardiomegaly", "mild cardiomegaly", "heart size is mildly increased"),
    "severe": ("the heart is severely enlarged", "the cardiac silhouette is markedly enlarged",
               "there is severe cardiomegaly", "marked cardiomegaly", "heart size is markedly increased"),
}  # fmt: skip
TUBES = (
    "an endotracheal tube is in place", "the endotracheal tube ends above the carina", "ET tube in good position",
    "an ET tube lies in the trachea", "the patient is intubated, with the endotracheal tube above the carina",
)  # fmt: skip


def tell(finding: Finding, rng: random.Random, marks: bool = True) -> str:
    """One finding in one or two sentences, with marks of de-identification or without."""
    told = ""
    if finding.change and rng.random() < 0.5:
        told = f", {rng.choice(CHANGE_WORDS[finding.change])}"
    if finding.kind == "cardiomegaly":
        body = rng.choice(HEARTS[finding.size])
    elif finding.kind == "tube":
        body = rng.choice(TUBES)
    else:
        be = "are" if finding.kind == "clips" else "is"
        body = rng.choice(SEEN).format(name=name_words(finding, rng), place=place_words(finding, rng), be=be)
    said = sentence(body + told)
    if finding.change and not told:
        form, when = rng.choice(CHANGE_SENTENCES[finding.change]), _choose(WHEN, rng, marks)
        said += " " + sentence(form.format(when=when))
    return said


CLEAR = {
    "lungs": ("the lungs are clear", "the lungs are well expanded and clear", "lungs clear", "both lungs are clear",
              "no focal airspace disease", "no focal consolidation, nodule or opacity",
              f"no {MARK} of airspace disease"),
    "pleura": ("no pleural effusion or pneumothorax", "there is no pneumothorax and no pleural effusion",
               "the pleural spaces are clear", "no pneumothorax. No effusion",
               f"no {MARK} of a pleural effusion or pneumothorax"),
    "heart": ("the heart is normal in size", "heart size is within normal limits", "normal cardiac silhouette",
              "heart normal", "the cardiac silhouette is not enlarged", f"the heart is {MARK} and of normal size"),
}  # fmt: skip
CLEAR_BOTH = {
    ("lungs", "pleura"): ("no focal consolidation, pleural effusion or pneumothorax",
                          "the lungs are clear without effusion or pneumothorax"),
    ("lungs", "heart"): ("heart and lungs are normal", "heart size is normal and the lungs are clear"),
}  # fmt: skip
DENIALS = {
    "opacity": "no patchy opacity", "consolidation": "no focal consolidation", "nodule": "no suspicious nodule",
    "effusion": "no pleural effusion", "pneumothorax": "no pneumothorax", "tube": "the patient is not intubated",
}  # fmt: skip
OTHER = (
    "the bony structures are intact", "the osseous structures are unremarkable", "the trachea is midline",
    f"{MARK} {MARK} are unremarkable", "the mediastinum is normal", "visualized bones show no acute abnormality",
    f"the technologist was {MARK}", "single frontal view of the chest", f"findings were discussed with Dr. {MARK}",
)  # fmt: skip
NOTHING = (
    "no acute cardiopulmonary abnormality", "normal chest", "no acute disease", "no evidence of active disease",
    f"normal chest {MARK}", "negative chest", f"no {MARK} of acute disease", "no acute pulmonary findings",
)  # fmt: skip
INDICATIONS = {
    "fever": ("fever", "fever and chills", f"{MARK}-year-old with fever"),
    "cough": ("cough", "cough for {weeks} weeks", f"{MARK}-year-old with cough"),
    "chest pain": ("chest pain", f"{MARK}-year-old with chest pain", "chest pain since this morning"),
    "dyspnea": ("dyspnea", "dyspnea on exertion", f"{MARK}-year-old, dyspnea"),
    "fall": ("fall", f"fall on {MARK}", f"{MARK}-year-old after a fall"),
}
HISTORY = ("history: {}", "the history is given as {}")
ORDERS: tuple[tuple[str | None, ...], ...] = (
    (*STRUCTURES, None), ("heart", "lungs", "pleura", None), (None, "heart", "lungs", "pleura"),
)  # fmt: skip
"""In which a report speaks of structures; None stands for devices."""
NO_INDICATION = ("", MARK, f"{MARK}-year-old {MARK}.")
COMPARED = (MARK, f"Chest radiograph of {MARK}.", f"{MARK}, {MARK}.")
NOT_COMPARED = ("None.", "None", "", MARK)


def report(film: Film, rng: random.Random, denied: Film | None = None) -> Report:
    """A report with every fact of `film`. It denies only what `denied`, the whole film, lacks too."""
    body = plain_findings(film, rng, marks=True, denied=denied or film)
    short = _impression(film, rng)
    changed = any(finding.change for finding in film.findings)
    compared = rng.choice(COMPARED if changed else NOT_COMPARED)
    reason = rng.choice(INDICATIONS[film.history] if film.history else NO_INDICATION)
    indication = reason.format(weeks=rng.choice(["two", "three", MARK]))
    if rng.random() < 0.06:  # as in life, some reports have but one section
        return Report(indication, compared, "", body)
    return Report(indication, compared, body, short)


def plain_findings(film: Film, rng: random.Random, marks: bool = False, denied: Film | None = None) -> str:
    """The section of findings: structure by structure, in an order of its own.

    Without marks and a film to deny from, it says the film's facts and nothing else.
    """
    parts: list[str] = []
    normal = list(film.normal)
    for pair, forms in CLEAR_BOTH.items():
        if set(pair) <= set(normal) and rng.random() < 0.3:
            parts.append(sentence(rng.choice(forms)))
            normal = [structure for structure in normal if structure not in pair]
    for structure in rng.choice(ORDERS):
        found = [f for f in film.findings if KINDS[f.kind].structure == structure]
        parts += [tell(finding, rng, marks) for finding in found]
        if structure in normal:
            parts.append(sentence(_choose(CLEAR[structure], rng, marks)))
        elif found and denied and rng.random() < 0.35:
            parts += _denials(denied, structure, rng)
    if film.history and rng.random() < 0.3:
        parts.insert(0, sentence(rng.choice(HISTORY).format(film.history)))
    if marks and rng.random() < 0.3:
        parts.insert(rng.randint(0, len(parts)), sentence(rng.choice(OTHER)))
    return " ".join(parts)


def _choose(forms: tuple[str, ...], rng: random.Random, marks: bool) -> str:
    return rng.choice([form for form in forms if marks or MARK not in form])


def _denials(whole: Film, structure: str | None, rng: random.Random) -> list[str]:
    kinds = {f.kind for f in whole.findings}
    absent = [
        text for kind, text in DENIALS.items() if kind not in kinds and KINDS[kind].structure == structure
    ]
    return [sentence(rng.choice(absent))] if absent else []


def _impression(film: Film, rng: random.Random) -> str:
    """One to three numbered or plain points, all of them facts of the film."""
    points = [_point(finding, rng) for finding in film.findings if not finding.device or rng.random() < 0.5]
    if film.pneumonia:
        points.append(
            rng.choice(["suspicious for pneumonia given the fever", "with fever, pneumonia is likely"])
        )
    elif film.history and rng.random() < 0.3:
        points.append(f"history of {film.history}")
    if not any(not finding.device for finding in film.findings):
        points.insert(0, rng.choice(NOTHING))
    if len(points) > 1 and rng.random() < 0.4:
        return " ".join(f"{number}. {sentence(point)}" for number, point in enumerate(points, 1))
    if len(points) > 1 and rng.random() < 0.3 and not film.pneumonia:
        return sentence(listing(points))
    return " ".join(sentence(point) for point in points)


def _point(finding: Finding, rng: random.Random) -> str:
    """One finding as a point: "small right pleural effusion", "nodule in the left upper lobe"."""
    if finding.kind in ("cardiomegaly", "tube"):
        return name_words(finding, rng, article=False)
    if finding.zone is None and rng.random() < 0.6:
        side = "bilateral" if finding.side == BOTH else f"{finding.side}"
        size = f"{rng.choice(SIZE_WORDS[finding.size])} " if finding.size else ""
        return f"{size}{side} {rng.choice(NAMES[finding.kind])}"
    return f"{name_words(finding, rng, article=False)} {place_words(finding, rng)}"
