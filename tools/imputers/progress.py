"""How long-running methods tell what they are doing."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """The default: tell nobody."""
