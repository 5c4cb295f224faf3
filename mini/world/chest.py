"""What can be true of a drawn frontal radiograph, and films sampled from it.

A film has up to three abnormal findings, each of another kind, and the structures without one (lungs, pleura, heart)
are normal. The picture shows kind, side, zone and size of everything; a report always tells kind and side, leaves out
zones and sizes at times and a device now and then, and adds what no picture shows: why the film was taken and what has
changed since the last one. Right and left are the patient's: the right lung is on the left of the film.
"""

import random
from dataclasses import dataclass, replace
from typing import Literal

Place = Literal["zone", "base", "apex", "midline", "wall"]
Cell = tuple[str, str]
"""(side, zone): a sixth of the lungs."""

SIDES = ("right", "left")
BOTH = "both"
ZONES = ("upper", "mid", "lower")
CHANGES = ("new", "unchanged", "larger")
HISTORIES = ("fever", "cough", "chest pain", "dyspnea", "fall")
STRUCTURES = ("lungs", "pleura", "heart")
NORMAL = "no abnormality"
NO_FINDING = "No Finding"


@dataclass(frozen=True)
class Kind:
    """One kind of finding."""

    name: str
    """How answers and descriptions call it."""
    structure: str | None
    """The structure that it makes abnormal; None for devices."""
    implication: str
    """One of the 14 observations of CheXpert."""
    place: Place
    sizes: tuple[str, ...] = ()
    weight: float = 1.0


EXTENT = ("small", "large")
KINDS = {
    "opacity": Kind("patchy opacity", "lungs", "Lung Opacity", "zone", EXTENT, 1.4),
    "consolidation": Kind("dense consolidation", "lungs", "Consolidation", "zone"),
    "nodule": Kind("nodule", "lungs", "Lung Lesion", "zone", EXTENT, 1.3),
    "atelectasis": Kind("streaky atelectasis", "lungs", "Atelectasis", "zone"),
    "effusion": Kind("effusion", "pleura", "Pleural Effusion", "base", EXTENT, 1.5),
    "pneumothorax": Kind("pneumothorax", "pleura", "Pneumothorax", "apex", EXTENT),
    "cardiomegaly": Kind("enlargement", "heart", "Cardiomegaly", "midline", ("mild", "severe"), 1.5),
    "tube": Kind("endotracheal tube", None, "Support Devices", "midline", weight=0.8),
    "pacemaker": Kind("pacemaker", None, "Support Devices", "wall", weight=0.8),
    "clips": Kind("surgical clips", None, "Support Devices", "zone", weight=0.8),
}
"""In the order in which films and answers list them."""

COUNT_WEIGHTS = (0.26, 0.36, 0.26, 0.12)
"""How often a film has no, one, two, three abnormal findings."""


@dataclass(frozen=True)
class Finding:
    """One abnormal finding or device. A field is None where it does not apply or is not told."""

    kind: str
    side: str | None = None
    """right, left, or both (effusions only)."""
    zone: str | None = None
    size: str | None = None
    change: str | None = None
    """Since the last film; told in reports only."""

    @property
    def anatomy(self) -> str:
        """The structure that it is a finding of, as answers name it."""
        if self.kind == "tube":
            return "trachea"
        if self.kind == "pacemaker":
            return "chest wall"
        structure = KINDS[self.kind].structure
        return structure if structure in ("pleura", "heart") else f"{self.side} lung"

    @property
    def abnormality(self) -> str:
        """Kind, size and change, as answers say it: "small nodule, unchanged"."""
        body = " ".join(filter(None, [self.size, KINDS[self.kind].name]))
        return f"{body}, {self.change}" if self.change else body

    @property
    def location(self) -> str:
        """Where it is, as answers say it."""
        place = KINDS[self.kind].place
        if place == "midline":
            return "midline"
        if place in ("base", "apex"):
            return "both bases" if self.side == BOTH else f"{self.side} {place}"
        return f"{self.side} {self.zone} zone" if self.zone else f"{self.side} side"

    @property
    def implication(self) -> str:
        return KINDS[self.kind].implication

    @property
    def device(self) -> bool:
        return KINDS[self.kind].structure is None


@dataclass(frozen=True)
class Film:
    """The facts of one study, or the part of them that a picture shows or a report tells."""

    findings: tuple[Finding, ...] = ()
    """At most one of each kind, in the order of `KINDS`."""
    normal: tuple[str, ...] = ()
    """Structures that are normal, in the order of `STRUCTURES`; of a report, those that it speaks of."""
    history: str | None = None
    """Why the film was taken; told in reports only."""

    @property
    def pneumonia(self) -> bool:
        """Needs both sides: the film shows airspace disease, the history has fever."""
        return self.history == "fever" and any(f.kind in ("opacity", "consolidation") for f in self.findings)

    def shown(self) -> "Film":
        """What a picture shows of it."""
        return Film(tuple(replace(f, change=None) for f in self.findings), self.normal)

    def told(self, rng: random.Random) -> "Film":
        """What one report tells of it."""
        findings = tuple(
            replace(
                f,
                zone=f.zone if rng.random() < 0.75 else None,
                size=f.size if rng.random() < 0.75 else None,
                change=f.change if rng.random() < 0.9 else None,
            )
            for f in self.findings
            if not f.device or rng.random() < 0.8
        )
        normal = tuple(structure for structure in self.normal if rng.random() < 0.75)
        if not findings and not normal:
            normal = self.normal
        return Film(findings, normal, self.history if rng.random() < 0.7 else None)


def cells_of(finding: Finding) -> set[Cell]:
    """The sixths of the lungs that it takes up, so that no finding hides another."""
    sides = SIDES if finding.side == BOTH else (finding.side or "",)
    if finding.kind == "effusion":
        return {(side, "lower") for side in sides}
    if finding.kind == "pneumothorax":
        zones = ("upper", "mid") if finding.size == "large" else ("upper",)
        return {(side, zone) for side in sides for zone in zones}
    if finding.kind == "pacemaker":
        return {(side, "upper") for side in sides}
    if finding.kind == "cardiomegaly":
        return {("left", "lower")} if finding.size == "severe" else set()
    return {(finding.side, finding.zone)} if finding.side and finding.zone else set()


def sample_film(rng: random.Random, most: int = 3) -> Film:
    """A film with up to `most` abnormal findings; a curriculum starts with fewer."""
    count = min(rng.choices(range(len(COUNT_WEIGHTS)), COUNT_WEIGHTS)[0], most)
    found: list[Finding] = []
    taken: set[Cell] = set()
    while len(found) < count:
        left = [kind for kind in KINDS if kind not in {f.kind for f in found}]
        finding = sample_finding(rng.choices(left, [KINDS[kind].weight for kind in left])[0], rng)
        cells = cells_of(finding)
        if not cells & taken:
            found.append(finding)
            taken |= cells
    found.sort(key=lambda finding: list(KINDS).index(finding.kind))
    abnormal = {KINDS[f.kind].structure for f in found}
    return Film(
        tuple(found), tuple(s for s in STRUCTURES if s not in abnormal), _sample_history(tuple(found), rng)
    )


def sample_finding(name: str, rng: random.Random) -> Finding:
    kind = KINDS[name]
    side = None if kind.place == "midline" else rng.choice(SIDES)
    if name == "pacemaker":
        side = rng.choices(SIDES, (0.35, 0.65))[0]
    if name == "effusion" and rng.random() < 0.25:
        side = BOTH
    return Finding(
        name,
        side,
        rng.choice(ZONES) if kind.place == "zone" else None,
        rng.choice(kind.sizes) if kind.sizes else None,
        rng.choice(CHANGES) if kind.structure and rng.random() < 0.35 else None,
    )


def _sample_history(findings: tuple[Finding, ...], rng: random.Random) -> str:
    """Airspace disease mostly comes with fever, a pneumothorax with a fall; the rest is chance."""
    kinds = {f.kind for f in findings}
    if kinds & {"opacity", "consolidation"} and rng.random() < 0.5:
        return "fever"
    if "pneumothorax" in kinds and rng.random() < 0.5:
        return "fall"
    return rng.choice(HISTORIES)
