"""Feature files: npz, safetensors, Parquet, and folders of npy files, which are memory-mapped.

One convention for all: every two-dimensional float array [n, d_m] is a modality, under its name; a missing row
is all NaN (in Parquet: null). A boolean array `observed` [n, M] may say instead what is there. Everything else in
the file (identifiers, labels) is carried over to the output as it is.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from tools.imputers.arrays import Array

MASK = "observed"
"""Name of the boolean array that marks what is there."""


@dataclass
class Features:
    """Content of a feature file: `X` {modality: [n, d_m]}, `observed` [n, M] or None, and what else was in it."""

    X: dict[str, Array]
    observed: np.ndarray | None = None
    others: dict[str, Any] = field(default_factory=dict)


def read_features(path: str | Path) -> Features:
    """Read a feature file, by its ending.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is absent, damaged, of unknown ending, or has no modality in it.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no feature file {path}")
    read = _read_folder if path.is_dir() else _by_ending(path, _READERS)
    try:
        features = read(path)
    except (zipfile.BadZipFile, OSError, EOFError, SafetensorError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    if not features.X:
        raise ValueError(f"{path} holds no modality: no two-dimensional float array [n, width]")
    return features


def write_features(path: str | Path, features: Features) -> None:
    """Write filled features by the ending of `path`; a path without ending is a folder of npy files."""
    path = Path(path)
    writer = _writer(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer(path, features)


def check_writable(path: str | Path, source: str | Path) -> None:
    """Raise a ValueError now rather than after the work, if the ending is not known, or if what is read from
    `source` would be overwritten: a memory-mapped input would be empty before it is read."""
    path, source = Path(path), Path(source)
    _writer(path)
    files = source.glob("*.npy") if source.is_dir() else [source]
    targets = ((path if path.suffix else path / file.name, file) for file in files)
    if any(target.exists() and target.samefile(file) for target, file in targets):
        raise ValueError(f"{path} is the input; give another place for the filled features")


def check_carried(path: str | Path, features: Features) -> None:
    """Raise a ValueError now rather than after the work, if the form of `path` cannot hold what else is there."""
    path = Path(path)
    rows = len(next(iter(features.X.values())))
    for name, value in features.others.items():
        array = _plain(value)
        if path.suffix == ".parquet":
            fits = array.shape == (rows,)
        elif path.suffix == ".safetensors":
            fits = array.dtype.kind in "biuf"
        else:
            fits = array.dtype.kind != "O"
        if not fits:
            raise ValueError(
                f"{path} cannot hold {name!r}, an array {list(array.shape)} of {array.dtype}; choose another ending "
                "for the filled features, or leave the array out of the input"
            )


def empty_folder_like(path: str | Path, X: dict[str, Array]) -> dict[str, np.ndarray]:
    """New memory-mapped npy files in a folder, shaped like X: where results go that do not fit in memory."""
    Path(path).mkdir(parents=True, exist_ok=True)
    return {
        name: np.lib.format.open_memmap(Path(path) / f"{name}.npy", "w+", array.dtype, array.shape)
        for name, array in X.items()
    }


def _writer(path: Path) -> Callable[[Path, Features], None]:
    return _by_ending(path, _WRITERS) if path.suffix else _write_folder


def _by_ending(path: Path, known: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    if path.suffix not in known:
        raise ValueError(
            f"{path}: unknown ending {path.suffix!r}; known: {', '.join(known)}, or a folder of npy files"
        )
    return known[path.suffix]


def _sorted_out(arrays: dict[str, Any]) -> Features:
    """Tell modalities from the mask and from everything else."""
    features = Features({})
    for name, array in arrays.items():
        if name == MASK and array.ndim == 2:
            features.observed = np.asarray(array)
        elif array.ndim == 2 and "float" in str(array.dtype):
            features.X[name] = array
        else:
            features.others[name] = array
    return features


def _read_npz(path: Path) -> Features:
    try:
        with np.load(path, allow_pickle=False) as file:
            return _sorted_out({name: file[name] for name in file.files})
    except ValueError as error:
        raise ValueError(f"cannot read {path}: {error}; arrays of Python objects are not accepted") from error


def _write_npz(path: Path, features: Features) -> None:
    others = {name: _plain(value) for name, value in features.others.items()}
    np.savez(path, allow_pickle=False, **_on_host(features.X), **others)


def _read_folder(path: Path) -> Features:
    return _sorted_out({file.stem: _mapped(file) for file in sorted(path.glob("*.npy"))})


def _mapped(file: Path) -> np.ndarray:
    try:
        return np.asanyarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"cannot read {file}: {error}") from error


def _write_folder(path: Path, features: Features) -> None:
    path.mkdir(parents=True, exist_ok=True)
    others = {name: _plain(value) for name, value in features.others.items()}
    for name, array in {**_on_host(features.X), **others}.items():
        target = path / f"{name}.npy"
        if not (isinstance(array, np.memmap) and Path(str(array.filename)).resolve() == target.resolve()):
            np.save(target, array, allow_pickle=False)


def _read_safetensors(path: Path) -> Features:
    from safetensors.torch import load_file  # PyTorch, because NumPy has no bfloat16

    return _from_tensors(load_file(path))


def _from_tensors(tensors: dict[str, Any]) -> Features:
    """NumPy arrays; modalities stay tensors if any of them is bfloat16, since all must be of one kind."""
    features = _sorted_out(tensors)
    if not any(_is_bfloat16(tensor) for tensor in features.X.values()):
        features.X = {name: tensor.numpy() for name, tensor in features.X.items()}
    features.others = {name: t if _is_bfloat16(t) else t.numpy() for name, t in features.others.items()}
    return features


def _write_safetensors(path: Path, features: Features) -> None:
    import torch
    from safetensors.torch import save_file

    others = {name: v if hasattr(v, "cpu") else _plain(v) for name, v in features.others.items()}
    arrays = {**features.X, **others}
    save_file({name: torch.as_tensor(a).contiguous().cpu() for name, a in arrays.items()}, path)


def _read_parquet(path: Path) -> Features:
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    features = Features({})
    for name in table.column_names:
        kind = table.schema.field(name).type
        is_list = pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind)
        is_list = is_list or pyarrow.types.is_fixed_size_list(kind)
        if is_list and pyarrow.types.is_floating(kind.value_type):
            features.X[name] = _from_lists(name, table[name].combine_chunks())
        else:
            features.others[name] = table[name]
    return features


def _from_lists(name: str, column: Any) -> np.ndarray:
    """A list column as an array [n, width], null as a row of NaN."""
    there = column.is_valid().to_numpy(zero_copy_only=False)
    width = _width(name, column)
    values = column.drop_null().flatten().to_numpy(zero_copy_only=False)
    rows = np.full((len(there), width), np.nan, values.dtype)
    rows[there] = values.reshape(int(there.sum()), width)
    return rows


def _width(name: str, column: Any) -> int:
    import pyarrow

    if pyarrow.types.is_fixed_size_list(column.type):
        return int(column.type.list_size)  # known even where every row is null
    lengths = np.unique(column.drop_null().value_lengths().to_numpy(zero_copy_only=False))
    if not len(lengths):
        raise ValueError(
            f"column {name!r} is null in every row, so its width is unknown; write it as a fixed-size list"
        )
    if len(lengths) > 1:
        raise ValueError(
            f"column {name!r} has lists of lengths {lengths.tolist()}; all rows must have one width"
        )
    return int(lengths[0])


def _write_parquet(path: Path, features: Features) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = dict(features.others)
    for name, array in _on_host(features.X).items():
        columns[name] = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(array.ravel()), array.shape[1])
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def _plain(value: Any) -> np.ndarray:
    """What else was in a file, a table's column among it, as an array; of objects only where nothing else holds it."""
    if hasattr(value, "cpu"):
        value = (value.float() if _is_bfloat16(value) else value).cpu().numpy()
    array = np.asarray(value)
    if array.dtype.kind == "O" and all(isinstance(each, str) for each in array.ravel()):
        return array.astype(str)
    return array


def _on_host(X: dict[str, Array]) -> dict[str, np.ndarray]:
    """NumPy arrays; bfloat16, which NumPy lacks, as float32."""
    return {
        name: a if isinstance(a, np.ndarray) else (a.float() if _is_bfloat16(a) else a).cpu().numpy()
        for name, a in X.items()
    }


def _is_bfloat16(tensor: Any) -> bool:
    return "bfloat16" in str(tensor.dtype)


_READERS = {".npz": _read_npz, ".safetensors": _read_safetensors, ".parquet": _read_parquet}
_WRITERS = {".npz": _write_npz, ".safetensors": _write_safetensors, ".parquet": _write_parquet}
