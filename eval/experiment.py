"""An experiment as its YAML file says it: data, masks, methods, head, published figures."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from data.files import BadRow, read_bytes
from eval.errors import EvalError, unknown
from eval.specs import DataSpec, HeadSpec, MaskSpec, MethodSpec, Strict, TestMask

FOLDER = Path(__file__).parent / "experiments"
MAX_BYTES = 2**20

Metric = Literal["macro_f1", "map", "ss"]


class Published(Strict):
    """One figure of a paper's table, in percent. `difference` marks tables that give differences to a base row."""

    dataset: str
    rate: float | None = None
    """None: does not depend on it (complete data)."""
    method: str
    """Name of the line, as in `methods`."""
    macro_f1: float | None = None
    map: float | None = None
    ss: float | None = None
    source: str = ""


class Experiment(Strict):
    """Everything that `python -m eval.run NAME` does."""

    title: str
    question: str
    """What it answers, in one sentence."""
    data: tuple[DataSpec, ...] = Field(min_length=1)
    rates: tuple[float, ...] = Field((0.3, 0.5, 0.7), min_length=1)
    mask: MaskSpec = MaskSpec()
    test_mask: TestMask | None = None
    encoders: tuple[str, ...] = ("default",)
    """`default`: ViT-L-14/openai, or with the miniature's data the run's own CLIP; else clip:NAME or blip:NAME."""
    seeds: int = Field(5, ge=1, le=100)
    runs: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Completions by name: flags of `python -m agent.run`, without dashes."""
    methods: tuple[MethodSpec, ...] = Field(min_length=1)
    heads: dict[str, HeadSpec] = Field(default_factory=lambda: {"linear": HeadSpec()}, min_length=1)
    reference: str | None = None
    """The line that the others are compared with by paired bootstrap; default: the first Knowledge Bridger."""
    resamples: int = Field(1000, ge=0, le=100_000)
    ranking: tuple[str, ...] = ()
    """Runs whose ranking is analysed."""
    views: tuple[Literal["rates", "bars", "candidates", "cost"], ...] = ("rates", "bars")
    published: tuple[Published, ...] = ()
    tolerance: float = Field(2.0, ge=0)
    """Points by which a reproduced figure may differ from the published one."""
    notes: tuple[str, ...] = ()
    """What a reader must know about the published figures."""
    allow_leaks: bool = False

    @field_validator("rates")
    @classmethod
    def _rates(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < rate <= 1 for rate in value) or len(set(value)) < len(value):
            raise ValueError("rates must lie above 0 and up to 1, each once")
        return tuple(sorted(value))

    @model_validator(mode="after")
    def _fits(self) -> "Experiment":
        names = [method.name for method in self.methods]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two methods are called {twice!r}; give one of them another name")
        for each in self.ranking:
            if each not in self.runs:
                raise ValueError(str(unknown("run", each, self.runs)))
        for head in self.heads.values():
            if strange := [each for each in head.lines or () if each not in names]:
                raise ValueError(str(unknown("method", strange[0], names)))
        if self.reference is not None and self.reference not in names:
            raise ValueError(str(unknown("method", self.reference, names)))
        return self

    @property
    def compared_with(self) -> str | None:
        """Name of the line that all others are compared with."""
        bridgers = [method.name for method in self.methods if method.method == "bridger"]
        return self.reference or (bridgers[0] if bridgers else None)


def names() -> list[str]:
    """The experiments that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> tuple[str, Experiment]:
    """(short name, experiment) by a name of `names()` or the path of a YAML file.

    Raises `EvalError` for an unknown name or a file that is no experiment.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise unknown("experiment", name, names())
    try:
        content = yaml.safe_load(read_bytes(path, MAX_BYTES))
    except (BadRow, yaml.YAMLError) as error:
        raise EvalError(f"{path} cannot be read: {' '.join(str(error).split())[:200]}") from None
    return path.stem, parse(content, str(path))


def parse(content: Any, where: str) -> Experiment:
    """An experiment from plain values. Raises `EvalError` that names the setting."""
    try:
        experiment = Experiment.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"]) or "file"
        raise EvalError(f"{where}, {place}: {problem['msg'].removeprefix('Value error, ')}") from None
    _check_methods(experiment, where)
    return experiment


def _check_methods(experiment: Experiment, where: str) -> None:
    from eval.methods import build  # only here, since it brings torch, which takes seconds

    for spec in experiment.methods:
        method = build(spec.method, spec.options)
        run = getattr(method, "run", None)
        if run is not None and run not in experiment.runs:
            raise EvalError(f"{where}, method {spec.name}: {unknown('run', run, experiment.runs)}")
