"""A Qwen2-VL folder as three things: chat to `Prompt`, prompt to keys and values, tokens to text.

Qwen2-VL: https://arxiv.org/abs/2409.12191. Positions are three-dimensional (M-RoPE, section 2.1 there): text counts on,
a picture takes one time step and a grid, so that a row's next position is its length plus a constant `delta`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from jinja2 import TemplateError
from transformers import AutoProcessor, Qwen2VLForConditionalGeneration

from mini.endpoint.errors import bad_request
from mini.endpoint.pictures import Picture, read
from mini.endpoint.protocol import ImagePart, Message

MAX_CONTEXT = 4_096
MAX_PICTURES = 4


@dataclass(frozen=True)
class Prompt:
    """One chat, ready for the model; L is its length in tokens."""

    ids: torch.Tensor
    """(L,) int64."""
    keys: np.ndarray[Any, np.dtype[np.int64]]
    """(L,) like `ids`, but a picture's tokens carry its content hash: equal keys mean equal model input."""
    positions: torch.Tensor
    """(3, L) int64: time, height, width."""
    delta: int
    """Position of the token at index i >= L is i + delta."""
    pixels: torch.Tensor | None = field(default=None, repr=False)
    grid: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.ids)


class Model:
    """Weights, tokenizer and image processor of one folder; fp32 on the CPU, which decodes faster there than bf16."""

    def __init__(self, folder: Path) -> None:
        transformers.utils.logging.disable_progress_bar()
        self.processor: Any = AutoProcessor.from_pretrained(folder, local_files_only=True)
        self.network = Qwen2VLForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
        ).eval()
        self.tokenizer: Any = self.processor.tokenizer
        self.text = self.network.config.text_config
        self.image_token: int = self.network.config.image_token_id
        self.context = min(MAX_CONTEXT, self.text.max_position_embeddings)
        stops = self.network.generation_config.eos_token_id
        stops = self.text.eos_token_id if stops is None else stops
        self.stop_tokens: frozenset[int] = frozenset([stops] if isinstance(stops, int) else stops or ())
        if not self.stop_tokens:
            raise ValueError(
                f"{folder} names no end-of-sequence token (eos_token_id in generation_config.json)"
            )
        self.special_tokens: dict[int, str] = {
            index: str(token) for index, token in self.tokenizer.added_tokens_decoder.items()
        }
        self._special = re.compile(
            "|".join(re.escape(text) for text in self.special_tokens.values()) or "(?!)"
        )
        self._longest_token = max(len(token) for token in self.tokenizer.get_vocab())

    # --- chat to prompt -------------------------------------------------------------------------------------------

    def prepare(self, messages: Sequence[Message]) -> Prompt:
        """Lay out a chat by the folder's own template; raises `Refusal` for what does not fit."""
        pictures = _pictures(messages)
        chat = [{"role": _role(message), "content": self._content(message)} for message in messages]
        try:
            text = self.processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        except TemplateError as error:
            raise bad_request(
                f"the model's chat template refuses the messages: {error}", "invalid_value"
            ) from error
        # No token is longer than the longest, so a hopeless text is refused before it is tokenized.
        self._must_fit(len(text.encode()) // self._longest_token, "at least ")
        try:
            made = self.processor(
                text=[text], images=[picture.image for picture in pictures] or None, return_tensors="pt"
            )
        except ValueError as error:  # the image processor's limits, such as an aspect ratio of 200
            raise bad_request(f"the pictures cannot be prepared: {error}", "invalid_image") from error
        ids = made["input_ids"]
        self._must_fit(ids.shape[1])
        if not pictures:
            positions = torch.arange(ids.shape[1]).expand(3, -1)
            return Prompt(ids[0], ids[0].numpy(), positions, 0)
        positions, delta = self.network.model.get_rope_index(
            ids, mm_token_type_ids=made["mm_token_type_ids"], image_grid_thw=made["image_grid_thw"]
        )
        return Prompt(
            ids=ids[0],
            keys=self._keys(ids[0], made["image_grid_thw"], pictures),
            positions=positions[:, 0],
            delta=int(delta),
            pixels=made["pixel_values"],
            grid=made["image_grid_thw"],
        )

    def _content(self, message: Message) -> list[dict[str, str]]:
        if isinstance(message.content, str):
            return [{"type": "text", "text": self._plain(message.content)}]
        return [
            {"type": "image"}
            if isinstance(part, ImagePart)
            else {"type": "text", "text": self._plain(part.text)}
            for part in message.content
        ]

    def _plain(self, text: str) -> str:
        """Break up control tokens in a text, such as `<|im_end|>`: a data set's text must not end a turn.

        Halves of surrogate pairs, which JSON can bring and UTF-8 cannot hold, become question marks.
        """
        text = text.encode("utf-8", "replace").decode("utf-8")
        return self._special.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)

    def _must_fit(self, tokens: int, about: str = "") -> None:
        if tokens >= self.context:
            raise bad_request(
                f"the prompt has {about}{tokens:,} tokens; with one token to answer in, the context of "
                f"{self.context:,} holds at most {self.context - 1:,}",
                "context_length_exceeded",
                "messages",
            )

    def _keys(
        self, ids: torch.Tensor, grid: torch.Tensor, pictures: Sequence[Picture]
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        keys = ids.numpy().copy()
        merge = int(self.network.config.vision_config.spatial_merge_size) ** 2
        counts = (grid.prod(dim=1) // merge).tolist()
        marks = [-1 - int.from_bytes(picture.sha256[:7], "big") for picture in pictures]
        keys[keys == self.image_token] = np.repeat(np.array(marks, dtype=np.int64), counts)
        return keys

    # --- prompt to hidden states ----------------------------------------------------------------------------------

    def embed(self, prompt: Prompt, start: int) -> torch.Tensor:
        """(1, L - start, hidden) input embeddings from index `start` on; pictures are encoded only when needed."""
        ids = prompt.ids[start:]
        embedded: torch.Tensor = self.network.get_input_embeddings()(ids)
        shown = ids == self.image_token
        if prompt.pixels is not None and bool(shown.any()):
            seen = self.network.model.get_image_features(prompt.pixels, prompt.grid)
            features = torch.cat(tuple(seen.pooler_output)).to(embedded.dtype)
            embedded[shown] = features[len(features) - int(shown.sum()) :]
        return embedded[None]

    def forward(
        self, embedded: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor | None, cache: object
    ) -> torch.Tensor:
        """Logits (B, vocabulary) after the last of Q new tokens per row.

        Args:
            embedded: (B, Q, hidden).
            positions: (3, B, Q).
            mask: (B or 1, 1, Q, K) true where attended, over all K keys; None is causal attention without a past.
            cache: has `update(keys, values, layer)` as transformers' `Cache`, the only method that is called.
        """
        hidden = self.network.model.language_model(
            inputs_embeds=embedded,
            position_ids=positions,
            # A mapping is taken as it is; anything else would be extended for the cache.
            attention_mask={"full_attention": mask},
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        logits: torch.Tensor = self.network.lm_head(hidden[:, -1])
        return logits


def _role(message: Message) -> str:
    return "system" if message.role == "developer" else message.role


def _pictures(messages: Sequence[Message]) -> list[Picture]:
    urls = [
        (f"messages.{number}.content.{place}.image_url", part.image_url.url)
        for number, message in enumerate(messages)
        if not isinstance(message.content, str)
        for place, part in enumerate(message.content)
        if isinstance(part, ImagePart)
    ]
    if len(urls) > MAX_PICTURES:
        raise bad_request(
            f"{len(urls)} pictures were sent; a request may hold {MAX_PICTURES}", "too_many_images"
        )
    return [read(url, where) for where, url in urls]
