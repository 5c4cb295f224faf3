"""The models of a walk: opened when first needed, shared by all walks of a process."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from agent.blobs import BlobStore
from agent.files import make_folder
from agent.plan import Plan
from agent.walk.events import Emit, Note, silent
from graphs.context import Context, Options

if TYPE_CHECKING:
    from agent.context import Built
    from tools.lmm.client import Client


class Models(Protocol):
    """What a walk asks of its models."""

    options: Options
    """The method's settings of a new session."""
    described: dict[str, Any]
    """Which models, as in a manifest."""

    async def context(self, emit: Emit = silent) -> Context:
        """What the nodes use. The first call may take long, and says so by a `Note`.

        Raises `UsageError`, `EndpointError`, `CacheError` or `ModelError`, each with a sentence; a later call tries
        anew."""
        ...

    def revive(self) -> None:
        """Give an endpoint that counts as down a new chance; nothing where it does not."""
        ...


class PlannedModels:
    """Those of a plan, as `agent.run` would use them. `async with` closes what was opened."""

    def __init__(self, plan: Plan, logs: Path, draws: bool = True) -> None:
        """`logs`: folder for the miniature endpoint's log. `draws`: whether pictures may have to be drawn; without it
        no image generator is loaded, and a step that needs one is a `Problem`."""
        self.plan, self.logs, self.draws = plan, logs, draws
        self.options: Options = plan.settings.options
        self.described: dict[str, Any] = {}
        self._opening = asyncio.Lock()
        self._open: _Opened | None = None
        self._stale = False

    async def __aenter__(self) -> Self:
        self.described = await asyncio.to_thread(self.plan.models, self.draws)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What is still drawn or scored is waited for, unless the body was cancelled."""
        await self._close(at_once=kind is not None and not issubclass(kind, Exception))

    async def context(self, emit: Emit = silent) -> Context:
        async with self._opening:
            if self._stale:
                await self._close(at_once=True)
            if self._open is None:
                emit(Note(text="preparing the models ..."))
                opened = _Opened(self.plan, self.logs, self.draws)
                built = await opened.built()
                self._open = opened
                for note in built.notes:
                    emit(Note(text=note))
            return (await self._open.built()).context

    def revive(self) -> None:
        """An endpoint of one's own is asked again; the miniature's, which is a process of ours, is started again."""
        client = self._open.client if self._open else None
        if client is None or client.down is None:
            return
        if self.plan.endpoint is None:
            self._stale = True
        else:
            client.revive()

    async def _close(self, at_once: bool) -> None:
        opened, self._open, self._stale = self._open, None, False
        if opened is not None:
            await opened.close(at_once)


class _Opened:
    """`open_context`, entered and left by one task of its own: whoever asks first may be gone by then."""

    def __init__(self, plan: Plan, logs: Path, draws: bool) -> None:
        self._plan, self._logs, self._draws = plan, logs, draws
        self._built: asyncio.Future[Built] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        from agent.context import open_context

        try:
            await asyncio.to_thread(make_folder, self._logs)
            # Every walk puts its own blobs in the place of these.
            async with open_context(self._plan, BlobStore(self._logs), self._logs, self._draws) as built:
                self._built.set_result(built)
                await self._leave.wait()
        except BaseException as error:
            if self._built.done():
                raise
            self._built.set_exception(error) if isinstance(error, Exception) else self._built.cancel()

    async def built(self) -> "Built":
        """Raises what opening raised. When who waits is cancelled while it is being opened, so is the opening."""
        try:
            return await asyncio.shield(self._built)
        except asyncio.CancelledError:
            if not self._built.done():
                self._task.cancel()
            raise

    @property
    def client(self) -> "Client | None":
        good = self._built.done() and not self._built.cancelled() and self._built.exception() is None
        return self._built.result().client if good else None

    async def close(self, at_once: bool) -> None:
        self._leave.set()
        if at_once:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class GivenModels:
    """A context that is open already."""

    def __init__(self, context: Context, described: dict[str, Any] | None = None) -> None:
        self.given, self.options, self.described = context, context.options, described or {}

    async def context(self, emit: Emit = silent) -> Context:
        return self.given

    def revive(self) -> None:
        from tools.lmm.client import Client

        if isinstance(self.given.lmm, Client):
            self.given.lmm.revive()
