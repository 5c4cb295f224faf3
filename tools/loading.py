"""What loading any model has in common: device, number format, folder or hub id, and one sentence on failure."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

DType = Literal["auto", "fp32", "fp16", "bf16"]


class ModelError(Exception):
    """A model that cannot be loaded or used; the message is one sentence: what, where, what to do."""


def pick_device(device: str | None) -> "torch.device":
    """The given device, or the first GPU if there is one, or the CPU. Raises `ModelError`."""
    import torch

    if device is None:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.zeros(1, device=chosen)
    # An unknown name is a RuntimeError; a torch without CUDA raises AssertionError.
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ModelError(
            f"Device {device!r} cannot be used here ({_first_line(error)}); use cpu, cuda or cuda:N."
        ) from error
    return chosen


def pick_dtype(dtype: DType, device: "torch.device", on_gpu: DType) -> "torch.dtype":
    """The given number format; `auto` is fp32 on the CPU, where half precision is slow or missing, else `on_gpu`."""
    import torch

    if dtype == "auto":
        dtype = "fp32" if device.type == "cpu" else on_gpu
    formats = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
    if dtype not in formats:
        raise ModelError(f"Number format {dtype!r} is unknown; use auto, {', '.join(formats)}.")
    return formats[dtype]


def as_folder(name: str) -> Path | None:
    """The folder that `name` means, or None for a hub id. Raises `ModelError` for a path that is no folder.

    A hub id is `owner/name` and nothing else; a folder of that name next to the program comes first.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.startswith((".", "/", "~", "\\")) or name.count("/") > 1 or folder.exists():
        raise ModelError(f"There is no model folder {name}; give a folder or a hub id such as owner/name.")
    return None


def cannot_load(what: str, name: str, error: BaseException) -> ModelError:
    """One sentence for whatever a model library raised."""
    return ModelError(
        f"{what} {name!r} cannot be loaded: {_first_line(error)} Check the name; a hub model needs the network or a"
        " filled cache (HF_HOME), and a folder must be complete."
    )


def near(name: str, known: Iterable[str]) -> str:
    """Close matches of a mistyped name, or the known names when none is close; a clause without its full stop."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"close to it: {', '.join(close)}"
    shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
    return f"known are {shown}" if names else "none is known"


def _first_line(error: BaseException) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if line.endswith((".", "!")) else line + "."


@contextmanager
def quiet_loading() -> Iterator[None]:
    """No progress bars of transformers and diffusers while a model is loaded; they would tear the run's own display."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    libraries = [
        library for library in (transformers_logging, diffusers_logging) if library.is_progress_bar_enabled()
    ]
    for library in libraries:
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library in libraries:
            library.enable_progress_bar()
