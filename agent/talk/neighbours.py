"""Complete samples of a data set that are most like a given one: by CLIP where it is loaded, else by words.

Complete is what the missing mask leaves whole, without the sample itself. At most `MOST` of them are looked at; their
vectors are kept on disk, so that the second question is quick.
"""

import asyncio
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt
import structlog

from agent import miniature
from agent.files import write_atomic
from agent.plan import Plan
from agent.talk.errors import Impossible
from agent.walk.models import Models
from agent.work import Work, open_work
from data.missing import COMPLETE
from data.pictures import PictureError
from data.sample import ImageRef, Sample

MOST = 2_000
"""Complete samples that are looked at."""
FOUND = 3
"""Of them that are named."""
PICTURE_SIDE = 336
"""Longest side in px at which pictures are compared."""
AT_ONCE = 64
"""Pictures in memory at the same time."""
LARGEST = 256 << 20
"""Bytes of a file of kept vectors."""
Vectors = npt.NDArray[np.float32]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Query:
    """The sample that others shall be like. Text or picture is there, or both."""

    id: str
    text: str | None
    picture: bytes | None
    words: str
    """Of its graph: stands for a picture where only words can be compared."""


@dataclass(frozen=True)
class Nearest:
    by: str
    """What was compared, for a sentence: CLIP, words."""
    samples: tuple[tuple[str, float], ...]
    """(id, similarity on 0-100), the closest first."""
    note: str = ""


class Neighbours(Protocol):
    async def nearest(self, query: Query) -> Nearest:
        """Raises `Impossible` where there is nothing to compare with."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A scorer that gives its embeddings away; CLIP's and BLIP's do."""

    name: str
    model: str

    async def embed_images(self, pictures: Sequence[bytes]) -> Vectors: ...

    async def embed_texts(self, texts: Sequence[str]) -> Vectors: ...


class CompleteSamples:
    """Those of a plan's data set. Opens nothing before it is asked."""

    def __init__(self, plan: Plan, models: Models, most: int = MOST) -> None:
        """`models`: their CLIP is used if they have one."""
        self._plan, self._models, self._most = plan, models, most
        self._cache = plan.settings.cache_dir.expanduser() / "neighbours"
        self._known: Known | None = None

    async def nearest(self, query: Query) -> Nearest:
        known = await asyncio.to_thread(self._complete)
        others = [place for place, sample in enumerate(known.samples) if sample.id != query.id]
        if not others:
            raise Impossible("the data set has no complete sample.")
        scorer = await self._scorer()
        if scorer is not None and (query.text or query.picture):
            by, likeness = "CLIP", await self._by_clip(known, query, scorer)
        else:
            by, likeness = "words", await asyncio.to_thread(_by_words, known.samples, query)
        best = sorted(others, key=lambda place: (-likeness[place], place))[:FOUND]
        found = tuple((known.samples[place].id, 100 * float(likeness[place])) for place in best)
        note = f" Only the first {self._most:,} complete samples were looked at." if known.more else ""
        return Nearest(by, found, note)

    def _complete(self) -> "Known":
        """Reads the rows, once. Runs in a thread. Raises `UsageError` for a data set that cannot be used."""
        if self._known is None:
            settings = self._plan.settings
            root = settings.data_root or miniature.draw(settings.dataset, settings.cache_dir.expanduser())
            self._known = _read(open_work(settings, root), self._most)
        return self._known

    async def _scorer(self) -> Embeds | None:
        scorers = (await self._models.context()).scorers
        return next((cast(Embeds, s) for s in scorers if s.name == "clip" and isinstance(s, Embeds)), None)

    async def _by_clip(self, known: "Known", query: Query, scorer: Embeds) -> Vectors:
        """Cosine of each complete sample's part to the query's part of the same modality, floored at 0: [n]."""
        part = "text" if query.text else "picture"
        about = f"{known.fingerprint} {len(known.samples)} {scorer.model} {part} {PICTURE_SIDE}"
        path = self._cache / f"{hashlib.sha256(about.encode()).hexdigest()[:24]}.npy"
        vectors = await asyncio.to_thread(_load, path, len(known.samples))
        if vectors is None:
            if query.text:
                vectors = await scorer.embed_texts([sample.text or "" for sample in known.samples])
            else:
                vectors = await _embed_pictures(known.samples, scorer)
            await asyncio.to_thread(_keep, path, vectors)
        mine = await (
            scorer.embed_texts([query.text]) if query.text else scorer.embed_images([query.picture or b""])
        )
        return np.asarray(np.clip(vectors @ mine[0], 0, 1), dtype=np.float32)


@dataclass(frozen=True)
class Known:
    """The complete samples of a data set."""

    samples: tuple[Sample, ...]
    more: bool
    """Whether there are others that were not looked at."""
    fingerprint: str
    """Of data and mask."""


def _read(work: Work, most: int) -> Known:
    samples: list[Sample] = []
    more = False
    for index, row in enumerate(work.dataset):
        whole = isinstance(row, Sample) and row.text and row.image and work.mask.present(index) == COMPLETE
        if not isinstance(row, Sample) or not whole:
            continue
        if len(samples) == most:
            more = True
            break
        samples.append(row)
    mask = hashlib.sha256(work.mask.released_form()).hexdigest()
    return Known(tuple(samples), more, f"{work.dataset.fingerprint()} {mask}")


async def _embed_pictures(samples: Sequence[Sample], scorer: Embeds) -> Vectors:
    """[n, d]; a picture that cannot be read has a row of zeros, so that it is like nothing."""
    from tools.pictures import PictureLoader

    loader = PictureLoader(entries=1)
    rows: list[Vectors] = []
    for start in range(0, len(samples), AT_ONCE):
        chunk = samples[start : start + AT_ONCE]
        read = await asyncio.gather(
            *(loader.load(cast(ImageRef, sample.image), PICTURE_SIDE) for sample in chunk),
            return_exceptions=True,
        )
        good = [picture for picture in read if not isinstance(picture, BaseException)]
        for problem in read:
            if isinstance(problem, BaseException) and not isinstance(problem, PictureError):
                raise problem
        embedded = iter(await scorer.embed_images([picture.data for picture in good]))
        rows += [None if isinstance(p, BaseException) else next(embedded) for p in read]  # type: ignore[misc]
    width = next((len(row) for row in rows if row is not None), 0)
    if not width:
        raise Impossible("no picture of a complete sample can be read.")
    return np.stack([np.zeros(width, np.float32) if row is None else row for row in rows])


def _by_words(samples: Sequence[Sample], query: Query) -> Any:
    """TF-IDF cosine over words of each sample's text to the query's text, or to the words of its graph: [n]."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    said = query.text or query.words
    if not said.strip():
        raise Impossible("the sample has no words to compare, and no CLIP is loaded.")
    vectoriser = TfidfVectorizer(sublinear_tf=True)
    try:
        matrix = vectoriser.fit_transform([said, *(sample.text or "" for sample in samples)])
    except ValueError:  # no word of two letters anywhere
        raise Impossible("the texts have no words to compare.") from None
    return (matrix[1:] @ matrix[0].T).toarray()[:, 0]


def _load(path: Path, rows: int) -> Vectors | None:
    """What was kept; None if there is nothing, or nothing that fits."""
    try:
        if path.stat().st_size > LARGEST:
            return None
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = isinstance(vectors, np.ndarray) and vectors.ndim == 2 and len(vectors) == rows
    return vectors if fits and vectors.dtype == np.float32 else None


def _keep(path: Path, vectors: Vectors) -> None:
    """A cache that cannot be written is no reason to fail: the next question computes again."""
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(vectors, np.float32), allow_pickle=False)
    try:
        write_atomic(path, buffer.getvalue())
    except OSError as error:
        log.warning("talk.neighbours_not_kept", path=str(path), error=str(error))
