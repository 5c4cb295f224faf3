"""An OpenAI-compatible images endpoint on loopback: answers good and bad, retries, concurrency, secrets."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from tools.generators.base import GenerationError
from tools.generators.endpoint import EndpointGenerator, EndpointOptions
from tools.generators.factory import open_generator
from tools.loading import ModelError

KEY = "secret-key-0123456789"
Handler = Callable[[dict[str, Any]], Awaitable[web.Response]]


def picture(red: int = 10, fmt: str = "PNG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (16, 16), (red, 20, 30)).save(out, fmt)
    return out.getvalue()


def answer(data: bytes | str) -> web.Response:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return web.json_response({"created": 1, "data": [{"b64_json": text}]})


def refusal(status: int, message: str, **headers: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)


class Endpoint:
    """What the loopback server does: set `handler`, read `requests`."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.handler: Handler = self.good
        self.models: web.Response | None = None
        self.url = ""

    async def good(self, request: dict[str, Any]) -> web.Response:
        return answer(picture(red=len(request["prompt"])))

    async def generate(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return refusal(401, f"Incorrect API key provided: {request.headers.get('Authorization')}")
        body = await request.json()
        self.requests.append(body)
        return await self.handler(body)

    async def list_models(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return refusal(401, f"Incorrect API key provided: {request.headers.get('Authorization')}")
        return self.models or web.json_response(
            {"object": "list", "data": [{"id": "painter", "object": "model"}]}
        )

    def generator(self, **changes: Any) -> EndpointGenerator:
        changes = {"base_url": self.url, "api_key": KEY, **changes}
        opened = open_generator(
            f"openai:{changes.pop('model', 'painter')}", endpoint=EndpointOptions(**changes)
        )
        assert isinstance(opened, EndpointGenerator)
        return opened


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    state = Endpoint()
    app = web.Application()
    app.router.add_post("/v1/images/generations", state.generate)
    app.router.add_get("/v1/models", state.list_models)
    async with TestServer(app) as server:
        state.url = str(server.make_url("/v1"))
        yield state


async def test_pictures_come_back_as_png_in_order(endpoint: Endpoint) -> None:
    async def jpeg_for_long(request: dict[str, Any]) -> web.Response:
        red = len(request["prompt"])
        return answer(picture(red, "JPEG" if red > 5 else "PNG"))

    endpoint.handler = jpeg_for_long
    generator = endpoint.generator(size="16x16")
    await generator.check()
    drawn = await generator.draw(["a", "abc", "abcdefgh"], [1, 2, 3])
    images = [Image.open(BytesIO(png)) for png in drawn]
    assert [image.format for image in images] == ["PNG"] * 3
    assert [image.getpixel((8, 8))[0] for image in images] == pytest.approx([1, 3, 8], abs=2)  # type: ignore[index]
    assert {(r["model"], r["size"], r["n"], r["response_format"]) for r in endpoint.requests} == {
        ("painter", "16x16", 1, "b64_json")
    }
    assert not any("seed" in request for request in endpoint.requests)
    await generator.close()


async def test_seeds_are_sent_where_the_server_takes_them(endpoint: Endpoint) -> None:
    generator = endpoint.generator(send_seed=True, model="gpt-image-1")
    await generator.draw(["a", "b"], [5, 6])
    assert sorted(request["seed"] for request in endpoint.requests) == [5, 6]
    assert not any("response_format" in request for request in endpoint.requests)
    await generator.close()


async def test_refusals_for_now_are_tried_again(endpoint: Endpoint) -> None:
    async def twice_busy(request: dict[str, Any]) -> web.Response:
        if len(endpoint.requests) < 3:
            return refusal(429, "slow down", **{"Retry-After": "0.01"})
        return await endpoint.good(request)

    endpoint.handler = twice_busy
    generator = endpoint.generator()
    assert len(await generator.draw(["a"], [1])) == 1
    assert len(endpoint.requests) == 3
    await generator.close()


async def test_no_more_requests_in_flight_than_allowed(endpoint: Endpoint) -> None:
    flying, most, both = 0, 0, asyncio.Event()

    async def slow(request: dict[str, Any]) -> web.Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        if flying == 2:
            both.set()
        # Nobody leaves before two are here; a third would be seen.
        await both.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        flying -= 1
        return await endpoint.good(request)

    endpoint.handler = slow
    generator = endpoint.generator(concurrency=2)
    assert len(await generator.draw(list("abcdef"), list(range(6)))) == 6
    assert most == 2
    await generator.close()


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (
            lambda: refusal(400, "Your request was rejected by our safety system"),
            "rejected by our safety system",
        ),
        (lambda: refusal(429, "quota"), "too many requests"),
        (lambda: refusal(400, f"bad key: Received=Bearer {KEY}"), r"Received=Bearer \[key\]"),
        (lambda: refusal(500, f"{' ' * 290}{KEY}"), r"status 500: .*\[key\]"),
        (lambda: refusal(500, "broken"), "failed with status 500: .*broken"),
        (lambda: web.json_response({"created": 1, "data": []}), "without picture data"),
        (
            lambda: web.json_response({"created": 1, "data": [{"url": "http://127.0.0.1/x"}]}),
            "links are not followed",
        ),
        (lambda: answer("not base64!"), "no valid base64"),
        (lambda: answer(b"no picture"), "not a picture"),
        (lambda: answer(picture()[:-30]), "damaged or cut short"),
        (
            lambda: web.Response(text="<html>proxy error</html>", content_type="text/html"),
            "no images response",
        ),
        (
            lambda: web.Response(text='{"created": 1, "da', content_type="application/json"),
            "no images response",
        ),
        (lambda: web.json_response([1, 2]), "no images response"),
    ],
)
async def test_bad_answers_are_one_sentence(
    endpoint: Endpoint, response: Callable[[], web.Response], sentence: str
) -> None:
    async def handler(request: dict[str, Any]) -> web.Response:
        return response()

    endpoint.handler = handler
    generator = endpoint.generator(retries=0)
    with pytest.raises(GenerationError, match=sentence) as caught:
        await generator.draw(["a"], [1])
    assert KEY not in str(caught.value) and "\n" not in str(caught.value)
    await generator.close()


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (lambda: refusal(401, "revoked"), "refused the key"),
        (lambda: refusal(404, "no such model"), "knows no model 'painter'"),
        (
            lambda: web.json_response({"error": {"message": "", "code": "insufficient_quota"}}, status=429),
            "no credit left",
        ),
    ],
)
async def test_an_endpoint_that_will_draw_no_more_concerns_all(
    endpoint: Endpoint, response: Callable[[], web.Response], sentence: str
) -> None:
    async def handler(request: dict[str, Any]) -> web.Response:
        return response()

    endpoint.handler = handler
    generator = endpoint.generator(retries=0)
    with pytest.raises(ModelError, match=sentence):
        await generator.draw(["a"], [1])
    await generator.close()


async def test_an_endpoint_that_fails_three_times_in_a_row_is_given_up(endpoint: Endpoint) -> None:
    answers = [500, 500, 200, 500, 500, 400, 500, 500, 500]

    async def handler(request: dict[str, Any]) -> web.Response:
        status = answers[len(endpoint.requests) - 1]
        return await endpoint.good(request) if status == 200 else refusal(status, "no")

    endpoint.handler = handler
    generator = endpoint.generator(retries=0)
    seen = []
    for _ in answers:
        try:
            await generator.draw(["a"], [1])
            seen.append("drawn")
        except (GenerationError, ModelError) as error:
            seen.append(type(error).__name__)
    one = "GenerationError"
    assert seen == [one, one, "drawn", one, one, one, one, one, "ModelError"]
    await generator.close()


async def test_a_proxy_is_not_asked_for_this_machine(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    generator = endpoint.generator(retries=0)
    assert len(await generator.draw(["a"], [1])) == 1
    await generator.close()


async def test_a_wrong_key_model_or_address_is_found_before_the_first_sample(endpoint: Endpoint) -> None:
    for changes, sentence in (
        ({"api_key": KEY + "-old"}, "refused the key"),
        ({"model": "paintre"}, "does not offer 'paintre'; close to it: painter"),
        ({"base_url": "http://someone:hidden@127.0.0.1:9/v1"}, "cannot be reached"),
    ):
        generator = endpoint.generator(**{"retries": 0, **changes})
        with pytest.raises(ModelError, match=sentence) as caught:
            await generator.check()
        assert KEY not in str(caught.value) and "hidden" not in str(caught.value)
        await generator.close()


async def test_servers_without_a_model_list_are_taken_at_their_word(endpoint: Endpoint) -> None:
    generator = endpoint.generator()
    endpoint.models = web.Response(status=404)
    await generator.check()
    endpoint.models = web.Response(text="<html>a router's login page</html>", content_type="text/html")
    with pytest.raises(ModelError, match="no model list"):
        await generator.check()
    await generator.close()


def test_the_key_is_in_no_representation() -> None:
    assert KEY not in repr(EndpointOptions(api_key=KEY))
