"""Trains the UNet and the text encoders of the miniature's Stable Diffusion XL, on scenes and radiographs.

The UNet must bind colour and number to the right kind, and size and side to the right finding, so its middle and the
pooled text answer for them too.
"""

import random
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from mini.architectures import tiny_sdxl
from mini.train.autoencoder import (
    CELLS,
    LATENTS,
    LENGTH,
    PART,
    SIDE,
    WEIGHTS,
    Latents,
    by_world,
    cell_readers,
)
from mini.train.compute import mixed
from mini.train.progress import Optimisers, Stage
from mini.train.tokenizers import world_words
from mini.train.warm import warm, words_of
from mini.train.worlds import Mixture


def prompt_states(pipe: Any, prompts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompt embeddings [n, length, 192] and pooled text [n, 96], as the pipeline makes them."""
    ids = pipe.tokenizer(
        prompts, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt"
    ).input_ids.to(torch.get_default_device())
    first = pipe.text_encoder(ids, output_hidden_states=True)
    second = pipe.text_encoder_2(ids, output_hidden_states=True)
    return torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1), second.text_embeds


def train_unet(
    work: Path, mixture: Mixture, steps: int, batch: int, seed: int = 1, start: Path | None = None
) -> None:
    """Leaves `unet.pt`. `start` is a folder of finished models to train further."""
    from diffusers import DDPMScheduler
    from diffusers.models.attention_processor import AttnProcessor
    from diffusers.training_utils import EMAModel

    torch.manual_seed(seed)
    stage = Stage("sdxl-unet", work, steps, start)
    if stage.finished():
        return
    pipe = tiny_sdxl(world_words(seed), LENGTH, SIDE)
    pipe.vae.load_state_dict(torch.load(work / "vae.pt", weights_only=True))
    if start:
        _go_on_from(start / PART, pipe)
    latents = Latents(work, mixture, pipe.vae)
    scale = 1 / latents.spread
    scheduler = DDPMScheduler.from_config(pipe.scheduler.config)
    pipe.unet.set_attn_processor(AttnProcessor())  # on a CPU faster than the fused attention
    cells_head = cell_readers(128, mixture)
    words_head = torch.nn.ModuleDict({world.name: world.facts(96) for world in mixture.worlds})
    net = torch.nn.ModuleDict(
        {"unet": pipe.unet, "text": pipe.text_encoder, "text_2": pipe.text_encoder_2, "cells_head": cells_head,
         "words_head": words_head}
    ).train()  # fmt: skip
    middle: list[torch.Tensor] = []
    pipe.unet.mid_block.register_forward_hook(lambda _module, _inputs, output: middle.append(output))
    optimisers = Optimisers(net, 1.5e-3, 1e-3, steps, keep_adam=("embed", "head", "conv", "position"))
    average = EMAModel(net.parameters(), decay=0.999)
    parts = {"model": net, "optimisers": optimisers, "average": average}
    stage.resume(parts)
    time_ids = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]], dtype=torch.float32)
    while stage.step < steps:
        rng = random.Random(f"{seed}-unet-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        share = stage.step / steps
        chosen = mixture.chosen(batch, 1 if share < 0.1 else 2 if share < 0.3 else 3, rng)
        pairs = list(zip(mixture.worlds, chosen, strict=True))
        asked = [[world.prompt(i, rng) for i in some] for world, some in pairs]
        prompts = [prompt for some in asked for prompt, _ in some]
        clean = latents.sample(chosen) * scale
        assert clean.shape == (batch, LATENTS, CELLS, CELLS)
        noise, at = torch.randn_like(clean), torch.randint(0, 1000, (batch,))
        noisy = scheduler.add_noise(clean, noise, at)
        keep = (torch.rand(batch) > 0.1).float()
        middle.clear()
        with mixed():
            states, pooled = prompt_states(pipe, prompts)
            conditions = {"text_embeds": pooled * keep[:, None], "time_ids": time_ids.expand(batch, -1)}
            made = pipe.unet(noisy, at, states * keep[:, None, None], added_cond_kwargs=conditions).sample
        main = F.mse_loss(made.float(), scheduler.get_velocity(clean, noise, at))
        marks = [[world.marked(i) for i in some] for world, some in pairs]
        cells = by_world(cells_head, middle[0].float(), mixture, marks)
        words = by_world(words_head, pooled.float(), mixture, [[told for _, told in some] for some in asked])
        torch.autograd.backward(main + 0.5 * cells + 0.2 * words)
        optimisers.step(stage.step)
        average.step(net.parameters())
        stage.tick(parts, {"main": main.item(), "cells": cells.item(), "words": words.item()}, every=100)
    average.copy_to(net.parameters())
    state = {name: net[name].state_dict() for name in ("unet", "text", "text_2")}
    torch.save({**state, "scale": torch.tensor(scale)}, work / "unet.pt")
    stage.finish()


def _go_on_from(folder: Path, pipe: Any) -> None:
    """Fill the UNet and the text encoders with those in `folder`; its autoencoder is not touched."""
    warm(pipe.unet, folder / "unet" / WEIGHTS)
    words, former = pipe.tokenizer.get_vocab(), words_of(folder / "tokenizer" / "tokenizer.json")
    for name in ("text_encoder", "text_encoder_2"):
        warm(getattr(pipe, name), folder / name / "model.safetensors", words, former)
