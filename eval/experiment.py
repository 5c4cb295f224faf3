"""An experiment as its YAML file says it: data, masks, methods, head, published figures."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from data.files import BadRow, read_bytes
from eval.errors import EvalError, unknown

FOLDER = Path(__file__).parent / "experiments"
MAX_BYTES = 2**20

Metric = Literal["macro_f1", "map", "ss"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSpec(Strict):
    """One data set of an experiment and which splits of it are used."""

    name: str
    """A name of `data.catalog`."""
    root: Path | None = None
    """None: the miniature of this data set, which `python -m agent.run` draws."""
    train: str = "train"
    dev: str | None = "dev"
    """For the tuned threshold; None leaves that figure out."""
    test: str = "test"
    options: dict[str, str] = Field(default_factory=dict)
    train_rows: int | None = Field(None, ge=4)
    """Only the first rows of the training split; the mask is still that of the whole split."""
    test_rows: int | None = Field(None, ge=2)
    epochs: int | None = Field(None, ge=1)
    """Of the head on this data set, instead of the head's own (IU X-ray has 100 in the paper)."""

    @field_validator("name")
    @classmethod
    def _known(cls, value: str) -> str:
        from data.catalog import NAMES

        if value not in NAMES:
            raise ValueError(str(unknown("data set", value, NAMES)))
        return value


class MaskSpec(Strict):
    """Missing modalities by the rule of the released masks (`data.missing`)."""

    type: Literal["mixed", "text", "image"] = "mixed"
    seed: int | None = None
    """None: the seed of the released masks of that type."""
    nested: bool = False
    """One order for all rates, drawn over the rows that are used: a higher rate hides what a lower one hides, and more,
    and a row always misses the same modality. So one run completes all rates, and every rate is exact. The released
    masks are not like that: half of what two of their rates share misses another modality at the other rate."""


class TestMask(MaskSpec):
    """Missing modalities at test time, which the paper does not have."""

    __test__ = False  # not a test of pytest
    rate: float = Field(ge=0, le=1)


class HeadSpec(Strict):
    """A classifier on the two features. Defaults are those of Knowledge Bridger's experiments."""

    kind: Literal["linear", "attention"] = "linear"
    hidden: int = Field(0, ge=0)
    """Width of a hidden layer; 0 is the paper's single layer."""
    epochs: int = Field(30, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    batch: int = Field(32, ge=1)
    weight_decay: float = Field(0.0, ge=0)
    loss: Literal["focal", "bce"] = "focal"
    alpha: float = Field(1.0, gt=0)
    gamma: float = Field(2.0, ge=0)
    lines: tuple[str, ...] | None = None
    """Only these methods, by name; None: all."""


class MethodSpec(Strict):
    """One line of a table: a method of `eval.methods` with its options, under a name."""

    method: str
    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    rates: tuple[float, ...] | None = None
    """Only at these of the experiment's missing rates; None: at all."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        """`remove`, or `{method: bridger, name: ..., run: full}`: what is neither method nor name is an option."""
        if isinstance(value, str):
            return {"method": value, "name": value}
        if isinstance(value, dict) and "options" not in value and "method" in value:
            options = {k: v for k, v in value.items() if k not in ("method", "name", "rates")}
            return {
                "method": value["method"],
                "name": value.get("name") or _named(value["method"], options),
                "options": options,
                "rates": value.get("rates"),
            }
        return value


def _named(method: str, options: dict[str, Any]) -> str:
    return " ".join([method, *(f"{key}={value}" for key, value in options.items())])


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
    from eval.methods import build

    for spec in experiment.methods:
        method = build(spec.method, spec.options)
        run = getattr(method, "run", None)
        if run is not None and run not in experiment.runs:
            raise EvalError(f"{where}, method {spec.name}: {unknown('run', run, experiment.runs)}")


def digest(value: Any) -> str:
    """The first 16 digits of the SHA-256 of plain values: equal means the same configuration."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
