"""Every setting of a run, its default and its meaning. `agent.flags` makes flags and variables of them."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BeforeValidator, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agent.flags import setting
from graphs.context import Ablation, Options

ROOTS = {"mmimdb": "mmimdb_root", "coco": "coco_root", "iuxray": "iuxray_root"}
"""Which setting holds the root of a data set when `--root` is not given."""
RELEASED_SEEDS = {"text": 2025, "image": 2026, "mixed": 2027, "as-is": 2027}
"""Seeds of the masks that were released with the paper, by type."""
TERMS = ("graph", "clip", "blip")
KGC = "kgc"
"""The term that `--kgc` adds; absent from the weights otherwise, so that runs without it stay what they were."""
KGC_WEIGHT = 0.5

DATA = "data"
METHOD = "method"
LMM = "large multimodal model"
MODELS = "image generator and scorers"
RUN = "run"

LOGIN = re.compile(r"""(?<=://)[^/\s"]*@""")
"""User and password of a URL, wherever it stands in a text."""
SECRET = re.compile(
    r"api[_-]?key|passw(or)?d|secret|credential|authorization|bearer|headers"
    r"|(access|auth|hf|session)[_-]?(key|token)|(^|\.)token$",
    re.IGNORECASE,
)
"""Names of parameters that hold a key."""


def _pairs(value: Any) -> Any:
    """`graph=1,clip=.5,blip=.5` as a table."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not sign for _, sign, _ in pairs):
        raise ValueError(f"{value!r} should look like name=value,name=value")
    return {name.strip(): inner.strip() for name, _, inner in pairs}


def _json(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        table = json.loads(value)
    except ValueError as error:  # the value is not repeated: it may hold a key
        raise ValueError(f"the value is not JSON ({error})") from None
    if not isinstance(table, dict):
        raise ValueError('the value should be a JSON object, such as {"omit": ["seed"]}')
    return table


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of everything in a JSON value that is no container."""
    if not isinstance(value, dict | list):
        yield name, value
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(inner, f"{name}.{key}".removeprefix("."))


def _words(value: Any) -> Any:
    """`knowledge,ranking` as a list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class Settings(BaseSettings):
    """What `python -m agent.run` can be told."""

    model_config = SettingsConfigDict(
        env_prefix="KB_",
        env_ignore_empty=True,
        extra="ignore",
        env_file_encoding="utf-8",
        frozen=True,
        allow_inf_nan=False,
    )

    elsewhere: ClassVar[frozenset[str]] = frozenset({"tools", "web_token"})
    """Settings of `agent.chat` and `agent.web` alone, whose variables may stand in the same `.env`."""

    dataset: Literal["mmimdb", "coco", "iuxray", "folder"] = setting(
        "mmimdb", "form of the data; folder = your own, with metadata.jsonl, .csv or .parquet", DATA
    )
    root: Path | None = setting(
        None,
        "where the data lies, else MMIMDB_ROOT, COCO_ROOT or IUXRAY_ROOT; without any of them the miniature "
        "of that data set is drawn and used",
        DATA,
        metavar="DIR",
    )
    mmimdb_root: Path | None = setting(
        None, "root of mmimdb without --root", DATA, env="MMIMDB_ROOT", flag=False
    )
    coco_root: Path | None = setting(None, "root of coco without --root", DATA, env="COCO_ROOT", flag=False)
    iuxray_root: Path | None = setting(
        None, "root of iuxray without --root", DATA, env="IUXRAY_ROOT", flag=False
    )
    split: str | None = setting(
        None, "which split, or several as train+dev; default: train where there is one", DATA, metavar="NAME"
    )
    data_options: Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)] = setting(
        {},
        "options of the form, such as plot=joined,genres=23; a wrong one lists them",
        DATA,
        metavar="NAME=VALUE,...",
    )
    type: Literal["mixed", "text", "image", "as-is"] = setting(
        "mixed", "what to hide; as-is hides nothing and completes what is really absent", DATA
    )
    rate: float = setting(0.7, "share of the samples that lose a modality", DATA, ge=0, le=1)
    mask: Path | None = setting(
        None,
        "a missing mask to use instead of --rate and --type (the released form, or MPMM's table)",
        DATA,
        metavar="FILE",
    )
    seed: int | None = setting(
        None,
        "seed of the mask and of all sampling (default text 2025, image 2026, mixed 2027: the released masks')",
        DATA,
        metavar="N",
        ge=0,
        lt=2**31,
    )
    limit: int | None = setting(
        None,
        "complete at most this many samples; a larger limit later goes on in the same folder",
        DATA,
        ge=1,
    )

    candidates: int = setting(5, "candidates per sample", METHOD, ge=1, le=50)
    rounds: int = setting(
        0, "rounds of verifying and regenerating the best candidate; 0 = off", METHOD, ge=0, le=10
    )
    mode: Literal["merged", "stepwise"] = setting(
        "merged", "merged: few calls; stepwise: one call per knowledge rule, as in the paper", METHOD
    )
    ablate: Annotated[frozenset[Ablation], NoDecode, BeforeValidator(_words)] = setting(
        frozenset(),
        "parts to leave out, comma-separated: " + ", ".join(get_args(Ablation)),
        METHOD,
        metavar="PARTS",
    )
    weights: Annotated[dict[str, float], NoDecode, BeforeValidator(_pairs)] = setting(
        {"graph": 1.0, "clip": 0.5, "blip": 0.5},
        "weights of the quality score; --kgc adds kgc=.5",
        METHOD,
        metavar="graph=1,clip=.5,blip=.5",
    )
    graph_similarity: Literal["exact", "soft"] = setting(
        "exact", "how nodes of two graphs are matched", METHOD
    )
    penalty: float = setting(
        5.0,
        "what verification takes off the quality for every edge that a candidate lacks or adds",
        METHOD,
        ge=0,
    )
    temperature: float = setting(0.1, "sampling temperature of the LMM", METHOD, ge=0, le=2)
    max_tokens: int = setting(512, "longest answer of the LMM, in tokens", METHOD, ge=16, le=32_768)
    sample_side: int = setting(
        1024, "longest side in px of a sample's picture as the LMM sees it", METHOD, ge=28
    )
    candidate_side: int = setting(448, "the same for candidates", METHOD, ge=28)

    lmm: str | None = setting(
        None,
        "model name at the endpoint, such as gpt-4o; mini = the miniature, which also answers when neither "
        "an endpoint nor a model is named",
        LMM,
        env="LMM_MODEL",
        metavar="MODEL",
    )
    lmm_url: str | None = setting(
        None,
        "OpenAI-compatible endpoint, such as http://localhost:8000/v1",
        LMM,
        env="LMM_BASE_URL",
        metavar="URL",
    )
    lmm_key: SecretStr | None = setting(None, "key for LMM_BASE_URL", LMM, env="LMM_API_KEY", flag=False)
    openai_key: SecretStr | None = setting(
        None, "key for OpenAI; used when no LMM_BASE_URL is set", LMM, env="OPENAI_API_KEY", flag=False
    )
    concurrency: int | None = setting(
        None,
        "requests in flight at the endpoint; default 64, or 16 for the miniature and OpenAI",
        LMM,
        ge=1,
        le=1024,
    )
    rpm: int | None = setting(None, "requests per minute that the endpoint allows", LMM, ge=1)
    tpm: int | None = setting(None, "tokens per minute that the endpoint allows", LMM, ge=1)
    timeout: float = setting(120.0, "seconds to wait for one answer", LMM, gt=0)
    retries: int = setting(6, "retries of one request that failed on the way", LMM, ge=0, le=20)
    structured: Literal["json_schema", "json_object", "none"] = setting(
        "json_schema", "how the endpoint is held to an answer's schema", LMM
    )
    lmm_options: Annotated[dict[str, Any], NoDecode, BeforeValidator(_json)] = setting(
        {},
        'further endpoint settings as JSON, such as {"token_limit": "max_completion_tokens"}',
        LMM,
        metavar="JSON",
    )
    lmm_cache: Path | None = setting(
        None, "file of the response cache; default: lmm-cache.sqlite in the cache folder", LMM, metavar="FILE"
    )

    generator: str | None = setting(
        None,
        "sdxl, any diffusers text-to-image hub id or folder, openai:MODEL, or mini",
        MODELS,
        metavar="NAME",
    )
    refiner: str | None = setting(
        None, "diffusers refiner for the generator, hub id or folder", MODELS, metavar="ID"
    )
    steps: int | None = setting(None, "diffusion steps; default: the generator's own", MODELS, ge=1, le=1000)
    guidance: float | None = setting(
        None, "guidance scale of the diffusion; default: the generator's own", MODELS, ge=0, le=50
    )
    picture_size: str | None = setting(
        None,
        "size in px of the pictures to draw; default: the generator's own",
        MODELS,
        metavar="WIDTHxHEIGHT",
        pattern=r"^[1-9]\d{1,3}x[1-9]\d{1,3}$",
    )
    images_url: str | None = setting(
        None,
        "images endpoint of --generator openai:MODEL; default: OpenAI's",
        MODELS,
        env="IMAGES_BASE_URL",
        metavar="URL",
    )
    images_key: SecretStr | None = setting(
        None, "key for IMAGES_BASE_URL", MODELS, env="IMAGES_API_KEY", flag=False
    )
    clip: str | None = setting(
        None,
        "CLIP as open_clip MODEL/CHECKPOINT (default ViT-L-14/openai), none, or mini",
        MODELS,
        metavar="NAME",
    )
    blip: str | None = setting(
        None,
        "BLIP as transformers id or folder (default Salesforce/blip-itm-large-coco), none, or mini",
        MODELS,
        metavar="NAME",
    )
    kgc: Path | None = setting(
        None,
        "knowledge-graph completion model, a folder of python -m tools.kgc train or fit-run, that rates the "
        "triplets of the candidates too; off by default",
        MODELS,
        metavar="DIR",
    )
    device: str | None = setting(
        None,
        "device of generator and scorers; default: the GPU if there is one",
        MODELS,
        metavar="cuda|cpu|cuda:1",
    )

    out: Path | None = setting(
        None, "run folder; default: one under runs/ named after the data and the settings", RUN, metavar="DIR"
    )
    in_flight: int | None = setting(
        None,
        "samples worked on at once; default: enough to keep the endpoint busy",
        RUN,
        ge=1,
        le=4096,
    )
    retry_failed: bool = setting(
        False, "on resume, try again the samples that failed; without it they stay failed", RUN
    )
    skip_leak_check: bool = setting(
        False, "do not compare the split with the others (which reads them all, once per run)", RUN
    )
    plain: bool = setting(False, "plain lines instead of a progress display, as when not on a terminal", RUN)
    cache_dir: Path = setting(
        Path("~/.cache/knowledge-bridger"),
        "where the miniature's data and the response cache are kept",
        RUN,
        metavar="DIR",
    )

    @field_validator("weights")
    @classmethod
    def _check_weights(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(value) - {*TERMS, KGC})
        if unknown:
            raise ValueError(
                f"unknown score {unknown[0]!r}; the terms of the quality score are {', '.join(TERMS)}, "
                f"and with --kgc {KGC}"
            )
        if any(weight < 0 for weight in value.values()) or not any(value.values()):
            raise ValueError("weights must be 0 or more, and one of them above 0")
        return {term: value.get(term, 0.0) for term in TERMS} | {k: w for k, w in value.items() if k == KGC}

    @field_validator("ablate", mode="before")
    @classmethod
    def _check_ablate(cls, value: Any) -> Any:
        for word in _words(value):
            if word not in get_args(Ablation):
                raise ValueError(f"{word!r} is not one of {', '.join(get_args(Ablation))}")
        return _words(value)

    @field_validator("lmm_url", "images_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"{value.rpartition('@')[2]!r} should start with http:// or https://")
        if "@" in value:  # anywhere: a password may hold a slash
            raise ValueError(
                "the URL must not hold a user and a password; a key goes into LMM_API_KEY or IMAGES_API_KEY "
                "(an @ of its path is written %40)"
            )
        # A query would stand in the manifest, and in the middle of the addresses that are asked.
        if "?" in value or "#" in value:
            raise ValueError("the URL must end before ? or #; a key goes into LMM_API_KEY or IMAGES_API_KEY")
        return value.rstrip("/")

    @field_validator("lmm", "generator", "refiner", "clip", "blip")
    @classmethod
    def _check_model(cls, value: str | None) -> str | None:
        if value is not None and LOGIN.search(value):
            raise ValueError("the name of a model must not hold a user and a password")
        return value

    @field_validator("lmm_options")
    @classmethod
    def _check_lmm_options(cls, value: dict[str, Any]) -> dict[str, Any]:
        """They go into the manifest as they are."""
        if "base_url" in value:
            raise ValueError("the options cannot hold the address (base_url); give it with --lmm-url")
        for name, inner in _leaves(value):
            if SECRET.search(name):
                raise ValueError(
                    f"the options cannot hold a key ({name}); set LMM_API_KEY in the environment"
                )
            if isinstance(inner, str) and LOGIN.search(inner):
                raise ValueError(f"the options cannot hold a user and a password ({name}); leave them out")
            if isinstance(inner, float) and not math.isfinite(inner):
                raise ValueError(f"{name} should be a finite number")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.dataset == "folder" and self.root is None:
            raise ValueError("--dataset folder needs --root DIR, the folder that holds your metadata file")
        by_endpoint = (self.generator or "").startswith("openai:")
        if self.images_url and not by_endpoint:
            raise ValueError("an images endpoint (IMAGES_BASE_URL) needs its model: --generator openai:MODEL")
        sides = [int(side) for side in self.picture_size.split("x")] if self.picture_size else []
        if not by_endpoint and any(side % 8 for side in sides):
            raise ValueError(f"--picture-size {self.picture_size}: both sides must be multiples of 8 px")
        if self.weights.get(KGC) and not self.kgc:
            raise ValueError("--weights: kgc is the score of a fitted model; name it with --kgc DIR")
        if self.mask and self.type == "as-is":
            raise ValueError("--mask and --type as-is exclude each other: a mask hides, as-is hides nothing")
        return self

    @property
    def data_root(self) -> Path | None:
        """The user's own data, or None for the miniature."""
        named = getattr(self, ROOTS[self.dataset]) if self.dataset in ROOTS else None
        root: Path | None = self.root or named
        return root.expanduser() if root else None

    @property
    def resolved_seed(self) -> int:
        return RELEASED_SEEDS[self.type] if self.seed is None else self.seed

    @property
    def kgc_weight(self) -> float:
        """Of the term that `--kgc` adds: 0 without it, and where candidates have no graph to rate."""
        if self.kgc is None or self.ablate & {"knowledge", "graph-score"}:
            return 0.0
        return self.weights.get(KGC, KGC_WEIGHT)

    @property
    def options(self) -> Options:
        """The part that the nodes of the graph see."""
        return Options(
            mode=self.mode,
            candidates=self.candidates,
            rounds=self.rounds,
            ablate=self.ablate,
            weights={
                **{term: self.weights[term] for term in TERMS},
                **({KGC: self.kgc_weight} if self.kgc_weight else {}),
            },
            graph_similarity=self.graph_similarity,
            penalty=self.penalty,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            sample_side=self.sample_side,
            candidate_side=self.candidate_side,
            seed=self.resolved_seed,
        )

    def method(self) -> dict[str, Any]:
        """The settings of the method as plain values: what of them can change a result."""
        return {**asdict(self.options), "ablate": sorted(self.ablate)}

    def secrets(self) -> tuple[str, ...]:
        """Values that must never be written anywhere."""
        keys = (self.lmm_key, self.openai_key, self.images_key)
        return tuple(key.get_secret_value() for key in keys if key and key.get_secret_value())

    def public(self) -> dict[str, Any]:
        """All settings as plain values, without secrets, for the manifest."""
        table = self.model_dump(mode="json", exclude={"lmm_key", "openai_key", "images_key"})
        return {
            **table,
            "ablate": sorted(self.ablate),
        }


def hide_login(text: str) -> str:
    """`https://user:password@host/v1` without user and password; what is no such URL stays as it is."""
    return LOGIN.sub("", text)
