"""Epochs, validation, early stopping and checkpoints."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch

from tools.kgc.checkpoint import load_checkpoint, save_checkpoint
from tools.kgc.errors import InputError
from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph, Modality, Triples
from tools.kgc.learner import Learner
from tools.kgc.metrics import Evaluation, evaluate
from tools.kgc.ranking import filtered_ranks
from tools.kgc.settings import TrainingSettings

SAVE_EVERY = 10
"""Epochs between two checkpoints if there is no validation."""
Outcome = Literal["complete", "stopped early", "interrupted"]


@dataclass
class Epoch:
    """The figures of one epoch."""

    epoch: int
    """From 1."""
    loss: float
    """Mean over the steps."""
    generator_loss: float
    seconds: float
    """Wall seconds of its steps."""
    mrr: float | None = None
    """Filtered, realistic, on validation, if it was validated."""
    hits_at_10: float | None = None


class Display(Protocol):
    """Where progress goes. Nothing it does may change the training."""

    def step(self, epoch: int, done: int, total: int, loss: float) -> None: ...

    def validating(self, done: int, total: int) -> None: ...

    def epoch(self, figures: Epoch, best: bool) -> None: ...


@dataclass
class State:
    """What must be known, beside the learner's tensors, to go on in the middle of an epoch."""

    epoch: int = 0
    """Epochs finished."""
    position: int = 0
    """Triples of the current epoch that have been learnt from."""
    sums: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """Of the current epoch: loss, generators' loss, seconds."""
    best_epoch: int = 0
    best_mrr: float = -1.0
    waited: int = 0
    """Validations since the best one."""
    epochs: list[Epoch] = field(default_factory=list)

    @classmethod
    def from_dict(cls, words: dict[str, Any]) -> "State":
        return cls(**{**words, "epochs": [Epoch(**figures) for figures in words["epochs"]]})


class Trainer:
    """Trains a learner, with its checkpoints and its best model in a folder.

    Validation ranks a sample of the validation triples, drawn once by the seed. The folder's model is the one with the
    best MRR there; without validation, the last. Going on from a checkpoint gives the same numbers as never having
    stopped, bit for bit, on the same machine with the same number of threads.
    """

    def __init__(self, learner: Learner, folder: Path, display: Display) -> None:
        self._learner, self._folder, self._display = learner, folder, display
        self.state = State()
        self._order = np.empty(0, np.int64)
        graph, settings = learner.graph, learner.settings
        if not len(graph.train):
            raise InputError(f"{graph.name} has no training triples")
        self._validation: Triples = graph.valid[:0]
        if settings.validate_every:
            random, size = np.random.default_rng(settings.seed), settings.validation_sample
            rows = random.permutation(len(graph.valid))[: size or None]
            self._validation = graph.valid[np.sort(rows)]

    def resume(self) -> bool:
        """Take up the folder's checkpoint; False if it has none. Raises InputError if it is of another model."""
        found = load_checkpoint(self._folder)
        if found is None:
            return False
        tensors, words = found
        try:
            self._order = tensors.pop("order").numpy()
            self._learner.restore(tensors)
            self.state = State.from_dict({key: x for key, x in words.items() if key != "tensors"})
        except (KeyError, RuntimeError, TypeError) as error:
            raise InputError(
                f"the checkpoint in {self._folder} does not fit its manifest: {error}"
            ) from error
        return True

    def run(self, interrupted: Callable[[], bool] = lambda: False) -> Outcome:
        """Train to the end, or until `interrupted()` is true after a step; then the state is saved just there."""
        settings, state = self._learner.settings, self.state
        while not self._enough():
            if not self._epoch(interrupted):
                self.save()
                return "interrupted"
            figures = Epoch(state.epoch + 1, *self._means())
            better = self._validate(figures)
            state.epochs.append(figures)
            state.epoch, state.position, state.sums = state.epoch + 1, 0, [0.0, 0.0, 0.0]
            every = settings.validate_every if len(self._validation) else SAVE_EVERY
            if state.epoch % every == 0 or self._enough():
                self.save()
            self._display.epoch(figures, better)
            if interrupted() and not self._enough():
                self.save()
                return "interrupted"
        if not state.best_epoch:
            self._learner.fitted().save(self._folder)
        return "complete" if state.epoch >= settings.epochs else "stopped early"

    def save(self) -> None:
        """Write the checkpoint."""
        tensors = {**self._learner.state(), "order": torch.from_numpy(self._order)}
        save_checkpoint(self._folder, tensors, asdict(self.state))

    def _enough(self) -> bool:
        settings = self._learner.settings
        return self.state.epoch >= settings.epochs or self.state.waited >= settings.patience

    def _epoch(self, interrupted: Callable[[], bool]) -> bool:
        """Learn from the rest of the epoch; False if interrupted before its end."""
        learner, state = self._learner, self.state
        train, size = learner.graph.train, learner.settings.batch_size
        if state.position == 0:
            self._order = learner.sampler.order()
        while state.position < len(train):
            began = time.perf_counter()
            rows = self._order[state.position : state.position + size]
            losses = learner.step(learner.sampler.batch(train[rows], learner.settings.negatives))
            if not np.isfinite(losses).all():
                raise InputError(
                    f"the loss is {losses[0]} in epoch {state.epoch + 1}: the training diverged; "
                    "use a lower learning rate, or features of a smaller scale"
                )
            state.position += len(rows)
            figures = (*(loss * len(rows) for loss in losses), time.perf_counter() - began)
            state.sums = [total + figure for total, figure in zip(state.sums, figures, strict=True)]
            self._display.step(
                state.epoch + 1, min(state.position, len(train)), len(train), state.sums[0] / state.position
            )
            if state.position < len(train) and interrupted():
                return False
        return True

    def _means(self) -> tuple[float, float, float]:
        loss, against, seconds = self.state.sums
        return loss / self.state.position, against / self.state.position, seconds

    def _validate(self, figures: Epoch) -> bool:
        """Rank the validation sample if it is due; True if the model is the best so far, which is then saved."""
        settings, state = self._learner.settings, self.state
        due = settings.validate_every and (
            figures.epoch % settings.validate_every == 0 or figures.epoch == settings.epochs
        )
        if not due or not len(self._validation):
            return False
        model = self._learner.fitted()
        result = evaluate_model(
            model, self._learner.graph, self._validation, self._learner.device, self._display.validating
        )
        both = result.realistic["both"]
        figures.mrr, figures.hits_at_10 = both.mrr, both.hits_at_10
        if both.mrr <= state.best_mrr:
            state.waited += 1
            return False
        state.best_epoch, state.best_mrr, state.waited = figures.epoch, both.mrr, 0
        model.save(self._folder)
        return True


def evaluate_model(
    model: FittedModel,
    graph: KnowledgeGraph,
    triples: Triples,
    device: str | torch.device = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Filtered figures of a model on triples of its graph, all splits being known."""
    known = [graph.train, graph.valid, graph.test]
    return evaluate(filtered_ranks(model, triples, known, device, progress), graph.relations)


class Silence:
    """A display that shows nothing."""

    def step(self, epoch: int, done: int, total: int, loss: float) -> None: ...

    def validating(self, done: int, total: int) -> None: ...

    def epoch(self, figures: Epoch, best: bool) -> None: ...


def fit(
    graph: KnowledgeGraph,
    modalities: Sequence[Modality],
    settings: TrainingSettings,
    folder: Path,
    display: Display | None = None,
    device: str | torch.device = "cpu",
) -> FittedModel:
    """Train in a folder of one's own and return the best model: the whole way for a program that has a graph."""
    folder.mkdir(parents=True, exist_ok=True)
    Trainer(Learner(graph, modalities, settings, device), folder, display or Silence()).run()
    return FittedModel.load(folder)
