"""When is an endpoint down for good? A run stops then, instead of failing thousands of samples one by one.

The rule. A sign of life is any HTTP response but 502, 503 and 504 (by which a gateway says that nobody is
behind it). A question is lost when it has used up all its attempts and no question at all has had a sign of
life since its first failure. The endpoint is down

- with the first lost question, when its connections failed (refused, reset, unknown host) and at least three
  attempts in a row had no sign of life; or
- with the third lost question in a row, when it connects but stays silent (timeouts, 502-504), since one
  question alone may be what hangs a server.

Once down it stays down: the client answers every further question with the same `EndpointError`.
"""

import time
from collections.abc import Callable

from tools.lmm.question import Kind

ATTEMPTS_IN_A_ROW = 3
LOST_IN_A_ROW = 3


class Circuit:
    """Watches the attempts of one client."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.down: str | None = None
        """Why the endpoint counts as down, one sentence; None while it does not."""
        self.kind: Kind = "connection"
        self._clock = clock
        self._last_sign = float("-inf")
        self._failed = 0
        self._lost = 0

    def now(self) -> float:
        return self._clock()

    def alive(self) -> None:
        """A sign of life."""
        self._last_sign = self._clock()
        self._failed = self._lost = 0

    def failed(self) -> None:
        """An attempt without a sign of life."""
        self._failed += 1

    def stop(self, problem: str, kind: Kind) -> None:
        """The endpoint cannot be used: by this rule, or by its own word (wrong key, no credit)."""
        if self.down is None:
            self.down, self.kind = problem, kind

    def gave_up(self, since: float, kind: Kind, problem: str) -> bool:
        """A question that first failed at `since` has used up its attempts. True when the endpoint is down
        now."""
        if self._last_sign >= since:
            return False
        self._lost += 1
        if self._lost >= LOST_IN_A_ROW or (kind == "connection" and self._failed >= ATTEMPTS_IN_A_ROW):
            self.stop(f"{problem} ({self._failed} attempts in a row failed, so the run stops here)", kind)
        return self.down is not None
