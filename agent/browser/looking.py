"""Routes that look at one open session: its state at any moment, its calls, where a node came from, what differs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.browser.browsing import KEPT, house_of
from agent.browser.desk import Desk
from agent.browser.origins import origins
from agent.browser.replies import Refused, answer, number
from agent.browser.runs import blob
from agent.browser.views import call_line, call_whole, view_of
from agent.walk.errors import WalkError
from agent.walk.walk import Walk
from data.record import Edge

ONE = "/api/sessions/{session}"
MANY = 10**6


async def desk_of(request: Request) -> Desk:
    return await house_of(request).desk(request.path_params["session"])


async def session(request: Request) -> Response:
    return answer(await (await desk_of(request)).snapshot())


async def moment(request: Request) -> Response:
    """The state as it was at a moment."""
    walk = (await desk_of(request)).walk
    at = moment_of(walk, request.path_params["moment"])
    return answer(view_of(await walk.state(at)))


async def editable(request: Request) -> Response:
    """The values that can be edited, at the moment that made `?of=graph`, or `?of=text&candidate=2`, or at the head;
    and the branch that they are of."""
    walk, asked = (await desk_of(request)).walk, request.query_params
    branch, of = walk.session.current, asked.get("of")
    candidate = number(asked, "candidate", 0, MANY) if "candidate" in asked else None
    at = walk.made(of, candidate=candidate).number if of else walk.head.number
    return answer({"at": at, "branch": branch, "values": await walk.editable(at)})


async def calls(request: Request) -> Response:
    walk = (await desk_of(request)).walk
    return answer([call_line(call) for call in walk.calls()])


async def call(request: Request) -> Response:
    walk = (await desk_of(request)).walk
    for one in walk.calls():
        if one.call == request.path_params["call"]:
            return answer(call_whole(one))
    raise Refused("there is no such call in this session", 404)


async def origin(request: Request) -> Response:
    """Where a node came from: ?node=label, and ?candidate=2 for a node of a candidate's graph."""
    walk, asked = (await desk_of(request)).walk, request.query_params
    node = asked.get("node", "")
    at = moment_of(walk, asked["at"]) if "at" in asked else None
    state = await walk.state(at)
    if "candidate" not in asked:
        found = origins(
            node, map(_triple, state.get("graph") or []), state, _calls_of(walk, "graph", at, "extract")
        )
        return answer({**found, "made": _made(walk, "graph", at)})
    index = number(asked, "candidate", 0, MANY)
    candidate = next((one for one in state.get("candidates") or [] if one.index == index), None)
    if candidate is None:
        raise Refused("there is no such candidate", 404)
    of = {"text": candidate.text, "knowledge": candidate.knowledge}
    made = _calls_of(walk, "scores", at, f"reextract:{index}")
    return answer(
        {**origins(node, map(_triple, candidate.graph), of, made), "made": _made(walk, "scores", at)}
    )


def _triple(edge: Edge) -> tuple[str, str, str]:
    return edge.head, edge.relation, edge.tail


def _calls_of(walk: Walk, key: str, at: int | None, step: str) -> list[Any]:
    """The calls of a step in the line to a moment: an edit has none, so what it changed is found too."""
    line = walk.history() if at is None else walk.session.line(at)
    runs = {one.run for one in line}
    return [one for one in walk.calls() if one.run in runs and one.asked.step.partition(".")[0] == step]


def _made(walk: Walk, key: str, at: int | None) -> dict[str, Any] | None:
    try:
        found = walk.made(key, at)
    except WalkError:
        return None
    return {"number": found.number, "label": found.label, "kind": found.kind}


async def prompts(request: Request) -> Response:
    """Names, which are edited, and which were asked with on the current line."""
    walk = (await desk_of(request)).walk
    edited = walk.branch.prompts
    used = set[str]().union(*(names for _, names in await walk.prompts_used()))
    names = [name for name in walk.library().names() if not name.startswith("talk/")]
    return answer([{"name": name, "used": name in used, "edited": name in edited} for name in names])


async def prompt(request: Request) -> Response:
    walk, name = (await desk_of(request)).walk, request.path_params["name"]
    branch, edited = walk.session.current, name in walk.branch.prompts
    return answer({"name": name, "branch": branch, "text": walk.library().text(name), "edited": edited})


async def diff(request: Request) -> Response:
    """?a=main&b=2: branches by name, moments by number with a hash sign before it."""
    walk, asked = (await desk_of(request)).walk, request.query_params
    sides = [_side(walk, asked.get(name, "")) for name in ("a", "b")]
    return answer(await walk.diff(sides[0], sides[1]))


def _side(walk: Walk, text: str) -> str | int:
    return moment_of(walk, text[1:]) if text.startswith("#") else text


def moment_of(walk: Walk, text: str) -> int:
    return number({"moment": text}, "moment", 0, len(walk.session.moments) - 1)


async def picture(request: Request) -> Response:
    desk = await desk_of(request)
    path, media_type = await asyncio.to_thread(blob, desk.walk.folder, request.path_params["sha256"])
    return FileResponse(path, media_type=media_type, headers=KEPT)


async def events(request: Request) -> Response:
    """What the session tells, as server-sent events. A session that is closed stays so: browsers come again by
    themselves, and 204 tells them not to."""
    desk = house_of(request).desks.get(request.path_params["session"])
    if desk is None:
        return Response(status_code=204)
    last_id = request.headers.get("last-event-id")
    position, missed = desk.channel.position(last_id, desk.activity is not None)

    async def stream() -> AsyncIterator[bytes]:
        desk.pages += 1
        try:
            async for part in desk.channel.stream(position, missed):
                yield part
        finally:
            desk.pages -= 1

    return StreamingResponse(stream(), media_type="text/event-stream")


def routes() -> list[Route]:
    return [
        Route(ONE, session),
        Route(f"{ONE}/events", events),
        Route(f"{ONE}/moments/{{moment}}", moment),
        Route(f"{ONE}/editable", editable),
        Route(f"{ONE}/calls", calls),
        Route(f"{ONE}/calls/{{call}}", call),
        Route(f"{ONE}/origin", origin),
        Route(f"{ONE}/prompts", prompts),
        Route(f"{ONE}/prompts/{{name:path}}", prompt),
        Route(f"{ONE}/diff", diff),
        Route(f"{ONE}/pictures/{{sha256}}", picture),
    ]
