"""Training pictures: drawn once into one array on disk, jittered each time they are used."""

import io
import random
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mini.train.drawn import drawn_once
from mini.world.drawing import SIDE, draw
from mini.world.facts import Layout, Scene, place, sample_scene

Pixels = NDArray[np.uint8]


def training_layout(index: int, most_kinds: int = 3) -> Layout:
    """Training scene number `index`. Its seeds ("train-...") never coincide with those of a written data set."""
    rng = random.Random(f"train-{most_kinds}-{index}")
    return place(sample_scene(rng, most_kinds), rng)


class PictureStore:
    """`n` drawn pictures [n, side, side, 3] in a memory map, and their scenes, made again from their seeds."""

    def __init__(self, folder: Path, n: int, most_kinds: int = 3, side: int = SIDE) -> None:
        path = folder / f"pictures-{most_kinds}-{n}-{side}.npy"
        self.layouts = [training_layout(i, most_kinds) for i in range(n)]
        pictures = (np.asarray(draw(layout, side)) for layout in self.layouts)
        self.pixels: Pixels = drawn_once(path, (n, side, side, 3), pictures)

    def __len__(self) -> int:
        return len(self.layouts)

    def scene(self, index: int) -> Scene:
        return self.layouts[index].scene


def jitter(pixels: Pixels, rng: random.Random) -> Pixels:
    """What may happen to a picture on its way: shift, brightness, contrast, blur, low resolution, JPEG."""
    return jittered(pixels, rng)[0]


def jittered(pixels: Pixels, rng: random.Random) -> tuple[Pixels, tuple[float, float]]:
    """The same, and by how much the picture was moved: (x, y), a share of its side."""
    side = pixels.shape[0]
    shift = (0.0, 0.0)
    if rng.random() < 0.7:
        reach = side // 16
        padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
        y, x = rng.randint(0, 2 * reach), rng.randint(0, 2 * reach)
        pixels = padded[y : y + side, x : x + side]
        shift = (reach - x) / side, (reach - y) / side
    if rng.random() < 0.5:
        gain, offset = rng.uniform(0.8, 1.2), rng.uniform(-18, 18)
        pixels = np.clip(pixels.astype(np.float32) * gain + offset, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        image = Image.fromarray(np.ascontiguousarray(pixels))
        kind = rng.random()
        if kind < 0.6:  # the diffusion model's pictures are half as large and slightly soft
            image = image.resize((side // 2, side // 2), Image.Resampling.BILINEAR)
            image = image.resize((side, side), Image.Resampling.BICUBIC)
        elif kind < 0.8:
            image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
        if rng.random() < 0.5:
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=rng.randint(45, 92))
            image = Image.open(buffer)
        pixels = np.asarray(image)
    return pixels, shift


MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def normalised(batch: list[Pixels]) -> torch.Tensor:
    """Pictures as the CLIP family sees them: float32 [n, 3, side, side]."""
    pixels = torch.as_tensor(np.stack(batch)).float() / 255
    return ((pixels - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)
