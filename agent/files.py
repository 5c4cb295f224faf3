"""Writing files so that a kill, a crash or a full disk never leaves half of one."""

import errno
import os
import uuid
from contextlib import suppress
from pathlib import Path

from agent.errors import StoreError, UsageError

FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file size limit is reached",
}


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write `data` to a temporary file beside `path`, then rename: readers see the old file or the new one.

    `durable` also waits until it would survive a power cut (fsync of the file and its folder).

    Raises:
        OSError: as the operating system says; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.parent / f".{path.name[:80]}.{uuid.uuid4().hex[:8]}"
    try:
        with name.open("xb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            name.unlink()
        raise
    if durable:
        sync_folder(path.parent)


def make_folder(path: Path) -> Path:
    """`path`, in the cache folder, made if need be. Raises `UsageError`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cache_error(error, path) from None
    return path


def cache_error(error: OSError, folder: Path) -> UsageError:
    """The sentence for a folder in the cache folder that cannot be written."""
    return UsageError(
        f"cannot write in {folder}: {error.strerror or error}; name another folder with --cache-dir"
    )


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder survive a power cut; file systems that cannot are left alone."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def store_error(error: OSError, folder: Path) -> StoreError:
    """The sentence for a write that failed."""
    if error.errno in FULL:
        return StoreError(
            f"{FULL[error.errno]}: cannot write to {folder}; make room and give the same command again, "
            "everything finished so far is kept"
        )
    return StoreError(
        f"cannot write to {folder}: {error.strerror or error}; the same command goes on once it can"
    )
