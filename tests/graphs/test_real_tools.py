"""One sample each way through real tools: client over HTTP, Stable Diffusion XL pipeline, CLIP and BLIP, all tiny and
with random weights, so nothing is said about quality; everything is about the parts fitting together."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from workbench import PLOT, Bench

from agent.blobs import BlobStore
from data.record import Candidate
from data.sample import Modality
from graphs.context import Options
from tools.generators.base import Generator
from tools.generators.factory import open_generator
from tools.generators.pipeline import DiffusionOptions
from tools.scorers.blip import load_blip
from tools.scorers.clip import load_clip
from tools.scorers.embedding import EmbeddingScorer

WORDS = sorted({word.strip(".,").lower() for word in PLOT.split()})


@pytest.fixture(scope="module")
def tools(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Generator, tuple[EmbeddingScorer, ...]]]:
    from mini.architectures import tiny_blip, tiny_clip, tiny_sdxl

    folder: Path = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(0)
    tiny_clip(WORDS).save(folder / "clip")
    tiny_blip(WORDS).save(folder / "blip")
    tiny_sdxl(WORDS).save_pretrained(folder / "sdxl")
    generator = open_generator(str(folder / "sdxl"), DiffusionOptions(steps=2))
    scorers = (load_clip(str(folder / "clip")), load_blip(str(folder / "blip")))
    yield generator, scorers
    for tool in (generator, *scorers):
        asyncio.run(tool.close())


@pytest.mark.parametrize("missing", list(Modality))
async def test_one_sample(
    bench: Bench, tools: tuple[Generator, tuple[EmbeddingScorer, ...]], missing: Modality
) -> None:
    generator, scorers = tools
    context = {"generator": generator, "scorers": scorers, "options": Options(candidates=3)}
    record = await bench.complete(missing, **context)
    assert record.status == "completed" and record.chosen is not None
    assert [c.error for c in record.candidates] == [None] * 3
    for candidate in record.candidates:
        scores = candidate.scores
        assert scores.clip is not None and scores.blip is not None and scores.graph == 100
        assert scores.quality == pytest.approx(100 + (scores.clip + scores.blip) / 2)
    if missing is Modality.IMAGE:
        assert len({c.image.sha256 for c in record.candidates if c.image}) == 3, (
            "seeds make the pictures differ"
        )
        again = await bench.complete(missing, **context)
        for once, twice in zip(record.candidates, again.candidates, strict=True):
            await assert_same(bench, once, twice)


async def assert_same(bench: Bench, once: Candidate, twice: Candidate) -> None:
    """Equal but for the last digits: what is drawn and scored together depends on timing, and a batch of another
    size is summed in another order."""
    varying = {"image", "scores"}
    assert once.model_dump(exclude=varying) == twice.model_dump(exclude=varying)
    numbers = {"clip", "blip", "quality"}
    assert once.scores.model_dump(exclude=numbers) == twice.scores.model_dump(exclude=numbers)
    for name in numbers:
        assert getattr(once.scores, name) == pytest.approx(getattr(twice.scores, name), abs=0.1)
    first, second = [await pixels(bench, candidate) for candidate in (once, twice)]
    assert np.abs(first - second).max() <= 2


async def pixels(bench: Bench, candidate: Candidate) -> NDArray[np.int16]:
    assert candidate.image is not None
    return np.asarray(Image.open(io.BytesIO(await BlobStore(bench.folder).get(candidate.image)))).astype(
        np.int16
    )
