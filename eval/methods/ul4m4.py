"""UL4M4: centres of a clustering of incomplete rows fill what is missing."""

from dataclasses import dataclass

from eval.methods.base import Card
from eval.methods.imputing import Imputing
from eval.task import Task
from tools.imputers import UL4M4, ModalityImputer


@dataclass(frozen=True)
class FillByUL4M4(Imputing):
    """`rule` is "observed" (ours) or "paper"; see docs/imputers.md for what is wrong with the latter."""

    rule: str = "observed"
    clusters: int = 64
    card = Card(
        "UL4M4, arXiv 2606.15743",
        "no licence; nothing of the code is used",
        "`tools.imputers.UL4M4`; k-means runs until it settles (the released one stops after one update on "
        "some data). Fewer centres than asked for when there are fewer rows.",
    )

    def __post_init__(self) -> None:
        if self.rule not in ("observed", "paper"):
            raise ValueError(f"its rule is observed or paper, not {self.rule!r}")

    def imputer(self, task: Task) -> ModalityImputer:
        rows = int(task.train.present.any(axis=1).sum())
        return UL4M4(n_clusters=min(self.clusters, rows), rule=self.rule, random_state=task.seed)
