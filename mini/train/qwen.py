"""Trains the miniature's Qwen2-VL: first its eyes (the vision tower on dense labels), then everything on turns.

The system prompt is the same for all turns of a batch, so it is computed once per batch and its keys and values are
shared (gradients flow through them); that doubles the speed and changes nothing.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from data.sample import Modality
from mini.train.attention import register_lean_attention
from mini.train.cells import cell_labels
from mini.train.conversations import LONG, SHORT, Teacher, Turn, crowd, drill, reading_turn, told_text
from mini.train.pictures import PictureStore, jitter, normalised
from mini.train.progress import Optimisers, Stage
from mini.train.tokenizers import save_qwen_processor, train_bpe
from mini.weights import PROMPTS_FILE, prompts_digest
from mini.world.facts import ARRANGEMENTS, COLOURS, KINDS, STYLES, Layout, Scene, sample_scene
from prompts.library import Library

if TYPE_CHECKING:
    from transformers import Qwen2VLForConditionalGeneration

SIDE, PATCH, MERGE = 128, 16, 2
CELLS = SIDE // PATCH // MERGE
"""Merged tokens per side: 4, so a picture costs 16 tokens."""
VOCABULARY = 1024


def build(vocabulary: int, ids: dict[str, int]) -> "Qwen2VLForConditionalGeneration":
    """A Qwen2-VL of 7 M parameters with fan-in initialisation (the default one learns JSON and invents facts)."""
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    config = Qwen2VLConfig(
        text_config={
            "vocab_size": vocabulary, "hidden_size": 256, "intermediate_size": 640, "num_hidden_layers": 5,
            "num_attention_heads": 8, "num_key_value_heads": 8, "max_position_embeddings": 4096,
            "tie_word_embeddings": True, "use_sliding_window": False,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
            "bos_token_id": None, "eos_token_id": ids["<|im_end|>"], "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 4, "embed_dim": 192, "num_heads": 6, "hidden_size": 256, "mlp_ratio": 4, "patch_size": PATCH,
            "spatial_merge_size": MERGE, "temporal_patch_size": 2, "in_channels": 3, "in_chans": 3,
        },
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )  # fmt: skip
    config._attn_implementation = register_lean_attention()
    model = Qwen2VLForConditionalGeneration(config)
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2:
            continue
        fan_in = parameter[0].numel()
        scale = 0.3 if any(end in name for end in ("o_proj", "down_proj", "attn.proj", "fc2")) else 1.0
        std = 0.02 if "embed_tokens" in name else scale * fan_in**-0.5
        torch.nn.init.normal_(parameter, std=std)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    return model


def patches(pictures: torch.Tensor) -> torch.Tensor:
    """Normalised pictures [n, 3, 128, 128] as the processor cuts them: [n, 64, 3*2*16*16], merge blocks together."""
    n = len(pictures)
    grid = pictures.view(n, 3, CELLS, MERGE, PATCH, CELLS, MERGE, PATCH)
    grid = grid.permute(
        0, 2, 5, 3, 6, 1, 4, 7
    )  # cell row, cell column, row in block, column in block, channel, y, x
    flat = grid.reshape(n, CELLS * CELLS * MERGE * MERGE, 3, 1, PATCH, PATCH)
    return flat.expand(-1, -1, -1, 2, -1, -1).reshape(n, CELLS * CELLS * MERGE * MERGE, -1)


def see(tower: Any, pictures: torch.Tensor) -> torch.Tensor:
    """The vision tower over a batch of equal pictures at once: [n, 16, 256]. Same numbers as the model's own forward,
    which goes picture by picture."""
    n, grid = len(pictures), SIDE // PATCH
    hidden = tower.patch_embed(patches(pictures).flatten(0, 1))
    rows, columns = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
    order = (CELLS, MERGE, CELLS, MERGE)
    positions = torch.stack([p.reshape(order).transpose(1, 2).flatten() for p in (rows, columns)], dim=-1)
    cos, sin = tower.rotary_pos_emb(hidden, positions)
    half = cos.shape[-1] // 2
    for block in tower.blocks:
        attention = block.attn
        q, k, v = (
            attention.qkv(block.norm1(hidden))
            .view(n, grid * grid, 3, attention.num_heads, -1)
            .permute(2, 0, 3, 1, 4)
        )
        q, k = (
            (x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin).to(v.dtype) for x in (q, k)
        )
        weights = ((q @ k.transpose(-1, -2)) * attention.scaling).softmax(-1, dtype=torch.float32).to(v.dtype)
        hidden = hidden + attention.proj((weights @ v).transpose(1, 2).reshape(n * grid * grid, -1))
        hidden = hidden + block.mlp(block.norm2(hidden))
    merged: torch.Tensor = tower.merger(hidden)
    return merged.view(n, CELLS * CELLS, -1)


# The first stage: dense labels.


@dataclass
class Labels:
    """What every merged token should know: what lies in its cell, and the facts of the whole picture."""

    kinds: torch.Tensor
    colours: torch.Tensor
    counts: torch.Tensor
    colour_of: torch.Tensor
    rank_of: torch.Tensor
    style: torch.Tensor
    arrangement: torch.Tensor


def dense_labels(layouts: list[Layout]) -> Labels:
    """`kinds` [n, 16, 12] and `colours` [n, 16, 6] by cell; `counts`, `colour_of`, `rank_of` [n, 12]; the rest [n]."""
    n = len(layouts)
    kinds, colours = cell_labels(layouts, CELLS)
    counts = torch.zeros(n, len(KINDS), dtype=torch.long)
    colour_of, rank_of = torch.full((n, len(KINDS)), -100), torch.full((n, len(KINDS)), -100)
    style, arrangement = torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long)
    for i, layout in enumerate(layouts):
        scene = layout.scene
        style[i] = STYLES.index(scene.style or STYLES[0])
        arrangement[i] = 0 if scene.arrangement is None else 1 + ARRANGEMENTS.index(scene.arrangement)
        for rank, group in enumerate(scene.groups):
            kind = KINDS.index(group.kind)
            counts[i, kind], rank_of[i, kind] = group.count, rank
            colour_of[i, kind] = COLOURS.index(group.colour or COLOURS[0])
    return Labels(kinds.flatten(1, 2), colours.flatten(1, 2), counts, colour_of, rank_of, style, arrangement)


SIZES = {
    "kinds": len(KINDS), "colours": len(COLOURS), "counts": len(KINDS) * 4, "colour_of": len(KINDS) * len(COLOURS),
    "rank_of": len(KINDS) * 3, "style": len(STYLES), "arrangement": 3, "cell": CELLS * CELLS,
}  # fmt: skip
"""Logits that each merged token answers with in the first stage."""


class DenseHeads(torch.nn.Module):
    """Linear readers on every merged token; thrown away after the first stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.head = torch.nn.Linear(width, sum(SIZES.values()))

    def loss(self, tokens: torch.Tensor, labels: Labels) -> tuple[torch.Tensor, dict[str, float]]:
        parts = dict(
            zip(
                SIZES,
                self.head(self.norm(tokens)).float().split(list(SIZES.values()), -1),
                strict=True,
            )
        )
        n, cells = tokens.shape[:2]

        def everywhere(name: str, target: torch.Tensor, classes: int) -> torch.Tensor:
            """Cross-entropy of a fact of the whole picture, asked at every token."""
            logits = parts[name].view(n, cells, -1, classes)
            wide = target.view(n, 1, -1).expand(-1, cells, -1)
            return F.cross_entropy(logits.flatten(0, 2), wide.flatten(), ignore_index=-100)

        own = torch.arange(cells).expand(n, -1)
        losses = {
            "kinds": 4 * F.binary_cross_entropy_with_logits(parts["kinds"], labels.kinds),
            "colours": 3 * F.binary_cross_entropy_with_logits(parts["colours"], labels.colours),
            "counts": 4 * everywhere("counts", labels.counts, 4),
            "colour_of": everywhere("colour_of", labels.colour_of, len(COLOURS)),
            "rank_of": everywhere("rank_of", labels.rank_of, 3),
            "style": everywhere("style", labels.style, len(STYLES)),
            "arrangement": everywhere("arrangement", labels.arrangement, 3),
            "cell": 0.3 * F.cross_entropy(parts["cell"].flatten(0, 1), own.flatten()),
        }
        with torch.no_grad():
            votes = parts["counts"].mean(1).view(n, len(KINDS), 4).argmax(-1)
            exact = (votes == labels.counts).all(-1).float().mean().item()
        return torch.stack(list(losses.values())).sum(), {"counts_exact": exact} | {
            k: v.item() for k, v in losses.items()
        }


def train_tower(work: Path, store: PictureStore, steps: int, batch: int, seed: int = 1) -> None:
    """First stage. Leaves `tower.ckpt` with the vision tower."""
    torch.manual_seed(seed)
    stage = Stage("qwen-tower", work, steps)
    if stage.done.exists():
        return
    tokenizer = load_bpe(work, seed)
    model = build(VOCABULARY, special_ids(tokenizer))
    tower, heads = model.model.visual, DenseHeads(256)
    both = torch.nn.ModuleDict({"tower": tower, "dense": heads})
    optimisers = Optimisers(both, 2e-3, 1e-3, steps)
    parts = {"model": both, "optimisers": optimisers}
    stage.resume(parts)
    while stage.step < steps:
        rng = random.Random(f"{seed}-tower-{stage.step}")
        chosen = [rng.randrange(len(store)) for _ in range(batch)]
        pictures = normalised([jitter(store.pixels[i], rng) for i in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, values = heads.loss(see(tower, pictures), dense_labels([store.layouts[i] for i in chosen]))
        torch.autograd.backward(loss)
        optimisers.step(stage.step)
        stage.tick(parts, {"loss": loss.item(), **values})
    torch.save(tower.state_dict(), work / "tower.pt")
    stage.finish()


# The second stage: turns.


def load_bpe(work: Path, seed: int) -> Tokenizer:
    path = work / "bpe.json"
    if not path.exists():
        train_bpe(seed, VOCABULARY).save(str(path))
    return Tokenizer.from_file(str(path))


def special_ids(tokenizer: Tokenizer) -> dict[str, int]:
    return {token: index for token, index in tokenizer.get_vocab().items() if token.startswith("<|")}


@dataclass
class Encoder:
    """Turns as token ids, laid out as the chat template lays them out."""

    tokenizer: Tokenizer

    def __post_init__(self) -> None:
        self.ids = special_ids(self.tokenizer)
        self.prefixes: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def prefix(self, system: str) -> list[int]:
        if system not in self.prefixes:
            self.prefixes[system] = self.encode(f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n")
        return self.prefixes[system]

    def rest(self, turn: Turn) -> tuple[list[int], int]:
        """Everything after the prefix, and where the answer starts in it."""
        if turn.shared is None:
            pads = "<|image_pad|>" * (CELLS * CELLS)
            shared = f"<|vision_start|>{pads}<|vision_end|>"
        else:
            shared = f"{turn.shared}\n\n"  # as tools.lmm.wire joins texts
        question = self.encode(f"{shared}{turn.ask}<|im_end|>\n<|im_start|>assistant\n")
        return question + self.encode(turn.answer) + [self.ids["<|im_end|>"]], len(question)


def positions_of(rows: list[list[int]], image_token: int, start: int, width: int) -> torch.Tensor:
    """M-RoPE positions [3, n, width] of rows that follow a text prefix of `start` tokens."""
    result = torch.zeros(3, len(rows), width, dtype=torch.long)
    cells = torch.arange(CELLS * CELLS)
    for i, row in enumerate(rows):
        if image_token in row:
            first = row.index(image_token)
            after = first + CELLS * CELLS
            result[:, i, :first] = torch.arange(first) + start
            at = start + first
            result[0, i, first:after] = at
            result[1, i, first:after] = at + cells // CELLS
            result[2, i, first:after] = at + cells % CELLS
            result[:, i, after:] = torch.arange(width - after) + at + CELLS
        else:
            result[:, i] = torch.arange(width) + start
    return result


def rounded(size: int, step: int) -> int:
    """Up to the next multiple. Few shapes mean few compiled kernels: oneDNN keeps one per shape, in time and memory."""
    return -(-size // step) * step


def turn_loss(
    model: Any,
    encoder: Encoder,
    turns: list[Turn],
    seen: torch.Tensor | None,
    noise: float,
    rng: random.Random,
) -> tuple[torch.Tensor, int, float]:
    """Summed cross-entropy of the answers, their number of tokens, and the share of right tokens.

    `turns` share one system prompt; `seen` [p, 16, 256] are the pictures of the turns without a text, in order.
    """
    from transformers import DynamicCache

    language = model.model.language_model
    embed = language.embed_tokens
    prefix = torch.tensor([encoder.prefix(turns[0].system)])
    coded = [encoder.rest(turn) for turn in turns]
    width = rounded(max(len(ids) for ids, _ in coded), 16)
    n, p = len(turns), prefix.shape[1]
    pad = encoder.ids["<|endoftext|>"]
    ids = torch.tensor([row + [pad] * (width - len(row)) for row, _ in coded])
    mask = torch.tensor([[1] * (p + len(row)) + [0] * (width - len(row)) for row, _ in coded])
    answer = torch.zeros(n, width, dtype=torch.bool)
    for i, (row, start) in enumerate(coded):
        answer[i, start : len(row)] = True
    inputs = embed(ids)
    if seen is not None:
        where = (ids == encoder.ids["<|image_pad|>"]).unsqueeze(-1).expand_as(inputs)
        inputs = inputs.masked_scatter(where, seen.to(inputs.dtype).flatten(0, 1))
    if noise:
        # Own mistakes must not derail an answer: some of the answer's tokens are replaced on the way in.
        wrong = answer & (torch.rand(n, width) < noise)
        wrong[:, -1] = False
        random_ids = torch.randint(len(encoder.ids), model.config.text_config.vocab_size, (n, width))
        inputs = torch.where(wrong.unsqueeze(-1), embed(random_ids), inputs)
    first = language(inputs_embeds=embed(prefix), use_cache=True).past_key_values
    cache = DynamicCache(
        [(layer.keys.expand(n, -1, -1, -1), layer.values.expand(n, -1, -1, -1)) for layer in first.layers]
    )
    rows = [row for row, _ in coded]
    hidden = language(
        inputs_embeds=inputs, attention_mask=mask, past_key_values=cache, use_cache=True,
        position_ids=positions_of(rows, encoder.ids["<|image_pad|>"], p, width),
    ).last_hidden_state  # fmt: skip
    before = torch.zeros_like(answer)
    before[:, :-1] = answer[:, 1:]
    targets = ids[answer]
    chosen = hidden[before]
    filler = hidden.new_zeros(rounded(len(targets), 64) - len(targets), hidden.shape[-1])
    logits = model.lm_head(torch.cat([chosen, filler]))[: len(targets)].float()
    right = (logits.argmax(-1) == targets).float().mean().item()
    return F.cross_entropy(logits, targets, reduction="sum"), len(targets), right


def train_joint(work: Path, out: Path, store: PictureStore, steps: int, batch: int, seed: int = 1) -> None:
    """Second stage: pictures and texts, reading and writing, in every step. Writes the model to `out`."""
    torch.manual_seed(seed)
    stage = Stage("qwen-joint", work, steps)
    tokenizer = load_bpe(work, seed)
    encoder, teacher = Encoder(tokenizer), Teacher(Library())
    model = build(VOCABULARY, encoder.ids)
    tower = model.model.visual
    tower.load_state_dict(torch.load(work / "tower.pt", weights_only=True))
    tower.requires_grad_(
        False
    )  # trained along at the language model's rate, it forgot what the first stage had taught
    model.train()
    optimisers = Optimisers(model, 2e-3, 1.5e-3, steps, warm=200, keep_adam=("embed",))
    parts = {"model": model, "optimisers": optimisers}
    stage.resume(parts)
    simple = [i for i in range(len(store)) if len(store.scene(i).groups) == 1]
    mixed = [i for i in range(len(store)) if len(store.scene(i).groups) > 1 or i % 3 == 0]
    while stage.step < steps:
        rng = random.Random(f"{seed}-joint-{stage.step}")
        torch.manual_seed(seed * 1_000_003 + stage.step)
        share = stage.step / steps
        most = 1 if rng.random() > share / 0.12 else 3
        noise = 0.03 if share < 0.9 else 0.0
        shares, size = (LONG, batch // 2) if stage.step % 4 == 3 else (SHORT, batch)
        chosen = [rng.choice(simple if most == 1 else mixed) for _ in range(size)]
        pictures = normalised([jitter(store.pixels[i], rng) for i in chosen])
        turns = [
            reading_turn(teacher, None, store.scene(i).shown(), Modality.TEXT, rng, shares) for i in chosen
        ]
        for _ in range(size // 2):
            text, told = told_text(lesson(rng, most), rng)
            turns.append(reading_turn(teacher, text, told, Modality.IMAGE, rng, shares))
        writing = _writing(teacher, batch // 2, stage.step, most, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                seen = see(tower, pictures)
            read, n_read, right_read = turn_loss(model, encoder, turns, seen, noise, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            written, n_written, right_written = turn_loss(model, encoder, writing, None, noise, rng)
        exercises = _exercises(teacher, batch // 2 + 1, stage.step, rng)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            drilled, n_drilled, right_drilled = turn_loss(model, encoder, exercises, None, 0.0, rng)
        loss = (read + written) / (n_read + n_written) + 0.5 * drilled / n_drilled
        torch.autograd.backward(loss)
        optimisers.step(stage.step)
        kind = writing[0].task.split(".")[0]
        values = {
            "read": read.item() / n_read, "short" if shares is SHORT else "long": right_read,
            kind: written.item() / n_written, f"{kind}_right": right_written,
            f"{exercises[0].task}_dense": right_drilled,
        }  # fmt: skip
        stage.tick(parts, values)
        if stage.step % 500 == 0:
            export(model, tokenizer, out)
    export(model, tokenizer, out)
    stage.finish()


def lesson(rng: random.Random, most: int) -> Scene:
    """A scene to tell. Single kinds are soon learnt, so two thirds of them make room for more."""
    scene = sample_scene(rng, most)
    return sample_scene(rng, most) if most > 1 and len(scene.groups) == 1 and rng.random() < 0.67 else scene


def _exercises(teacher: Teacher, n: int, step: int, rng: random.Random) -> list[Turn]:
    """Turns in which most tokens of the answer are facts: word drills, and crowded texts to be read or described."""
    if step % 4 == 0:
        return [drill(rng) for _ in range(n)]
    turns = []
    for _ in range(n):
        text, told = told_text(crowd(rng), rng)
        if step % 4 == 1:
            turns.append(teacher.describing(told, Modality.IMAGE, rng))
        else:
            turns.append(teacher.merged(text, told, Modality.IMAGE, rng))
    return turns


def _writing(teacher: Teacher, n: int, step: int, most: int, rng: random.Random) -> list[Turn]:
    """A batch of descriptions (of a lost picture, of a lost text) or of refined texts: one system prompt a batch."""
    kind = step % 3
    turns = []
    for _ in range(n):
        scene = lesson(rng, most)
        facts = scene.told(rng) if kind == 0 or rng.random() < 0.3 else scene.shown()
        if kind == 2:
            turns.append(teacher.refining(facts, rng))
        else:
            turns.append(teacher.describing(facts, Modality.IMAGE if kind == 0 else Modality.TEXT, rng))
    return turns


def export(model: Any, tokenizer: Tokenizer, out: Path) -> None:
    """fp16 safetensors and the processor, as `from_pretrained` reads them."""
    out.mkdir(parents=True, exist_ok=True)
    half = {name: tensor.detach().half() for name, tensor in model.state_dict().items()}
    model.save_pretrained(out, state_dict=half, safe_serialization=True)
    config = json.loads((out / "config.json").read_text())
    config["dtype"] = "float16"
    (out / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    save_qwen_processor(tokenizer, SIDE, PATCH, out)
    (out / PROMPTS_FILE).write_text(prompts_digest() + "\n")
