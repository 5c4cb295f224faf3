"""The models as a walk hands them to the nodes: every use of them is told as events and kept in `calls.jsonl`.

They satisfy the same protocols as what they wrap, and change nothing about it.
"""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from agent.blobs import BlobStore
from agent.walk.calls import (
    CallLog,
    Line,
    LoggedCall,
    LoggedDrawing,
    LoggedPicture,
    LoggedRating,
    LoggedScore,
    Turned,
)
from agent.walk.events import (
    Asked,
    CallEnded,
    CallRestarted,
    CallStarted,
    Drawn,
    Emit,
    Event,
    Message,
    Part,
    PicturePart,
    Rated,
    Scored,
    TextPart,
    Token,
)
from agent.walk.model import now
from data.pictures import PictureError
from data.record import Blob, Call, Edge, Usage
from data.sample import ImageRef
from graphs.context import Context, GraphScorer, ImageGenerator, Pictures, Scorer
from prompts.library import Library
from tools.generators.base import GenerationError
from tools.lmm.listener import StreamingLMM
from tools.lmm.question import LMMError, Picture, Question, Reply
from tools.lmm.question import Part as Shown
from tools.lmm.schema import wire_schema
from tools.lmm.tools import ToolQuestion, ToolSaid, Turn, UserSaid, turns_of, wants_schema
from tools.lmm.wire import merged

T = TypeVar("T")
STOPPED = "stopped before the answer was complete"


@dataclass
class Witness:
    """Who keeps the account of one attempt."""

    log: CallLog
    blobs: BlobStore
    emit: Emit
    run: int
    node: str
    checkpoint: str | None
    fresh: bool = False
    """Ask past the response cache."""
    over: bool = False
    """Set when the attempt has ended: what still comes in is kept, but told to nobody."""
    pictures: set[str] = field(default_factory=set)
    """SHA-256 of those that are in the blobs for sure."""

    def tell(self, event: Event) -> None:
        if not self.over:
            self.emit(event)

    def head(self, started: float, error: str | None = None) -> dict[str, Any]:
        """What every line begins with."""
        return {
            "run": self.run,
            "node": self.node,
            "checkpoint": self.checkpoint,
            "at": now(),
            "seconds": round(time.perf_counter() - started, 4),
            "error": error,
        }

    def write(self, line: Line) -> None:
        self.log.append(line)

    async def keep(self, picture: Picture) -> Blob:
        if picture.sha256 not in self.pictures:
            await self.blobs.put(picture.data, picture.media_type)
            self.pictures.add(picture.sha256)
        return Blob(sha256=picture.sha256, media_type=picture.media_type, size=len(picture.data))

    async def asked(self, question: Question[T]) -> Asked:
        """A question as events and the log show it."""
        messages = (
            [Message(role="system", parts=(TextPart(text=question.system),))] if question.system else []
        )
        messages += [await self._message(turn) for turn in turns_of(question)]
        structured = wants_schema(question)
        schema = wire_schema(cast(type[BaseModel], question.answer), True) if structured else None
        if isinstance(question, ToolQuestion):
            schema = {"tools": list(question.tools)}
        return Asked(
            step=question.step,
            prompt=question.prompt,
            messages=tuple(messages),
            form=question.answer.__name__ if schema else None,
            answer_schema=schema,
            seed=question.seed,
            temperature=question.temperature,
            max_tokens=question.max_tokens,
        )

    async def _message(self, turn: Turn) -> Message:
        """A turn as events and the log show it; calls of tools as text."""
        if isinstance(turn, UserSaid):
            return Message(role="user", parts=tuple([await self._part(part) for part in merged(turn.parts)]))
        if isinstance(turn, ToolSaid):
            return Message(role="tool", parts=(TextPart(text=turn.text),))
        said = [turn.text] if turn.text else []
        said += [f"{call.name}({call.arguments})" for call in turn.calls]
        return Message(role="assistant", parts=tuple(TextPart(text=text) for text in said))

    async def _part(self, shown: Shown) -> Part:
        if isinstance(shown, str):
            return TextPart(text=shown)
        return PicturePart(picture=await self.keep(shown), width=shown.width, height=shown.height)


def key_of(asked: Asked) -> str:
    """SHA-256 over what was asked."""
    return hashlib.sha256(asked.model_dump_json().encode()).hexdigest()


class Ear:
    """Hears one answer come in."""

    def __init__(self, witness: Witness, call: str) -> None:
        self._witness, self._call = witness, call
        self._requests = 0
        self._repair: Turned | None = None
        self.repaired: Turned | None = None
        self.text = ""
        """What has come in since the last request."""

    def started(self) -> None:
        if self._requests:
            repair = self._repair
            told = {"repair": repair.repair, "invalid": repair.invalid} if repair else {}
            self._witness.tell(CallRestarted(call=self._call, **told))
        self._requests += 1
        self._repair, self.text = None, ""

    def token(self, text: str) -> None:
        self.text += text
        self._witness.tell(Token(call=self._call, text=text))

    def repairing(self, invalid: str, ask: str) -> None:
        self._repair = self.repaired = Turned(invalid=invalid, repair=ask)


class ObservedLMM:
    """Satisfies `tools.lmm.question.LMM`."""

    def __init__(self, lmm: StreamingLMM, witness: Witness) -> None:
        self._lmm, self._witness = lmm, witness

    async def ask(self, question: Question[T]) -> Reply[T]:
        witness = self._witness
        call = witness.log.next_id()
        asked = await witness.asked(question)
        ear = Ear(witness, call)
        started = time.perf_counter()
        witness.tell(CallStarted(run=witness.run, call=call, asked=asked))

        def end(text: str, usage: Usage, record: Call, error: str | None = None) -> None:
            head = witness.head(started, error)
            witness.tell(
                CallEnded(
                    call=call,
                    text=text,
                    finish_reason=record.finish_reason,
                    usage=usage,
                    seconds=record.seconds,
                    cached=record.cached,
                    repaired=record.repaired,
                    error=error,
                )
            )
            witness.write(
                LoggedCall(
                    call=call,
                    asked=asked,
                    key=key_of(asked),
                    text=text,
                    usage=usage,
                    record=record,
                    repaired=ear.repaired,
                    **head,
                )
            )

        try:
            reply = await self._lmm.ask(question, listener=ear, fresh=witness.fresh)
        except LMMError as error:
            record = error.calls[-1] if error.calls else unanswered(question, started)
            end(ear.text, error.usage, record, str(error))
            raise
        except asyncio.CancelledError:
            end(ear.text, Usage(), unanswered(question, started), STOPPED)
            raise
        end(reply.text, reply.usage, reply.call)
        return reply


def unanswered(question: Question[T], started: float) -> Call:
    """The account of a question without any."""
    return Call(
        step=question.step,
        prompt=question.prompt,
        finish_reason="error",
        seconds=round(time.perf_counter() - started, 4),
        prompt_tokens=0,
        completion_tokens=0,
        cached=False,
        repaired=False,
    )


class ObservedGenerator:
    """Satisfies `graphs.context.ImageGenerator`."""

    def __init__(self, generator: ImageGenerator, witness: Witness) -> None:
        self._generator, self._witness = generator, witness

    async def draw(self, descriptions: Sequence[str], seeds: Sequence[int]) -> list[bytes]:
        drawn = (self._draw(text, seed) for text, seed in zip(descriptions, seeds, strict=True))
        return await asyncio.gather(*drawn)

    async def _draw(self, description: str, seed: int) -> bytes:
        started = time.perf_counter()
        try:
            [data] = await self._generator.draw([description], [seed])
        except GenerationError as error:
            self._end(started, description, seed, None, [], str(error))
            raise
        blob = await self._witness.blobs.put(data, "image/png")
        notes = await asyncio.to_thread(self._generator.notes, [description])
        self._end(started, description, seed, blob, notes, None)
        return data

    def _end(
        self,
        started: float,
        description: str,
        seed: int,
        picture: Blob | None,
        notes: list[str],
        error: str | None,
    ) -> None:
        witness = self._witness
        head = witness.head(started, error)
        witness.tell(
            Drawn(
                run=witness.run,
                description=description,
                seed=seed,
                picture=picture,
                seconds=time.perf_counter() - started,
                error=error,
            )
        )
        call = witness.log.next_id()
        witness.write(
            LoggedDrawing(call=call, description=description, seed=seed, picture=picture, notes=notes, **head)
        )

    def notes(self, descriptions: Sequence[str]) -> list[str]:
        return self._generator.notes(descriptions)


class ObservedScorer:
    """Satisfies `graphs.context.Scorer`."""

    def __init__(self, scorer: Scorer, witness: Witness) -> None:
        self.name = scorer.name
        self._scorer, self._witness = scorer, witness

    async def similarity(
        self, pictures: Sequence[bytes], texts: Sequence[str]
    ) -> tuple[list[float], list[str]]:
        pairs = zip(pictures, texts, strict=True)
        results = await asyncio.gather(*(self._one(picture, text) for picture, text in pairs))
        return [score for score, _ in results], [note for _, notes in results for note in notes]

    async def _one(self, picture: bytes, text: str) -> tuple[float, list[str]]:
        started = time.perf_counter()
        sha256 = (await asyncio.to_thread(hashlib.sha256, picture)).hexdigest()
        try:
            [score], notes = await self._scorer.similarity([picture], [text])
        except (ValueError, ArithmeticError) as error:
            self._end(started, sha256, text, None, [], str(error))
            raise
        self._end(started, sha256, text, score, notes, None)
        return score, notes

    def _end(
        self,
        started: float,
        picture: str,
        text: str,
        score: float | None,
        notes: list[str],
        error: str | None,
    ) -> None:
        witness = self._witness
        head = witness.head(started, error)
        seconds = time.perf_counter() - started
        what = {"scorer": self.name, "picture": picture, "text": text, "score": score}
        witness.tell(Scored(run=witness.run, seconds=seconds, error=error, **what))
        witness.write(LoggedScore(call=witness.log.next_id(), notes=notes, **what, **head))


class ObservedGraphScorer:
    """Satisfies `graphs.context.GraphScorer`."""

    def __init__(self, scorer: GraphScorer, witness: Witness) -> None:
        self.name = scorer.name
        self._scorer, self._witness = scorer, witness

    async def plausibility(self, edges: Sequence[Edge]) -> tuple[float, list[str]]:
        witness, started = self._witness, time.perf_counter()
        score, notes = await self._scorer.plausibility(edges)
        head = witness.head(started)
        rated = Rated(
            run=witness.run,
            scorer=self.name,
            edges=tuple(edges),
            score=score,
            seconds=head["seconds"],
        )
        witness.tell(rated)
        call = witness.log.next_id()
        witness.write(
            LoggedRating(call=call, scorer=self.name, edges=list(edges), score=score, notes=notes, **head)
        )
        return score, notes


class ObservedPictures:
    """Satisfies `graphs.context.Pictures`; each reduced picture is kept once, so that a replay needs no original."""

    def __init__(self, pictures: Pictures, witness: Witness) -> None:
        self._pictures, self._witness = pictures, witness
        self._known = {
            (line.source, line.side, line.picture.sha256 if line.picture else "")
            for line in witness.log.lines
            if isinstance(line, LoggedPicture) and line.error is None
        }

    async def load(self, ref: ImageRef, longest_side: int) -> Picture:
        source, started = source_of(ref), time.perf_counter()
        try:
            picture = await self._pictures.load(ref, longest_side)
        except PictureError as error:
            self._write(started, source, longest_side, None, None, str(error))
            raise
        await self._note(started, source, longest_side, picture)
        return picture

    async def shrink(self, data: bytes, longest_side: int) -> Picture:
        started = time.perf_counter()
        source = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
        try:
            picture = await self._pictures.shrink(data, longest_side)
        except PictureError as error:
            self._write(started, source, longest_side, None, None, str(error))
            raise
        await self._note(started, source, longest_side, picture)
        return picture

    async def _note(self, started: float, source: str, side: int, picture: Picture) -> None:
        seen = (source, side, picture.sha256)
        if seen in self._known:
            return
        blob = await self._witness.keep(picture)
        if seen not in self._known:  # another question may have been quicker
            self._known.add(seen)
            self._write(started, source, side, blob, picture, None)

    def _write(
        self,
        started: float,
        source: str,
        side: int,
        blob: Blob | None,
        picture: Picture | None,
        error: str | None,
    ) -> None:
        witness = self._witness
        size = {"width": picture.width, "height": picture.height} if picture else {}
        line = LoggedPicture(
            call=witness.log.next_id(),
            source=source,
            side=side,
            picture=blob,
            **size,
            **witness.head(started, error),
        )
        witness.write(line)


def source_of(ref: ImageRef) -> str:
    """SHA-256 over a reference."""
    return hashlib.sha256(ref.model_dump_json().encode()).hexdigest()


def observed(context: Context, witness: Witness, library: Library) -> Context:
    """The context with everything in it under observation, and a walk's own blobs and prompts."""
    generator = context.generator
    return replace(
        context,
        lmm=ObservedLMM(cast(StreamingLMM, context.lmm), witness),
        pictures=ObservedPictures(context.pictures, witness),
        blobs=witness.blobs,
        generator=ObservedGenerator(generator, witness) if generator else None,
        scorers=tuple(ObservedScorer(scorer, witness) for scorer in context.scorers),
        graph_scorers=tuple(ObservedGraphScorer(scorer, witness) for scorer in context.graph_scorers),
        library=library,
    )
