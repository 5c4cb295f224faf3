"""Routes of one open session: look at it, go on, change it, talk, take it out."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.browser.browsing import KEPT, house_of
from agent.browser.desk import Desk, Tell
from agent.browser.origins import origins
from agent.browser.replies import Body, Refused, answer, number, read_json
from agent.browser.runs import blob
from agent.browser.views import call_line, call_whole, view_of
from agent.walk.errors import WalkError
from agent.walk.walk import Walk
from data.record import Edge

MANY = 10**6


async def desk_of(request: Request) -> Desk:
    rebuild = request.method == "POST" and request.query_params.get("rebuild") == "yes"
    return await house_of(request).desk(request.path_params["session"], rebuild)


# ------------------------------------------------------------------------------------------------------------- looking


async def session(request: Request) -> Response:
    return answer(await (await desk_of(request)).snapshot())


async def moment(request: Request) -> Response:
    """The state as it was at a moment."""
    walk = (await desk_of(request)).walk
    at = _moment(walk, request.path_params["moment"])
    return answer(view_of(await walk.state(at)))


async def editable(request: Request) -> Response:
    """The values that can be edited, at the moment that made `?of=graph`, or at the head."""
    walk = (await desk_of(request)).walk
    of = request.query_params.get("of")
    at = walk.made(of).number if of else walk.head.number
    return answer({"at": at, "values": await walk.editable(at)})


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
    at = _moment(walk, asked["at"]) if "at" in asked else None
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
    runs = {one.run for one in walk.history()}
    used = {one.asked.prompt.partition("@")[0] for one in walk.calls() if one.run in runs}
    edited = walk.branch.prompts
    names = [name for name in walk.library().names() if not name.startswith("talk/")]
    return answer([{"name": name, "used": name in used, "edited": name in edited} for name in names])


async def prompt(request: Request) -> Response:
    walk, name = (await desk_of(request)).walk, request.path_params["name"]
    return answer({"name": name, "text": walk.library().text(name), "edited": name in walk.branch.prompts})


async def diff(request: Request) -> Response:
    """?a=main&b=2: branches by name, moments by number with a hash sign before it."""
    walk, asked = (await desk_of(request)).walk, request.query_params
    sides = [_side(walk, asked.get(name, "")) for name in ("a", "b")]
    return answer(await walk.diff(sides[0], sides[1]))


def _side(walk: Walk, text: str) -> str | int:
    return _moment(walk, text[1:]) if text.startswith("#") else text


def _moment(walk: Walk, text: str) -> int:
    return number({"moment": text}, "moment", 0, len(walk.session.moments) - 1)


async def picture(request: Request) -> Response:
    desk = await desk_of(request)
    path, media_type = await asyncio.to_thread(blob, desk.walk.folder, request.path_params["sha256"])
    return FileResponse(path, media_type=media_type, headers=KEPT)


async def events(request: Request) -> Response:
    """What the session tells, as server-sent events."""
    desk = await desk_of(request)
    place = desk.channel.position(request.headers.get("last-event-id"), desk.activity is not None)

    async def stream() -> AsyncIterator[bytes]:
        desk.pages += 1
        try:
            async for part in desk.channel.stream(place):
                yield part
        finally:
            desk.pages -= 1

    return StreamingResponse(stream(), media_type="text/event-stream")


# ------------------------------------------------------------------------------------------------------------ going on


class Going(Body):
    """One of the long ones."""

    action: Literal["next", "run", "retry", "regenerate"]
    subject: str = ""


async def go_on(request: Request) -> Response:
    desk, going = await desk_of(request), await read_json(request, Going)
    walk = desk.walk

    async def work(tell: Tell) -> None:
        if going.action == "regenerate":
            await walk.regenerate(going.subject, tell)
        else:
            await getattr(walk, going.action)(tell)

    desk.begin(going.action, work)
    return answer({"activity": going.action}, 202)


async def stop(request: Request) -> Response:
    desk = await desk_of(request)
    await desk.stop()
    return answer({})


class Change(Body):
    """One of the short ones; which fields it needs depends on the action."""

    action: Literal["back", "go", "edit", "prompt", "options", "fork", "switch", "reweigh"]
    steps: int = 1
    moment: int | None = None
    values: dict[str, Any] | None = None
    name: str = ""
    text: str | None = None
    weights: dict[str, float] | None = None
    replay: bool = False
    """Of edit and prompt: go on from there to where the walk stood."""


async def change(request: Request) -> Response:
    desk, asked = await desk_of(request), await read_json(request, Change)
    desk.check_free()
    walk = desk.walk
    if asked.moment is not None:
        _moment(walk, str(asked.moment))
    match asked.action:
        case "back":
            await walk.back(asked.steps)
        case "go":
            if asked.moment is None:
                raise Refused("go needs the number of a moment")
            await walk.go(asked.moment)
        case "edit":
            await walk.edit(asked.values or {}, asked.moment)
        case "prompt":
            walk.edit_prompt(asked.name, asked.text)
            if asked.replay:
                await _before(walk, asked.name)
        case "options":
            walk.set_options(**(asked.values or {}))
        case "fork":
            walk.fork(asked.name, asked.moment)
        case "switch":
            walk.switch(asked.name)
        case "reweigh":
            await walk.reweigh(asked.weights or {})
    if asked.replay and walk.next_step is not None:
        desk.begin("run", walk.run)
    desk.changed()
    return answer(await desk.snapshot())


async def _before(walk: Walk, prompt: str) -> None:
    """Stand before the first step of the line that asked with a prompt."""
    for one in walk.history():
        asked = {call.asked.prompt.partition("@")[0] for call in walk.calls(run=one.run)}
        if one.parent is not None and one.kind == "step" and prompt in asked:
            await walk.go(one.parent)
            return


class Weights(Body):
    weights: dict[str, float]


async def weigh(request: Request) -> Response:
    """What other weights would make of it; nothing is changed."""
    desk, asked = await desk_of(request), await read_json(request, Weights)
    return answer(await desk.weighed(asked.weights))


# ---------------------------------------------------------------------------------------------------------------- talk


class Line(Body):
    text: str | None = None
    """None: the last one once more."""


class Answer(Body):
    call: str
    yes: bool


async def talk(request: Request) -> Response:
    desk, line = await desk_of(request), await read_json(request, Line)
    desk.say(line.text)
    return answer({"activity": "talk"}, 202)


async def confirm(request: Request) -> Response:
    desk, given = await desk_of(request), await read_json(request, Answer)
    desk.answer(given.call, given.yes)
    return answer({})


# ---------------------------------------------------------------------------------------------------------- taking out


async def export(request: Request) -> Response:
    """session.md, session.json, record.json or case.json, as a download."""
    desk = await desk_of(request)
    walk, form = desk.walk, request.path_params["form"]
    name = f"{request.path_params['session']}-{form}"
    if form == "session.md":
        return _download(name, await walk.export_markdown(), "text/markdown; charset=utf-8")
    if form == "session.json":
        return _download(name, await walk.export_json(), "application/json")
    if form not in ("record.json", "case.json"):
        raise Refused("there is session.md, session.json, record.json and case.json", 404)
    with tempfile.TemporaryDirectory(prefix="knowledge-bridger-") as folder:
        path = Path(folder) / form
        await (walk.save_record(path) if form == "record.json" else walk.save_test_case(path))
        return _download(name, await asyncio.to_thread(path.read_text, "utf-8"), "application/json")


def _download(name: str, text: str, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.encode("utf-8", "replace"), media_type=media_type, headers=headers)


async def leave(request: Request) -> Response:
    await house_of(request).leave(request.path_params["session"])
    return answer({})


def routes() -> list[Route]:
    one = "/api/sessions/{session}"
    return [
        Route(one, session),
        Route(f"{one}/open", session, methods=["POST"]),
        Route(f"{one}/events", events),
        Route(f"{one}/moments/{{moment}}", moment),
        Route(f"{one}/editable", editable),
        Route(f"{one}/calls", calls),
        Route(f"{one}/calls/{{call}}", call),
        Route(f"{one}/origin", origin),
        Route(f"{one}/prompts", prompts),
        Route(f"{one}/prompts/{{name:path}}", prompt),
        Route(f"{one}/diff", diff),
        Route(f"{one}/pictures/{{sha256}}", picture),
        Route(f"{one}/export/{{form}}", export),
        Route(f"{one}/go", go_on, methods=["POST"]),
        Route(f"{one}/stop", stop, methods=["POST"]),
        Route(f"{one}/change", change, methods=["POST"]),
        Route(f"{one}/weigh", weigh, methods=["POST"]),
        Route(f"{one}/talk", talk, methods=["POST"]),
        Route(f"{one}/confirm", confirm, methods=["POST"]),
        Route(f"{one}/leave", leave, methods=["POST"]),
    ]
