"""Pictures and texts to unit vectors: what is known comes from the cache, the rest through the encoder in batches."""

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import numpy as np

from data.files import stamp
from data.pictures import PictureError, decode, describe, read_encoded
from data.sample import ImageRef
from eval.errors import EvalError
from eval.features.cache import FeatureCache, content_key
from eval.features.encoders import Encoder
from eval.task import Floats
from tools.scorers.embedding import EmbeddingScorer

BATCH = 256
Progress = Callable[[str, int, int], None]
"""Called with what is encoded, how many are done, and how many there are."""


def no_progress(what: str, done: int, total: int) -> None:
    """The default: tell nobody."""


class Extractor:
    """One encoder with its cache; the model is loaded when something is not in the cache. A context manager."""

    def __init__(self, encoder: Encoder, cache: FeatureCache, progress: Progress = no_progress) -> None:
        self.notes: list[str] = []
        """Pictures that could not be read, one sentence each."""
        self._encoder, self._cache, self._progress = encoder, cache, progress
        self._scorer: EmbeddingScorer | None = None
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._scorer is not None:
            self._loop.run(self._scorer.close())
        self._loop.close()

    def images(self, refs: Sequence[ImageRef | None]) -> list[Floats | None]:
        """A vector [d] per picture; None where there is none, or none that can be read (noted)."""
        keys = self._picture_keys(refs)
        known = self._cache.get(key for key in keys if key)
        todo: dict[str, ImageRef] = {}
        for key, ref in zip(keys, refs, strict=True):
            if key and ref is not None and key not in known:
                todo.setdefault(key, ref)
        for start in range(0, len(todo), BATCH):
            self._progress("pictures", start, len(todo))
            some = list(todo)[start : start + BATCH]
            content = [read_encoded(todo[key]) for key in some]
            known |= self._kept(some, self._loop.run(self._loaded().embed_images(content)))
        return [known.get(key) if key else None for key in keys]

    def texts(self, texts: Sequence[str | None]) -> list[Floats | None]:
        """A vector [d] per text; None where there is none."""
        keys = [content_key("text", text.encode()) if text is not None else None for text in texts]
        known = self._cache.get(key for key in keys if key)
        todo = {key: text for key, text in zip(keys, texts, strict=True) if key and text and key not in known}
        for start in range(0, len(todo), BATCH):
            self._progress("texts", start, len(todo))
            some = list(todo)[start : start + BATCH]
            found = self._loop.run(self._loaded().embed_texts([todo[key] for key in some]))
            known |= self._kept(some, found)
        return [known.get(key) if key else None for key in keys]

    def _loaded(self) -> EmbeddingScorer:
        if self._scorer is None:
            self._progress(f"loading {self._encoder.label}", 0, 1)
            self._scorer = self._encoder.load()
        return self._scorer

    def _kept(self, keys: list[str], vectors: Floats) -> dict[str, Floats]:
        found = dict(zip(keys, vectors, strict=True))
        self._cache.put(found)
        return found

    def _picture_keys(self, refs: Sequence[ImageRef | None]) -> list[str | None]:
        stamps = [_stamp(ref) if ref is not None else None for ref in refs]
        known = self._cache.files(each for each in stamps if each)
        keys: list[str | None] = []
        new: dict[str, str] = {}
        for ref, mark in zip(refs, stamps, strict=True):
            key = known.get(mark) if mark else None
            if ref is not None and mark is not None and key is None:
                key = self._read_key(ref)
                if key:
                    new[mark] = key
            keys.append(key)
        self._cache.put_files(new)
        return keys

    def _read_key(self, ref: ImageRef) -> str | None:
        try:
            content = read_encoded(ref)
            decode(content, describe(ref))  # once per file: a damaged one must not fail its whole batch later
            return content_key("image", content)
        except PictureError as error:
            self.notes.append(str(error))
            return None


def _stamp(ref: ImageRef) -> str:
    """Path, size and time of the file, and the cell in it: unchanged means the same picture."""
    return f"{ref.path.resolve()} {stamp(ref.path)} {ref.row} {ref.column}"


def stacked(vectors: Sequence[Floats | None], width: int) -> Floats:
    """[n, width] in units in which a feature is about 1; rows of NaN for None.

    Encoders give unit vectors, whose single features are about 1 / sqrt(width): with a learning rate of 1e-4 a head on
    them would learn next to nothing in 30 epochs. Times sqrt(width) they are about as large as CLIP's vectors before
    normalisation. Raises `EvalError` for vectors of another width.
    """
    rows = np.full((len(vectors), width), np.nan, dtype=np.float32)
    for number, vector in enumerate(vectors):
        if vector is None:
            continue
        if vector.shape != (width,):
            raise EvalError(
                f"A feature has {len(vector)} numbers where the others have {width}; they are of different encoders."
            )
        rows[number] = vector * np.sqrt(width)
    return rows
