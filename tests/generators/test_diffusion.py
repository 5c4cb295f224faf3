"""A real pipeline with random weights: batches, seeds, memory, long descriptions, refiner, bad settings."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    LDMTextToImagePipeline,
    StableDiffusionXLImg2ImgPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel
from PIL import Image

from mini.architectures import tiny_sdxl, word_tokenizer
from tools.generators.base import GenerationError
from tools.generators.diffusion import DiffusionGenerator
from tools.generators.factory import open_generator
from tools.generators.pipeline import CPU_BYTES, DiffusionOptions
from tools.loading import ModelError

FOREVER = 60.0
"""A linger that no test waits out: batches go when they are full."""


def options(**changes: Any) -> DiffusionOptions:
    return DiffusionOptions(**{"steps": 2, "guidance": 3.0, "device": "cpu", "linger": 0.0, **changes})


def pixels(png: bytes) -> np.ndarray:
    image = Image.open(BytesIO(png))
    assert image.format == "PNG" and image.size == (64, 64)
    return np.asarray(image).astype(int)


def watch_batches(generator: DiffusionGenerator, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that the pipeline draws from here on."""
    sizes: list[int] = []
    draw = generator._pipeline.draw
    monkeypatch.setattr(generator._pipeline, "draw", lambda orders: sizes.append(len(orders)) or draw(orders))
    return sizes


@pytest.fixture
async def generator(sdxl_folder: Path) -> AsyncIterator[DiffusionGenerator]:
    opened = DiffusionGenerator.load(str(sdxl_folder), options(max_batch=4, linger=FOREVER))
    yield opened
    await opened.close()


async def test_samples_share_a_batch_and_batches_do_not_change_pictures(
    generator: DiffusionGenerator, sdxl_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = watch_batches(generator, monkeypatch)
    (first, second), (third, other_seed) = await asyncio.gather(
        generator.draw(["word1 word2", "word3"], [11, 12]),
        generator.draw(["word1 word2", "word3"], [11, 13]),
    )
    assert sizes == [4]
    alone = DiffusionGenerator.load(str(sdxl_folder), options())
    [single] = await alone.draw(["word3"], [12])
    [other_text] = await alone.draw(["word4 word5"], [12])
    await alone.close()
    assert np.abs(pixels(first) - pixels(third)).max() <= 2
    assert np.abs(pixels(second) - pixels(single)).max() <= 2
    assert np.abs(pixels(second) - pixels(other_seed)).max() > 20
    assert np.abs(pixels(single) - pixels(other_text)).max() > 2


async def test_all_parts_have_the_asked_dtype(generator: DiffusionGenerator) -> None:
    parts = generator._pipeline._base.components.values()
    assert {part.dtype for part in parts if isinstance(part, torch.nn.Module)} == {torch.float32}


async def test_out_of_memory_halves_the_batch(
    generator: DiffusionGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    unet = generator._pipeline._base.unet
    forward, limit = unet.forward, 2

    def small_memory(sample: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        # Guidance doubles the batch inside the pipeline.
        if len(sample) > 2 * limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB.")
        return forward(sample, *args, **kwargs)

    monkeypatch.setattr(unet, "forward", small_memory)
    sizes = watch_batches(generator, monkeypatch)
    drawn = await generator.draw(["word1", "word2", "word3", "word4"], [1, 2, 3, 4])
    assert len(drawn) == 4
    assert sizes == [4, 2, 2]
    limit = 0
    with pytest.raises(GenerationError, match="Not enough memory for a single picture"):
        await generator.draw(["word1"] * 4, [1, 2, 3, 4])


async def test_descriptions_beyond_the_encoder_are_noted(generator: DiffusionGenerator) -> None:
    assert generator.notes(["word1 word2", " ".join(["word1"] * 22)]) == []
    [note] = generator.notes(["word1 " * 40, "word1 " * 40])
    assert "24 tokens of a description of 42" in note


async def test_a_withheld_picture_fails_and_the_others_are_drawn(
    generator: DiffusionGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = generator._pipeline._base

    class Checked:
        """The pipeline with a safety checker's verdict on the second picture."""

        def __call__(self, **arguments: Any) -> Any:
            result = base(**arguments)
            result.nsfw_content_detected = [number == 1 for number in range(len(result.images))]
            return result

    monkeypatch.setattr(generator._pipeline, "_base", Checked())
    results = await asyncio.gather(
        *[generator.draw([f"word{number}"], [number]) for number in range(4)], return_exceptions=True
    )
    assert [isinstance(result, GenerationError) for result in results] == [False, True, False, False]


async def test_a_refiner_finishes_the_picture(tmp_path: Path) -> None:
    # The refiner tells latents from pictures by their four channels.
    torch.manual_seed(0)
    base = tiny_sdxl(["word1"], length=16, latents=4)
    base.save_pretrained(tmp_path / "base")
    other = tiny_sdxl(["word1"], length=16, latents=4)
    StableDiffusionXLImg2ImgPipeline(
        **{
            name: part
            for name, part in other.components.items()
            if name in ("tokenizer", "tokenizer_2", "unet", "scheduler")
        }
        | {"text_encoder": base.text_encoder, "text_encoder_2": base.text_encoder_2, "vae": base.vae}
    ).save_pretrained(tmp_path / "refiner")
    drawn = {}
    for refiner in (None, str(tmp_path / "refiner")):
        generator = DiffusionGenerator.load(str(tmp_path / "base"), options(steps=5, refiner=refiner))
        [drawn[refiner]] = await generator.draw(["word1"], [7])
        if refiner:
            assert generator._pipeline._refiner.vae is generator._pipeline._base.vae
        await generator.close()
    first, second = map(pixels, drawn.values())
    assert 0 < np.abs(first - second).mean() < 64


async def test_the_factory_opens_folders(sdxl_folder: Path) -> None:
    for setting in (str(sdxl_folder), f"diffusers:{sdxl_folder}"):
        generator = open_generator(setting, diffusion=options())
        await generator.check()
        assert len(await generator.draw(["word1"], [1])) == 1
        await generator.close()


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("opnai:dall-e-3", "close to it: openai"),
        ("sdxxl", "close to it: sdxl"),
        ("openai:", "is unknown"),
        ("diffusers:/no/such/folder", "no model folder"),
        ("./no-folder", "no model folder"),
    ],
)
def test_wrong_settings_are_one_sentence(setting: str, hint: str) -> None:
    with pytest.raises(ModelError, match=hint):
        open_generator(setting)


def test_large_pipelines_are_refused_without_a_gpu(tmp_path: Path) -> None:
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ModelError, match="needs a GPU"):
        open_generator("sdxl")
    (tmp_path / "model_index.json").write_text("{}")
    with (tmp_path / "unet.safetensors").open("wb") as file:
        file.truncate(CPU_BYTES + 1)
    with pytest.raises(ModelError, match="needs a GPU"):
        open_generator(str(tmp_path))


def test_folders_that_are_no_pipeline_are_one_sentence(tmp_path: Path, sdxl_folder: Path) -> None:
    with pytest.raises(ModelError, match=r"model_index\.json"):
        DiffusionGenerator.load(str(tmp_path), options())
    (tmp_path / "model_index.json").write_text("{]")
    with pytest.raises(ModelError, match="cannot be loaded"):
        DiffusionGenerator.load(str(tmp_path), options())
    (tmp_path / "model_index.json").write_bytes((sdxl_folder / "model_index.json").read_bytes())
    with pytest.raises(ModelError, match="cannot be loaded"):
        DiffusionGenerator.load(str(tmp_path), options())


def test_settings_that_the_pipeline_does_not_know_are_refused(sdxl_folder: Path) -> None:
    with pytest.raises(ModelError, match="between 0 and 1"):
        DiffusionGenerator.load(str(sdxl_folder), options(refiner=str(sdxl_folder), high_noise_fraction=1.0))


async def test_a_pipeline_outside_the_automatic_list(tmp_path: Path) -> None:
    """Latent diffusion with a BERT-like text encoder, the form that radiograph models have."""
    torch.manual_seed(0)
    bert = LDMBertConfig(
        vocab_size=4,
        max_position_embeddings=77,
        encoder_layers=1,
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        norm_num_groups=4,
        attention_head_dim=2,
    )
    vae = AutoencoderKL(
        block_out_channels=(8,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
    )
    LDMTextToImagePipeline(
        vqvae=vae,
        bert=LDMBertModel(bert),
        tokenizer=word_tokenizer([], 77),
        unet=unet,
        scheduler=DDIMScheduler(),
    ).save_pretrained(tmp_path)
    generator = open_generator(str(tmp_path), diffusion=options())
    [drawn] = await generator.draw(["opacity"], [1])
    pixels(drawn)
    [note] = generator.notes(["opacity " * 100])
    assert "77 tokens of a description of 102" in note
    await generator.close()
