"""Texts beyond an encoder's context: split at token boundaries into parts of about equal length.

Equal parts, because the parts' embeddings are averaged and a left-over of three tokens would weigh as much as a full
part.
"""

from typing import Any


def part_length(tokens: int, room: int) -> int:
    """Longest part when `tokens` tokens are split into as few parts as `room` tokens per part allow."""
    parts = max(1, -(-tokens // room))
    return max(1, -(-tokens // parts))


def split_ids(ids: list[int], room: int) -> list[list[int]]:
    """Token ids without special tokens -> parts of at most `room` ids; an empty text is one empty part."""
    length = part_length(len(ids), room)
    return [ids[start : start + length] for start in range(0, len(ids), length)] or [[]]


def split_text(tokenizer: Any, text: str, context: int) -> list[list[int]]:
    """Text -> parts of at most `context` ids, special tokens included, by a fast Hugging Face tokenizer."""
    tokens = len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    special = tokenizer.num_special_tokens_to_add(pair=False)
    encoded = tokenizer(
        text,
        max_length=part_length(tokens, context - special) + special,
        truncation=True,
        return_overflowing_tokens=True,
    )
    return [list(ids) for ids in encoded["input_ids"]]
