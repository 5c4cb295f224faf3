"""Routes to choose from: data sets, run folders, sessions."""

import asyncio
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from agent.browser.datasets import DataSet
from agent.browser.house import House
from agent.browser.listing import WINDOW
from agent.browser.replies import Body, Refused, answer, number, read_body, read_json
from agent.browser.runs import Run
from agent.browser.thumbnails import SIDE, Encoded
from agent.browser.views import view_of_record
from data.sample import Domain, Modality

FAR = 10**9 - 1
PREVIEW = 800
"""Longest side in px of a sample's picture before it is walked."""
LARGEST_PICTURE = 32 * 2**20
"""Bytes of a picture of the user's own."""
KEPT = {"cache-control": "private, max-age=3600"}
"""For pictures that are named by their content."""


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def about(request: Request) -> Response:
    """What there is to choose from, and which models would be used."""
    house = house_of(request)
    plan = await asyncio.to_thread(next(iter(house.datasets.values())).plan)
    return answer(
        {
            "datasets": [shelf.describe() for shelf in house.datasets.values()],
            "notices": plan.notices,
            "models": {
                "LMM": plan.endpoint.model if plan.endpoint else "mini-qwen2-vl",
                "generator": plan.generator,
                "CLIP": plan.clip,
                "BLIP": plan.blip,
            },
            "miniature": plan.miniature_lmm,
            "options": {**asdict(plan.settings.options), "ablate": sorted(plan.settings.ablate)},
            "runs": [str(path) for path in house.settings.runs],
        }
    )


# ----------------------------------------------------------------------------------------------------------- data sets


def dataset_of(request: Request) -> DataSet:
    shelf = house_of(request).datasets.get(request.path_params["dataset"])
    if shelf is None:
        raise Refused("there is no such data set", 404)
    return shelf


async def samples(request: Request) -> Response:
    """A window of the list: ?q=words&missing=image&offset=0&limit=60."""
    shelf, asked = dataset_of(request), request.query_params
    shelf.listing.start()
    query = shelf.query(asked.get("q", ""), asked.get("missing", ""))
    return answer(
        await shelf.listing.window(query, number(asked, "offset", 0, FAR), number(asked, "limit", 60, WINDOW))
    )


async def sample_picture(request: Request) -> Response:
    shelf = dataset_of(request)
    index = number(request.path_params, "index", 0, FAR)
    side = PREVIEW if request.query_params.get("large") else SIDE
    if side == PREVIEW:
        return picture(await asyncio.to_thread(shelf.picture, index, side))
    key = ("dataset", shelf.name, index)
    return picture(await house_of(request).thumbnails.get(key, lambda: shelf.picture(index, side)))


def picture(encoded: Encoded) -> Response:
    return Response(encoded[0], media_type=encoded[1], headers=KEPT)


# ---------------------------------------------------------------------------------------------------------------- runs


async def runs(request: Request) -> Response:
    return answer(await asyncio.to_thread(house_of(request).runs.listed))


async def run_of(request: Request) -> Run:
    return await asyncio.to_thread(house_of(request).runs.get, request.path_params["run"])


async def records(request: Request) -> Response:
    """A window of a run's records: ?q=&status=&missing=&sort=index&down=&offset=&limit=."""
    run, asked = await run_of(request), request.query_params
    offset = number(asked, "offset", 0, FAR)
    if offset == 0:
        await asyncio.to_thread(run.refresh)
    query = run.query(
        asked.get("q", ""),
        asked.get("status", ""),
        asked.get("missing", ""),
        asked.get("sort", "index"),
        bool(asked.get("down")),
    )
    window = await run.listing.window(query, offset, number(asked, "limit", 60, WINDOW))
    about_run = await asyncio.to_thread(run.describe) if offset == 0 else None
    return answer({**window, "run": about_run})


async def record(request: Request) -> Response:
    run = await run_of(request)
    run.listing.start()
    found = await asyncio.to_thread(run.record, request.path_params["id"])
    return answer(await asyncio.to_thread(view_of_record, found))


async def run_picture(request: Request) -> Response:
    run, sha256 = await run_of(request), request.path_params["sha256"]
    if request.query_params.get("small"):
        key = ("run", run.key, sha256)
        return picture(await house_of(request).thumbnails.get(key, lambda: run.thumbnail(sha256)))
    path, media_type = await asyncio.to_thread(run.blob, sha256)
    return FileResponse(path, media_type=media_type, headers=KEPT)


# ------------------------------------------------------------------------------------------------------------ sessions


class New(Body):
    """Which sample: {"dataset", "id"}, {"run", "id"} or {"text"}."""

    dataset: str | None = None
    run: str | None = None
    id: str | None = None
    text: str | None = None
    missing: Modality | None = None
    domain: Domain = Domain.GENERAL


async def sessions(request: Request) -> Response:
    return answer(await house_of(request).sessions())


async def begin(request: Request) -> Response:
    """A new session."""
    house, new = house_of(request), await read_json(request, New)
    if new.dataset is not None and new.id is not None:
        name = await house.from_dataset(new.dataset, new.id, new.missing)
    elif new.run is not None and new.id is not None:
        name = await house.from_run(new.run, new.id)
    elif new.text is not None:
        name = await house.from_text(new.text, new.domain)
    else:
        raise Refused("a new session needs a data set or a run with an id, or a text")
    return answer({"name": name}, 201)


async def begin_with_picture(request: Request) -> Response:
    """A new session about a picture; the body is the picture's file."""
    if not request.headers.get("content-type", "").startswith("image/"):
        raise Refused("a picture is sent with its type (Content-Type: image/...)", 415)
    if (domain := request.query_params.get("domain", "general")) not in set(Domain):
        raise Refused(f"domain is one of {', '.join(Domain)}")
    data = await read_body(request, LARGEST_PICTURE)
    return answer({"name": await house_of(request).from_picture(data, Domain(domain))}, 201)


def routes() -> list[Route]:
    return [
        Route("/api/about", about),
        Route("/api/datasets/{dataset}/samples", samples),
        Route("/api/datasets/{dataset}/pictures/{index}", sample_picture),
        Route("/api/runs", runs),
        Route("/api/runs/{run}/records", records),
        Route("/api/runs/{run}/records/{id:path}", record),
        Route("/api/runs/{run}/pictures/{sha256}", run_picture),
        Route("/api/sessions", sessions),
        Route("/api/sessions", begin, methods=["POST"]),
        Route("/api/pictures", begin_with_picture, methods=["POST"]),
    ]
