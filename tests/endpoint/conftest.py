"""A Qwen2-VL folder with random weights, so that the endpoint is tested without the miniature's own."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np
import openai
import pytest
from PIL import Image

from mini.endpoint import process

SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
]
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{% if part['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
PATIENCE = 600.0
"""Seconds after which an endpoint that should have started is taken for hung."""
CORPUS = [
    "Which objects are in the picture? Name each one, its count, its colour and where it stands.",
    '{"objects":[{"name":"boat","count":2,"attributes":["red","large"]}],"relations":[{"head":"boat","relation":'
    '"left of","tail":"tree"}],"style":"flat poster"}',
    "A small red boat waits beside two green trees under a yellow sun, and nobody knows why.",
    "You are a helpful assistant.",
    "system user assistant triplets describe the knowledge graph of this plot in one short paragraph é ü 漢字",
]


def build(
    folder: Path, *, hidden: int, layers: int, heads: int, mlp: int, vision: int, depth: int, merges: int
) -> Path:
    """Write config, random weights, tokenizer, image processor and chat template of a small Qwen2-VL."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=merges, special_tokens=SPECIAL, initial_alphabet=alphabet)
    inner.train_from_iterator(CORPUS, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in SPECIAL}
    config = Qwen2VLConfig(
        text_config={
            "hidden_size": hidden,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": heads,
            "intermediate_size": mlp,
            "vocab_size": max(merges, len(tokenizer)),
            "max_position_embeddings": 4096,
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [hidden // heads // 8, hidden // heads // 16 * 3, hidden // heads // 16 * 3],
            },
        },
        vision_config={
            "depth": depth,
            "embed_dim": vision,
            "num_heads": 6,
            "hidden_size": hidden,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "mlp_ratio": 2,
        },
        image_token_id=ids["<|image_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )
    torch.manual_seed(7)
    model = Qwen2VLForConditionalGeneration(config)
    with torch.no_grad():  # with the usual small weights a tied model repeats its last token
        for name, weight in model.named_parameters():
            if weight.ndim == 2 and "embed_tokens" not in name:
                weight.mul_(8)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.half().save_pretrained(folder)
    size = {"shortest_edge": 128 * 128, "longest_edge": 128 * 128}
    pictures = Qwen2VLImageProcessor(patch_size=16, merge_size=2, size=size)
    videos = Qwen2VLVideoProcessor(patch_size=16, merge_size=2)
    Qwen2VLProcessor(pictures, tokenizer, videos, chat_template=TEMPLATE).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("qwen2_vl")
    return build(where, hidden=64, layers=2, heads=2, mlp=128, vision=48, depth=1, merges=330)


@pytest.fixture(scope="session")
def endpoint(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.Endpoint]:
    """One endpoint for all tests that do not need their own."""
    log = tmp_path_factory.mktemp("logs") / "endpoint.log"
    with asyncio.Runner() as runner:
        running = process.start(folder, threads=1, log=log, timeout=PATIENCE)
        yield runner.run(running.__aenter__())
        runner.run(running.__aexit__(None, None, None))


@pytest.fixture
async def client(endpoint: process.Endpoint) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=endpoint.url, api_key="none", max_retries=0) as made:
        yield made


@pytest.fixture
def picture() -> Callable[..., str]:
    """`picture(seed, width, height)`: a data URL of a random picture."""

    def make(seed: int = 0, width: int = 128, height: int = 128, mode: str = "RGB", form: str = "PNG") -> str:
        noise = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(noise).convert(mode).save(file, form)
        return f"data:image/{form.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"

    return make
