"""Pages that listen to a session over a real server: what they hear of its end, and who keeps it open."""

import asyncio
import json
import urllib.request
from http.client import HTTPResponse
from typing import Any

import pytest
from web_helpers import PATIENCE, Site

from agent.browser import house as module
from agent.browser.house import House
from agent.browser.replies import Refused
from agent.walk.folder import WalkFolder

pytest.importorskip("playwright")  # whose helpers serve the page


def ask(site: Site, where: str, body: dict[str, Any] | None = None, **headers: str) -> HTTPResponse:
    data = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(
        f"{site.url.rstrip('/')}{where}", data, {"content-type": "application/json", **headers}
    )
    return urllib.request.urlopen(asked, timeout=PATIENCE)  # type: ignore[no-any-return]


def begun(site: Site, sample: str) -> str:
    with ask(site, "/api/sessions", {"dataset": "folder", "id": sample}) as answer:
        return str(json.load(answer)["name"])


def events(stream: HTTPResponse, enough: int | None = None) -> list[dict[str, Any]]:
    """The first so many events of a stream, or all until its end."""
    found: list[dict[str, Any]] = []
    while (enough is None or len(found) < enough) and (line := stream.readline()):
        if line.startswith(b"data: "):
            found.append(json.loads(line.removeprefix(b"data: ")))
    return found


def test_every_page_hears_that_a_session_is_closed_and_none_opens_it_again(site: Site) -> None:
    name = begun(site, "photo30")
    where = f"/api/sessions/{name}"
    with ask(site, f"{where}/events") as page:
        assert page.readline().startswith(b"retry: ")
        ask(site, f"{where}/leave", {}).close()
        assert events(page) == [{"type": "closed"}], "and then the stream ends"
    with ask(site, f"{where}/events") as again:
        assert again.status == 204
    assert name not in site.house.desks
    WalkFolder.open(site.house.settings.walks / name).close()  # as the terminal would


async def test_what_was_asked_before_a_session_was_closed_does_not_open_it_again(site: Site) -> None:
    name = begun(site, "photo35")
    ask(site, f"/api/sessions/{name}/leave", {}).close()
    house = House(site.house.settings)
    try:
        await house.desk(name)
        leaving, asked = asyncio.create_task(house.leave(name)), asyncio.create_task(house.desk(name))
        with pytest.raises(Refused, match="was closed while this was asked"):
            await asked
        await leaving
        assert name not in house.desks
        assert await house.desk(name), "who asks after that opens it"
    finally:
        await house.close()


def test_a_page_of_an_earlier_server_is_told_to_look_again(site: Site) -> None:
    name = begun(site, "photo31")
    with ask(site, f"/api/sessions/{name}/events", last_event_id="0a1b2c3d-4") as page:
        assert events(page, 1) == [{"type": "missed"}]


async def test_what_was_not_asked_for_longest_is_closed_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (begun(site, f"photo{number}") for number in (32, 33, 34))
    for name in (first, second, third):
        ask(site, f"/api/sessions/{name}/leave", {}).close()
    monkeypatch.setattr(module, "OPEN", 2)
    house = House(site.house.settings)
    try:
        for name in (first, second, first, third):
            await house.desk(name)
        assert set(house.desks) == {first, third}
    finally:
        await house.close()
