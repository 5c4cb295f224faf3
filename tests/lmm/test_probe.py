"""One clear sentence before the first sample; settings and prices."""

import pytest
from aiohttp import web
from endpoint_double import answering, closed_port, completion, error, in_turn, serving
from pydantic import ValidationError

from tools.lmm.endpoint import Endpoint
from tools.lmm.prices import note, price_of
from tools.lmm.probe import probe
from tools.lmm.question import EndpointError, Picture

READY = {"ready": True}


async def test_a_good_endpoint(endpoint):
    async with serving(answering(READY), key="k", models=("tiny", "large")) as server:
        found = await probe(endpoint(server.url, api_key="k"))
    assert found.models == ("tiny", "large")
    assert found.notes == ()
    assert len(server.bodies) == 1


async def test_an_endpoint_without_a_list_of_models(endpoint):
    async with serving(answering(READY), models=None) as server:
        found = await probe(endpoint(server.url))
    assert found.models == ()
    assert found.notes == (f"the LMM endpoint {server.url} does not list its models",)


async def test_a_wrong_key(endpoint):
    async with serving(answering(READY), key="right") as server:
        with pytest.raises(EndpointError) as e:
            await probe(endpoint(server.url, api_key="wrong-key"))
    assert str(e.value) == f"the LMM endpoint {server.url} refused the API key (HTTP 401); check the key"


async def test_a_wrong_key_where_the_list_of_models_is_public(endpoint):
    """The key's refusal must not read like an unknown model."""
    async with serving(lambda body, number: error(401), models=("other",)) as server:
        with pytest.raises(EndpointError, match="refused the API key"):
            await probe(endpoint(server.url, api_key="wrong"))


async def test_a_missing_key(endpoint):
    async with serving(answering(READY), key="right") as server:
        with pytest.raises(EndpointError, match=r"wants an API key \(HTTP 401\)"):
            await probe(endpoint(server.url))


@pytest.mark.parametrize("status", [400, 404])
async def test_a_mistyped_model_names_the_close_match(endpoint, status):
    behave = in_turn(error(status, "The model `qwen2-vl-7B` does not exist.", code="model_not_found"))
    async with serving(behave, models=("qwen2-vl-7b", "other")) as server:
        with pytest.raises(EndpointError) as e:
            await probe(endpoint(server.url, model="qwen2-vl-7B"))
    hint = "did you mean 'qwen2-vl-7b'? it lists: other, qwen2-vl-7b"
    assert str(e.value) == f"the LMM endpoint {server.url} has no model 'qwen2-vl-7B'; {hint}"


async def test_an_unlisted_model_that_answers_is_a_note(endpoint):
    async with serving(answering(READY), models=("large",)) as server:
        found = await probe(endpoint(server.url))
    assert "has no model 'tiny'" in found.notes[0]
    assert found.notes[0].endswith("it answers all the same")


async def test_nobody_listens(endpoint):
    url = f"http://127.0.0.1:{closed_port()}/v1"
    with pytest.raises(
        EndpointError, match=r"cannot be reached \(Connection refused\); check that the server runs"
    ):
        await probe(endpoint(url, retries=0))


async def test_a_wrong_path(endpoint):
    async with serving(answering(READY)) as server:
        with pytest.raises(EndpointError, match="knows no such URL or no model 'tiny'"):
            await probe(endpoint(server.url.replace("/v1", "/v2")))


async def test_an_ordinary_web_site(endpoint):
    async def page(request):
        return web.Response(text="<html>Welcome</html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        with pytest.raises(EndpointError, match="no chat completion; check that the URL ends in /v1"):
            await probe(endpoint(url, retries=0))
    finally:
        await runner.cleanup()


async def test_an_endpoint_that_does_not_speak_http(endpoint):
    import asyncio

    async def babble(reader, writer):
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        with pytest.raises(EndpointError, match="check"):
            await probe(endpoint(url, retries=0))


async def test_no_response_format(endpoint):
    behave = in_turn(error(400, "Unsupported parameter: response_format"))
    async with serving(behave) as server:
        with pytest.raises(EndpointError, match="try 'json_object' or 'none'"):
            await probe(endpoint(server.url))


async def test_a_model_that_sees_nothing(endpoint):
    def behave(body, number):
        shown = isinstance(body["messages"][0]["content"], list)
        return error(400, "tiny is not a multimodal model") if shown else completion('{"ready": true}')

    async with serving(behave) as server:
        await probe(endpoint(server.url))
        with pytest.raises(EndpointError, match="not a multimodal model"):
            await probe(endpoint(server.url), Picture(b"x", "image/png", "aa"))


async def test_answers_in_another_form_are_a_note(endpoint):
    async with serving(in_turn(completion("yes!"))) as server:
        found = await probe(endpoint(server.url))
    assert "not in the required form" in found.notes[0]


# ------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize("url", ["localhost:8000/v1", "", "ftp://host/v1", "http:///v1", "api.openai.com"])
def test_a_url_that_is_none(url):
    with pytest.raises(ValidationError, match="must look like http://host:port/v1"):
        Endpoint(base_url=url, model="m")


def test_a_url_is_put_in_form():
    assert Endpoint(base_url=" http://h:1/v1/ ", model="m").base_url == "http://h:1/v1"
    assert Endpoint(base_url="http://h/v1/chat/completions", model="m").base_url == "http://h/v1"


def test_secrets_in_a_url_do_not_show():
    settings = Endpoint(base_url="https://me:secret@host:8/v1?token=secret", model="m", api_key="sk-secret")
    assert settings.shown_url == "https://host:8/v1"
    assert "secret" not in str(settings.public())
    assert "secret" not in repr(settings), "the URL may hold a password"


def test_a_bad_setting_does_not_print_the_key():
    with pytest.raises(ValidationError) as e:
        Endpoint(base_url="http://h/v1", model="m", api_key=["sk-secret"])
    assert "secret" not in str(e.value)


def test_string_lengths_stay_away_from_openai():
    assert not Endpoint(base_url="https://api.openai.com/v1", model="gpt-4o").sends_string_lengths
    assert not Endpoint(base_url="https://me.openai.azure.com/openai/v1", model="gpt-4o").sends_string_lengths
    assert Endpoint(base_url="https://not-openai.com/v1", model="m").sends_string_lengths
    assert Endpoint(base_url="http://127.0.0.1:8000/v1", model="m").sends_string_lengths


def test_prices():
    assert price_of("gpt-4o") == price_of("gpt-4o-2024-11-20") != price_of("gpt-4o-mini-2024-07-18")
    assert price_of("gpt-4o-mini").cost(1_000_000, 0, 1_000_000) == pytest.approx(0.75)
    assert price_of("gpt-4oxen") is None
    assert note("gpt-4o") is None
    assert "counted as 0 USD" in note("Qwen/Qwen2-VL-7B-Instruct")
