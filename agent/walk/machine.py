"""The compiled graph with its checkpoints: one step at a time, from any moment.

The graph is the very one of a batch run (`graphs.completion.build`), with a checkpointer and an interrupt after every
node. A step always names the checkpoint that it starts from, so going back is only a matter of which one is named:
LangGraph then runs the nodes anew and writes a new line of checkpoints beside the old one.
"""

import sqlite3
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph._internal._constants import CONFIG_KEY_RUNTIME  # no public way to route in `aupdate_state`
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.runtime import Runtime
from langgraph.types import StateSnapshot

from agent.walk.errors import Broken
from graphs.alternation import Stage
from graphs.completion import Completion, build
from graphs.context import Context
from graphs.regeneration import build_regeneration, with_subject

START = "__start__"
STEPS = ("intake", "extract", "alternate", "generate", "rank", "verify")
STATE_TYPES = [
    ("data.record", name) for name in ("Blob", "Call", "Candidate", "Edge", "Failure", "Scores", "Usage")
] + [
    ("data.sample", "Domain"),
    ("data.sample", "ImageRef"),
    ("data.sample", "Modality"),
    ("graphs.state", "Span"),
]
"""All that a checkpoint may be made of besides plain values. A file with anything else in it is not followed."""


@cache
def _compiled() -> tuple[Completion, Stage]:
    """Once per process: it takes some tenths of a second."""
    return build(), build_regeneration()


class Machine:
    """Holds the checkpoint file from `open` to `close`."""

    def __init__(self, path: Path, thread: str, connection: aiosqlite.Connection) -> None:
        self.path, self.thread = path, thread
        self._connection = connection
        serializer = JsonPlusSerializer(allowed_msgpack_modules=STATE_TYPES)
        saver = AsyncSqliteSaver(connection, serde=serializer)
        completion, self._regeneration = _compiled()
        self._graph = completion.copy(update={"checkpointer": saver})

    @classmethod
    async def open(cls, path: Path, thread: str) -> Self:
        """Open or make the file. Raises `Broken` for one that is no database or damaged."""
        connection = None
        try:
            connection = await aiosqlite.connect(path)
            await connection.execute("PRAGMA journal_mode=WAL")
            await connection.execute("PRAGMA synchronous=NORMAL")
            async with connection.execute("PRAGMA quick_check(1)") as cursor:
                row = await cursor.fetchone()
            if row is None or row[0] != "ok":
                raise sqlite3.DatabaseError(row[0] if row else "no answer")
        except (sqlite3.Error, OSError) as error:
            if connection is not None:
                await connection.close()
            raise _broken(path, error) from None
        return cls(path, thread, connection)

    async def close(self) -> None:
        await self._connection.close()

    async def start(self, task: Mapping[str, Any]) -> str:
        """The first checkpoint, with the input and nothing done; its id."""
        return await self._update(None, dict(task), START, None)

    async def step(self, checkpoint: str, context: Context) -> str:
        """Do the next node; the id of the checkpoint after it. What the node raises passes, and leaves no trace."""
        last = checkpoint
        async for told in self._graph.astream(
            None,
            self._config(checkpoint),
            context=context,
            stream_mode="checkpoints",
            interrupt_after=STEPS,
            durability="sync",
        ):
            last = told["config"]["configurable"]["checkpoint_id"]
        return last

    async def update(self, checkpoint: str, values: Mapping[str, Any], node: str, context: Context) -> str:
        """Change the state as if `node` had done it, which also decides what comes next; the new checkpoint's id."""
        return await self._update(checkpoint, dict(values), node, context)

    async def regenerate(self, checkpoint: str, subject: str, context: Context) -> str:
        """One more candidate around `subject`; the id of the checkpoint after it, as if after `rank`."""
        state = await self.values(checkpoint)
        new = with_subject(state, subject)  # type: ignore[arg-type]
        found = await self._regeneration.ainvoke(new, context=context)
        return await self._update(checkpoint, {"failure": None, **found}, "rank", context)

    async def values(self, checkpoint: str) -> dict[str, Any]:
        """The state at a checkpoint."""
        return dict((await self._snapshot(checkpoint)).values)

    async def next(self, checkpoint: str) -> str | None:
        """The node that comes after a checkpoint; None at the end."""
        following = (await self._snapshot(checkpoint)).next
        return following[0] if following else None

    async def _update(
        self, checkpoint: str | None, values: dict[str, Any], node: str, context: Context | None
    ) -> str:
        config = self._config(checkpoint)
        if context is not None:
            config["configurable"][CONFIG_KEY_RUNTIME] = Runtime(context=context)
        after = await self._graph.aupdate_state(config, values, as_node=node)
        return str(after["configurable"]["checkpoint_id"])

    async def _snapshot(self, checkpoint: str) -> StateSnapshot:
        try:
            snapshot = await self._graph.aget_state(self._config(checkpoint))
        except Exception as error:  # whatever a damaged value makes the decoder raise
            raise _broken(self.path, error) from error
        if not snapshot.values:
            raise _broken(self.path, f"it lacks the checkpoint {checkpoint}")
        return snapshot

    def _config(self, checkpoint: str | None) -> RunnableConfig:
        named = {"checkpoint_id": checkpoint} if checkpoint else {}
        return {"configurable": {"thread_id": self.thread, "checkpoint_ns": "", **named}}


def _broken(path: Path, error: object) -> Broken:
    return Broken(
        f"{path} is broken ({error}); the questions, answers and pictures beside it are kept, and from them it can be "
        "rebuilt without asking anything anew",
        rebuildable=True,
    )
