"""What a run will use, decided from the settings before anything heavy is loaded.

Whatever is not named falls back to the miniature, and says so: the data set without a root, the LMM without an
endpoint, and with either of them the image generator and the scorers.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from agent import miniature
from agent.errors import UsageError
from agent.settings import Settings
from tools.lmm.endpoint import OPENAI_URL, Endpoint

GENERATOR = "sdxl"
CLIP = "ViT-L-14/openai"
BLIP = "Salesforce/blip-itm-large-coco"
CONCURRENCY = 64
"""For a server of one's own, such as vLLM on one GPU."""
CONCURRENCY_OPENAI = 16
CONCURRENCY_MINI = miniature.SLOTS + miniature.SLOTS // 4
"""A quarter more than its slots, so that none waits for the client."""

BESIDE = frozenset(
    [
        "base_url",
        "max_concurrency",
        "requests_per_minute",
        "tokens_per_minute",
        "timeout_s",
        "retries",
        "price",
        "miniature",
        "folder",
    ]
)
"""What of a model cannot change a result: where it is, how fast it may be asked, what it costs."""


@dataclass(frozen=True)
class Plan:
    """Names of everything, nothing opened. A model that is None is not used; `mini` is the miniature's."""

    settings: Settings
    miniature_data: bool
    endpoint: Endpoint | None
    """None: the miniature's, which is started with the run."""
    generator: str
    clip: str | None
    blip: str | None
    notices: tuple[str, ...]
    """What the user must know; on screen and in the manifest."""
    kgc: Path | None = None
    """Folder of a fitted knowledge-graph completion model."""

    @property
    def miniature_lmm(self) -> bool:
        return self.endpoint is None or self.endpoint.model == miniature.MODEL

    @property
    def concurrency(self) -> int:
        return (
            self.endpoint.max_concurrency if self.endpoint else self.settings.concurrency or CONCURRENCY_MINI
        )

    @property
    def picture_size(self) -> tuple[int | None, int | None]:
        """Width and height in px of the pictures to draw; None leaves them to the generator."""
        if self.settings.picture_size is None:
            return None, None
        width, _, height = self.settings.picture_size.partition("x")
        return int(width), int(height)

    def models(self, image_missing: bool) -> dict[str, Any]:
        """Every model by its part, for the manifest; `identity` is what of it can change a result."""
        if self.endpoint:
            public = {name: value for name, value in self.endpoint.public().items() if name != "model"}
            lmm = {"name": self.endpoint.model, **public, "omit": sorted(self.endpoint.omit)}
        else:
            lmm = {"name": miniature.MODEL, "revision": miniature.digest("qwen2_vl")}
        models = {"lmm": {**lmm, "miniature": self.miniature_lmm}}
        generator = self.generator if image_missing else None
        for part, name in (("generator", generator), ("clip", self.clip), ("blip", self.blip)):
            models[part] = self._model(part, name) if name else {"name": None, "miniature": False}
        if generator:
            drawing = ("refiner", "steps", "guidance", "picture_size", "images_url")
            models["generator"] |= {name: getattr(self.settings, name) for name in drawing}
        if self.kgc:
            models["kgc"] = kgc_model(self.kgc)
        return models

    def identity(self, image_missing: bool) -> dict[str, Any]:
        models = self.models(image_missing)
        return {part: {k: v for k, v in model.items() if k not in BESIDE} for part, model in models.items()}

    @staticmethod
    def _model(part: str, name: str) -> dict[str, Any]:
        is_mini = name == miniature.NAME
        kind: miniature.Kind = "sdxl" if part == "generator" else "clip" if part == "clip" else "blip"
        if not is_mini:
            return {"name": name, "miniature": False, "revision": None}
        folder = str(miniature.weights(kind))
        return {"name": name, "miniature": True, "revision": miniature.digest(kind), "folder": folder}


def make_plan(settings: Settings, own_data: bool | None = None) -> Plan:
    """Decide what to use. `own_data` says whether the data are the user's own where no root tells: one picture, say.

    Raises `UsageError` for settings that do not fit together."""
    endpoint, notices = _endpoint(settings)
    if own_data is None:
        own_data = settings.data_root is not None
    mini_lmm = endpoint is None or endpoint.model == miniature.MODEL
    small = mini_lmm or not own_data
    plan = Plan(
        settings=settings,
        miniature_data=not own_data,
        endpoint=endpoint,
        generator=settings.generator or (miniature.NAME if small else GENERATOR),
        clip=_scorer(settings, "clip", CLIP, small),
        blip=_scorer(settings, "blip", BLIP, small),
        notices=(),
        kgc=_kgc(settings),
    )
    return Plan(**{**vars(plan), "notices": (*notices, *_notices(plan))})


def _endpoint(settings: Settings) -> tuple[Endpoint | None, list[str]]:
    if settings.lmm == miniature.NAME:
        return None, []
    if settings.lmm_url:
        if not settings.lmm:
            raise UsageError("LMM_BASE_URL is set but no model is named: set LMM_MODEL or give --lmm MODEL")
        return _make_endpoint(settings, settings.lmm_url, settings.lmm_key, CONCURRENCY), []
    if settings.openai_key and settings.lmm:
        return _make_endpoint(settings, OPENAI_URL, settings.openai_key, CONCURRENCY_OPENAI), []
    if settings.lmm:
        raise UsageError(
            f"the model {settings.lmm} needs an endpoint: set LMM_BASE_URL, or OPENAI_API_KEY for OpenAI's own"
        )
    if settings.openai_key:
        return None, [
            "OPENAI_API_KEY is set but no model is named, so nothing is sent to OpenAI; --lmm gpt-4o uses it"
        ]
    return None, []


def _make_endpoint(settings: Settings, url: str, key: Any, concurrency: int) -> Endpoint:
    given = {
        "base_url": url,
        "model": settings.lmm,
        "api_key": key,
        "max_concurrency": settings.concurrency or concurrency,
        "requests_per_minute": settings.rpm,
        "tokens_per_minute": settings.tpm,
        "timeout_s": settings.timeout,
        "retries": settings.retries,
        "structured": settings.structured,
    }
    try:
        return Endpoint(**{**given, **settings.lmm_options})
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        known = ", ".join(sorted(Endpoint.model_fields))
        if problem["type"] == "extra_forbidden":
            raise UsageError(
                f"--lmm-options: {name!r} is not a setting of an endpoint; they are {known}"
            ) from None
        raise UsageError(f"endpoint setting {name}: {problem['msg'].removeprefix('Value error, ')}") from None


def _scorer(settings: Settings, part: Literal["clip", "blip"], default: str, small: bool) -> str | None:
    """A scorer whose term has no weight is not even loaded."""
    name: str | None = getattr(settings, part) or (miniature.NAME if small else default)
    unused = settings.weights[part] == 0 or "semantic-score" in settings.ablate
    return None if unused or name == "none" else name


def _kgc(settings: Settings) -> Path | None:
    """A model whose term has no weight, or no graphs to rate, is not even loaded."""
    if settings.kgc is None or not settings.kgc_weight:
        return None
    folder = settings.kgc.expanduser()
    kgc_model(folder)
    return folder


def kgc_model(folder: Path) -> dict[str, Any]:
    """A fitted model for the manifest: the graph it was fitted to, and the first digits of its files' SHA-256.

    Raises `UsageError` if there is none in the folder.
    """
    from tools.kgc.fitted import TENSORS, WORDS

    try:
        tensors, words = (folder / TENSORS).read_bytes(), (folder / WORDS).read_bytes()
        name = str(json.loads(words)["graph"])
    except OSError as error:
        raise UsageError(
            f"--kgc: {folder} holds no fitted model ({Path(str(error.filename)).name}: {error.strerror}); "
            "make one by python -m tools.kgc train or fit-run"
        ) from None
    except (ValueError, TypeError, KeyError):
        raise UsageError(f"--kgc: {folder / WORDS} is damaged; fit the model again") from None
    return {"name": name, "revision": hashlib.sha256(tensors + words).hexdigest()[:12], "folder": str(folder)}


def _notices(plan: Plan) -> list[str]:
    unused = plan.settings.kgc is not None and plan.kgc is None
    kgc = (
        ["--kgc is not used: its term has no weight, or the candidates have no graphs to rate"]
        if unused
        else []
    )
    return [*_miniature_notices(plan), *kgc]


def _miniature_notices(plan: Plan) -> list[str]:
    parts = {"LMM": plan.miniature_lmm}
    parts |= {part: getattr(plan, part) == miniature.NAME for part in ("generator", "clip", "blip")}
    mini = [part for part, is_mini in parts.items() if is_mini]
    if plan.miniature_data:
        return [
            f"no --root: the miniature of {plan.settings.dataset} is used, a drawn world in the same form"
        ]
    if mini:
        return [
            f"WARNING: real data with the miniature's {', '.join(mini)}. It knows only its own drawn world, so what it "
            "makes of real pictures and texts is nonsense; .env.example says how to name real models"
        ]
    return []
