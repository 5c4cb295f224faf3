"""Arrays on disk that are drawn once, also where two processes want the same one."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import ArrayLike, NDArray


def drawn_once(path: Path, shape: tuple[int, ...], pictures: Iterable[ArrayLike]) -> NDArray[np.uint8]:
    """A memory map of `pictures` [shape], made if it is not there yet.

    Stages run side by side and begin with the same pictures: one process draws, the others wait for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            partial = path.with_suffix(".part")
            array = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
            for i, picture in enumerate(pictures):
                array[i] = picture
            array.flush()
            partial.rename(path)
    kept: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return kept
