"""The pictures of a run, each once, named by the SHA-256 of its bytes."""

import asyncio
import hashlib
from pathlib import Path

from agent.errors import StoreError
from agent.files import store_error, write_atomic
from data.record import Blob


class BlobStore:
    """`blobs/` of one run folder; implements `graphs.context.Blobs`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failure: StoreError | None = None
        """Set by the first write that failed. A node may take that for the trouble of one candidate, so whoever
        records a sample must look here first: a record without its pictures would be a loss."""

    async def put(self, data: bytes, media_type: str) -> Blob:
        return await asyncio.to_thread(self._put, data, media_type)

    async def get(self, blob: Blob) -> bytes:
        return await asyncio.to_thread((self.folder / blob.path).read_bytes)

    def _put(self, data: bytes, media_type: str) -> Blob:
        blob = Blob(sha256=hashlib.sha256(data).hexdigest(), media_type=media_type, size=len(data))
        if not self.holds(blob):
            try:
                write_atomic(self.folder / blob.path, data)
            except OSError as error:
                self.failure = store_error(error, self.folder)
                raise self.failure from error
        return blob

    def holds(self, blob: Blob) -> bool:
        """Whether the file is there in full length; after a power cut a renamed file may be empty."""
        try:
            return (self.folder / blob.path).stat().st_size == blob.size
        except OSError:
            return False
