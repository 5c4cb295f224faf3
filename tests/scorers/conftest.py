"""A tiny CLIP and a tiny BLIP with random weights, in folders, and pictures to score."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image

from mini.architectures import tiny_blip, tiny_clip

WORDS = [f"word{number}" for number in range(200)]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    tiny_clip(WORDS, length=32).save(folder, torch.float16)
    return folder


@pytest.fixture(scope="session")
def blip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blip")
    torch.manual_seed(0)
    tiny_blip(WORDS, length=32).save(folder, torch.float16)
    return folder


@pytest.fixture(scope="session")
def picture() -> Callable[[int], bytes]:
    """Encoded pictures that differ by number."""

    def encoded(number: int) -> bytes:
        generator = torch.Generator().manual_seed(number)
        noise = torch.randint(0, 256, (12, 16, 3), generator=generator, dtype=torch.uint8).numpy()
        out = BytesIO()
        Image.fromarray(noise).resize((160, 120)).save(out, "PNG")
        return out.getvalue()

    return encoded
