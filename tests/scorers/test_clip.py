"""CLIP scores are open_clip's own; long texts are split; bad settings are one sentence."""

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from data.pictures import PictureError
from tools.loading import ModelError
from tools.scorers.clip import _resolve, load_clip

TEXTS = ["word1 word2 word3", "word4", "word1 word2 word3", ""]


def reference(folder: Path, pictures: list[bytes], texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Unit embeddings as open_clip's documentation computes them."""
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}", precision="fp32")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    model.eval()
    with torch.no_grad():
        stack = torch.stack([preprocess(Image.open(BytesIO(picture))) for picture in pictures])
        images = model.encode_image(stack, normalize=True)
        return images.numpy(), model.encode_text(tokenizer(texts), normalize=True).numpy()


async def test_scores_are_open_clips(clip_folder: Path, picture: Callable[[int], bytes]) -> None:
    pictures = [picture(0), picture(1), picture(0), picture(2)]
    images, texts = reference(clip_folder, pictures, TEXTS)
    scorer = load_clip(str(clip_folder), device="cpu")
    scores, notes = await scorer.similarity(pictures, TEXTS)
    assert scores == pytest.approx(100 * np.maximum(0, (images * texts).sum(axis=1)), abs=1e-3)
    assert notes == []
    assert await scorer.embed_images(pictures) == pytest.approx(images, abs=1e-5)
    vectors = await scorer.embed_texts(TEXTS)
    assert vectors == pytest.approx(texts, abs=1e-5)
    assert vectors.dtype == np.float32
    await scorer.close()


async def test_long_texts_are_the_mean_of_their_parts(
    clip_folder: Path, picture: Callable[[int], bytes]
) -> None:
    # 32 tokens of context leave room for 30 words: 50 words are two parts of 25.
    words = [f"word{number}" for number in range(50)]
    _, parts = reference(clip_folder, [picture(0)], [" ".join(words[:25]), " ".join(words[25:])])
    mean = parts.mean(axis=0)
    scorer = load_clip(f"local-dir:{clip_folder}", device="cpu")
    assert (await scorer.embed_texts([" ".join(words)]))[0] == pytest.approx(
        mean / np.linalg.norm(mean), abs=1e-5
    )
    _, notes = await scorer.similarity([picture(0)] * 2, [" ".join(words), "word1"])
    assert len(notes) == 1 and "2 parts" in notes[0] and "32 tokens" in notes[0]
    _, notes = await scorer.similarity([picture(0)], [" ".join(words[:30])])
    assert notes == []
    await scorer.close()


async def test_a_bad_picture_fails_only_its_own_sample(
    clip_folder: Path, picture: Callable[[int], bytes]
) -> None:
    scorer = load_clip(str(clip_folder), device="cpu")
    good, bad = await asyncio.gather(
        scorer.similarity([picture(0)], ["word1"]),
        scorer.similarity([picture(0)[:200]], ["word1"]),
        return_exceptions=True,
    )
    assert isinstance(bad, PictureError)
    assert isinstance(good, tuple) and len(good[0]) == 1
    await scorer.close()


def test_openai_checkpoints_get_quick_gelu() -> None:
    assert _resolve("ViT-L-14/openai") == ("ViT-L-14", "openai", True)
    assert _resolve("ViT-B-32/laion2b_s34b_b79k") == ("ViT-B-32", "laion2b_s34b_b79k", False)


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("ViT-L14/openai", "ViT-L-14"),
        ("ViT-L-14/opnai", "openai"),
        ("ViT-L-14", "ViT-L-14/openai"),
        ("./nowhere", "no model folder ./nowhere"),
    ],
)
def test_wrong_names_are_one_sentence(model: str, hint: str) -> None:
    with pytest.raises(ModelError, match=hint):
        load_clip(model, device="cpu")


def test_a_folder_without_weights_is_refused(clip_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"open_clip_config\.json"):
        load_clip(str(tmp_path), device="cpu")
    config = (clip_folder / "open_clip_config.json").read_text()
    (tmp_path / "open_clip_config.json").write_text(config)
    with pytest.raises(ModelError, match="safetensors"):
        load_clip(str(tmp_path), device="cpu")
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_clip(str(tmp_path), device="cpu")


def test_a_device_that_is_not_there_is_one_sentence(clip_folder: Path) -> None:
    with pytest.raises(ModelError, match="'warp' cannot be used"):
        load_clip(str(clip_folder), device="warp")
