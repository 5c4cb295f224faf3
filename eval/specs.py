"""The parts of an experiment that cells, heads and data are told: data, masks, heads, methods."""

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from eval.errors import unknown


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


def digest(value: Any) -> str:
    """The first 16 digits of the SHA-256 of plain values: equal means the same configuration."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
