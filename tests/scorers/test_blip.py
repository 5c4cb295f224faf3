"""BLIP scores are the contrastive heads' of transformers; long texts are split; other BLIPs are refused."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipForImageTextRetrieval,
    BlipImageProcessor,
    BlipProcessor,
)

from mini.architectures import tiny_blip
from tools.loading import ModelError
from tools.scorers.blip import load_blip


def reference(folder: Path, picture: bytes, text: str) -> float:
    """ITC cosine as the model card computes it."""
    model = BlipForImageTextRetrieval.from_pretrained(folder, dtype=torch.float32).eval()
    processor = BlipProcessor.from_pretrained(folder)
    inputs = processor(images=Image.open(BytesIO(picture)), text=text, return_tensors="pt")
    with torch.no_grad():
        return float(model(**inputs, use_itm_head=False).itm_score)


async def test_scores_are_the_contrastive_cosine(blip_folder: Path, picture: Callable[[int], bytes]) -> None:
    pictures = [picture(0), picture(1), picture(2)]
    texts = ["word1 word2", "word3 word4 word5 word6", ""]
    expected = [max(0.0, 100 * reference(blip_folder, *pair)) for pair in zip(pictures, texts, strict=True)]
    scorer = load_blip(str(blip_folder), device="cpu")
    scores, notes = await scorer.similarity(pictures, texts)
    assert scores == pytest.approx(expected, abs=1e-2)
    assert notes == []
    await scorer.close()


async def test_long_texts_are_the_mean_of_their_parts(
    blip_folder: Path, picture: Callable[[int], bytes]
) -> None:
    words = [f"word{number}" for number in range(50)]
    scorer = load_blip(str(blip_folder), device="cpu")
    vectors = await scorer.embed_texts([" ".join(words[:25]), " ".join(words[25:]), " ".join(words)])
    mean = vectors[:2].mean(axis=0)
    assert vectors[2] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    _, notes = await scorer.similarity([picture(0)], [" ".join(words)])
    assert len(notes) == 1 and "2 parts" in notes[0]
    await scorer.close()


async def test_the_released_form_with_a_bert_tokenizer(
    tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    """The released checkpoints carry a BertTokenizer, not the miniature's word tokenizer."""
    torch.manual_seed(0)
    tiny = tiny_blip(["red", "boat"], length=32)
    vocabulary = {
        token: index for index, token in enumerate(["[PAD]", "red", "boat", "[UNK]", "[CLS]", "[SEP]"])
    }
    BlipProcessor(
        BlipImageProcessor(size={"height": 128, "width": 128}), BertTokenizer(vocab=vocabulary)
    ).save_pretrained(tmp_path)
    tiny.model.save_pretrained(tmp_path)
    scorer = load_blip(str(tmp_path), device="cpu")
    scores, _ = await scorer.similarity([picture(0)], ["Red boat"])
    assert scores == pytest.approx([max(0.0, 100 * reference(tmp_path, picture(0), "Red boat"))], abs=1e-2)
    first, second = await scorer.embed_texts(["red boat", "boat red"])
    assert np.abs(first - second).max() > 1e-4
    await scorer.close()


def test_a_captioning_blip_is_refused(tmp_path: Path, blip_folder: Path) -> None:
    config = BlipConfig.from_pretrained(blip_folder)
    BlipForConditionalGeneration(config).save_pretrained(tmp_path)
    BlipProcessor.from_pretrained(blip_folder).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="no BLIP for image-text retrieval"):
        load_blip(str(tmp_path), device="cpu")


def test_missing_folders_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json"):
        load_blip(str(tmp_path), device="cpu")
    with pytest.raises(ModelError, match="no model folder"):
        load_blip(str(tmp_path / "absent"), device="cpu")
