"""Trains the autoencoder of the miniature's Stable Diffusion XL, and its decoder once more at the end.

A plain autoencoder looks fine and loses small objects, so its latents must also tell a linear reader what lies where.
The decoder is trained again on noisy latents, since those that the UNet makes are never clean.
"""

import hashlib
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from mini.architectures import tiny_sdxl
from mini.train.cells import cell_labels, object_mask
from mini.train.compute import mixed
from mini.train.marks import Marked
from mini.train.progress import Stage
from mini.train.tokenizers import world_words
from mini.train.warm import warm
from mini.train.worlds import Mixture, World
from mini.weights import write_domains

SIDE = 64
LENGTH = 64
CELLS = SIDE // 8
LATENTS = 16
PART = "sdxl"
"""Its folder among the finished models."""
WEIGHTS = "diffusion_pytorch_model.safetensors"


def small_pixels(world: World, chosen: list[int]) -> torch.Tensor:
    """Pictures at 64 px, -1 to 1: float32 [n, 3, 64, 64]."""
    pixels = torch.as_tensor(np.stack([world.rgb(i) for i in chosen])).float() / 127.5 - 1
    return F.avg_pool2d(pixels.permute(0, 3, 1, 2), 2)


def edges(pictures: torch.Tensor) -> torch.Tensor:
    """How much each pixel differs from the one above it and from the one before it: [n, 6, side - 1, side - 1]."""
    inner = pictures[..., 1:, 1:]
    return torch.cat([inner - pictures[..., :-1, 1:], inner - pictures[..., 1:, :-1]], dim=1)


def picture_loss(made: torch.Tensor, real: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """L1 of pixels and edges over everything, and L1 and L2 over what each picture's marks cover, whatever its size.

    Weighted by area alone, a nodule or a few thin lines are worth nothing, and are not drawn. By L1 alone thin lines
    are not either: while it is unclear where in a cell they lie, the likeliest pixel has none, and nothing is learnt.
    So what has contrast counts most of what the marks cover.
    """
    pixels, lines, contrast = (made - real).abs(), (edges(made) - edges(real)).abs(), edges(real).abs()
    weights = mask[..., 1:, 1:] * (0.05 + contrast.mean(1, keepdim=True))
    small = _weighted(pixels[..., 1:, 1:], weights) + 2 * _weighted(lines, weights)
    return pixels.mean() + 2 * lines.mean() + small


def _weighted(errors: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The weighted mean of each picture's errors and squares, then over the pictures; one without weights counts 0."""
    bent = (errors + 4 * errors.square()).mean(1, keepdim=True)
    inside = (bent * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp(min=1e-3)
    return inside.mean()


class CellReader(torch.nn.Module):
    """A linear reader of a world's marks and traits per cell."""

    def __init__(self, width: int, world: World) -> None:
        super().__init__()
        self.marks, self.traits = world.marks, world.traits
        self.head = torch.nn.Conv2d(width, world.marks + world.traits, 1)

    def loss(self, features: torch.Tensor, found: list[Marked]) -> torch.Tensor:
        """`features` [n, width, cells, cells]."""
        target = cell_labels(found, features.shape[-1], self.marks, self.traits).permute(0, 3, 1, 2)
        return F.binary_cross_entropy_with_logits(self.head(features).float(), target)


def cell_readers(width: int, mixture: Mixture) -> torch.nn.ModuleDict:
    return torch.nn.ModuleDict({world.name: CellReader(width, world) for world in mixture.worlds})


def by_world(readers: Any, parts: torch.Tensor, mixture: Mixture, known: list[list[Any]]) -> torch.Tensor:
    """The loss of each world's own reader on its part of a batch, weighted by the world's share."""
    losses = [
        share * readers[world.name].loss(part, facts)
        for world, share, part, facts in zip(
            mixture.worlds,
            mixture.shares,
            torch.split(parts, [len(facts) for facts in known]),
            known,
            strict=True,
        )
    ]
    return torch.stack(losses).sum()


def train_vae(
    work: Path, mixture: Mixture, steps: int, batch: int, seed: int = 1, start: Path | None = None
) -> None:
    """Leaves `vae.pt`. `start` is a folder of finished models to train further."""
    torch.manual_seed(seed)
    stage = Stage("sdxl-vae", work, steps, start)
    if stage.finished():
        return
    vae, readers = tiny_sdxl(world_words(seed), LENGTH, SIDE).vae, cell_readers(LATENTS, mixture)
    if start:
        warm(vae, start / PART / "vae" / WEIGHTS)
    both = torch.nn.ModuleDict({"vae": vae, "readers": readers}).train()
    optimiser = torch.optim.AdamW(both.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps + 1, pct_start=0.05)
    parts = {"model": both, "optimiser": optimiser, "schedule": schedule}
    stage.resume(parts)
    while stage.step < steps:
        chosen = mixture.chosen(batch, 3, random.Random(f"{seed}-vae-{stage.step}"))
        real, marks = pictures_of(mixture, chosen)
        with mixed():
            posterior = vae.encode(real).latent_dist
            latents = posterior.sample()
            made = vae.decode(latents).sample
        drawn = picture_loss(made.float(), real, object_mask([m for part in marks for m in part], SIDE))
        read = by_world(readers, latents.float(), mixture, marks)
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


def pictures_of(mixture: Mixture, chosen: list[list[int]]) -> tuple[torch.Tensor, list[list[Marked]]]:
    """The pictures of a batch [n, 3, 64, 64], world after world, and their marks by world."""
    pairs = list(zip(mixture.worlds, chosen, strict=True))
    marks = [[world.marked(i) for i in some] for world, some in pairs]
    return torch.cat([small_pixels(world, some) for world, some in pairs]), marks


def digest(model: torch.nn.Module) -> str:
    """Names weights: what was computed with others is not taken for theirs."""
    whole = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        whole.update(name.encode())
        whole.update(tensor.detach().float().cpu().numpy().tobytes())
    return whole.hexdigest()[:12]


class Latents:
    """Means and standard deviations of the latents of all pictures, by world; encoded once and kept on disk."""

    def __init__(self, work: Path, mixture: Mixture, vae: Any) -> None:
        name = digest(vae)
        kept = [
            self._of(work / f"latents-{world.name}-{len(world)}-{name}.pt", world, vae)
            for world in mixture.worlds
        ]
        self.means, self.stds = [mean for mean, _ in kept], [std for _, std in kept]
        self.spread = torch.cat(self.means).std().item()

    @staticmethod
    @torch.no_grad()
    def _of(path: Path, world: World, vae: Any) -> tuple[torch.Tensor, torch.Tensor]:
        if path.exists():
            kept: dict[str, torch.Tensor] = torch.load(
                path, weights_only=True, map_location=torch.get_default_device()
            )
            return kept["mean"], kept["std"]
        vae.eval()
        means, stds = [], []
        for start in range(0, len(world), 200):
            some = list(range(start, min(start + 200, len(world))))
            posterior = vae.encode(small_pixels(world, some)).latent_dist
            means.append(posterior.mean)
            stds.append(posterior.std)
        mean, std = torch.cat(means), torch.cat(stds)
        torch.save({"mean": mean, "std": std}, path)
        return mean, std

    def sample(self, chosen: list[list[int]], more: torch.Tensor | float = 0.0) -> torch.Tensor:
        """Drawn from the posteriors [n, 16, 8, 8], world after world; `more` is added to the standard deviations."""
        mean = torch.cat([of[some] for of, some in zip(self.means, chosen, strict=True)])
        std = torch.cat([of[some] for of, some in zip(self.stds, chosen, strict=True)])
        return mean + (std + more) * torch.randn_like(mean)


def train_decoder(work: Path, out: Path, mixture: Mixture, steps: int, batch: int, seed: int = 1) -> None:
    """Decoder on noisy latents; then writes the whole pipeline to `out`."""
    torch.manual_seed(seed)
    stage = Stage("sdxl-decoder", work, steps)
    pipe = tiny_sdxl(world_words(seed), LENGTH, SIDE)
    vae = pipe.vae
    vae.load_state_dict(torch.load(work / "vae.pt", weights_only=True))
    latents = Latents(work, mixture, vae)
    decoder = torch.nn.ModuleDict({"decoder": vae.decoder, "post": vae.post_quant_conv}).train()
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps + 1, pct_start=0.05)
    parts = {"model": decoder, "optimiser": optimiser, "schedule": schedule}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-decoder-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        chosen = mixture.chosen(batch, 3, rng)
        real, marks = pictures_of(mixture, chosen)
        noisy = latents.sample(chosen, torch.rand(batch, 1, 1, 1) * 0.3 * latents.spread)
        with mixed():
            made = vae.decode(noisy).sample
        loss = picture_loss(made.float(), real, object_mask([m for part in marks for m in part], SIDE))
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
    write_domains(out)
    stage.finish()
