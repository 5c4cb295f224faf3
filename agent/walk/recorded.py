"""The models of a replay: what was asked before is answered as it was answered before, and nothing else.

They stand where the real ones stand, so a replay goes through the very graph of a run.
"""

import hashlib
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeVar

from agent.walk.calls import Line, LoggedCall, LoggedDrawing, LoggedPicture, LoggedRating, LoggedScore
from agent.walk.errors import WalkError
from agent.walk.events import TextPart
from agent.walk.observed import STOPPED, Witness, key_of, source_of
from data.pictures import PictureError
from data.record import Blob, Edge
from data.sample import ImageRef
from graphs.context import Context, Options
from tools.generators.base import GenerationError
from tools.lmm.listener import Listener
from tools.lmm.question import LMMError, Picture, Question, Reply
from tools.lmm.validate import Invalid, parse

T = TypeVar("T")


class NoAnswer(WalkError):
    """A replay asks what was never asked."""


class Answers:
    """Everything that was answered, by the attempt in which it was asked and by what was asked."""

    def __init__(self, lines: Sequence[Line], pictures: Mapping[str, bytes]) -> None:
        """`pictures`: bytes by SHA-256."""
        self.pictures = pictures
        self.calls: defaultdict[tuple[int, str], deque[LoggedCall]] = defaultdict(deque)
        """By run and key, in the order in which they ended."""
        self.drawings: dict[tuple[int, str, int], LoggedDrawing] = {}
        self.scores: dict[tuple[int, str, str, str], LoggedScore] = {}
        self.ratings: dict[tuple[int, str, str], LoggedRating] = {}
        self.scorers: defaultdict[int, set[str]] = defaultdict(set)
        """Names by run: a session that is resumed may have other scorers than before."""
        self.graph_scorers: defaultdict[int, set[str]] = defaultdict(set)
        self.loaded: defaultdict[tuple[str, int], list[LoggedPicture]] = defaultdict(list)
        """In the order in which they were loaded; a picture that has not changed is there only once."""
        for line in lines:
            if isinstance(line, LoggedCall):
                self.calls[line.run, line.key].append(line)
            elif isinstance(line, LoggedDrawing):
                self.drawings[line.run, line.description, line.seed] = line
            elif isinstance(line, LoggedScore):
                self.scores[line.run, line.scorer, line.picture, line.text] = line
                self.scorers[line.run].add(line.scorer)
            elif isinstance(line, LoggedRating):
                self.ratings[line.run, line.scorer, _words(line.edges)] = line
                self.graph_scorers[line.run].add(line.scorer)
            else:
                self.loaded[line.source, line.side].append(line)

    def picture(self, run: int, source: str, side: int) -> LoggedPicture | None:
        """As it was when the attempt `run` saw it: its own failure, or the latest that had come in until then."""
        known = [line for line in self.loaded[source, side] if line.run <= run]
        good = [line for line in known if line.error is None or line.run == run]
        return good[-1] if good else None

    def bytes_of(self, blob: Blob | None) -> bytes:
        if blob is None or blob.sha256 not in self.pictures:
            name = blob.sha256[:12] if blob else "one that was never made"
            raise NoAnswer(f"the picture {name} is not in the session")
        return self.pictures[blob.sha256]


def context_of(answers: Answers, run: int, witness: Witness, options: Options) -> Context:
    """What the nodes use while the attempt `run` is done again."""
    return Context(
        lmm=RecordedLMM(answers, run, witness),
        pictures=RecordedPictures(answers, run),
        blobs=witness.blobs,
        options=options,
        generator=RecordedGenerator(answers, run) if answers.drawings else None,
        scorers=tuple(RecordedScorer(answers, run, name) for name in sorted(answers.scorers[run])),
        graph_scorers=tuple(
            RecordedGraphScorer(answers, run, name) for name in sorted(answers.graph_scorers[run])
        ),
    )


class RecordedLMM:
    """Satisfies `tools.lmm.listener.StreamingLMM`."""

    def __init__(self, answers: Answers, run: int, witness: Witness) -> None:
        self._answers, self._run, self._witness = answers, run, witness

    async def ask(
        self, question: Question[T], listener: Listener | None = None, fresh: bool = False
    ) -> Reply[T]:
        asked = await self._witness.asked(question)
        found = self._answers.calls.get((self._run, key_of(asked)))
        if not found:
            text = asked.messages[-1].parts[-1]
            words = text.text if isinstance(text, TextPart) else ""
            _missing(f"the question {asked.step} ({asked.prompt}: {_short(words)})")
        line = found.popleft()
        if listener is not None and line.repaired is not None:
            listener.repairing(line.repaired.invalid, line.repaired.repair)
        if line.error is not None:
            if line.error == STOPPED:
                _missing(f"the question {asked.step}, which was stopped,")
            raise LMMError(line.error, line.usage, [line.record])
        try:
            return Reply(parse(question.answer, line.text), line.text, line.usage, line.record)
        except Invalid as error:
            raise NoAnswer(f"the answer to {asked.step} does not fit its form any more: {error}") from None


class RecordedPictures:
    """Satisfies `graphs.context.Pictures`."""

    def __init__(self, answers: Answers, run: int) -> None:
        self._answers, self._run = answers, run

    async def load(self, ref: ImageRef, longest_side: int) -> Picture:
        return self._picture(source_of(ref), longest_side)

    async def shrink(self, data: bytes, longest_side: int) -> Picture:
        return self._picture(hashlib.sha256(data).hexdigest(), longest_side)

    def _picture(self, source: str, side: int) -> Picture:
        line = self._answers.picture(self._run, source, side)
        if line is None:
            _missing(f"a picture at {side} px")
        if line.error is not None:
            raise PictureError(line.error)
        data = self._answers.bytes_of(line.picture)
        assert line.picture is not None  # bytes_of has looked
        return Picture(data, line.picture.media_type, line.picture.sha256, line.width, line.height)


class RecordedGenerator:
    """Satisfies `graphs.context.ImageGenerator`."""

    def __init__(self, answers: Answers, run: int) -> None:
        self._answers, self._run = answers, run
        self._notes = {line.description: line.notes for line in answers.drawings.values() if line.picture}

    async def draw(self, descriptions: Sequence[str], seeds: Sequence[int]) -> list[bytes]:
        return [self._draw(text, seed) for text, seed in zip(descriptions, seeds, strict=True)]

    def _draw(self, description: str, seed: int) -> bytes:
        line = self._answers.drawings.get((self._run, description, seed))
        if line is None:
            _missing(f"the drawing of {_short(description)}")
        if line.error is not None:
            raise GenerationError(line.error)
        return self._answers.bytes_of(line.picture)

    def notes(self, descriptions: Sequence[str]) -> list[str]:
        return [note for text in descriptions for note in self._notes.get(text, [])]


class RecordedScorer:
    """Satisfies `graphs.context.Scorer`."""

    def __init__(self, answers: Answers, run: int, name: str) -> None:
        self.name = name
        self._answers, self._run = answers, run

    async def similarity(
        self, pictures: Sequence[bytes], texts: Sequence[str]
    ) -> tuple[list[float], list[str]]:
        scores: list[float] = []
        notes: list[str] = []
        for picture, text in zip(pictures, texts, strict=True):
            sha256 = hashlib.sha256(picture).hexdigest()
            line = self._answers.scores.get((self._run, self.name, sha256, text))
            if line is None:
                _missing(f"the {self.name} score of {_short(text)}")
            if line.score is None:
                raise ValueError(line.error)
            scores.append(line.score)
            notes += line.notes
        return scores, notes


class RecordedGraphScorer:
    """Satisfies `graphs.context.GraphScorer`."""

    def __init__(self, answers: Answers, run: int, name: str) -> None:
        self.name = name
        self._answers, self._run = answers, run

    async def plausibility(self, edges: Sequence[Edge]) -> tuple[float, list[str]]:
        line = self._answers.ratings.get((self._run, self.name, _words(edges)))
        if line is None:
            _missing(f"the {self.name} rating of a graph of {len(edges)} edges")
        return line.score, line.notes


def _words(edges: Sequence[Edge]) -> str:
    return "\n".join(edge.model_dump_json() for edge in edges)


def _missing(what: str) -> NoReturn:
    raise NoAnswer(
        f"{what} was not asked when the session was made, so the replay cannot answer it; the prompts or the program "
        "have changed since"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:57] + "...")
