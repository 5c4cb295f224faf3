"""The miniature's Qwen2-VL: its architecture, how it sees a batch of equal pictures, its tokenizer, its folder."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer, decoders
from torch.nn.functional import linear

from mini.train.attention import register_lean_attention
from mini.train.tokenizers import BLANK, fact_words, save_qwen_processor, train_bpe, with_capitals
from mini.weights import PROMPTS_FILE, prompts_digest, write_domains

if TYPE_CHECKING:
    from transformers import Qwen2VLForConditionalGeneration

SIDE, PATCH, MERGE = 128, 16, 2
CELLS = SIDE // PATCH // MERGE
"""Merged tokens per side: 4, so a picture costs 16 tokens."""
VOCABULARY = 2048
"""Tokens of its byte-level BPE; it has a few more (see `mini.train.tokenizers.with_capitals`)."""
PART = "qwen2_vl"
"""Its folder among the finished models."""


def build(tokenizer: Tokenizer) -> "Qwen2VLForConditionalGeneration":
    """A Qwen2-VL of 7 M parameters with fan-in initialisation (the default one learns JSON and invents facts)."""
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    vocabulary, ids = tokenizer.get_vocab_size(), special_ids(tokenizer)
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


def trained(folder: Path, tokenizer: Tokenizer) -> "Qwen2VLForConditionalGeneration":
    """A finished model, in float32, to be trained further with `tokenizer`, which may be another than its own.

    A token that both know keeps its embedding; a new one begins as the mean of those that it was spelt with before, and
    a word with a large letter as the small word, moved by as much as a large letter moves the words that have both.
    """
    from transformers import Qwen2VLForConditionalGeneration

    former = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = build(tokenizer)
    rows: torch.Tensor = former.model.language_model.embed_tokens.weight.detach()
    tokens = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    moves = {blank: _move(own, rows, blank) for blank in ("", BLANK)}

    def embedding(token: str) -> torch.Tensor:
        if own.token_to_id(token) is None and CAPITALISED.fullmatch(token):
            return rows[_spelt(own, _small(token))].mean(0) + moves[BLANK if token.startswith(BLANK) else ""]
        return rows[_spelt(own, token)].mean(0)

    embeddings = torch.stack([embedding(token) for token, _ in tokens])
    shared = {name: tensor for name, tensor in former.state_dict().items() if tensor.shape != rows.shape}
    model.load_state_dict(shared, strict=False)
    with torch.no_grad():
        model.model.language_model.embed_tokens.weight.copy_(embeddings)
    return model


CAPITALISED = re.compile(f"{BLANK}?[A-Z][a-z]+")


def _small(token: str) -> str:
    """ " noir" for "Noir" and for " Noir": it is within a sentence that words stand small."""
    return BLANK + token.removeprefix(BLANK).lower()


def _move(tokenizer: Tokenizer, rows: torch.Tensor, blank: str) -> torch.Tensor:
    """The mean difference of embeddings between words with a large letter (after a blank or not) and small ones, [d].
    Zero where no word has both."""
    known = tokenizer.get_vocab()
    pairs = [
        (known[token], known[_small(token)])
        for token in known
        if CAPITALISED.fullmatch(token) and token.startswith(BLANK) == bool(blank) and _small(token) in known
    ]
    if not pairs:
        return torch.zeros_like(rows[0])
    large, small = torch.tensor(pairs).T
    return (rows[large] - rows[small]).mean(0)


def _spelt(tokenizer: Tokenizer, token: str) -> list[int]:
    """The ids with which a byte-level tokenizer writes a token of another one."""
    whole = tokenizer.token_to_id(token)
    if whole is not None:
        return [whole]
    return list(tokenizer.encode(decoders.ByteLevel().decode([token]), add_special_tokens=False).ids)


def patches(pictures: torch.Tensor) -> torch.Tensor:
    """Normalised pictures [n, 3, 128, 128] as the processor cuts them: [n, 64, 3*2*16*16], merge blocks together."""
    n = len(pictures)
    grid = pictures.view(n, 3, CELLS, MERGE, PATCH, CELLS, MERGE, PATCH)
    grid = grid.permute(
        0, 2, 5, 3, 6, 1, 4, 7
    )  # cell row, cell column, row in block, column in block, channel, y, x
    flat = grid.reshape(n, CELLS * CELLS * MERGE * MERGE, 3, 1, PATCH, PATCH)
    return flat.expand(-1, -1, -1, 2, -1, -1).reshape(n, CELLS * CELLS * MERGE * MERGE, -1)


def merged(tower: Any, hidden: torch.Tensor) -> torch.Tensor:
    """The tokens that the language model gets, [n, 16, 256], of what `look` gives."""
    tokens: torch.Tensor = tower.merger(hidden.flatten(0, 1))
    return tokens.view(len(hidden), CELLS * CELLS, -1)


def merge_order(grid: torch.Tensor) -> torch.Tensor:
    """Something on the grid of patches, [n, 8, 8, ...], in the order of the tower's patches: [n, 64, ...]."""
    n, rest = len(grid), grid.shape[3:]
    blocks = grid.reshape(n, CELLS, MERGE, CELLS, MERGE, *rest).transpose(2, 3)
    return blocks.reshape(n, CELLS * CELLS * MERGE * MERGE, *rest)


def look(tower: Any, pictures: torch.Tensor) -> torch.Tensor:
    """The tower's last hidden states of every patch of a batch of equal pictures, [n, 64, 192], merge blocks together.
    Same numbers as the model's own forward, which goes picture by picture."""
    n, grid = len(pictures), SIDE // PATCH
    # Its convolution has one place to stand; as one it took PyTorch five to nine times as long (CPU, both ways).
    hidden = linear(patches(pictures).flatten(0, 1), tower.patch_embed.proj.weight.flatten(1))
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
    found: torch.Tensor = hidden.view(n, grid * grid, -1)
    return found


def load_bpe(work: Path, seed: int, start: Path | None = None) -> Tokenizer:
    """The tokenizer of the finished models in `start`, with words that it lacks, else one trained once and kept in
    `work`."""
    if start:
        return with_capitals(Tokenizer.from_file(str(start / PART / "tokenizer.json")), fact_words())
    path = work / "bpe.json"
    if not path.exists():
        train_bpe(seed, VOCABULARY).save(str(path))
    return Tokenizer.from_file(str(path))


def special_ids(tokenizer: Tokenizer) -> dict[str, int]:
    return {token: index for token, index in tokenizer.get_vocab().items() if token.startswith("<|")}


def export(model: Any, tokenizer: Tokenizer, out: Path) -> None:
    """fp16 safetensors and the processor, as `from_pretrained` reads them."""
    out.mkdir(parents=True, exist_ok=True)
    half = {name: tensor.detach().half().cpu() for name, tensor in model.state_dict().items()}
    model.save_pretrained(out, state_dict=half, safe_serialization=True)
    config = json.loads((out / "config.json").read_text())
    config["dtype"] = "float16"
    (out / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    save_qwen_processor(tokenizer, SIDE, PATCH, out)
    (out / PROMPTS_FILE).write_text(prompts_digest() + "\n")
    write_domains(out)
