"""The shortcuts that training takes must be the real model: same patches, same tower, same loss."""

import random

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

from data.sample import Modality
from mini.train.conversations import LONG, SHORT, Teacher, reading_turn, told_text
from mini.train.pictures import jitter, normalised, training_layout
from mini.train.qwen import SIDE, VOCABULARY, build, patches, see
from mini.train.tokenizers import save_qwen_processor, train_bpe
from mini.train.turns import Encoder, turn_loss
from mini.world.drawing import draw
from mini.world.facts import sample_scene
from prompts.library import Library


@pytest.fixture(scope="module")
def bpe():
    return train_bpe(3, VOCABULARY)


@pytest.fixture(scope="module")
def encoder(bpe):
    return Encoder(bpe)


@pytest.fixture(scope="module")
def model(encoder):
    torch.manual_seed(0)
    return build(VOCABULARY, encoder.ids).eval()


@pytest.fixture(scope="module")
def processor(bpe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("processor")
    save_qwen_processor(bpe, SIDE, 16, folder)
    return AutoProcessor.from_pretrained(folder)


@pytest.fixture(scope="module")
def drawn():
    return [np.asarray(draw(training_layout(i))) for i in range(2)]


def test_patches_are_the_processors(processor, drawn):
    real = processor.image_processor(images=[Image.fromarray(p) for p in drawn], return_tensors="pt")
    assert real["image_grid_thw"].tolist() == [[1, 8, 8]] * 2
    assert torch.allclose(real["pixel_values"].view(2, 64, -1), patches(normalised(drawn)), atol=1e-5)


def test_the_batched_tower_is_the_models(model, processor, drawn):
    real = processor.image_processor(images=[Image.fromarray(p) for p in drawn], return_tensors="pt")
    with torch.no_grad():
        one_by_one = model.model.visual(real["pixel_values"], real["image_grid_thw"]).pooler_output.view(
            2, 16, -1
        )
        assert torch.allclose(one_by_one, see(model.model.visual, normalised(drawn)), atol=1e-4)


@pytest.mark.parametrize("shares", [SHORT, LONG])
def test_shared_prefix_and_positions_change_nothing(model, encoder, processor, drawn, shares):
    """The loss of a batch with one shared prefix equals the sum of the model's own losses, and the token ids are those
    of the chat template."""
    teacher, rng = Teacher(Library()), random.Random(4)
    turns = [
        reading_turn(teacher, None, training_layout(i).scene.shown(), Modality.TEXT, rng, shares)
        for i in range(2)
    ]
    text, told = told_text(sample_scene(rng), rng)
    turns.append(reading_turn(teacher, text, told, Modality.IMAGE, rng, shares))
    with torch.no_grad():
        loss, _, _ = turn_loss(model, encoder, turns, see(model.model.visual, normalised(drawn)), 0.0, rng)
        expected = 0.0
        for i, turn in enumerate(turns):
            question = turn.ask if turn.shared is None else f"{turn.shared}\n\n{turn.ask}"
            content = [{"type": "image", "image": Image.fromarray(drawn[i])}] if turn.shared is None else []
            messages = [
                {"role": "system", "content": [{"type": "text", "text": turn.system}]},
                {"role": "user", "content": [*content, {"type": "text", "text": question}]},
            ]
            coded = processor.apply_chat_template(
                messages, tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
            )
            answer = torch.tensor([[*encoder.encode(turn.answer), encoder.ids["<|im_end|>"]]])
            start = coded["input_ids"].shape[1]
            ids = torch.cat([coded.pop("input_ids"), answer], dim=1)
            coded.pop("attention_mask")
            if "mm_token_type_ids" in coded:
                coded["mm_token_type_ids"] = (ids == encoder.ids["<|image_pad|>"]).int()
            logits = model(input_ids=ids, **coded).logits
            expected += torch.nn.functional.cross_entropy(
                logits[0, start - 1 : -1], ids[0, start:], reduction="sum"
            ).item()
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_a_json_answer_is_short(bpe):
    """Keys with their punctuation are one token each: an edge costs seven tokens, eight if a rare word is split."""
    assert len(bpe.encode('{"head":"star","relation":"above","tail":"moon"}').ids) <= 8


def test_jitter_keeps_form_and_depends_on_the_seed(drawn):
    first, again, other = (jitter(drawn[0], random.Random(seed)) for seed in (1, 1, 2))
    assert first.shape == drawn[0].shape and first.dtype == np.uint8
    assert np.array_equal(first, again) and not np.array_equal(first, other)
