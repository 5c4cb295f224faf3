"""Turns as token ids, laid out as the chat template lays them out, and the loss of their answers.

The system prompt is the same for all turns of a batch, so it is computed once per batch and its keys and values are
shared (gradients flow through them); that doubles the speed and changes nothing.
"""

import random
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from mini.train.conversations import Turn
from mini.train.qwen import CELLS, special_ids


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


PART_COST = 100
"""Tokens of padding that are worth a part of its own; estimated, not measured."""


def rounded(size: int, step: int) -> int:
    """Up to the next multiple. Few shapes mean few compiled kernels: oneDNN keeps one per shape, in time and memory."""
    return -(-size // step) * step


def by_length(lengths: list[int]) -> list[list[int]]:
    """Rows in parts of like length, cut as long as a cut saves more padding than a part of its own costs."""
    return _cut(sorted(range(len(lengths)), key=lengths.__getitem__), lengths)


def _cut(order: list[int], lengths: list[int]) -> list[list[int]]:
    longest = lengths[order[-1]]
    saved, short = max((k * (longest - lengths[order[k - 1]]), k) for k in range(1, len(order) + 1))
    if saved < PART_COST:
        return [order]
    return _cut(order[:short], lengths) + _cut(order[short:], lengths)


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
    rows = [row for row, _ in coded]
    hidden = inputs.new_zeros(inputs.shape, dtype=first.layers[0].keys.dtype)
    for some in by_length([len(row) for row in rows]):
        wide = rounded(max(len(rows[i]) for i in some), 16)
        cache = DynamicCache(
            [
                (x.keys.expand(len(some), -1, -1, -1), x.values.expand(len(some), -1, -1, -1))
                for x in first.layers
            ]
        )
        hidden[some, :wide] = language(
            inputs_embeds=inputs[some, :wide], attention_mask=mask[some, : p + wide], past_key_values=cache,
            use_cache=True,
            position_ids=positions_of([rows[i] for i in some], encoder.ids["<|image_pad|>"], p, wide),
        ).last_hidden_state.to(hidden.dtype)  # fmt: skip
    before = torch.zeros_like(answer)
    before[:, :-1] = answer[:, 1:]
    targets = ids[answer]
    chosen = hidden[before]
    filler = hidden.new_zeros(rounded(len(targets), 64) - len(targets), hidden.shape[-1])
    logits = model.lm_head(torch.cat([chosen, filler]))[: len(targets)].float()
    right = (logits.argmax(-1) == targets).float().mean().item()
    return F.cross_entropy(logits, targets, reduction="sum"), len(targets), right
