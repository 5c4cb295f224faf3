"""Scoring with a dual encoder: pictures and texts are embedded apart and compared by their cosine.

Everything that CLIP and BLIP share is here; `clip.py` and `blip.py` load the models.
"""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from tools.batching import Batcher
from tools.scorers.decoding import Decoder

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
Vectors = npt.NDArray[np.float32]
"""Rows of L2 norm 1, [n, d]."""
IMAGE_BATCH = 64
TEXT_BATCH = 256


class Encoder(Protocol):
    """A loaded model with a picture side and a text side. `embed_*` are called from one thread only."""

    context: int
    """Longest text that the model reads at once, in tokens, special ones included."""

    def pixels(self, picture: Image.Image) -> "torch.Tensor":
        """RGB picture -> input tensor [3, height, width]."""
        ...

    def split(self, text: str) -> list[list[int]]:
        """Token ids of the text with special tokens, in as many parts as the context asks for."""
        ...

    def embed_images(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """[n, 3, height, width] -> [n, d], not normalised."""
        ...

    def embed_texts(self, parts: Sequence[list[int]]) -> "torch.Tensor":
        """Token ids of n texts -> [n, d], not normalised."""
        ...


class EmbeddingScorer:
    """The `Scorer` of the state machine over one `Encoder`: batched across samples, pictures remembered by SHA-256.

    A text that is longer than the encoder's context is split at token boundaries (`long_text.py`); its
    embedding is the mean of the parts' unit embeddings, brought to norm 1 again, and a note says so.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        name: str,
        model: str,
        decoder: Decoder | None = None,
        linger: float = 0.005,
        remember: int = 4096,
    ) -> None:
        """`name` is the term of the quality score (clip, blip), `model` what was loaded, for the manifest."""
        self.name = name
        self.model = model
        self._encoder = encoder
        self._decoder = decoder or Decoder()
        self._batcher: Batcher[torch.Tensor | list[int], Vectors] = Batcher(
            self._embed, name=f"scorer {name}", max_batch=TEXT_BATCH, linger=linger
        )
        self._remember = remember
        self._seen: OrderedDict[str, Vectors] = OrderedDict()
        # Hugging Face's fast tokenizers refuse to be used by two threads at once.
        self._tokenizing = threading.Lock()

    async def similarity(
        self, pictures: Sequence[bytes], texts: Sequence[str]
    ) -> tuple[list[float], list[str]]:
        """Cosine of each (picture, text) pair, x100, floored at 0, 0-100; and one note per text that was split.

        Raises `data.pictures.PictureError` when one of the pictures cannot be decoded.
        """
        if len(pictures) != len(texts):
            raise ValueError(f"{len(pictures)} pictures cannot be paired with {len(texts)} texts.")
        images, (vectors, notes) = await asyncio.gather(self.embed_images(pictures), self._embed_texts(texts))
        cosines = np.einsum("nd,nd->n", images, vectors)
        return [float(min(100.0, max(0.0, 100.0 * cosine))) for cosine in cosines], notes

    async def embed_images(self, pictures: Sequence[bytes]) -> Vectors:
        """Encoded pictures -> unit embeddings [n, d]. Raises `data.pictures.PictureError`."""
        keys = await asyncio.to_thread(lambda: [hashlib.sha256(picture).hexdigest() for picture in pictures])
        distinct = dict(zip(keys, pictures, strict=True))
        vectors = await asyncio.gather(
            *[self._embed_image(key, picture) for key, picture in distinct.items()]
        )
        found = dict(zip(distinct, vectors, strict=True))
        return _stack([found[key] for key in keys])

    async def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Texts of any length -> unit embeddings [n, d]."""
        return (await self._embed_texts(texts))[0]

    async def close(self) -> None:
        """Finish what is under way and end the model's thread."""
        await self._batcher.close()

    async def _embed_image(self, key: str, picture: bytes) -> Vectors:
        if key in self._seen:
            self._seen.move_to_end(key)
            return self._seen[key]
        pixels = await asyncio.to_thread(self._encoder.pixels, await self._decoder.decode(picture))
        vector = self._seen[key] = await self._batcher.submit(pixels)
        while len(self._seen) > self._remember:
            self._seen.popitem(last=False)
        return vector

    async def _embed_texts(self, texts: Sequence[str]) -> tuple[Vectors, list[str]]:
        distinct = list(dict.fromkeys(texts))
        split = await asyncio.to_thread(self._split, distinct)
        vectors = await asyncio.gather(*[self._embed_text(parts) for parts in split])
        found = dict(zip(distinct, vectors, strict=True))
        notes = [
            f"{self.name}: a text was split into {len(parts)} parts, since {self.model} reads at most"
            f" {self._encoder.context} tokens at once; the parts' embeddings were averaged."
            for parts in split
            if len(parts) > 1
        ]
        return _stack([found[text] for text in texts]), notes

    async def _embed_text(self, parts: list[list[int]]) -> Vectors:
        vectors = await asyncio.gather(*[self._batcher.submit(part) for part in parts])
        return vectors[0] if len(vectors) == 1 else _unit(np.mean(vectors, axis=0))

    def _split(self, texts: Sequence[str]) -> list[list[list[int]]]:
        with self._tokenizing:
            return [self._encoder.split(text) for text in texts]

    def _embed(self, items: "Sequence[torch.Tensor | list[int]]") -> list[Vectors]:
        """One batch, pictures (tensors) and texts (token ids) mixed; in the model's thread."""
        import torch

        results: dict[int, Vectors] = {}
        images = [(place, item) for place, item in enumerate(items) if isinstance(item, torch.Tensor)]
        texts = [(place, item) for place, item in enumerate(items) if not isinstance(item, torch.Tensor)]
        # Texts of like length share a batch, so that little of it is padding.
        texts.sort(key=lambda entry: len(entry[1]))
        with torch.inference_mode():
            for some in _chunks(images, IMAGE_BATCH):
                stack = torch.stack([pixels for _, pixels in some])
                results.update(self._rows([place for place, _ in some], self._encoder.embed_images(stack)))
            for part in _chunks(texts, TEXT_BATCH):
                vectors = self._encoder.embed_texts([ids for _, ids in part])
                results.update(self._rows([place for place, _ in part], vectors))
        return [results[place] for place in range(len(items))]

    def _rows(self, places: list[int], vectors: "torch.Tensor") -> dict[int, Vectors]:
        array = vectors.float().cpu().numpy()
        if not np.isfinite(array).all():
            raise FloatingPointError(
                f"{self.model} gave an embedding that is not finite; load it with another dtype (fp32)."
            )
        return dict(zip(places, _unit(array), strict=True))


def _chunks(entries: list[T], size: int) -> list[list[T]]:
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(norms, 1e-12)).astype(np.float32)
    return unit


def _stack(vectors: Sequence[Vectors]) -> Vectors:
    return np.stack(vectors) if vectors else np.zeros((0, 0), np.float32)
