"""One cell, worked out: load the splits, apply the method, measure."""

import math
import signal
import time
from pathlib import Path

import numpy as np

from eval.cells import Arrays, Cell, Measured, Result, Source, Store, numbers
from eval.features.saved import load_part
from eval.heads import predict, train_head
from eval.methods import build
from eval.methods.base import Method
from eval.metrics.bootstrap import macro_f1, mean_average_precision, resample_counts
from eval.metrics.classification import Figures, figures, tuned_threshold
from eval.metrics.memory import Peak
from eval.metrics.similarity import similarities
from eval.specs import HeadSpec
from eval.task import MODALITIES, Floats, Part, Task


def work(cell: Cell, parts: Path, cells: Path) -> Result:
    """The cell's result, which is kept if it is sound; a failure becomes a broken result, never an exception."""
    try:
        result, arrays = _measure(cell, parts)
    except Exception as error:  # whatever a method does must not end the experiment
        return Result(status="broken", problem=_sentence(error))
    Store(cells).put(cell.identity, result, arrays)
    return result


def prepare_process() -> None:
    """For each process of the pool: one thread, since there are as many processes as cores; Ctrl-C is for the program
    itself, which then lets this process end its cell."""
    import torch

    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rehearse()


def rehearse() -> None:
    """A head on two rows: PyTorch loads parts of itself at the first step of an optimiser, which takes seconds that are
    no method's."""
    rows = {name: np.eye(2, dtype=np.float32) for name in MODALITIES}
    head = train_head(HeadSpec(epochs=1), None, rows, np.eye(2, dtype=bool), 0)
    figures(np.eye(2, dtype=bool), predict(head, rows), 0.5)


def _measure(cell: Cell, parts: Path) -> tuple[Result, Arrays]:
    method = build(cell.method.method, cell.method.options)
    train, test = _load(cell.inputs.train, method, parts), _load(cell.inputs.test, method, parts)
    dev = _load(cell.inputs.dev, method, parts) if cell.inputs.dev else None
    _check_fit([part for part in (train, dev, test) if part is not None])
    peak, started = Peak(), time.perf_counter()
    outcome = method.apply(Task(train, dev, test, cell.head, cell.seed, cell.epochs))
    seconds, memory = time.perf_counter() - started, peak.added_mib()
    fixed, tuned = figures(test.labels, outcome.test, 0.5), None
    threshold = (
        tuned_threshold(dev.labels, outcome.dev) if dev is not None and outcome.dev is not None else None
    )
    if threshold is not None:
        tuned = _measured(figures(test.labels, outcome.test, threshold), threshold)
    likeness = similarities(train, outcome.filled) if outcome.filled is not None else {}
    result = Result(
        status="done",
        fixed=_measured(fixed, 0.5),
        tuned=tuned,
        map=fixed.map,
        average_precision=numbers(fixed.average_precision),
        similarity={name: None if math.isnan(value) else value for name, value in likeness.items()},
        trained_on=outcome.trained_on,
        seconds=round(seconds, 3),
        peak_mib=memory,
        notes=list(outcome.notes),
    )
    return result, {"scores": outcome.test} | _resampled(cell, test, outcome.test, threshold)


def _resampled(cell: Cell, test: Part, scores: Floats, threshold: float | None) -> Arrays:
    """The figures of every resample. All cells on these rows draw the same ones, so they can be paired."""
    counts = resample_counts(len(test), cell.resamples)
    found = {
        "macro_f1": macro_f1(test.labels, scores > 0.5, counts),
        "map": mean_average_precision(test.labels, scores, counts),
    }
    if threshold is not None:
        found["macro_f1_tuned"] = macro_f1(test.labels, scores > threshold, counts)
    return found


def _load(source: Source, method: Method, parts: Path) -> Part:
    run = getattr(method, "run", None)
    return load_part(parts, source.part, {run: source.completion} if run and source.completion else {})


def _measured(found: Figures, threshold: float) -> Measured:
    return Measured(
        threshold=threshold, macro_f1=found.macro_f1, micro_f1=found.micro_f1, f1=numbers(found.f1)
    )


def _check_fit(parts: list[Part]) -> None:
    widths, classes = {part.width for part in parts}, {part.labels.shape[1] for part in parts}
    if len(widths) > 1 or len(classes) > 1:
        raise ValueError(
            f"the splits do not fit: features of {sorted(widths)} numbers, labels of {sorted(classes)} classes; "
            "they must come from one encoder and one data set"
        )


def _sentence(error: Exception) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return (
        line
        if line and isinstance(error, (ValueError, FloatingPointError))
        else f"{type(error).__name__}: {line}"
    )
