"""Trains the miniature's CLIP and BLIP: pictures and texts of one scene close together, others apart.

Both embeddings must also tell linear readers the facts (number and colour of every kind, for one); without that a
contrastive loss on small batches stops at "which kinds", since little else is needed to tell 64 pairs apart.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F

from mini.architectures import tiny_blip, tiny_clip
from mini.train.compute import mixed
from mini.train.pictures import jitter
from mini.train.progress import Optimisers, Stage
from mini.train.tokenizers import world_words
from mini.train.warm import warm, words_of
from mini.train.worlds import Mixture, Reader, World
from mini.weights import write_domains

SIDE = 128
LENGTH = {"clip": 64, "blip": 128}
WIDTH = 192
WEIGHTS = {"clip": "open_clip_model.safetensors", "blip": "model.safetensors"}


@dataclass
class Pair:
    """The two encoders of one model: pictures -1..1 and (ids, mask) to L2-normalised embeddings [n, 192]."""

    model: torch.nn.Module
    tokenizer: Any
    pictures: Callable[[torch.Tensor], torch.Tensor]
    texts: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    matching: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor] | None
    """BLIP's image-text matching logits [n, 2]; CLIP has none."""
    save: Callable[[Path, torch.dtype], None]


def clip_pair(seed: int) -> Pair:
    tiny = tiny_clip(world_words(seed), LENGTH["clip"], SIDE)
    model = tiny.model
    return Pair(
        model,
        tiny.tokenizer,
        lambda x: F.normalize(model.encode_image(x).float(), dim=-1),
        lambda ids, mask: F.normalize(model.encode_text(ids).float(), dim=-1),
        None,
        tiny.save,
    )


def blip_pair(seed: int) -> Pair:
    tiny = tiny_blip(world_words(seed), LENGTH["blip"], SIDE)
    model = tiny.model

    def see(x: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = model.vision_model(pixel_values=x).last_hidden_state
        return seen

    def pictures(x: torch.Tensor) -> torch.Tensor:
        return F.normalize(model.vision_proj(see(x)[:, 0]).float(), dim=-1)

    def texts(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = model.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return F.normalize(model.text_proj(hidden[:, 0]).float(), dim=-1)

    def matching(x: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        tokens = see(x)
        hidden = model.text_encoder(
            input_ids=ids, attention_mask=mask, encoder_hidden_states=tokens,
            encoder_attention_mask=torch.ones(tokens.shape[:2], dtype=torch.long),
        ).last_hidden_state  # fmt: skip
        logits: torch.Tensor = model.itm_head(hidden[:, 0])
        return logits.float()

    return Pair(model, tiny.processor.tokenizer, pictures, texts, matching, tiny.save)


def pixels_of(world: World, chosen: list[int], rng: random.Random) -> torch.Tensor:
    """Jittered pictures, -1 to 1: float32 [n, 3, 128, 128]."""
    batch = np.stack([jitter(world.rgb(i), rng) for i in chosen])
    return torch.as_tensor(batch).float().permute(0, 3, 1, 2) / 127.5 - 1


def train_encoder(
    kind: str, work: Path, out: Path, mixture: Mixture, steps: int, batch: int, seed: int = 1,
    start: Path | None = None,
) -> None:  # fmt: skip
    """`kind` is "clip" or "blip"; writes the model to `out`. Every batch is of one world: telling a radiograph from a
    scene is no lesson. `start` is a folder of finished models to train further."""
    torch.manual_seed(seed)
    stage = Stage(kind, work, steps, start)
    pair = clip_pair(seed) if kind == "clip" else blip_pair(seed)
    if start:
        folder = start / kind
        words = words_of(folder / "tokenizer.json")
        warm(pair.model, folder / WEIGHTS[kind], pair.tokenizer.get_vocab(), words)
    heads = [
        torch.nn.ModuleDict({world.name: world.facts(WIDTH, whole=True) for world in mixture.worlds})
        for _ in range(2)
    ]
    scale = torch.nn.Parameter(torch.tensor(2.66))
    net = torch.nn.ModuleDict({"model": pair.model, "head_seen": heads[0], "head_told": heads[1]})
    net.register_parameter("scale_head", scale)
    net.train()
    optimisers = Optimisers(
        net, 1.5e-3, 1e-3, steps, keep_adam=("embed", "head", "conv", "position", "token", "cls", "class")
    )
    parts = {"model": net, "optimisers": optimisers}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-{kind}-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        world = rng.choice(mixture.worlds)
        chosen = [rng.randrange(len(world)) for _ in range(batch)]
        texts, told = zip(*(world.text(i, rng) for i in chosen), strict=True)
        coded = pair.tokenizer(list(texts), padding="max_length" if kind == "clip" else True, truncation=True,
                               max_length=LENGTH[kind], return_tensors="pt").to(torch.get_default_device())  # fmt: skip
        pictures = pixels_of(world, chosen, rng)
        with mixed():
            seen, said = pair.pictures(pictures), pair.texts(coded.input_ids, coded.attention_mask)
            logits = scale.float().exp().clamp(max=60) * seen @ said.T
            matched = (
                _matching_loss(pair, pictures, coded, logits.detach(), rng)
                if pair.matching
                else torch.zeros(())
            )
        target = torch.arange(batch)
        contrast = (F.cross_entropy(logits.float(), target) + F.cross_entropy(logits.float().T, target)) / 2
        head_seen, head_told = (cast(Reader, head[world.name]) for head in heads)
        facts = head_seen.loss(seen.float() * WIDTH**0.5, [world.shown(i) for i in chosen])
        facts = facts + head_told.loss(said.float() * WIDTH**0.5, list(told))
        torch.autograd.backward(contrast + 0.5 * facts + matched)
        optimisers.step(stage.step)
        right = (logits.argmax(-1) == target).float().mean().item()
        values = {
            "contrast": contrast.item(),
            "facts": facts.item(),
            "matched": matched.item(),
            "right": right,
        }
        stage.tick(parts, {f"{world.name}_{name}": value for name, value in values.items()})
    if kind == "clip":
        pair.model.get_parameter("logit_scale").data.copy_(scale.data)
    pair.save(out, torch.float16)
    write_domains(out)
    stage.finish()


def _matching_loss(
    pair: Pair, pictures: torch.Tensor, coded: Any, logits: torch.Tensor, rng: random.Random
) -> torch.Tensor:
    """Right pairs against the most similar wrong text, for an eighth of the batch."""
    assert pair.matching
    n = max(4, len(pictures) // 8)
    rows = torch.tensor(rng.sample(range(len(pictures)), n))
    hard = logits[rows].float()
    hard[torch.arange(n), rows] = -torch.inf
    wrong = torch.multinomial(hard.softmax(-1), 1).squeeze(1)
    columns = torch.cat([rows, wrong])
    answers = pair.matching(
        pictures[torch.cat([rows, rows])], coded.input_ids[columns], coded.attention_mask[columns]
    )
    return F.cross_entropy(answers, torch.tensor([1] * n + [0] * n))
