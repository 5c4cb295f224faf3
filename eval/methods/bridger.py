"""Knowledge Bridger and its ablations: features of what a run of `python -m agent.run` made."""

from dataclasses import dataclass, field

import numpy as np

from eval.methods.base import Card, Filled, Filler, Filling
from eval.ranking.choice import choose
from eval.task import MODALITIES, Candidates, Part, Task

CHOICES = ("quality", "random", "best")


@dataclass(frozen=True)
class Bridger(Filling):
    """Fills by the chosen candidate of a run.

    `run` names the run in the experiment. `choose` is "quality" (the run's own choice, or by `weights`), "random", or
    "best", which is the candidate most like the ground truth: no method, but the most that ranking could give.
    `among` looks at the first so many candidates only; each has its own subject, description and seed, so these are
    the candidates that a run with that number would have. Other weights and other choices need no run of their own
    either, since a run keeps every candidate with every score.
    """

    run: str = "full"
    choose: str = "quality"
    among: int | None = None
    weights: dict[str, float] = field(default_factory=dict)
    """Of the terms of the quality score, such as {graph: 0, clip: .5, blip: .5}; empty: the run's own."""

    card = Card(
        "Knowledge Bridger, CVPR 2025, arXiv 2502.19834",
        "MIT; written anew",
        "This project's own runs. A sample that could not be completed is left out of training.",
    )

    def __post_init__(self) -> None:
        if self.choose not in CHOICES:
            raise ValueError(f"choose is one of {', '.join(CHOICES)}, not {self.choose!r}")
        if self.among is not None and self.among < 1:
            raise ValueError(f"among={self.among} must be at least 1")
        if self.weights and self.choose != "quality":
            raise ValueError("weights say how to choose by quality; leave out one of weights and choose")

    def filler(self, task: Task) -> Filler:
        return lambda part: self._fill(part, task.seed)

    def _fill(self, part: Part, seed: int) -> Filled:
        features = part.visible
        missing = part.exists & ~part.present
        if missing.any():
            candidates = self._candidates(part)
            at = choose(
                candidates,
                how=self.choose,
                weights=self.weights,
                among=self.among,
                truth=[part.truth[name] for name in MODALITIES],
                seed=seed,
            )
            for slot, name in enumerate(MODALITIES):
                mine = at[candidates.slots[at] == slot]
                features[name][candidates.rows[mine]] = candidates.vectors[mine]
        keep = np.asarray(~np.isnan(np.hstack([features[name] for name in MODALITIES])).any(axis=1))
        lost = int((missing.any(axis=1) & ~keep).sum())
        notes = (f"{lost} of {int(missing.any(axis=1).sum())} samples have no completion",) if lost else ()
        return Filled(features, keep, notes)

    def _candidates(self, part: Part) -> Candidates:
        if self.run not in part.completions:
            raise ValueError(f"there is no completion of this split by the run {self.run!r}")
        return part.completions[self.run]
