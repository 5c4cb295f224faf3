"""The standard wording of films: what descriptions, and with them the diffusion model's prompts, say."""

from mini.world.chest import BOTH, KINDS, NORMAL, Film, Finding
from mini.world.texts import listing


def impression(film: Film) -> str:
    """The film in one short sentence: kinds and sides."""
    names = []
    for finding in film.findings:
        name = "cardiomegaly" if finding.kind == "cardiomegaly" else KINDS[finding.kind].name.split()[-1]
        side = "bilateral" if finding.side == BOTH else finding.side
        names.append(f"{side} {name}" if side else name)
    return f"{_first_up(listing(names))}." if names else "Normal chest."


def draft(film: Film) -> str:
    """The whole film without a chosen subject: its findings first, then what is normal."""
    return describe(film, film.findings[0].abnormality if film.findings else NORMAL)


def subjects(film: Film) -> list[str]:
    """Everything that a description can begin with: the heads of the film's graph."""
    heads = [head for f in film.findings for head in (f.anatomy, f.abnormality)]
    return list(dict.fromkeys([*heads, *film.normal, *([NORMAL] if film.normal else [])]))


def describe(film: Film, subject: str, order: list[str] | None = None) -> str:
    """The standard description, beginning with `subject` (one of `subjects`), with every finding of the film.

    `order` names anatomies and abnormalities in the order in which the knowledge graph has them, which the
    description follows after its subject; the film's own by default.
    """
    ahead = [f for f in film.findings if subject in (f.anatomy, f.abnormality)]
    rest = [f for f in film.findings if f not in ahead]
    if order is not None:
        rest.sort(key=lambda f: order.index(f.abnormality) if f.abnormality in order else len(order))
    normal = list(film.normal)
    if subject == NORMAL:
        parts, normal = [f"{NORMAL} of the {listing(normal)}"], []
    elif subject in normal:
        parts = [f"{subject} without abnormality"]
        normal.remove(subject)
    elif ahead and subject == ahead[0].anatomy:
        parts = [
            f"{subject} with {listing([f.abnormality if f.location == 'midline' else phrase(f) for f in ahead])}"
        ]
    else:
        parts = [phrase(f) for f in ahead]
    parts += [phrase(f) for f in rest]
    if normal:
        parts.append(f"{listing(normal)} without abnormality")
    return " ".join(f"{_first_up(part)}." for part in parts)


def phrase(finding: Finding) -> str:
    """One finding with its place: "small nodule in the right upper zone"."""
    what = f"{finding.abnormality}," if finding.change else finding.abnormality
    if finding.kind == "cardiomegaly":
        return f"{what} of the heart"
    if finding.kind == "tube":
        return f"{what} in the trachea"
    if finding.side == BOTH:
        return f"{what} at {finding.location}"
    return f"{what} {_preposition(finding)} {finding.location}"


def _preposition(finding: Finding) -> str:
    if KINDS[finding.kind].place in ("base", "apex"):
        return "at the"
    return "in the" if finding.zone else "on the"


def _first_up(text: str) -> str:
    return text[0].upper() + text[1:]
