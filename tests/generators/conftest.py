"""A tiny Stable Diffusion XL pipeline with random weights in a folder."""

from pathlib import Path

import pytest
import torch

from mini.architectures import tiny_sdxl

WORDS = [f"word{number}" for number in range(100)]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def sdxl_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdxl")
    torch.manual_seed(0)
    tiny_sdxl(WORDS, length=24).to(torch.float16).save_pretrained(folder)
    return folder
