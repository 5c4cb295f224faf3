"""A whole session as one JSON, and a session again from it."""

import asyncio
import base64
import binascii
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agent.blobs import BlobStore
from agent.files import store_error, write_atomic
from agent.walk.actions import action_of, perform
from agent.walk.calls import CallLog, Line, LoggedPicture
from agent.walk.errors import WalkError
from agent.walk.events import silent
from agent.walk.folder import BLOBS, CALLS, CHECKPOINTS, LARGEST, SESSION, WalkFolder, check_tree
from agent.walk.machine import Machine
from agent.walk.model import Session
from agent.walk.observed import Witness, observed
from agent.walk.options import options_of
from agent.walk.recorded import Answers, context_of
from data.record import SUFFIXES, Record
from prompts.library import Library

MEDIA_TYPES = {suffix: media_type for media_type, suffix in SUFFIXES.items()}


class Kept(BaseModel):
    """One picture."""

    model_config = ConfigDict(extra="forbid")

    media_type: str
    data: str
    """Base64."""


class Export(BaseModel):
    """Everything of a session; what `Walk.replay` reads."""

    model_config = ConfigDict(extra="forbid")

    walk: Literal[1] = 1
    """Version of this form."""
    session: Session
    library: dict[str, str]
    """The project's prompts by name, so that a later wording does not stand in a replay's way."""
    calls: list[Line]
    pictures: dict[str, Kept]
    """By SHA-256."""
    expected: Record | None = None
    """In a test case: the record that the replay must come to."""

    def decoded(self) -> dict[str, bytes]:
        """The pictures' bytes. Raises `WalkError`."""
        try:
            return {
                sha256: base64.b64decode(kept.data, validate=True) for sha256, kept in self.pictures.items()
            }
        except binascii.Error as error:
            raise WalkError(f"the export is broken: a picture is not base64 ({error})") from None


def gather(folder: Path, session: Session, calls: list[Line], library: Library) -> Export:
    """Reads every picture, so call it in a thread. Raises `StoreError`."""
    pictures = {}
    try:
        for path in sorted((folder / BLOBS).glob("??/*")):
            if (media_type := MEDIA_TYPES.get(path.suffix)) and not path.name.startswith("."):
                data = base64.b64encode(path.read_bytes()).decode()
                pictures[path.stem] = Kept(media_type=media_type, data=data)
    except OSError as error:
        raise store_error(error, folder) from error
    texts = {name: library.text(name) for name in library.names()}
    return Export(session=session, library=texts, calls=calls, pictures=pictures)


def read_export(path: Path) -> Export:
    """Raises `WalkError` for what is no export."""
    try:
        if path.stat().st_size > LARGEST:
            raise WalkError(f"{path} is larger than {LARGEST >> 20} MiB, so it is no exported session")
        export = Export.model_validate_json(path.read_bytes())
        check_tree(export.session)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the file"
        raise WalkError(f"{path} is no exported session ({where}: {problem['msg']})") from None
    except ValueError as error:
        raise WalkError(f"{path} is no exported session ({error})") from None
    except OSError as error:
        raise WalkError(f"cannot read {path}: {error.strerror or error}") from None
    return export


def line_alone(export: Export, number: int, expected: Record) -> Export:
    """A test case: the moments from the start to `number` and nothing else, with the record that must come of them."""
    line = export.session.line(number)
    numbers = {moment.number: place for place, moment in enumerate(line)}
    moments = [
        moment.model_copy(
            update={
                "number": place,
                "parent": None if moment.parent is None else numbers[moment.parent],
                "branch": export.session.current,
            }
        )
        for place, moment in enumerate(line)
    ]
    branch = export.session.branch.model_copy(update={"head": len(moments) - 1, "origin": None})
    session = export.session.model_copy(
        update={"moments": moments, "branches": {branch.name: branch}, "conversation": []}
    )
    runs = {moment.run for moment in moments}
    # A picture is logged only by the first attempt that has seen it, which may be one of another line.
    calls = [call for call in export.calls if isinstance(call, LoggedPicture) or call.run in runs]
    return export.model_copy(update={"session": session, "calls": calls, "expected": expected})


async def rebuild(machine: Machine, folder: Path, export: Export) -> list[str]:
    """Do every moment again over the graph, answered by the export; the new checkpoint of each moment.

    Raises `WalkError` when it takes another way than the session did.
    """
    session, blobs = export.session, BlobStore(folder)
    answers = Answers(export.calls, export.decoded())
    nowhere = CallLog(folder / CALLS, -1, [], 0, [])
    checkpoints: list[str] = []
    for moment in session.moments:
        if moment.parent is None:
            checkpoints.append(await machine.start(session.input()))
            continue
        parent = checkpoints[moment.parent]
        witness = Witness(nowhere, blobs, silent, moment.run, moment.node, parent)
        options = options_of(session.options, moment.options)
        library = Library(replaced={**export.library, **moment.prompts})
        context = observed(context_of(answers, moment.run, witness, options), witness, library)
        after = await perform(machine, action_of(moment), parent, context, session.recorded)
        following = await machine.next(after)
        if following != moment.next:
            raise WalkError(
                f"the replay goes another way at #{moment.number} ({moment.label}): to {following or 'the end'} "
                f"instead of {moment.next or 'the end'}; the program has changed since the session was made"
            )
        checkpoints.append(after)
    return checkpoints


async def replay(export: Export, path: Path) -> None:
    """A new session folder, the same session in it. Raises `WalkError`, `StoreError`; then no session is left in it."""
    session = export.session.model_copy(deep=True)
    session.name = path.name  # the one under which it is resumed from now on
    folder = await asyncio.to_thread(WalkFolder.create, path, session)
    try:
        await _unpack(export, path)
        machine = await Machine.open(path / CHECKPOINTS, session.thread)
        try:
            checkpoints = await rebuild(machine, path, export)
        finally:
            await machine.close()
        renamed = {m.checkpoint: new for m, new in zip(session.moments, checkpoints, strict=True)}
        lines = [
            line.model_copy(update={"checkpoint": renamed.get(line.checkpoint or "", line.checkpoint)})
            for line in export.calls
        ]
        data = b"".join(line.model_dump_json().encode() + b"\n" for line in lines)
        await asyncio.to_thread(write_atomic, path / CALLS, data)
        for moment, checkpoint in zip(session.moments, checkpoints, strict=True):
            moment.checkpoint = checkpoint
        folder.save()
    except BaseException as error:
        for name in (SESSION, CHECKPOINTS, f"{CHECKPOINTS}-wal", f"{CHECKPOINTS}-shm"):
            (path / name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise store_error(error, path) from error
        raise
    finally:
        folder.close()


async def _unpack(export: Export, path: Path) -> None:
    blobs = BlobStore(path)
    for sha256, data in export.decoded().items():
        blob = await blobs.put(data, export.pictures[sha256].media_type)
        if blob.sha256 != sha256:
            raise WalkError(f"the export is broken: the picture {sha256[:12]} is not what its name says")
