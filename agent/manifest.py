"""`manifest.json`: what a run is, written before its first call, so that a result can always be explained."""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from data.record import Usage

PACKAGES = (
    "torch", "torchvision", "transformers", "diffusers", "open_clip_torch", "xgrammar", "langgraph",
    "langchain-core", "langchain-openai", "openai", "asyncio-throttle", "networkx", "numpy", "pyarrow",
    "datasets", "pillow", "pydantic", "pydantic-settings",
)  # fmt: skip
"""Packages whose versions can change a result."""

Outcome = Literal["running", "complete", "complete with failures", "interrupted", "stopped"]


class Figures(BaseModel):
    """What a run amounts to so far, all its sessions together."""

    to_complete: int = 0
    completed: int = 0
    failed: int = 0
    usage: Usage = Field(default_factory=Usage)
    seconds: float = 0.0
    """Wall seconds of all sessions."""


class Session(BaseModel):
    """One start of the program in this folder."""

    started: str
    ended: str | None = None
    outcome: Outcome = "running"
    """Still `running` in a session that was killed."""
    problem: str | None = None
    """Why it stopped, one sentence."""
    command: list[str]
    limit: int | None = None
    pid: int
    commit: str | None = None


class Manifest(BaseModel):
    """Everything but the results. Holds no secret."""

    format: Literal[1] = 1
    version: str
    """Of this program."""
    created: str
    outcome: Outcome = "running"
    fingerprint: str
    """SHA-256 over `identity`; its first digits name the folder."""
    identity: dict[str, Any]
    """Every setting, model, prompt and datum that can change a result: another identity is another run."""
    command: list[str]
    settings: dict[str, Any]
    data: dict[str, Any]
    """name, split, root, rows, miniature, fingerprint, notes."""
    mask: dict[str, Any]
    """type, rate, seed, source, missing text and image counts, sha256."""
    leaks: dict[str, Any] = Field(default_factory=dict)
    """What the leak check between splits found: `reports` by pair of splits, `found` as sentences."""
    models: dict[str, Any]
    """lmm, generator, clip, blip: name, where from, and whether it is the miniature's."""
    prompts: dict[str, str]
    """Content hash by prompt file."""
    git: dict[str, Any] | None
    """commit and whether files differ from it; None outside a repository."""
    packages: dict[str, str]
    machine: dict[str, Any]
    warnings: list[str] = Field(default_factory=list)
    sessions: list[Session]
    figures: Figures = Field(default_factory=Figures)

    def to_json(self) -> str:
        return self.model_dump_json(indent=2) + "\n"

    def differences(self, other: "Manifest") -> list[str]:
        """What keeps two runs from sharing a folder, such as "candidates was 5 and is now 3"."""
        before, now = _flat(self.identity), _flat(other.identity)
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        return [f"{name} was {_short(before.get(name))} and is now {_short(now.get(name))}" for name in names]

    def continued(self, now: "Manifest") -> "Manifest":
        """The manifest of a resumed run: what is new from `now`, the history from here."""
        kept = {"created": self.created, "leaks": self.leaks, "figures": self.figures}
        return now.model_copy(update={**kept, "sessions": [*self.sessions, *now.sessions]})

    @property
    def session(self) -> Session:
        return self.sessions[-1]


def describe_run(
    *,
    identity: dict[str, Any],
    command: list[str],
    settings: dict[str, Any],
    data: dict[str, Any],
    mask: dict[str, Any],
    models: dict[str, Any],
    prompts: dict[str, str],
    warnings: list[str],
) -> Manifest:
    """The manifest of a run that is about to begin."""
    git = git_state(Path(__file__).resolve().parents[1])
    now = timestamp()
    session = Session(
        started=now,
        command=command,
        limit=settings.get("limit"),
        pid=os.getpid(),
        commit=git["commit"] if git else None,
    )
    return Manifest(
        version=_own_version(),
        created=now,
        fingerprint=fingerprint(identity),
        identity=json.loads(json.dumps(identity)),
        command=command,
        settings=settings,
        data=data,
        mask=mask,
        models=models,
        prompts=prompts,
        git=git,
        packages={name: version for name in PACKAGES if (version := _version(name))},
        machine=machine(),
        warnings=warnings,
        sessions=[session],
    )


def fingerprint(identity: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True, allow_nan=False).encode()).hexdigest()


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit and cleanliness of the repository that holds `folder`; None where there is no git or repository."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(folder), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no").splitlines()
        return {"commit": git("rev-parse", "HEAD"), "changed_files": len(changed)}
    except (OSError, subprocess.SubprocessError):
        return None


def machine() -> dict[str, Any]:
    """What the run runs on, as far as speed and rounding depend on it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(memory / 2**30, 1),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _own_version() -> str:
    """Also for a checkout that is run without being installed."""
    found = _version("knowledge-bridger")
    project = Path(__file__).resolve().parents[1] / "pyproject.toml"
    if found is None and project.is_file():
        found = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    return found or "unknown"


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _short(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."
