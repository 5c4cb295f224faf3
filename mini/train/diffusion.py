"""Trains the miniature's Stable Diffusion XL: autoencoder, then UNet and text encoders, then the decoder once more.

A plain autoencoder looks fine and loses small objects, so its latents must also tell a linear reader what lies where.
The UNet must bind colour and number to the right kind, so its middle and the pooled text answer for them too. The
decoder is trained again on noisy latents, since those that the UNet makes are never clean.
"""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from mini.architectures import tiny_sdxl
from mini.train.cells import cell_labels, object_mask
from mini.train.pictures import PictureStore
from mini.train.progress import Optimisers, Stage
from mini.train.tokenizers import world_words
from mini.world.facts import COLOURS, KINDS, Layout, Scene
from mini.world.texts import describe

SIDE = 64
LENGTH = 64
CELLS = SIDE // 8
LATENTS = 16


def small_pixels(store: PictureStore, chosen: list[int]) -> torch.Tensor:
    """Pictures at 64 px, -1 to 1: float32 [n, 3, 64, 64]."""
    pixels = torch.from_numpy(np.stack([store.pixels[i] for i in chosen])).float() / 127.5 - 1
    return F.avg_pool2d(pixels.permute(0, 3, 1, 2), 2)


def edges(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return pictures[..., 1:, :] - pictures[..., :-1, :], pictures[..., 1:] - pictures[..., :-1]


def picture_loss(made: torch.Tensor, real: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """L1, four times as heavy on objects, and L1 of the edges."""
    plain = ((made - real).abs() * (1 + 3 * mask)).mean()
    gradients = torch.stack(
        [(a - b).abs().mean() for a, b in zip(edges(made), edges(real), strict=True)]
    ).sum()
    return plain + gradients


class CellReader(torch.nn.Module):
    """A linear reader of kinds and colours per cell."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.head = torch.nn.Conv2d(width, len(KINDS) + len(COLOURS), 1)

    def loss(self, features: torch.Tensor, layouts: list[Layout]) -> torch.Tensor:
        kinds, colours = cell_labels(layouts, features.shape[-1])
        target = torch.cat([kinds, colours], dim=-1).permute(0, 3, 1, 2)
        return F.binary_cross_entropy_with_logits(self.head(features).float(), target)


def train_vae(work: Path, store: PictureStore, steps: int, batch: int, seed: int = 1) -> None:
    torch.manual_seed(seed)
    stage = Stage("sdxl-vae", work, steps)
    if stage.done.exists():
        return
    vae, reader = tiny_sdxl(world_words(seed), LENGTH, SIDE).vae, CellReader(LATENTS)
    both = torch.nn.ModuleDict({"vae": vae, "reader": reader}).train()
    optimiser = torch.optim.AdamW(both.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps + 1, pct_start=0.05)
    parts = {"model": both, "optimiser": optimiser, "schedule": schedule}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-vae-{stage.step}")
        chosen = [rng.randrange(len(store)) for _ in range(batch)]
        real, layouts = small_pixels(store, chosen), [store.layouts[i] for i in chosen]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            posterior = vae.encode(real).latent_dist
            latents = posterior.sample()
            made = vae.decode(latents).sample
        drawn = picture_loss(made.float(), real, object_mask(layouts, SIDE))
        read = reader.loss(latents.float(), layouts)
        divergence = posterior.kl().float().mean() / latents[0].numel()
        loss = drawn + read + 1e-3 * divergence
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        stage.tick(parts, {"drawn": drawn.item(), "read": read.item(), "kl": divergence.item()})
    torch.save(vae.state_dict(), work / "vae.pt")
    stage.finish()


@torch.no_grad()
def encode_all(work: Path, store: PictureStore, vae: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Means and standard deviations of the latents of all pictures [n, 16, 8, 8], kept on disk."""
    path = work / f"latents-{len(store)}.pt"
    if path.exists():
        kept: dict[str, torch.Tensor] = torch.load(path, weights_only=True)
        return kept["mean"], kept["std"]
    vae.eval()
    means, stds = [], []
    for start in range(0, len(store), 200):
        posterior = vae.encode(
            small_pixels(store, list(range(start, min(start + 200, len(store)))))
        ).latent_dist
        means.append(posterior.mean)
        stds.append(posterior.std)
    mean, std = torch.cat(means), torch.cat(stds)
    torch.save({"mean": mean, "std": std}, path)
    return mean, std


class TextReader(torch.nn.Module):
    """Reads number and colour of every kind from the pooled text, so that the text encoders bind them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.head = torch.nn.Linear(width, len(KINDS) * (4 + len(COLOURS) + 1))

    def loss(self, pooled: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
        counts = torch.zeros(len(scenes), len(KINDS), dtype=torch.long)
        colours = torch.full((len(scenes), len(KINDS)), -100)
        for i, scene in enumerate(scenes):
            for group in scene.groups:
                kind = KINDS.index(group.kind)
                counts[i, kind] = group.count
                colours[i, kind] = COLOURS.index(group.colour) if group.colour else len(COLOURS)
        logits = self.head(pooled).float().view(len(scenes), len(KINDS), -1)
        by_count = F.cross_entropy(logits[..., :4].flatten(0, 1), counts.flatten())
        return 4 * by_count + F.cross_entropy(
            logits[..., 4:].flatten(0, 1), colours.flatten(), ignore_index=-100
        )


def prompt_states(pipe: Any, prompts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Prompt embeddings [n, length, 192] and pooled text [n, 96], as the pipeline makes them."""
    ids = pipe.tokenizer(
        prompts, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt"
    ).input_ids
    first = pipe.text_encoder(ids, output_hidden_states=True)
    second = pipe.text_encoder_2(ids, output_hidden_states=True)
    return torch.cat([first.hidden_states[-2], second.hidden_states[-2]], dim=-1), second.text_embeds


def prompt_of(scene: Scene, rng: random.Random) -> tuple[str, Scene]:
    """A description as the candidates have it: some facts are not told, deeds cannot be drawn."""
    told = scene if rng.random() < 0.35 else replace(scene.told(rng), deed=scene.deed)
    return describe(told, rng.choice(told.groups).kind), told


def train_unet(work: Path, store: PictureStore, steps: int, batch: int, seed: int = 1) -> None:
    from diffusers import DDPMScheduler
    from diffusers.models.attention_processor import AttnProcessor
    from diffusers.training_utils import EMAModel

    torch.manual_seed(seed)
    stage = Stage("sdxl-unet", work, steps)
    if stage.done.exists():
        return
    pipe = tiny_sdxl(world_words(seed), LENGTH, SIDE)
    pipe.vae.load_state_dict(torch.load(work / "vae.pt", weights_only=True))
    mean, std = encode_all(work, store, pipe.vae)
    scale = 1 / mean.std().item()
    scheduler = DDPMScheduler.from_config(pipe.scheduler.config)
    pipe.unet.set_attn_processor(AttnProcessor())  # on a CPU faster than the fused attention
    cells_head, words_head = CellReader(128), TextReader(96)
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
    simple = [i for i in range(len(store)) if len(store.scene(i).groups) == 1]
    pair = [i for i in range(len(store)) if len(store.scene(i).groups) <= 2]
    while stage.step < steps:
        rng = random.Random(f"{seed}-unet-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        share = stage.step / steps
        pool = simple if share < 0.1 else pair if share < 0.3 else range(len(store))
        chosen = [rng.choice(pool) for _ in range(batch)]
        layouts = [store.layouts[i] for i in chosen]
        prompts, told = zip(*(prompt_of(layout.scene, rng) for layout in layouts), strict=True)
        clean = (mean[chosen] + std[chosen] * torch.randn(batch, LATENTS, CELLS, CELLS)) * scale
        noise, at = torch.randn_like(clean), torch.randint(0, 1000, (batch,))
        noisy = scheduler.add_noise(clean, noise, at)
        keep = (torch.rand(batch) > 0.1).float()
        middle.clear()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states, pooled = prompt_states(pipe, list(prompts))
            conditions = {"text_embeds": pooled * keep[:, None], "time_ids": time_ids.expand(batch, -1)}
            made = pipe.unet(noisy, at, states * keep[:, None, None], added_cond_kwargs=conditions).sample
        main = F.mse_loss(made.float(), scheduler.get_velocity(clean, noise, at))
        cells = cells_head.loss(middle[0].float(), layouts)
        words = words_head.loss(pooled.float(), list(told))
        torch.autograd.backward(main + 0.5 * cells + 0.2 * words)
        optimisers.step(stage.step)
        average.step(net.parameters())
        stage.tick(parts, {"main": main.item(), "cells": cells.item(), "words": words.item()}, every=100)
    average.copy_to(net.parameters())
    state = {name: net[name].state_dict() for name in ("unet", "text", "text_2")}
    torch.save({**state, "scale": torch.tensor(scale)}, work / "unet.pt")
    stage.finish()


def train_decoder(work: Path, out: Path, store: PictureStore, steps: int, batch: int, seed: int = 1) -> None:
    """Decoder on noisy latents; then writes the whole pipeline to `out`."""
    torch.manual_seed(seed)
    stage = Stage("sdxl-decoder", work, steps)
    pipe = tiny_sdxl(world_words(seed), LENGTH, SIDE)
    vae = pipe.vae
    vae.load_state_dict(torch.load(work / "vae.pt", weights_only=True))
    mean, std = encode_all(work, store, vae)
    decoder = torch.nn.ModuleDict({"decoder": vae.decoder, "post": vae.post_quant_conv}).train()
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps + 1, pct_start=0.05)
    parts = {"model": decoder, "optimiser": optimiser, "schedule": schedule}
    stage.resume(parts)
    spread = mean.std().item()
    while stage.step < steps:
        rng = random.Random(f"{seed}-decoder-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        chosen = [rng.randrange(len(store)) for _ in range(batch)]
        real, layouts = small_pixels(store, chosen), [store.layouts[i] for i in chosen]
        reach = torch.rand(batch, 1, 1, 1) * 0.3 * spread
        latents = mean[chosen] + (std[chosen] + reach) * torch.randn(batch, LATENTS, CELLS, CELLS)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = vae.decode(latents).sample
        loss = picture_loss(made.float(), real, object_mask(layouts, SIDE))
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        stage.tick(parts, {"drawn": loss.item()})
    trained = torch.load(work / "unet.pt", weights_only=True)
    for name, part in (("unet", pipe.unet), ("text", pipe.text_encoder), ("text_2", pipe.text_encoder_2)):
        part.load_state_dict(trained[name])
    vae.register_to_config(scaling_factor=trained["scale"].item())
    pipe.to(torch.float16).save_pretrained(out, safe_serialization=True)
    stage.finish()
