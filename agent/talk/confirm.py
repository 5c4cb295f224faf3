"""Asking the user before anything is changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Pending:
    """A call that waits for the user's yes."""

    call: str
    """Its id; `tool_called` had the same."""
    tool: str
    arguments: dict[str, Any]
    sentence: str
    """The question: "make one more candidate with the subject moon?"."""


Confirm = Callable[[Pending], Awaitable[bool]]


async def never(pending: Pending) -> bool:
    """Says no to everything: for who only looks."""
    return False
