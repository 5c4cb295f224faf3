"""When to try again: exponential back-off with jitter, and the endpoint's own Retry-After where it sends one.

Only the transport is retried here (connections, timeouts, HTTP 408, 409, 429, 5xx, replies that are no
completion); the openai package and LangChain retry nothing, since retries of several layers multiply.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_S = 0.5
LONGEST_S = 30.0
LONGEST_RETRY_AFTER_S = 120.0
"""An endpoint that asks for more is asked again after this; each time counts as an attempt."""
JITTER = 0.1
"""Share by which waits with Retry-After differ."""


def backoff(attempt: int, wait_s: float | None, chance: random.Random) -> float:
    """Seconds to wait after failed attempt number `attempt` (0, 1, ...).

    Without a word of the endpoint: FIRST_S doubled each time, at most LONGEST_S, times a random 0.5-1, so
    that requests that failed together do not come back together. With Retry-After: at least that time, capped,
    and up to 10 % more. A hint of a few milliseconds, or a date that a clock ahead of ours has made past, says
    when some request may come, not when all may: taken at its word, it would use up every attempt at once.
    """
    own = min(LONGEST_S, FIRST_S * 2.0 ** min(attempt, 16)) * chance.uniform(0.5, 1.0)
    if wait_s is None:
        return own
    return max(own, hinted(wait_s) * chance.uniform(1.0, 1.0 + JITTER))


def hinted(wait_s: float) -> float:
    """Of the seconds that an endpoint asks for, those that it gets."""
    return min(wait_s, LONGEST_RETRY_AFTER_S)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a reply's headers ask for: `retry-after-ms` (OpenAI) or `retry-after` (RFC 9110 section
    10.2.3: seconds, or an HTTP date). None when absent or unreadable; never negative."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return _sane(float(milliseconds) / 1000)
        if (value := headers.get("retry-after")) is None:
            return None
        if value.strip().replace(".", "", 1).isdigit():
            return _sane(float(value))
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return _sane((date - (now or datetime.now(UTC))).total_seconds())


def _sane(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds < float("inf") else None
