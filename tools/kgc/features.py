"""Features of a graph's entities from the user's files, and which entities have them.

One row per entity in the order of the ids (OpenKE), or in the order of a list of names. An entity lacks the modality if
the mask says so, if the list does not name it, or, without either, if its whole row is NaN. A row of zeros is a row.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.kgc.arrays import read_arrays, shape_of
from tools.kgc.errors import InputError
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.labels import short_label
from tools.kgc.lines import read_lines

FEATURES, PRESENT = "features", "present"
"""Names of the two arrays in a file that holds both."""
MASKS = (PRESENT, "mask", "observed")
"""What a presence mask may be called."""
LISTS = (".txt", ".tsv")
"""Endings of a list of names."""


def read_modality(
    path: str | Path, graph: KnowledgeGraph, name: str | None = None, mask: str | Path | None = None
) -> Modality:
    """A modality from a file of features, called after the file unless `name` is given.

    Args:
        path: `.npy`, `.pt`, `.pth` or `.safetensors` with a matrix [n_entities, d] of numbers; in a file of several
            arrays the matrix called "features", or the only one. An array "present" (or "mask", "observed") of
            [n_entities] beside it says which entities have the modality: true or 1 is there.
        mask: a file of one such array; or a list of names, one per line (`.txt`): with as many rows as names,
            row i belongs to name i and the other entities lack the modality; with a row for every entity, those
            named have it.

    Raises:
        InputError: wrong shapes or counts, unknown names, NaN or infinite values where an entity has the modality.
    """
    path = Path(path).expanduser()
    features, present = _arrays(path)
    mask = Path(mask).expanduser() if mask is not None else None
    if mask is not None and mask.suffix in LISTS:
        features, present = _by_name(path, features, mask, graph)
    elif mask is not None:
        present = _own_mask(mask)
    if len(features) != len(graph.entities):
        raise InputError(
            f"{path} has {len(features):,} rows but {graph.name} has {len(graph.entities):,} entities; give one row "
            "per entity in the order of their ids, or a list of the names that have a row"
        )
    if present is not None and present.shape != (len(graph.entities),):
        raise InputError(
            f"{mask or path}: the mask has {shape_of(present)} entries, "
            f"but {graph.name} has {len(graph.entities):,} entities"
        )
    if present is not None:
        present = _truth(mask or path, present)
    return _modality(path, name or path.stem, features, present, graph)


def hide(modality: Modality, rate: float, seed: int = 0) -> Modality:
    """The modality with a share of those that have it deprived of it, for experiments with missing modalities.

    Larger rates hide what smaller ones hide and more, so that rates differ in one thing only.

    Raises:
        InputError: the rate is not in [0, 1].
    """
    if not 0 <= rate <= 1:
        raise InputError(f"the missing rate must be between 0 and 1, not {rate}")
    order = np.random.default_rng(seed).permutation(np.flatnonzero(modality.present))
    present = modality.present.copy()
    present[order[: round(rate * len(order))]] = False
    features = np.where(present[:, None], modality.features, np.float32(0))
    return Modality(modality.name, features, present, modality.synthetic)


def _arrays(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic] | None]:
    """The matrix of features and, if it is in the same file, the mask."""
    arrays = read_arrays(path)
    matrices = {name: array for name, array in arrays.items() if array.ndim == 2}
    if FEATURES in matrices:
        features = matrices[FEATURES]
    elif len(matrices) == 1:
        [features] = matrices.values()
    else:
        held = (
            ", ".join(f"{name or 'array'} ({shape_of(array)})" for name, array in arrays.items()) or "nothing"
        )
        raise InputError(
            f"{path} must hold one matrix [entities, width], or one called {FEATURES!r}; it holds {held}"
        )
    if features.dtype.kind not in "fiu" or features.shape[1] == 0:
        raise InputError(
            f"{path}: the features are {features.dtype} of {shape_of(features)}, not numbers of some width"
        )
    masks = [arrays[name] for name in MASKS if name in arrays and arrays[name].ndim == 1]
    return features, masks[0] if masks else None


def _own_mask(path: Path) -> NDArray[np.generic]:
    arrays = read_arrays(path)
    if len(arrays) != 1:
        raise InputError(f"{path} must hold one array, the mask; it holds {len(arrays)}")
    [mask] = arrays.values()
    return mask


def _by_name(
    path: Path, features: NDArray[np.generic], listed: Path, graph: KnowledgeGraph
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Features in the order of the ids, and whose name is in the list."""
    ids = _ids(listed, graph)
    present = np.zeros(len(graph.entities), bool)
    present[ids] = True
    if len(features) == len(ids):
        placed = np.zeros((len(graph.entities), features.shape[1]), features.dtype)
        placed[ids] = features
        return placed, present
    if len(features) == len(graph.entities):
        return features, present
    raise InputError(
        f"{path} has {len(features):,} rows, {listed} has {len(ids):,} names and {graph.name} has "
        f"{len(graph.entities):,} entities; give one row per name or one per entity"
    )


def _ids(listed: Path, graph: KnowledgeGraph) -> Sequence[int]:
    """Ids of the names of a list; an address may stand for its short label."""
    known = {name: index for index, name in enumerate(graph.entities)}
    ids: dict[int, int] = {}
    for number, row in enumerate(read_lines(listed), start=1):
        name = row.split("\t")[0].strip()
        found = known.get(name, known.get(short_label(name)))
        if found is None:
            raise InputError(f"{listed}, line {number}: {name[:80]!r} is no entity of {graph.name}")
        if found in ids:
            raise InputError(f"{listed}, line {number}: {name[:80]!r} stands in line {ids[found]} already")
        ids[found] = number
    return list(ids)


def _modality(
    path: Path,
    name: str,
    features: NDArray[np.generic],
    given: NDArray[np.bool_] | None,
    graph: KnowledgeGraph,
) -> Modality:
    values = np.array(features, np.float32)
    present = np.asarray(~np.isnan(values).all(axis=1)) if given is None else given
    values[~present] = 0
    wrong = ~np.isfinite(values)
    if wrong.any():
        row = int(np.flatnonzero(wrong.any(axis=1))[0])
        how = "NaN" if np.isnan(values[row]).any() else "infinite values"
        raise InputError(
            f"{path}, row {row} ({graph.entities[row]}): {how} in {int(wrong[row].sum())} of {values.shape[1]} "
            "columns; fill the row, make it NaN throughout, or mark the entity as lacking the modality in a mask"
        )
    return Modality(name, values, present)


def _truth(path: Path, mask: NDArray[np.generic]) -> NDArray[np.bool_]:
    wrong = np.flatnonzero((mask != 0) & (mask != 1))
    if len(wrong):
        raise InputError(
            f"{path}: the mask holds {mask[wrong[0]]} in row {wrong[0]}; true or 1 is there, false or 0 not"
        )
    return np.asarray(mask != 0)
