"""The few array operations that NumPy and PyTorch spell differently.

Everything else in this package is written once, with operators and functions that both libraries share
(`a @ b`, `xp.amin(a, axis=1)`, `xp.where`), so the same code runs on host memory, memory maps and GPU
tensors. PyTorch is never imported here: it is used only when the caller hands over tensors, hence is loaded
already.
"""

from __future__ import annotations

import mmap
import sys
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import csr_array

Array: TypeAlias = Any
"""A NumPy array, a NumPy memory map or a PyTorch tensor."""


def is_tensor(array: object) -> bool:
    """True for a PyTorch tensor, without importing PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def namespace(array: Array) -> Any:
    """The module whose functions work on this array: `torch` for tensors, `numpy` for all else."""
    return sys.modules["torch"] if is_tensor(array) else np


def to_numpy(array: Array) -> np.ndarray:
    """The same values in host memory (no copy for NumPy arrays and CPU tensors)."""
    return array.detach().cpu().numpy() if is_tensor(array) else np.asarray(array)


def like(values: np.ndarray, example: Array, dtype: Any = None) -> Array:
    """Host `values` as the same kind of array as `example`, on its device; of `dtype` where that is given."""
    if is_tensor(example):
        return namespace(example).as_tensor(values, dtype=dtype, device=example.device)
    return np.asarray(values, dtype=dtype)


def index_like(rows: np.ndarray, example: Array) -> Array:
    """Host row numbers as an index for `example`."""
    return like(rows, example)


def compute_dtype(arrays: list[Array]) -> str:
    """`float64` if any of the arrays is, otherwise `float32`: half precision is stored, never calculated
    in."""
    return "float64" if any(str(a.dtype).endswith("float64") for a in arrays) else "float32"


def as_float(array: Array, dtype: str) -> Array:
    """`array` as a new float32 or float64 array of its own kind, which may be changed in place."""
    if is_tensor(array):
        torch = namespace(array)
        return array.detach().to(getattr(torch, dtype), copy=True)
    return np.array(array, dtype=dtype)


def sums_by_label(labels: Array, rows: Array, n_labels: int) -> Array:
    """Sum of the `rows` [r, d] that carry each label: [n_labels, d]; a negative label counts nowhere.

    On the host a sparse product, which reads every row once. On tensors a dense product with the one-hot
    labels, which unlike `index_add_` gives the same bits on every run on a GPU.
    """
    if is_tensor(rows):
        torch = namespace(rows)
        one_hot = labels[None, :] == torch.arange(n_labels, device=rows.device)[:, None]
        return one_hot.to(rows.dtype) @ rows
    members = np.flatnonzero(labels >= 0)
    ones = np.ones(len(members), rows.dtype)
    return csr_array((ones, (labels[members], members)), shape=(n_labels, len(rows))) @ rows


def release_pages(array: Array) -> None:
    """Hand the pages of a memory-mapped array that were read back to the system.

    Without this the resident size grows to the size of the file, although each page is needed once per pass.
    Only shared maps (modes r, r+ and w+) are touched: their content lives in the file; a copy-on-write map
    (mode c) would lose its changes.
    """
    mapped: Any = array
    while isinstance(mapped, np.ndarray):
        if isinstance(mapped, np.memmap) and mapped.mode == "c":
            return
        mapped = mapped.base
    if isinstance(mapped, mmap.mmap) and hasattr(mapped, "madvise"):
        mapped.madvise(mmap.MADV_DONTNEED)
