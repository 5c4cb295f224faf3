"""`calls.jsonl`: every question, drawing and score of a session, one line each, only ever appended to."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.errors import StoreError
from agent.files import store_error
from agent.walk.events import Asked
from data.record import Blob, Call, Edge, Usage


class Logged(BaseModel):
    """What all lines share."""

    model_config = ConfigDict(extra="forbid")

    call: str
    """Its id within the session, the same as in events."""
    run: int
    """The attempt that it belongs to: `Moment.run`. 0: no step (talk)."""
    node: str
    """intake, extract, alternate, generate, rank, verify, regenerate, talk ..."""
    checkpoint: str | None
    """The one from which the step ran."""
    at: str
    """When it ended, ISO 8601 in UTC."""
    seconds: float
    error: str | None = None


class Turned(BaseModel):
    """A first answer that did not fit, and what the repair turn said."""

    model_config = ConfigDict(extra="forbid")

    invalid: str
    repair: str


class LoggedCall(Logged):
    """A question to the LMM and its answer. Pictures are references to blobs, never bytes."""

    kind: Literal["call"] = "call"
    asked: Asked
    key: str
    """SHA-256 over what was asked; equal questions have equal keys."""
    text: str
    """The whole answer; empty if there is none."""
    usage: Usage
    record: Call
    """As it stands in the record; without an answer, as in the error's account."""
    repaired: Turned | None = None


class LoggedDrawing(Logged):
    """A picture by the image generator."""

    kind: Literal["drawing"] = "drawing"
    description: str
    seed: int
    picture: Blob | None
    notes: list[str] = Field(default_factory=list)


class LoggedScore(Logged):
    """A picture compared with a text by one scorer."""

    kind: Literal["score"] = "score"
    scorer: str
    picture: str
    """SHA-256."""
    text: str
    score: float | None
    notes: list[str] = Field(default_factory=list)


class LoggedRating(Logged):
    """A candidate's graph rated by one graph scorer."""

    kind: Literal["rating"] = "rating"
    scorer: str
    edges: list[Edge]
    score: float
    notes: list[str] = Field(default_factory=list)


class LoggedPicture(Logged):
    """A picture as it was reduced for the LMM, so that a replay needs no original."""

    kind: Literal["picture"] = "picture"
    source: str
    """SHA-256 over the reference, or of the bytes."""
    side: int
    picture: Blob | None
    width: int = 0
    height: int = 0


Line = Annotated[
    LoggedCall | LoggedDrawing | LoggedScore | LoggedRating | LoggedPicture, Field(discriminator="kind")
]

LINE: TypeAdapter[Line] = TypeAdapter(Line)


class CallLog:
    """The file, open for appending from `open` to `close`, and its lines in memory."""

    def __init__(self, path: Path, file: int, lines: list[Line], size: int, notices: list[str]) -> None:
        self.path, self.lines, self.notices = path, lines, notices
        self._file, self._size = file, size
        numbers = (int(line.call[1:]) for line in lines if line.call[1:].isdigit())
        self._last = max(numbers, default=0)

    @classmethod
    def open(cls, path: Path) -> "CallLog":
        """Reads what is there. A last line without its end (the machine stopped while writing it) is cut off, and a
        line that cannot be read is passed over; both give a notice. Raises `StoreError`."""
        notices: list[str] = []
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                data = path.read_bytes()
                size = data.rfind(b"\n") + 1
                if size < len(data):
                    os.ftruncate(file, size)
                    notices.append(f"the last line of {path.name} was cut short by a crash and is left out")
                lines = list(_read(data[:size], path, notices))
            except BaseException:
                os.close(file)
                raise
        except OSError as error:
            raise store_error(error, path.parent) from error
        return cls(path, file, lines, size, notices)

    @property
    def runs(self) -> int:
        """The highest number of an attempt."""
        return max((line.run for line in self.lines), default=0)

    def next_id(self) -> str:
        self._last += 1
        return f"c{self._last}"

    def append(self, line: Line) -> None:
        """On disk, as far as this process is concerned, on return: one write of some kilobytes. Raises `StoreError`."""
        if self._file < 0:
            return  # a question that outlived its session
        data = line.model_dump_json().encode() + b"\n"
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError as error:
            os.ftruncate(self._file, self._size)
            failure: StoreError = store_error(error, self.path.parent)
            raise failure from error
        self._size += len(data)
        self.lines.append(line)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _read(data: bytes, path: Path, notices: list[str]) -> Iterator[Line]:
    for number, text in enumerate(data.split(b"\n")[:-1], 1):
        try:
            yield LINE.validate_json(text)
        except ValidationError:
            notices.append(f"{path.name}, line {number}, cannot be read and is left out")
