"""Routes that do something with one open session: go on, change it, talk, take it out."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.browser.browsing import house_of
from agent.browser.desk import Tell
from agent.browser.looking import ONE, desk_of, moment_of
from agent.browser.replies import Body, Refused, answer, read_json
from agent.walk.walk import Walk


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
    desk, _ = await desk_of(request), await read_json(request, Body)
    await desk.stop()
    return answer({})


class Change(Body):
    """One of the short ones; which fields it needs depends on the action."""

    action: Literal["back", "go", "edit", "prompt", "options", "fork", "switch", "reweigh"]
    branch: str | None = None
    """The branch that the user had in view; None: whichever is the current one."""
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
    walk, steps = desk.walk, 0
    # Before the checks, since it waits: what they have found must still hold when the change is made.
    first = await walk.first_use(asked.name) if asked.action == "prompt" and asked.replay else None
    desk.check_free()
    current = walk.session.current
    if asked.branch not in (None, current) and asked.action != "switch":
        raise Refused(
            f"this was meant for the branch {asked.branch}, but the session is on {current} now; switch back first",
            409,
        )
    if asked.moment is not None:
        moment_of(walk, str(asked.moment))
    match asked.action:
        case "back":
            await walk.back(asked.steps)
        case "go":
            if asked.moment is None:
                raise Refused("go needs the number of a moment")
            await walk.go(asked.moment)
        case "edit":
            steps = walk.steps_after(walk.head.number if asked.moment is None else asked.moment)
            await walk.edit(asked.values or {}, asked.moment)
        case "prompt":
            walk.edit_prompt(asked.name, asked.text)
            if first is not None and first.parent is not None:
                steps = walk.steps_after(first.parent)
                await walk.go(first.parent, redo=True)
        case "options":
            walk.set_options(**(asked.values or {}))
        case "fork":
            walk.fork(asked.name, asked.moment)
        case "switch":
            walk.switch(asked.name)
        case "reweigh":
            await walk.reweigh(asked.weights or {})
    if asked.replay and steps and walk.next_step is not None:
        desk.begin("run", lambda tell: _again(walk, steps, tell))
    desk.changed()
    return answer(await desk.snapshot())


async def _again(walk: Walk, steps: int, tell: Tell) -> None:
    """Go so many steps; fewer if one ends with a problem, or the walk is finished."""
    for _ in range(steps):
        if walk.next_step is None or await walk.next(tell) is None:
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


async def rebuild(request: Request) -> Response:
    """Make the checkpoints of a session anew from its answers, and open it."""
    await read_json(request, Body)
    desk = await house_of(request).desk(request.path_params["session"], rebuild=True)
    return answer(await desk.snapshot())


async def leave(request: Request) -> Response:
    await read_json(request, Body)
    await house_of(request).leave(request.path_params["session"])
    return answer({})


def routes() -> list[Route]:
    return [
        Route(f"{ONE}/rebuild", rebuild, methods=["POST"]),
        Route(f"{ONE}/go", go_on, methods=["POST"]),
        Route(f"{ONE}/stop", stop, methods=["POST"]),
        Route(f"{ONE}/change", change, methods=["POST"]),
        Route(f"{ONE}/weigh", weigh, methods=["POST"]),
        Route(f"{ONE}/talk", talk, methods=["POST"]),
        Route(f"{ONE}/confirm", confirm, methods=["POST"]),
        Route(f"{ONE}/export/{{form}}", export),
        Route(f"{ONE}/leave", leave, methods=["POST"]),
    ]
