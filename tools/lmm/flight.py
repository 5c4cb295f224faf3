"""Single flight: equal calls that are under way at the same time become one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

R = TypeVar("R")


class Flights(Generic[R]):
    """Calls under way by key."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[R]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    async def once(self, key: str, call: Callable[[], Awaitable[R]]) -> tuple[R, bool]:
        """The result of `call`, and whether it was this caller who made it.

        Whoever comes first calls; the others wait for the same result or error. When the first is cancelled,
        one of the others calls instead, so that nobody is cancelled with a stranger.
        """
        while (leader := self._under_way.get(key)) is not None:
            await asyncio.wait([leader])
            if not leader.cancelled():
                return leader.result(), False
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._under_way[key] = future
        try:
            result = await call()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # nobody may be waiting: this marks it as seen
            raise
        else:
            future.set_result(result)
            return result, True
        finally:
            del self._under_way[key]
