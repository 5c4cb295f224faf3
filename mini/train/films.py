"""Training radiographs: drawn once into one array on disk, as `mini.train.pictures` keeps drawn scenes."""

import random
from pathlib import Path

import numpy as np

from mini.train.drawn import drawn_once
from mini.train.pictures import Pixels
from mini.world.chest import Film, sample_film
from mini.world.exposure import Exposure, place
from mini.world.radiograph import SIDE, draw


def training_exposure(index: int, most: int = 3) -> Exposure:
    """Training radiograph number `index`. Its seeds ("train-...") never coincide with those of a written data set."""
    rng = random.Random(f"train-film-{most}-{index}")
    return place(sample_film(rng, most), rng)


class FilmStore:
    """`n` drawn radiographs [n, side, side] in a memory map, and their films, made again from their seeds."""

    def __init__(self, folder: Path, n: int, most: int = 3, side: int = SIDE) -> None:
        path = folder / f"films-{most}-{n}-{side}.npy"
        self.exposures = [training_exposure(i, most) for i in range(n)]
        films = (np.asarray(draw(exposure, side)) for exposure in self.exposures)
        self.grey: Pixels = drawn_once(path, (n, side, side), films)

    def __len__(self) -> int:
        return len(self.exposures)

    def film(self, index: int) -> Film:
        return self.exposures[index].film

    def rgb(self, index: int) -> Pixels:
        """One radiograph as a reader of pictures sees it: uint8 [side, side, 3]."""
        return np.repeat(self.grey[index][..., None], 3, axis=2)
