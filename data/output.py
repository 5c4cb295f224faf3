"""The folder that a data set is written into. What the files in it are called, data say that nobody vouches for."""

import errno
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from data.files import BadRow, confined, shown

MAX_NOTES = 20
"""Notes that are told one by one: a data set may have thousands of odd names."""

_ODD_NAMES = frozenset(
    {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EINVAL, errno.EILSEQ, errno.ELOOP}
)
"""What the system says of a name that it does not take there. All else means that the disk takes no file at all."""


class OutFolder:
    """Takes files by their names below the folder. It shows no path to which a name could be added, so that no writer
    can put a file elsewhere.

    A name that leads out of the folder, that the file system does not take, or that the writer's own file has, costs
    that one file: it is noted, and the method says False. All methods raise `OSError` if the disk cannot take a file.
    """

    def __init__(self, path: Path, taken: Iterable[str] = ()) -> None:
        """No row can put a file at or below the names in `taken`."""
        self._root = path
        self._own = {Path(os.path.realpath(path), name) for name in taken}
        self._notes: list[str] = []
        self._more = 0

    @property
    def notes(self) -> list[str]:
        """What could not be written, and why."""
        more = f"{self._more:,} more files could not be written, for reasons like the last one."
        return [*self._notes, more] if self._more else list(self._notes)

    def note(self, sentence: str) -> None:
        if len(self._notes) < MAX_NOTES:
            self._notes.append(sentence)
        else:
            self._more += 1

    def place(self, source: Path, name: str, whose: str) -> bool:
        """Puts `source` there untouched: a hard link where the file system can, else a copy. `whose` names the sample
        in a note."""
        if not os.path.isfile(source):
            self.note(f"{source}: the file of {whose} is gone and could not be written.")
            return False
        if (target := self._noted(name, whose, source)) is None:
            return False
        if os.path.exists(target):  # by an earlier writing, and the same file still
            return True
        try:
            os.link(source.resolve(), target)
        except OSError:
            if not os.access(source, os.R_OK):
                self.note(f"{source}: the file of {whose} may not be read and could not be written.")
                return False
            shutil.copyfile(source, target)
        return True

    def put(self, data: bytes, name: str, whose: str) -> bool:
        """Writes a new file. A link that stands there is replaced, so that the original it leads to stays as it is."""
        if (target := self._noted(name, whose)) is None:
            return False
        target.write_bytes(data)
        return True

    def put_json(self, value: Any, name: str, whose: str) -> bool:
        try:
            data = json.dumps(value, ensure_ascii=False, indent=2).encode()
        except UnicodeEncodeError:
            # Half a surrogate pair, in a part that is only carried along: as the escape that it was.
            data = json.dumps(value, indent=2).encode()
        return self.put(data, name, whose)

    def own(self, name: str) -> Path:
        """The path of a file that the writer itself fills piece by piece; from now on no row can replace it.

        Raises `BadRow` for a name that `place` and `put` would note.
        """
        path = self._free(name, "the data set")
        self._own.add(path)
        return path

    def make(self, name: str) -> None:
        """Makes a folder, before a row can put a file of that name there. Raises `BadRow`."""
        confined(self._root, name, "the data set").mkdir(parents=True, exist_ok=True)

    def clear(self, name: str) -> None:
        """Removes what an earlier writing left, by a name with wildcards in its last part. Raises `BadRow`."""
        pattern = PurePosixPath(name)
        for old in confined(self._root, str(pattern.parent), name).glob(pattern.name):
            old.unlink()

    def _noted(self, name: str, whose: str, source: Path | None = None) -> Path | None:
        try:
            return self._free(name, whose, source)
        except BadRow as problem:
            self.note(str(problem))
            return None

    def _free(self, name: str, whose: str, source: Path | None = None) -> Path:
        """Where a new file goes, its folder made. Nothing stands there any more but, perhaps, `source` itself: what is
        written in its own place must not be removed first. Raises `BadRow`."""
        told = f"The file {shown(name)} of {whose} is left out of the completed data set"
        try:
            path = confined(self._root, name, whose)
        except BadRow:
            raise BadRow(
                f"{told}: the name leads out of the folder; give a relative path without '..'."
            ) from None
        target = Path(os.path.realpath(path.parent), path.name)
        if not self._own.isdisjoint((target, *target.parents)) or os.path.isdir(target):
            raise BadRow(f"{told}: a file or folder of the data set itself has that name; give another one.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if source is None or not os.path.exists(target) or not target.samefile(source):
                target.unlink(missing_ok=True)
        except OSError as problem:
            if problem.errno not in _ODD_NAMES:
                raise
            raise BadRow(
                f"{told}: the file system does not take the name ({problem.strerror}); give another one."
            ) from None
        return target
