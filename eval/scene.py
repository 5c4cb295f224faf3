"""A data set of an experiment, opened: its splits, what they share, and the runs that complete them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data.leaks import LeakReport
from data.missing import Mask
from eval.completions import Tell, Wanted, complete
from eval.errors import EvalError
from eval.experiment import Experiment
from eval.runfolder import RunFolder, open_run
from eval.specs import DataSpec, MaskSpec
from eval.splits import Split, check_leaks, open_split, with_common_classes

Given = Mapping[str, Sequence[Path]]
"""Run folders that the user names, by run."""


@dataclass
class Scene:
    """Everything about one data set but its features."""

    spec: DataSpec
    root: Path
    splits: dict[str, Split]
    """By role: train, dev, test."""
    leaks: list[LeakReport]
    miniature_run: RunFolder | None
    """Any run on the miniature's data, which tells where its models are; None for real data."""
    runs: dict[tuple[str, float, str], RunFolder] = field(default_factory=dict)
    """By role, rate and name of the run."""
    problems: dict[tuple[str, float, str], str] = field(default_factory=dict)
    """Runs that could not be made, one sentence each."""
    notes: list[str] = field(default_factory=list)

    @property
    def miniature(self) -> bool:
        """Whether anything of it is the miniature's: then no figure may be held against a published one."""
        return self.miniature_run is not None or any(run.miniature for run in self.runs.values())

    def share(self, name: str, made: float, rates: Iterable[float]) -> None:
        """The run of rate `made`, or why there is none, stands for lower rates too: their masks lie within its own."""
        known = ("train", made, name)
        for rate in rates:
            if known in self.runs:
                self.runs["train", rate, name] = self.runs[known]
            elif known in self.problems:
                self.problems["train", rate, name] = self.problems[known]

    @property
    def leaking(self) -> list[LeakReport]:
        return [report for report in self.leaks if report.leaks]


def open_scene(spec: DataSpec, experiment: Experiment, given: Given, runs: Path, tell: Tell) -> Scene:
    """Open the data set; without a root it is the miniature's, which the program draws. Raises `EvalError`."""
    first = _first_given(given, spec)
    if spec.root is not None:
        root, miniature = spec.root.expanduser(), None
    else:
        tell(f"{spec.name}: no root is named, so the miniature is used (drawn the first time, in a minute)")
        # A run that hides nothing completes nothing and loads no model, but its manifest says where all is.
        nothing = Wanted("nothing", spec, spec.train, MaskSpec(), rate=0.0)
        miniature = (
            first if first and first.manifest.data.miniature else complete(nothing, runs, _say_nothing)
        )
        root = miniature.manifest.data.root
    roles = ["train", *(["dev"] if spec.dev else []), "test"]
    splits = with_common_classes({role: open_split(spec, root, role) for role in roles})
    leaks = check_leaks(list(splits.values()), experiment.allow_leaks)
    scene = Scene(spec, root, splits, leaks, miniature)
    scene.notes += [
        f"{split.faults} rows of {role} cannot be read" for role, split in splits.items() if split.faults
    ]
    scene.notes += [report.summary() for report in scene.leaking]
    return scene


def mask_of(scene: Scene, experiment: Experiment, role: str, rate: float | None) -> Mask | None:
    """What is hidden of a split: training by the rate; dev and test by the test mask, if there is one."""
    if role == "train":
        return scene.splits[role].mask(experiment.mask, rate) if rate is not None else None
    test = experiment.test_mask
    return scene.splits[role].mask(test, test.rate) if test is not None and test.rate > 0 else None


def make_run(
    scene: Scene,
    experiment: Experiment,
    role: str,
    rate: float,
    name: str,
    given: Given,
    runs: Path,
    tell: Tell,
) -> None:
    """Find or make the completions of a split by one run, and keep them, or why there are none, in the scene.

    Raises `EvalError` if the user named a folder and it is not of these data.
    """
    split, spec = scene.splits[role], experiment.mask if role == "train" else experiment.test_mask
    key, mask = (role, rate, name), mask_of(scene, experiment, role, rate)
    if mask is None or spec is None or key in scene.runs or key in scene.problems:
        return
    if not split.to_complete(mask):
        return
    if name in given:
        scene.runs[key] = _fitting(given[name], split, mask)
        return
    wanted = Wanted(
        name=name,
        data=scene.spec,
        split=split.dataset.split,
        mask=MaskSpec(type=spec.type, seed=split.seed(spec, mask.rate)),
        rate=rate,
        limit=split.to_complete(mask),
        exact=mask if spec.nested else None,
        flags=experiment.runs[name],
    )
    tell(f"{scene.spec.name}/{split.dataset.split}, rate {rate:g}: completions {name!r}")
    try:
        run = complete(wanted, runs, tell)
        run.check(split.dataset, mask)
        scene.runs[key] = run
    except EvalError as error:
        tell(str(error))
        scene.problems[key] = str(error)


def _fitting(folders: Sequence[Path], split: Split, mask: Mask) -> RunFolder:
    """The first of the folders that is of this split and mask. Raises `EvalError` of the last one if none is."""
    problem = EvalError("No run folder is named.")
    for folder in folders:
        run = open_run(folder)
        try:
            run.check(split.dataset, mask)
            return run
        except EvalError as error:
            problem = error
    raise problem


def _say_nothing(line: str) -> None:
    """What a run says that completes nothing would puzzle; its log has it."""


def _first_given(given: Given, spec: DataSpec) -> RunFolder | None:
    for folders in given.values():
        for folder in folders:
            run = open_run(folder)
            if run.manifest.data.name == spec.name:
                return run
    return None
