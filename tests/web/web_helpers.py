"""What the tests of the page share besides fixtures."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from agent.browser.house import House
from agent.browser.settings import WebSettings

HOSTILE = (
    '<img src=x onerror="document.body.dataset.hit=1"></script><script>document.body.dataset.hit=2</script>'
)
PATIENCE = 600
"""Seconds after which something is taken for hung."""
Make = Callable[..., WebSettings]


@dataclass
class Site:
    """The page as a server in a thread of the test."""

    url: str
    house: House


def settled(client: TestClient, name: str) -> dict[str, Any]:
    """The session when nothing is under way any more."""
    end = time.monotonic() + PATIENCE
    while (now := client.get(f"/api/sessions/{name}").json())["activity"]:
        assert time.monotonic() < end, now
        time.sleep(0.02)
    return now


def change(client: TestClient, session: str, /, **asked: Any) -> dict[str, Any]:
    answer = client.post(f"/api/sessions/{session}/change", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def whole(client: TestClient, where: str) -> dict[str, Any]:
    """The answer of a list when everything is read."""
    end = time.monotonic() + PATIENCE
    while not (answer := client.get(where).json())["whole"]:
        assert time.monotonic() < end
        time.sleep(0.02)
    return answer
