"""The models of a walk: opened when first needed, shared by all walks of a process."""

from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from agent.plan import Plan
from agent.walk.events import Emit, silent
from graphs.context import Context, Options


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
        """Give an endpoint that counted as down a new chance."""
        ...


class PlannedModels:
    """Those of a plan, as `agent.run` would use them. `async with` closes what was opened."""

    def __init__(self, plan: Plan, logs: Path, draws: bool = True) -> None:
        """`logs`: folder for the miniature endpoint's log. `draws`: whether pictures may have to be drawn; without it
        no image generator is loaded, and a step that needs one is a `Problem`."""
        self.plan, self.logs, self.draws = plan, logs, draws
        self.options: Options = plan.settings.options
        self.described: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError

    async def context(self, emit: Emit = silent) -> Context:
        raise NotImplementedError

    def revive(self) -> None:
        raise NotImplementedError


class GivenModels:
    """A context that is open already."""

    def __init__(self, context: Context, described: dict[str, Any] | None = None) -> None:
        self.given, self.options, self.described = context, context.options, described or {}

    async def context(self, emit: Emit = silent) -> Context:
        return self.given

    def revive(self) -> None:
        """Whoever opened it looks after it."""
