"""Films as a poor reader has them: claims for a verdict to turn down, wrong answers for consolidation to mend."""

import random
from dataclasses import replace

from mini.world.chest import KINDS, SIDES, STRUCTURES, ZONES, Film, Finding, sample_finding


def spoil(film: Film, rng: random.Random) -> Film:
    """The film with up to two facts changed: another size, side or zone, or a finding that is not there."""
    claimed = film
    for _ in range(rng.choice((0, 1, 1, 2))):
        if not claimed.findings:
            extra = replace(sample_finding(rng.choice(list(KINDS)), rng), change=None)
            normal = tuple(s for s in claimed.normal if s != KINDS[extra.kind].structure)
            claimed = replace(claimed, findings=(extra,), normal=normal)
            continue
        index = rng.randrange(len(claimed.findings))
        other = _altered(claimed.findings[index], rng)
        claimed = replace(
            claimed, findings=(*claimed.findings[:index], other, *claimed.findings[index + 1 :])
        )
    return claimed


def _altered(finding: Finding, rng: random.Random) -> Finding:
    """The finding with one other fact; as it is where it has none that could differ."""
    others = [
        replace(finding, size=size) for size in KINDS[finding.kind].sizes if finding.size not in (None, size)
    ]
    others += [replace(finding, side=side) for side in SIDES if finding.side not in (None, side)]
    others += [replace(finding, zone=zone) for zone in ZONES if finding.zone not in (None, zone)]
    return rng.choice(others) if others else finding


def mistaken(film: Film, rng: random.Random) -> Film:
    """The film as a poor reader has it: up to two facts wrong, or something overlooked, invented, or mixed up."""
    claimed = spoil(film, rng)
    slips = (overlooked, invented, mixed_up)
    return rng.choice(slips)(claimed, rng) if rng.random() < 0.75 else claimed


def overlooked(film: Film, rng: random.Random) -> Film:
    """Without one finding or one normal structure that it has."""
    if not film.normal or (film.findings and rng.random() < 0.5):
        finding = rng.choice(film.findings)
        return replace(film, findings=tuple(f for f in film.findings if f is not finding))
    structure = rng.choice(film.normal)
    return replace(film, normal=tuple(s for s in film.normal if s != structure))


def invented(film: Film, rng: random.Random) -> Film:
    """With one finding or one normal structure that it has not."""
    found = {f.kind for f in film.findings}
    silent = [
        s for s in STRUCTURES if s not in film.normal and s not in {KINDS[kind].structure for kind in found}
    ]
    if silent and rng.random() < 0.5:
        normal = {*film.normal, rng.choice(silent)}
        return replace(film, normal=tuple(s for s in STRUCTURES if s in normal))
    extra = replace(
        sample_finding(rng.choice([kind for kind in KINDS if kind not in found]), rng), change=None
    )
    findings = sorted([*film.findings, extra], key=lambda finding: list(KINDS).index(finding.kind))
    normal = {s for s in film.normal if s != KINDS[extra.kind].structure}
    return replace(film, findings=tuple(findings), normal=tuple(s for s in STRUCTURES if s in normal))


def mixed_up(film: Film, rng: random.Random) -> Film:
    """With what has changed since the last film told of other findings than it was told of."""
    changes = [f.change for f in film.findings]
    rng.shuffle(changes)
    return replace(
        film, findings=tuple(replace(f, change=c) for f, c in zip(film.findings, changes, strict=True))
    )
