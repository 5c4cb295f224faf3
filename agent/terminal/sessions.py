"""The folder of all sessions: which there are, which is meant, and a name for a new one."""

import difflib
import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from agent.errors import UsageError
from agent.walk.model import FromDataset, FromFile, FromRun, Session, Source

FILE = "session.json"
LARGEST = 256 * 2**20
"""Bytes of a session.json that are read at most."""


@dataclass(frozen=True)
class Entry:
    """One session in the list."""

    name: str
    path: Path
    changed: float
    """When it was last written, in seconds since the epoch."""
    session: Session | None
    problem: str | None = None
    """Why it cannot be read."""

    @property
    def about(self) -> str:
        return told(self.session.source) if self.session else self.problem or ""


def told(source: Source) -> str:
    """What a session is about, in a few words."""
    match source:
        case FromDataset():
            return f"sample {source.id} of {source.dataset}/{source.split}, {source.missing} missing"
        case FromRun():
            return f"record {source.id} of the run {source.folder}"
        case FromFile(image=Path() as image):
            return f"the picture {image}, text missing"
        case _:
            return "a text of your own, image missing"


def list_sessions(folder: Path) -> list[Entry]:
    """All sessions, the last one first. Read it in a thread."""
    if not folder.is_dir():
        return []
    found = [path.parent for path in folder.glob(f"*/{FILE}")]
    return sorted((entry(path) for path in found), key=lambda one: -one.changed)


def entry(path: Path) -> Entry:
    """One session by its folder; one that cannot be read says why."""
    changed = 0.0
    try:
        status = (path / FILE).stat()
        changed = status.st_mtime
        if status.st_size > LARGEST:
            raise ValueError("too large")
        return Entry(path.name, path, changed, Session.model_validate_json((path / FILE).read_bytes()))
    except ValidationError as error:
        problem = f"broken: {error.errors()[0]['msg']}"
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {error}"
    return Entry(path.name, path, changed, None, problem)


def find_session(folder: Path, wanted: str) -> Path:
    """The folder of the session that is meant by a name, a path, or nothing (the last one).

    Raises `UsageError` that names close ones."""
    as_path = Path(wanted).expanduser()
    if wanted and (as_path / FILE).is_file():
        return as_path
    if wanted and (folder / wanted).is_dir() and Path(wanted).name == wanted:
        return folder / wanted
    names = [one.name for one in list_sessions(folder)]
    if not names:
        raise UsageError(f"there is no session yet in {folder}; --sample ID begins one")
    if not wanted:
        return folder / names[0]
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    raise UsageError(
        f"there is no session {wanted!r}; "
        + (f"close ones: {', '.join(close)}" if close else "--sessions lists those that there are")
    )


def new_folder(folder: Path, name: str) -> Path:
    """Where a new session goes: `name`, or with a number if there is one already."""
    taken = {path.name for path in folder.glob(f"{name}*")} if folder.is_dir() else set()
    if name not in taken:
        return folder / name
    number = next(n for n in range(2, len(taken) + 3) if f"{name}-{n}" not in taken)
    return folder / f"{name}-{number}"


def name_in_export(path: Path) -> str:
    """A name for a session that is rebuilt from an export: that of the session, if the file says so."""
    try:
        with path.open("rb") as file:
            name = json.loads(file.read(LARGEST)).get("session", {}).get("name")
    except (OSError, ValueError, AttributeError):
        name = None  # Walk.replay says what is wrong with the file
    plain = "".join(c if c.isalnum() or c in "._-" else "-" for c in name) if isinstance(name, str) else ""
    return f"{plain.strip('.-')[:80] or 'replay'}-replay"
