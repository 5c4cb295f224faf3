"""How an LMM endpoint is started: which model, which vLLM, how it spreads over the GPUs, which command."""

import difflib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import UsageError

PROJECT = Path(__file__).resolve().parents[1]
INSTALL = "python -m venv .venv-vllm && .venv-vllm/bin/pip install vllm"


@dataclass(frozen=True)
class Served:
    """A model that is known by a short name."""

    id: str
    weights_gb: float
    """Size of the weights in GB (10^9 bytes), as released."""


MODELS = {
    "qwen2-vl-2b": Served("Qwen/Qwen2-VL-2B-Instruct", 4.4),
    "qwen2-vl-7b": Served("Qwen/Qwen2-VL-7B-Instruct", 16.6),
    "qwen2-vl-72b-gptq": Served("Qwen/Qwen2-VL-72B-Instruct-GPTQ-Int4", 43.1),
}
PREFIX = "qwen2-vl-"
MINI = "mini"


@dataclass(frozen=True)
class Gpus:
    count: int
    memory_gb: float | None = None
    """Of the smallest one, in GB; None: unknown."""


def resolve(name: str) -> Served | None:
    """The model behind an alias, a hub id or a folder; its size is 0 where unknown. None is the miniature.

    Raises:
        UsageError: neither; names the close matches.
    """
    short = name.lower()
    if short == MINI:
        return None
    for alias in (short, PREFIX + short):
        if alias in MODELS:
            return MODELS[alias]
    if "/" in name or Path(name).is_dir():
        return Served(name, 0)
    known = [MINI, *MODELS, *(alias.removeprefix(PREFIX) for alias in MODELS)]
    close = difflib.get_close_matches(short, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}" if close else f"known are {', '.join([MINI, *MODELS])}"
    raise UsageError(f"unknown model {name!r}: {hint}, or any hub id (owner/name) or model folder?")


def parallelism(model: Served, gpus: Gpus) -> tuple[int, int]:
    """(data parallel, tensor parallel) sizes: as many copies as fit, each on as few GPUs as hold it.

    A copy needs its weights and about half as much again for the cache and activations. Sizes of tensor parallelism are
    powers of two, which divide the models' attention heads.
    """
    if gpus.memory_gb is None or model.weights_gb == 0:
        return max(1, gpus.count), 1
    tensor = 1
    while tensor * 2 <= gpus.count and model.weights_gb * 1.5 > tensor * gpus.memory_gb * 0.9:
        tensor *= 2
    return max(1, gpus.count // tensor), tensor


def find_gpus() -> Gpus:
    """The NVIDIA GPUs that vLLM would see; none where there is no driver."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        command.append(f"--id={visible}")
    if visible == "" or shutil.which(command[0]) is None:
        return Gpus(0)
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    sizes = [int(line) for line in answer.stdout.split() if line.isdigit()]
    if answer.returncode != 0 or not sizes:
        return Gpus(0)
    return Gpus(len(sizes), min(sizes) * 2**20 / 1e9)


def find_vllm(given: str | None) -> Path:
    """The `vllm` program: as given (a program or its environment's folder), on the PATH, or in `.venv-vllm`."""
    if given:
        path = Path(given).expanduser()
        for candidate in (path, path / "bin" / "vllm", path / "vllm"):
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return candidate.absolute()
        raise UsageError(
            f"there is no vllm program at {given}; install it beside the project with `{INSTALL}`"
        )
    if found := shutil.which("vllm"):
        return Path(found)
    beside = PROJECT / ".venv-vllm" / "bin" / "vllm"
    if beside.is_file():
        return beside
    raise UsageError(
        f"vLLM was not found; it lives in an environment of its own beside the project: `{INSTALL}`, then give "
        "--vllm .venv-vllm/bin/vllm or set VLLM_BIN"
    )


def vllm_command(
    program: str, model: Served, *, host: str, port: int, seed: int, gpus: Gpus, extra: Sequence[str] = ()
) -> list[str]:
    """`vllm serve` with what this project needs. Prefix caching is vLLM's default; the key is not on the line.

    Four pictures per request and 8,192 tokens hold the longest prompt; 16,384 batched tokens keep prefill of pictures
    from starving decoding; prompt token details report prefix cache hits to the records.
    """
    data, tensor = parallelism(model, gpus)
    command = [program, "serve", model.id, "--host", host, "--port", str(port), "--seed", str(seed)]
    command += ["--limit-mm-per-prompt", json.dumps({"image": 4}), "--max-model-len", "8192"]
    command += ["--max-num-batched-tokens", "16384", "--enable-prompt-tokens-details"]
    if data > 1:
        command += ["--data-parallel-size", str(data)]
    if tensor > 1:
        command += ["--tensor-parallel-size", str(tensor)]
    return [*command, *extra]


def mini_command(*, host: str, port: int, extra: Sequence[str] = ()) -> list[str]:
    """The miniature's endpoint, by this very Python."""
    return [sys.executable, "-m", "mini.endpoint", "--host", host, "--port", str(port), *extra]
