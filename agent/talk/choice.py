"""Why the chosen candidate was chosen, from what the walk holds: nothing is asked."""

from agent.talk.sample import Sample, key
from data.record import Candidate
from graphs.ranking import PENALTY
from tools.talk import results


def explained(sample: Sample) -> str:
    """Raises `Impossible` before there is a choice."""
    choice = sample.choice()
    number, ranked = choice.index + 1, sample.ranked()
    rivals = [candidate for candidate in ranked if candidate.index != choice.index]
    notes = _notes(sample, choice)
    if reason := _other_reason(sample, choice, rivals):
        told = f"Candidate {number} is chosen with a quality of {choice.scores.quality:.1f}. {reason}"
        return " ".join([told, *notes])
    second = rivals[0] if rivals else None
    return results.choice_told(
        number,
        choice.scores,
        sample.state.get("weights") or sample.options.weights,
        second.index + 1 if second else None,
        second.scores.quality if second else 0.0,
        notes,
    )


def _other_reason(sample: Sample, choice: Candidate, rivals: list[Candidate]) -> str:
    """Where the choice is not simply the highest quality."""
    if "ranking" in sample.options.ablate:
        return "It was drawn at random, since ranking is switched off."
    if choice not in sample.ranked():
        return "It has no scores to compare."
    better = [candidate for candidate in rivals if candidate.scores.quality > choice.scores.quality]
    if not better:
        return ""
    if PENALTY in choice.scores.extra:
        return "Only candidates that were verified count, and it is the best of them."
    rival, quality = better[0].index + 1, better[0].scores.quality
    return f"Candidate {rival} has a higher quality, {quality:.1f}: the choice was edited."


def _notes(sample: Sample, choice: Candidate) -> list[str]:
    notes = []
    edges = sample.state.get("graph") or []
    if edges and choice.graph:
        kept = {key(edge) for edge in choice.graph}
        notes.append(results.kept_told(sum(key(edge) in kept for edge in edges), len(edges)))
    if penalty := choice.scores.extra.get(PENALTY):
        notes.append(f"Verification took {penalty:.1f} off its quality.")
    return notes
