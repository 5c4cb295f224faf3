"""From an experiment to its cells: runs made, features computed, every line of every table spelt out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eval.cells import Cell, Inputs, Missing, Source
from eval.completions import Tell
from eval.errors import EvalError, unknown
from eval.experiment import Experiment
from eval.features.cache import FeatureCache
from eval.features.encoders import Encoder, resolve
from eval.features.extract import Extractor
from eval.features.parts import build_part, candidates_of
from eval.features.saved import save_candidates, save_part
from eval.methods import build, method_type
from eval.places import Places
from eval.runfolder import open_run
from eval.scene import Given, Scene, make_run, mask_of, open_scene
from eval.specs import MethodSpec

Key = tuple[str, float | None]
"""A role and a missing rate."""


@dataclass
class Plan:
    """All cells, those that cannot be begun, and the scenes they play in."""

    scenes: list[Scene]
    encoders: list[Encoder] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    ranked: list["Ranked"] = field(default_factory=list)


@dataclass(frozen=True)
class Ranked:
    """A run whose ranking is to be analysed."""

    dataset: str
    encoder: str
    run: str
    rate: float
    source: Source


def make_plan(experiment: Experiment, given: Given, places: Places, tell: Tell) -> Plan:
    """Opens the data, makes the runs that are not there, computes the features. Raises `EvalError`."""
    _check_given(experiment, given)
    plan = Plan([open_scene(spec, experiment, given, places.runs, tell) for spec in experiment.data])
    for scene in plan.scenes:
        _make_runs(scene, experiment, given, places.runs, tell)
        for name in experiment.encoders:
            encoder = resolve(name, scene.miniature_run)
            if encoder not in plan.encoders:
                plan.encoders.append(encoder)
            with (
                FeatureCache(places.features, encoder.digest) as cache,
                Extractor(
                    encoder, cache, lambda what, done, total: _tell_progress(tell, what, done, total)
                ) as extractor,
            ):
                sources = _Sources(scene, experiment, extractor, places.parts)
                _add_cells(plan, scene, experiment, encoder, sources)
                scene.notes += extractor.notes
    return plan


def _check_given(experiment: Experiment, given: Given) -> None:
    known = [spec.name for spec in experiment.data]
    for name, folders in given.items():
        if name not in experiment.runs:
            raise unknown("run", name, experiment.runs)
        for folder in folders:
            if (theirs := open_run(folder).manifest.data.name) not in known:
                raise EvalError(
                    f"The run {folder} is of {theirs}, this experiment is of {' and '.join(known)}; name another run "
                    "folder, or the data set with --dataset."
                )


def run_of(spec: MethodSpec) -> str | None:
    """The run that a method fills from, if it does."""
    run: str | None = getattr(build(spec.method, spec.options), "run", None)
    return run


def rates_of(spec: MethodSpec, experiment: Experiment) -> list[float]:
    """The missing rates at which a line stands."""
    return [rate for rate in experiment.rates if spec.rates is None or rate in spec.rates]


def _make_runs(scene: Scene, experiment: Experiment, given: Given, runs: Path, tell: Tell) -> None:
    wanted: dict[str, set[float]] = {name: set(experiment.rates) for name in experiment.ranking}
    for spec in experiment.methods:
        if run := run_of(spec):
            wanted.setdefault(run, set()).update(rates_of(spec, experiment))
    for name, rates in wanted.items():
        nested = experiment.mask.nested
        for rate in [max(rates)] if nested else sorted(rates):
            make_run(scene, experiment, "train", rate, name, given, runs, tell)
        if nested:
            scene.share(name, max(rates), rates)
        if experiment.test_mask is not None:
            for role in scene.splits:
                if role != "train":
                    make_run(scene, experiment, role, experiment.test_mask.rate, name, {}, runs, tell)


class _Sources:
    """Splits and completions with features, each saved once."""

    def __init__(self, scene: Scene, experiment: Experiment, extractor: Extractor, folder: Path) -> None:
        self._scene, self._experiment, self._extractor, self._folder = scene, experiment, extractor, folder
        self._parts: dict[Key, tuple[str, int]] = {}
        self._completions: dict[tuple[str, float | None, str], str] = {}

    def part(self, role: str, rate: float | None) -> str:
        return self._part(role, rate)[0]

    def completion(self, role: str, rate: float | None, run: str) -> str | None:
        """The digest of what the run completed; None where nothing was hidden or the run is not there."""
        test = self._experiment.test_mask
        at = rate if role == "train" else (test.rate if test is not None else None)
        folder = self._scene.runs.get((role, at, run)) if at is not None else None
        if folder is None:
            return None
        key = (role, at, run)
        if key not in self._completions:
            width = self._part(role, rate)[1]
            mask = mask_of(self._scene, self._experiment, role, rate)
            found = candidates_of(folder, self._scene.splits[role], mask, width, self._extractor)
            self._completions[key] = save_candidates(found, self._folder)
        return self._completions[key]

    def problem(self, rate: float | None, run: str) -> str | None:
        """Why a run that this rate needs is not there."""
        test = self._experiment.test_mask
        keys = [("train", rate, run)] if rate is not None else []
        keys += [
            (role, test.rate, run) for role in self._scene.splits if test is not None and role != "train"
        ]
        return next((self._scene.problems[key] for key in keys if key in self._scene.problems), None)

    def _part(self, role: str, rate: float | None) -> tuple[str, int]:
        """Digest and width. Only training depends on the rate; None is without any mask."""
        if role != "train" and rate is not None:
            rate = 0.0
        key = (role, rate)
        if key not in self._parts:
            mask = None if rate is None else mask_of(self._scene, self._experiment, role, rate)
            part = build_part(self._scene.splits[role], mask, self._extractor)
            self._parts[key] = (save_part(part, self._folder), part.width)
        return self._parts[key]


def _add_cells(plan: Plan, scene: Scene, experiment: Experiment, encoder: Encoder, sources: _Sources) -> None:
    for spec in experiment.methods:
        kind, run = method_type(spec.method), run_of(spec)
        heads = list(experiment.heads.items())
        rates: Sequence[float | None] = rates_of(spec, experiment) if kind.masked else [None]
        for rate in rates:
            problem = sources.problem(rate, run) if run else None
            inputs = _inputs(scene, sources, rate, run) if problem is None else None
            for head_name, head in heads[:1] if kind.own_network else heads:
                if head.lines is not None and spec.name not in head.lines:
                    continue
                where = {
                    "dataset": scene.spec.name,
                    "rate": rate,
                    "encoder": encoder.label,
                    "head_name": head_name,
                }
                if inputs is None:
                    plan.missing.append(Missing(**where, method=spec, problem=problem or ""))  # type: ignore[arg-type]
                    continue
                plan.cells += [
                    Cell(
                        **where,  # type: ignore[arg-type]
                        head=head,
                        epochs=scene.spec.epochs,
                        method=spec,
                        seed=seed,
                        inputs=inputs,
                        resamples=experiment.resamples,
                    )
                    for seed in range(experiment.seeds)
                ]
    for name in experiment.ranking:
        for rate in experiment.rates:
            completion = sources.completion("train", rate, name)
            if completion is not None:
                source = Source(sources.part("train", rate), completion)
                plan.ranked.append(Ranked(scene.spec.name, encoder.label, name, rate, source))


def _inputs(scene: Scene, sources: _Sources, rate: float | None, run: str | None) -> Inputs:
    found = {
        role: Source(sources.part(role, rate), sources.completion(role, rate, run) if run else None)
        for role in scene.splits
    }
    return Inputs(found["train"], found.get("dev"), found["test"])


def _tell_progress(tell: Tell, what: str, done: int, total: int) -> None:
    if done % 2048 == 0:
        tell(f"  features: {what} {done:,} of {total:,}")
