"""Fitted imputers on disk: one safetensors file with arrays, and names and parameters as JSON in its header.

No pickle: a file from elsewhere can be wrong, but it cannot run anything.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tools.imputers.base import ModalityImputer
from tools.imputers.mean import MeanImputer
from tools.imputers.neighbours import NeighboursImputer
from tools.imputers.ridge import RidgeImputer
from tools.imputers.ul4m4 import UL4M4
from tools.imputers.zero import ZeroImputer

FORMAT = "knowledge-bridger imputer 1"

METHODS: dict[str, type[ModalityImputer]] = {
    "ul4m4": UL4M4,
    "ridge": RidgeImputer,
    "neighbours": NeighboursImputer,
    "mean": MeanImputer,
    "zero": ZeroImputer,
}
"""Every imputer, by the name that files and the command line use."""


def save_imputer(imputer: ModalityImputer, path: str | Path) -> None:
    """Write a fitted imputer. A `random_state` that is not a number is not kept: nothing is drawn after `fit`."""
    method = next((name for name, kind in METHODS.items() if type(imputer) is kind), None)
    if method is None:
        raise TypeError(f"cannot save a {type(imputer).__name__}; known: {', '.join(METHODS)}")
    if not hasattr(imputer, "modalities_"):
        raise ValueError(f"this {type(imputer).__name__} is not fitted; call fit before saving it")
    arrays: dict[str, np.ndarray] = {}
    values: dict[str, Any] = {}
    for name, value in vars(imputer).items():
        if not name.endswith("_"):
            continue
        if isinstance(value, np.ndarray):
            arrays[name] = np.ascontiguousarray(value)
        elif isinstance(value, dict):  # by modality; numbered, since names may contain anything
            for m, modality in enumerate(imputer.modalities_):
                arrays[f"{name}/{m}"] = np.ascontiguousarray(value[modality])
        else:
            values[name] = value
    parameters = {name: _plain(value) for name, value in imputer.get_params().items()}
    header = {"format": FORMAT, "method": method, "parameters": parameters, "values": values}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file(arrays, path, metadata={"imputer": json.dumps(header)})


def load_imputer(path: str | Path) -> ModalityImputer:
    """Read what `save_imputer` wrote: an imputer that fills exactly as the saved one did.

    Raises
    ------
    ValueError
        If the file is not a saved imputer.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get("imputer", "{}"))
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from error
    if header.get("format") != FORMAT or header.get("method") not in METHODS:
        raise ValueError(f"{path} is not an imputer saved by this version ({FORMAT})")
    imputer = METHODS[header["method"]](**header["parameters"])
    for name, value in header["values"].items():
        setattr(imputer, name, value)
    by_modality: defaultdict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for key, array in arrays.items():
        name, _, number = key.partition("/")
        if number:
            by_modality[name][imputer.modalities_[int(number)]] = array
        else:
            setattr(imputer, name, array)
    for name, mapping in by_modality.items():
        setattr(imputer, name, mapping)
    return imputer


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value if isinstance(value, str | int | float | list | tuple | None) else None
