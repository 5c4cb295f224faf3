"""Keys and values of the rows that are being decoded, and of prompt beginnings that may come again.

Rows lie left-aligned in fixed slots of one tensor, so a row joins or leaves without touching the others. Nothing is
concatenated per step (transformers' `DynamicCache` copies all it holds for every token).
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

BLOCK = 16
"""Tokens per block of the prefix store."""


class Slots:
    """Keys and values (layer, key or value, slot, head, position, dimension), fp32.

    Zero at first: what a mask hides is still multiplied by zero, and zero times a stray NaN is NaN. numpy leaves the
    zeroing to the system, page by page as they are used; `torch.zeros` would write the whole context at once.
    """

    def __init__(self, layers: int, slots: int, heads: int, context: int, dimension: int) -> None:
        zeros = np.zeros((layers, 2, slots, heads, context, dimension), dtype=np.float32)
        self.kv = torch.from_numpy(zeros)

    def copy(self, source: int, target: int, length: int) -> None:
        """Copy a row's first `length` positions into another slot."""
        self.kv[:, :, target, :, :length] = self.kv[:, :, source, :, :length]


class Prefill:
    """What one row's prompt sees of the slots: tokens [start, start + Q) are written, all before them are read."""

    def __init__(self, slots: Slots, slot: int, start: int) -> None:
        self._kv, self._slot, self._start = slots.kv, slot, start

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        row = self._kv[layer, :, self._slot : self._slot + 1]
        end = self._start + keys.shape[2]
        row[0, :, :, self._start : end] = keys
        row[1, :, :, self._start : end] = values
        return row[0, :, :, :end], row[1, :, :, :end]


class Decode:
    """What one step of slots [0, B) sees: row i's new token is written at its own `positions[i]`."""

    def __init__(self, slots: Slots, positions: torch.Tensor) -> None:
        self._kv, self._positions = slots.kv, positions
        self._rows = torch.arange(len(positions))
        self._longest = int(positions.max()) + 1

    def mask(self) -> torch.Tensor:
        """(B, 1, 1, longest): what lies behind a shorter row's end is not attended."""
        return (torch.arange(self._longest) <= self._positions[:, None])[:, None, None]

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        stored = self._kv[layer]
        stored[0, self._rows, :, self._positions] = keys[:, :, 0]
        stored[1, self._rows, :, self._positions] = values[:, :, 0]
        rows = len(self._rows)
        return stored[0, :rows, :, : self._longest], stored[1, :rows, :, : self._longest]


class PrefixStore:
    """Keys and values of prompt beginnings in blocks, shared by all prompts that begin alike, least recently used out.

    A block's name hashes everything from the prompt's start, as in vLLM's automatic prefix caching: calls of one sample
    share its system text, rules and picture, and only the differing end is computed again.
    """

    def __init__(self, slots: Slots, tokens: int) -> None:
        layers, _, _, heads, _, dimension = slots.kv.shape
        self._slots = slots.kv
        self._capacity = tokens // BLOCK
        self._kv = torch.empty(self._capacity, layers, 2, heads, BLOCK, dimension)
        self._blocks: OrderedDict[bytes, int] = OrderedDict()

    def load(self, keys: np.ndarray[Any, np.dtype[np.int64]], slot: int) -> int:
        """Fill a slot with the longest stored beginning of `keys`, short of its last token; returns its length."""
        # The last token is always computed: its logits choose the first token of the answer.
        names = _names(keys[:-1])
        held: list[int] = []
        for name in names:
            if name not in self._blocks:
                break
            held.append(self._blocks[name])
        self._touch(names[: len(held)])
        length = len(held) * BLOCK
        if held:
            # (blocks, layer, 2, head, BLOCK, d) -> (layer, 2, head, blocks * BLOCK, d)
            found = self._kv[held].permute(1, 2, 3, 0, 4, 5).flatten(3, 4)
            self._slots[:, :, slot, :, :length] = found
        return length

    def save(self, keys: np.ndarray[Any, np.dtype[np.int64]], slot: int) -> None:
        """Keep a computed prompt's whole blocks."""
        names = _names(keys)[: self._capacity]
        self._touch([name for name in names if name in self._blocks])
        for number, name in enumerate(names):
            if name not in self._blocks:
                full = len(self._blocks) == self._capacity
                index = self._blocks.popitem(last=False)[1] if full else len(self._blocks)
                self._kv[index] = self._slots[:, :, slot, :, number * BLOCK : (number + 1) * BLOCK]
                self._blocks[name] = index
        self._touch(names)

    def _touch(self, names: Sequence[bytes]) -> None:
        """Mark as used, ends before beginnings, so that a beginning outlives what needs it."""
        for name in reversed(names):
            self._blocks.move_to_end(name)


def _names(keys: np.ndarray[Any, np.dtype[np.int64]]) -> list[bytes]:
    names, name = [], b""
    for start in range(0, len(keys) - BLOCK + 1, BLOCK):
        name = hashlib.blake2b(name + keys[start : start + BLOCK].tobytes(), digest_size=16).digest()
        names.append(name)
    return names
