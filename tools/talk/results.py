"""What the tools of a conversation tell the LMM, in words: short, the gist in the first sentence, never bytes.

The miniature is trained on these sentences (`mini.train.talk`): a change here asks for new weights.
"""

from collections.abc import Mapping, Sequence

from data.record import Edge, Scores
from tools.knowledge.questions import edge_lines

MOST_EDGES = 60
MOST_NAMES = 8
DECLINED = "The user said no. Nothing was changed."
NO_CHOICE = "no candidate has been chosen yet; let the walk go on first."
NAMES = {"graph": "graph", "clip": "CLIP", "blip": "BLIP"}
"""The terms of the quality score as texts have them."""


def named(number: int | None) -> str:
    """The sample (None) or a candidate, by its number from 1."""
    return "the sample" if number is None else f"candidate {number}"


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def graph_told(number: int | None, edges: Sequence[Edge]) -> str:
    """A graph: how large, about what, and its edges one a line."""
    if not edges:
        return f"The graph of {named(number)} is empty."
    heads = list(dict.fromkeys(edge.head for edge in edges))
    about = ", ".join(heads[:MOST_NAMES]) + (" and more" if len(heads) > MOST_NAMES else "")
    more = f"\nand {len(edges) - MOST_EDGES} more" if len(edges) > MOST_EDGES else ""
    return (
        f"The graph of {named(number)} has {plural(len(edges), 'edge')} about {about}.\n"
        f"{edge_lines(edges[:MOST_EDGES])}{more}"
    )


def comparison_told(
    first: int | None,
    second: int | None,
    similarity: float,
    common: int,
    only_first: Sequence[Edge],
    only_second: Sequence[Edge],
) -> str:
    """Two graphs: similarity (0-100), number of equal edges, and the edges that only one of them has."""
    lines = [
        f"The graphs of {named(first)} and {named(second)} are {similarity:.1f} % similar and have "
        f"{plural(common, 'edge')} in common."
    ]
    for number, edges in ((first, only_first), (second, only_second)):
        if edges:
            shown = edge_lines(edges[: MOST_EDGES // 2])
            more = f"\nand {len(edges) - MOST_EDGES // 2} more" if len(edges) > MOST_EDGES // 2 else ""
            lines.append(f"Only in {named(number)}:\n{shown}{more}")
    return "\n".join(lines)


def scores_told(number: int, scores: Scores, rank: int, of: int) -> str:
    """All terms of one candidate's quality, and its rank."""
    terms = {"graph": scores.graph, "CLIP": scores.clip, "BLIP": scores.blip, **scores.extra}
    told = ", ".join(f"{name} {value:.1f}" for name, value in terms.items() if value is not None)
    return f"Candidate {number} has {told or 'no score'}; its quality is {scores.quality:.1f}, rank {rank} of {of}."


def measured_told(number: int, terms: Mapping[str, float]) -> str:
    """Scores of a candidate that is not ranked yet."""
    return f"Candidate {number} has {_listed(terms)}; it is not ranked yet."


def besides_told(terms: Mapping[str, float]) -> str:
    """Scores that were measured for the user alone."""
    return f"Measured now, without weight in the ranking: {_listed(terms)}."


def _listed(terms: Mapping[str, float]) -> str:
    return ", ".join(f"{NAMES.get(name, name)} {value:.1f}" for name, value in terms.items())


def made_told(number: int, subject: str, quality: float, chosen: int | None) -> str:
    """A new candidate, and what is chosen now."""
    choice = f"Candidate {chosen} is chosen." if chosen is not None else "No candidate is chosen."
    return f"Candidate {number} was made with the subject {subject}; its quality is {quality:.1f}. {choice}"


def reranked_told(
    weights: Mapping[str, float], before: int | None, chosen: int | None, quality: float
) -> str:
    """The choice by other weights, and whether it is another one than before."""
    told = ", ".join(f"{NAMES.get(term, term)} {weight:g}" for term, weight in weights.items())
    if chosen is None:
        return f"No candidate is chosen. Weights: {told}."
    now = f"stays chosen with a quality of {quality:.1f}"
    if chosen != before:
        instead = f" instead of candidate {before}" if before is not None else ""
        now = f"is now chosen{instead} with a quality of {quality:.1f}"
    return f"Candidate {chosen} {now}. Weights: {told}."


def similar_told(by: str, found: Sequence[tuple[str, float]]) -> str:
    """Complete samples (id, similarity on 0-100), the closest first; `by` says what was compared."""
    if not found:
        return "No complete sample was found."
    told = ", ".join(f"{id} ({similarity:.1f})" for id, similarity in found)
    return f"The closest complete samples by {by} are {told}."


def choice_told(
    chosen: int,
    scores: Scores,
    weights: Mapping[str, float],
    second: int | None,
    second_quality: float = 0.0,
    notes: Sequence[str] = (),
) -> str:
    """Why a candidate was chosen: its quality against the next, and the terms it is made of (paper, Eq. 2)."""
    terms = {"graph": scores.graph, "clip": scores.clip, "blip": scores.blip, **scores.extra}
    parts = [
        f"{weights[name]:g} x {NAMES.get(name, name)} {value:.1f}"
        for name, value in terms.items()
        if value is not None and name in weights
    ]
    rival = f", before candidate {second} with {second_quality:.1f}" if second is not None else ""
    lines = [
        f"Candidate {chosen} is chosen because its quality of {scores.quality:.1f} is the highest{rival}."
    ]
    if parts:
        lines.append(f"It is {' + '.join(parts)}.")
    return " ".join([*lines, *notes])


def kept_told(kept: int, of: int) -> str:
    """A note on the choice: how much of the sample's graph is in the candidate's."""
    return f"Of the {plural(of, 'edge')} of the sample's graph it keeps {kept}."


def problem_told(problem: str) -> str:
    """What went wrong, so that the LMM can correct itself or tell the user."""
    return f"Not possible: {problem}"


def no_candidate(number: int, of: int) -> str:
    """A problem: a number that no candidate has."""
    few = ("there are no candidates yet", "there is candidate 1 only", "there are candidates 1 and 2")
    have = few[of] if of < len(few) else f"there are candidates 1 to {of}"
    return f"there is no candidate {number}; {have}."
