"""Array files that may come from anywhere: `.npy`, `.pt` / `.pth`, `.safetensors`. Nothing in them is ever executed."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tools.kgc.errors import InputError

if TYPE_CHECKING:
    import torch

MAX_BYTES = 2**34
"""Of one file: 15,000 entities of 4,096 take 2**28."""
FORMS = ".npy, .pt, .pth, .safetensors"


def read_arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    """The arrays of a file by name; the one array of a file without names is called "".

    Raises:
        InputError: absent, damaged, too large, of an unknown ending, or pickled Python objects.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"{path} has {path.stat().st_size:,} bytes, more than the {MAX_BYTES:,} allowed")
    readers = {".npy": _npy, ".pt": _torch, ".pth": _torch, ".safetensors": _safetensors}
    if path.suffix not in readers:
        raise InputError(f"{path}: unknown ending {path.suffix!r}; features are read from {FORMS}")
    return readers[path.suffix](path)


def _npy(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        # Memory-mapped, so that a header that promises more than the file holds is refused without allocating it.
        return {"": np.load(path, mmap_mode="r", allow_pickle=False)}
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path} is no .npy file of plain numbers: {error}") from None


def _torch(path: Path) -> dict[str, NDArray[np.generic]]:
    import pickle
    import zipfile

    import torch

    advice = "save a tensor, or a dictionary of tensors by name"
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # whose own words tell how to execute what is in the file
        raise InputError(f"{path} is damaged or holds Python objects, which are not read; {advice}") from None
    except (RuntimeError, zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        words = next(iter(str(error).splitlines()), type(error).__name__).partition(". ")[0]
        raise InputError(f"{path} holds no plain tensors ({words[:120]}); {advice}") from None
    tensors = {"": held} if isinstance(held, torch.Tensor) else held
    if not isinstance(tensors, dict) or not all(
        isinstance(tensor, torch.Tensor) for tensor in tensors.values()
    ):
        raise InputError(f"{path} holds a {type(held).__name__}; {advice}")
    return _plain(path, {str(name): tensor for name, tensor in tensors.items()})


def _safetensors(path: Path) -> dict[str, NDArray[np.generic]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file  # PyTorch, because NumPy has no bfloat16

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path} is no .safetensors file: {error}") from None
    return _plain(path, tensors)


def _plain(path: Path, tensors: dict[str, "torch.Tensor"]) -> dict[str, NDArray[np.generic]]:
    """The tensors as arrays, if they are no larger than what the file holds and may hold."""
    import torch

    total = 0
    for name, tensor in tensors.items():
        what = f"{path}: the tensor {name!r}" if name else f"{path}: the tensor"
        if tensor.layout != torch.strided:
            raise InputError(
                f"{what} is {tensor.layout}, and only dense ones are read; save tensor.to_dense()"
            )
        count = math.prod(tensor.shape)  # in Python, where no product of sides overflows
        # A stride of zero repeats what is stored as often as the shape says, at no cost in the file.
        if count * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise InputError(
                f"{what} of {' x '.join(map(str, tensor.shape))} is an expanded view of fewer numbers; "
                "save tensor.contiguous()"
            )
        total += count * max(tensor.element_size(), 4)
    if total > MAX_BYTES:
        raise InputError(f"{path} takes {total:,} bytes in memory, more than the {MAX_BYTES:,} allowed")
    try:
        return {name: _numpy(tensor) for name, tensor in tensors.items()}
    except (RuntimeError, TypeError) as error:  # quantised numbers, tensors without data
        words = str(error).partition(". ")[0]
        raise InputError(f"{path} holds no plain numbers ({words[:120]})") from None


def _numpy(tensor: "torch.Tensor") -> NDArray[np.generic]:
    tensor = tensor.detach()
    if tensor.is_floating_point() and tensor.element_size() < 4:
        tensor = tensor.float()  # NumPy has no bfloat16 and no 8-bit floats
    array: NDArray[np.generic] = tensor.numpy()
    return array


def shape_of(array: NDArray[np.generic]) -> str:
    """`15,000 x 256`, for a sentence."""
    return " x ".join(f"{side:,}" for side in array.shape) or "a single number"
