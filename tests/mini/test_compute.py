"""Trainers compute on PyTorch's default device and make nothing elsewhere. Where there is no GPU, "meta" stands in its
place: like one it refuses to meet tensors of the main memory."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models

from mini.architectures import tiny_sdxl
from mini.train.autoencoder import edges, picture_loss
from mini.train.cells import cell_labels, object_mask
from mini.train.compute import mixed
from mini.train.dense import mark_labels
from mini.train.diffusion import prompt_states
from mini.train.facts import SceneFacts
from mini.train.films import training_exposure
from mini.train.marks import scene_targets
from mini.train.pictures import normalised, training_layout
from mini.train.qwen import build, look, merged
from mini.train.tokenizers import QWEN_SPECIALS
from mini.train.tower import film_labels, scene_labels
from mini.train.turns import positions_of
from mini.world.drawing import draw


@pytest.fixture
def elsewhere():
    with torch.device("meta"):
        yield


@pytest.fixture
def layouts():
    return [training_layout(i) for i in range(2)]


@pytest.mark.usefixtures("elsewhere")
def test_labels_and_pictures_are_made_on_the_default_device(layouts):
    marks = [scene_targets(layout) for layout in layouts]
    made = [
        normalised([np.asarray(draw(layout)) for layout in layouts]),
        cell_labels(marks, 8, 12, 6),
        object_mask(marks, 64),
        *mark_labels(marks, 12),
        *scene_labels(layouts).values(),
        *film_labels([training_exposure(i) for i in range(2)]).values(),
        positions_of([[1, *[2] * 16, 3]], 2, 4, 18),
    ]
    assert {tensor.device.type for tensor in made} == {"meta"}
    drawn = torch.zeros(2, 3, 64, 64)
    assert (
        picture_loss(drawn, drawn, object_mask(marks, 64)).device.type == edges(drawn).device.type == "meta"
    )


@pytest.mark.usefixtures("elsewhere")
def test_the_tower_sees_on_the_default_device(layouts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.add_special_tokens(list(QWEN_SPECIALS))
    tower = build(tokenizer).model.visual
    tokens = merged(tower, look(tower, normalised([np.asarray(draw(layout)) for layout in layouts])))
    assert tokens.shape == (2, 16, 256) and tokens.device.type == "meta"


@pytest.mark.usefixtures("elsewhere")
def test_prompts_and_facts_are_read_on_the_default_device(layouts):
    with torch.device("cpu"):  # the scheduler's tables need values
        pipe = tiny_sdxl(["a", "scene"], 64, 64)
    for part in (pipe.text_encoder, pipe.text_encoder_2):
        part.to("meta")
    states, pooled = prompt_states(pipe, ["a scene", "a"])
    assert states.device.type == pooled.device.type == "meta"
    loss = SceneFacts(pooled.shape[-1], whole=True).loss(pooled, [layout.scene for layout in layouts])
    assert loss.device.type == "meta"


@pytest.mark.parametrize(
    ("able", "dtype"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx2": True, "avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
    ],
)
def test_products_are_taken_in_bfloat16_only_where_the_processor_does_that(monkeypatch, able, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    with mixed():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
