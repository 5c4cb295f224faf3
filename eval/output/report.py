"""Everything that tables, plots and the page say, worked out once."""

import math
from dataclasses import dataclass, field

from eval.cells import Store
from eval.compare import Comparison, Difference, Recovered
from eval.cost import RunCost, run_cost
from eval.errors import EvalError
from eval.experiment import Experiment, Published
from eval.features.saved import load_candidates, load_part
from eval.methods import build, method_type
from eval.metrics.bootstrap import Interval
from eval.places import Places
from eval.plan import Plan, Ranked, run_of
from eval.ranking.analysis import RankingReport, analyse
from eval.results import Block, Results
from eval.scene import Scene
from eval.specs import MethodSpec
from eval.splits import classes_without_positive
from eval.task import MODALITIES

MINIATURE = "MINIATURE, not real data"
PUBLISHED_METRICS = ("macro_f1", "map", "ss")


@dataclass(frozen=True)
class LineCost:
    """What one line of a block takes, mean over its cells; completions apart."""

    block: Block
    line: str
    seconds: float | None
    """None: every cell of the line is broken."""
    peak_mib: float | None
    completion: RunCost | None
    """Of the highest missing rate."""


@dataclass
class Report:
    """The experiment and all that came out."""

    name: str
    experiment: Experiment
    plan: Plan
    results: Results
    command: str
    differences: list[Difference] = field(default_factory=list)
    recovered: list[Recovered] = field(default_factory=list)
    intervals: dict[tuple[Block, str, float, str], Interval] = field(default_factory=dict)
    """By block, line, rate and metric."""
    rankings: list[tuple[Ranked, RankingReport | str]] = field(default_factory=list)
    """A sentence where there is nothing to analyse."""
    costs: list[LineCost] = field(default_factory=list)

    @property
    def miniature(self) -> bool:
        return any(scene.miniature for scene in self.plan.scenes)

    @property
    def label(self) -> str:
        """What every table and plot carries when the miniature has a part in it."""
        return MINIATURE if self.miniature else ""

    def scene(self, dataset: str) -> Scene:
        return next(scene for scene in self.plan.scenes if scene.spec.name == dataset)

    def spec(self, line: str) -> MethodSpec:
        return next(spec for spec in self.experiment.methods if spec.name == line)

    def published(self, block: Block, line: str, rate: float) -> Published | None:
        """The published figures of that place in the paper's table, whatever was run here."""
        for each in self.experiment.published:
            if (each.dataset, each.method) == (block.dataset, line) and each.rate in (rate, None):
                return each
        return None

    def comparable(self, block: Block) -> bool:
        """Whether figures of this block may be held against published ones at all."""
        return not self.scene(block.dataset).miniature and not self.scene(block.dataset).leaking

    def empty_classes(self, dataset: str) -> list[str]:
        return classes_without_positive(self.scene(dataset).splits["test"])


def make_report(
    name: str,
    experiment: Experiment,
    plan: Plan,
    results: Results,
    store: Store,
    places: Places,
    command: str,
) -> Report:
    """Compares, analyses and adds up. Reads cells, runs and splits; trains nothing."""
    report = Report(name, experiment, plan, results, command)
    comparison = Comparison(results, store)
    report.intervals = {
        (block, line, rate, metric): found
        for block in results.blocks
        for line in results.lines(block)
        for rate in results.rates(block)
        for metric in ("macro_f1", "map")
        if (found := comparison.interval_of(block, rate, metric, line)) is not None
    }
    if experiment.resamples and (line := experiment.compared_with) is not None:
        report.differences = comparison.differences(line)
        report.recovered = _recovered(results, comparison, line)
    report.rankings = [(each, _ranking(each, places)) for each in plan.ranked]
    report.costs = _costs(report)
    return report


def _recovered(results: Results, comparison: Comparison, line: str) -> list[Recovered]:
    found = []
    for block in results.blocks:
        if not {"remove", "complete"} <= set(results.lines(block)):
            continue
        for rate in results.rates(block):
            for metric in ("macro_f1", "map"):
                part = comparison.recovered(block, rate, metric, line, "remove", "complete")
                if part is not None:
                    found.append(part)
    return found


def _ranking(ranked: Ranked, places: Places) -> RankingReport | str:
    part = load_part(places.parts, ranked.source.part)
    assert ranked.source.completion is not None
    candidates = load_candidates(places.parts, ranked.source.completion)
    try:
        return analyse(candidates, [part.truth[name] for name in MODALITIES])
    except ValueError as error:
        return str(error)


def _costs(report: Report) -> list[LineCost]:
    known: dict[tuple[str, str, int | None], RunCost | None] = {}
    found = []
    for block in report.results.blocks:
        rates = report.results.rates(block)
        for line in report.results.lines(block):
            cells = [
                one
                for rate in rates
                for one in report.results.at(block, line, rate)
                if one.result.status == "done"
            ]
            memory = [one.result.peak_mib for one in cells if one.result.peak_mib is not None]
            spec = report.spec(line)
            run, among = run_of(spec), getattr(build(spec.method, spec.options), "among", None)
            completion = None
            if run is not None:
                key = (block.dataset, run, among)
                if key not in known:
                    known[key] = _run_cost(report.scene(block.dataset), run, among)
                completion = known[key]
            seconds = math.fsum(one.result.seconds for one in cells) / len(cells) if cells else None
            found.append(LineCost(block, line, seconds, max(memory) if memory else None, completion))
    return found


def _run_cost(scene: Scene, run: str, among: int | None) -> RunCost | None:
    at = [
        (rate, folder) for (role, rate, name), folder in scene.runs.items() if role == "train" and name == run
    ]
    if not at:
        return None
    try:
        return run_cost(max(at, key=lambda each: each[0])[1], among)
    except EvalError:
        return None


def sources(report: Report) -> list[tuple[str, str, str, str, str]]:
    """(line, source, licence, what is done here, hyperparameters) of every line."""
    found = []
    for spec in report.experiment.methods:
        card, method = method_type(spec.method).card, build(spec.method, spec.options)
        # None and nothing are settings that were left alone: all candidates, the run's own weights.
        settings = {name: value for name, value in vars(method).items() if value not in (None, {})}
        options = ", ".join(f"{name} {value}" for name, value in settings.items())
        found.append((spec.name, card.source, card.licence, card.here, options or "none"))
    return found
