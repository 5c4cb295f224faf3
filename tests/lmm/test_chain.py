"""The chain against a real HTTP endpoint: answers, usage, faults, repair, limits, cancellation."""

import asyncio
import json

import pytest
from aiohttp import web
from endpoint_double import answering, closed_port, completion, error, in_turn, serving, slowly, until
from pydantic import SecretStr

from data.record import Usage
from tools.lmm.client import Client
from tools.lmm.question import EndpointError, LMMError, Picture

APPLES = {"name": "apple", "count": 3}


async def test_an_answer_comes_with_its_usage_and_call(question, endpoint):
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:
        reply = await lmm.ask(question())
    assert (reply.value.name, reply.value.count) == ("apple", 3)
    assert reply.usage == Usage(calls=1, prompt_tokens=100, completion_tokens=20, cached_prompt_tokens=60)
    assert (reply.call.step, reply.call.finish_reason) == ("extract.objects", "stop")
    assert not reply.call.cached
    assert not reply.call.repaired


async def test_the_request_on_the_wire(question, endpoint):
    picture = Picture(b"\x89PNG...", "image/png", "ab" * 32, 448, 336)
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url)) as lmm:
        await lmm.ask(question(shared=(picture, "Seen in May."), max_tokens=77, temperature=0.5, seed=9))
    body = server.bodies[0]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    shown, asked = body["messages"][1]["content"]
    assert shown == {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORy4uLg=="}}
    assert asked == {"type": "text", "text": "Seen in May.\n\nWhich fruit?"}
    assert (body["model"], body["max_tokens"], body["temperature"], body["seed"]) == ("tiny", 77, 0.5, 9)
    form = body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"] == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 20},
            "count": {"type": "integer", "minimum": 0, "maximum": 99},
        },
        "required": ["name", "count"],
        "additionalProperties": False,
    }


async def test_settings_alone_change_the_dialect(question, endpoint):
    settings = {
        "token_limit": "max_completion_tokens",
        "omit": {"seed", "temperature"},
        "structured": "json_object",
        "extra": {"repetition_penalty": 1.05},
    }
    async with serving(answering(APPLES)) as server, Client(endpoint(server.url, **settings)) as lmm:
        await lmm.ask(question())
    body = server.bodies[0]
    assert body["max_completion_tokens"] == 512
    assert body["repetition_penalty"] == 1.05
    assert not {"max_tokens", "seed", "temperature"} & set(body)
    assert body["response_format"] == {"type": "json_object"}
    assert '"properties"' in body["messages"][1]["content"]


async def test_free_text(question, endpoint):
    async with (
        serving(in_turn(completion("  three apples\n"))) as server,
        Client(endpoint(server.url)) as lmm,
    ):
        reply = await lmm.ask(question(answer=str))
    assert reply.value == "three apples"
    assert "response_format" not in server.bodies[0]


async def test_cost_by_the_models_name(question, endpoint):
    async with (
        serving(answering(APPLES)) as server,
        Client(endpoint(server.url, model="gpt-4o-2024-08-06")) as lmm,
    ):
        reply = await lmm.ask(question())
    assert reply.usage.cost_usd == pytest.approx((40 * 2.50 + 60 * 1.25 + 20 * 10.00) / 1e6)


# ------------------------------------------------------------------------------------------------ transport faults


async def test_429_waits_as_long_as_the_endpoint_says(question, endpoint, no_waiting):
    replies = in_turn(error(429, headers={"Retry-After": "7"}), error(503), completion(json.dumps(APPLES)))
    async with serving(replies) as server, Client(endpoint(server.url)) as lmm:
        reply = await lmm.ask(question())
    assert no_waiting == [7.0, None]
    assert (reply.usage.calls, reply.usage.retries, reply.usage.prompt_tokens) == (3, 2, 100)


async def test_attempts_end_with_one_sentence(question, endpoint, no_waiting):
    async with (
        serving(lambda body, number: error(500, "kaputt")) as server,
        Client(endpoint(server.url)) as lmm,
    ):
        with pytest.raises(
            LMMError, match=r"step extract.objects: .* failed \(HTTP 500\): kaputt \(4 attempts\)"
        ) as e:
            await lmm.ask(question())
        assert not isinstance(e.value, EndpointError)
        assert (e.value.kind, e.value.usage.calls, e.value.usage.retries) == ("server", 4, 3)
        assert e.value.calls[0].finish_reason == "error"
        assert lmm.totals().errors == 1
    assert len(server.bodies) == 4, "LangChain or the openai package has retried besides"


async def test_a_refused_question_is_not_asked_again(question, endpoint, no_waiting):
    refusal = error(400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded")
    async with serving(in_turn(refusal)) as server, Client(endpoint(server.url)) as lmm:
        with pytest.raises(LMMError, match="maximum context length") as e:
            await lmm.ask(question())
    assert e.value.kind == "refused"
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("status", "fields", "sentence"),
    [
        (401, {}, "refused the API key"),
        (404, {"code": "model_not_found"}, "no model 'tiny'"),
        (429, {"code": "insufficient_quota"}, "no credit left"),
        (429, {"type": "insufficient_quota"}, "no credit left"),
    ],
)
async def test_an_unusable_account_stops_the_run(question, endpoint, no_waiting, status, fields, sentence):
    settings = {"api_key": "sk-very-secret"}

    def behave(body, number):
        return error(status, "you said sk-very-secret", **fields)

    async with serving(behave) as server, Client(endpoint(server.url, **settings)) as lmm:
        with pytest.raises(EndpointError, match=sentence) as first:
            await lmm.ask(question())
        with pytest.raises(EndpointError, match=sentence) as second:
            await lmm.ask(question("Another?"))
    assert "very-secret" not in str(first.value) + repr(lmm.endpoint)
    assert len(server.bodies) == 1
    assert second.value.usage == Usage()


async def test_the_key_never_shows(question, endpoint, caplog, capsys):
    refusal = error(400, "bad header 'Bearer sk-very-secret'")
    async with serving(in_turn(refusal)) as server:
        settings = endpoint(server.url, api_key=SecretStr("sk-very-secret"))
        async with Client(settings) as lmm:
            with pytest.raises(LMMError, match=r"Bearer \[key\]"):
                await lmm.ask(question())
    printed = capsys.readouterr()
    shown = repr(settings) + json.dumps(dict(settings.public())) + caplog.text + printed.out + printed.err
    assert "very-secret" not in shown
    assert "three apples" not in shown, "prompts do not belong into logs"


async def test_a_slow_endpoint_times_out(question, endpoint, no_waiting):
    async with (
        serving(slowly(30, APPLES)) as server,
        Client(endpoint(server.url, timeout_s=0.5, retries=1)) as lmm,
    ):
        with pytest.raises(LMMError, match=r"did not answer within 0.5 s.*\(2 attempts\)") as e:
            await lmm.ask(question())
    assert e.value.kind == "timeout"


async def test_a_trickling_endpoint_times_out_as_a_whole(question, endpoint, no_waiting):
    # Each byte comes in time, the whole answer does not: only a bound on the whole request ends this.
    async def handle(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(300):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        async with Client(endpoint(url, timeout_s=1, retries=0)) as lmm:
            with pytest.raises(LMMError) as e:
                await lmm.ask(question())
        assert e.value.kind == "timeout"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"text": "<html>hello</html>", "content_type": "text/html"},
        {"text": "{}", "content_type": "application/json"},
        {"text": "[1, 2]", "content_type": "application/json"},
        {"text": '{"choices": null}', "content_type": "application/json"},
        {"text": '{"choices": []}', "content_type": "application/json"},
        {"text": '{"choices": [{"mess', "content_type": "application/json"},
        {"text": '{"choices": [{"message": 7}], "usage": "none"}', "content_type": "application/json"},
        {"body": b"\xff\xfe\x00", "content_type": "application/json"},
        {"text": "", "content_type": "application/json"},
    ],
)
async def test_nonsense_is_a_failure_of_the_question(question, endpoint, no_waiting, nonsense):
    async with (
        serving(lambda body, number: web.Response(**nonsense)) as server,
        Client(endpoint(server.url, retries=1)) as lmm,
    ):
        with pytest.raises(LMMError, match="no chat completion") as e:
            await lmm.ask(question())
    assert (e.value.kind, e.value.usage.calls) == ("nonsense", 2)


async def test_an_error_in_the_body_of_a_200(question, endpoint, no_waiting):
    replies = in_turn({"error": {"message": "provider is full"}})
    async with serving(replies) as server, Client(endpoint(server.url, retries=0)) as lmm:
        with pytest.raises(LMMError, match="provider is full"):
            await lmm.ask(question())


async def test_odd_but_usable_replies(question, endpoint):
    bare = completion(json.dumps(APPLES), finish_reason=None)
    del bare["usage"], bare["id"], bare["created"]
    null_usage = completion(json.dumps(APPLES)) | {"usage": None}
    async with serving(in_turn(bare, null_usage)) as server, Client(endpoint(server.url)) as lmm:
        assert (await lmm.ask(question("1"))).usage == Usage(calls=1)
        assert (await lmm.ask(question("2"))).value.count == 3


# ----------------------------------------------------------------------------------------------- down for good


async def test_a_dead_endpoint_stops_the_run(question, endpoint, no_waiting):
    url = f"http://127.0.0.1:{closed_port()}/v1"
    async with Client(endpoint(url)) as lmm:
        results = await asyncio.gather(
            *(lmm.ask(question(str(n))) for n in range(50)), return_exceptions=True
        )
    assert all(isinstance(result, EndpointError) for result in results), (
        "no sample may be lost to a dead endpoint"
    )
    assert "Connection refused" in str(results[0])


async def test_one_broken_connection_is_no_dead_endpoint(question, endpoint, no_waiting):
    async with Client(endpoint(f"http://127.0.0.1:{closed_port()}/v1", retries=0)) as lmm:
        for name in ("1", "2"):
            with pytest.raises(LMMError) as e:
                await lmm.ask(question(name))
            assert not isinstance(e.value, EndpointError)
        with pytest.raises(EndpointError, match="3 attempts in a row"):
            await lmm.ask(question("3"))


async def test_silent_endpoint_is_down_after_three_lost_questions(question, endpoint, no_waiting):
    async with (
        serving(lambda body, number: error(502)) as server,
        Client(endpoint(server.url, retries=1)) as lmm,
    ):
        for name in ("1", "2"):
            with pytest.raises(LMMError) as e:
                await lmm.ask(question(name))
            assert not isinstance(e.value, EndpointError)
        with pytest.raises(EndpointError):
            await lmm.ask(question("3"))


async def test_a_poisonous_question_does_not_stop_the_run(question, endpoint, no_waiting):
    def behave(body, number):
        poison = "poison" in body["messages"][1]["content"]
        return error(500) if poison else completion(json.dumps(APPLES))

    async with serving(behave) as server, Client(endpoint(server.url)) as lmm:
        for n in range(5):
            with pytest.raises(LMMError) as e:
                await lmm.ask(question(f"poison {n}"))
            assert not isinstance(e.value, EndpointError)
        assert (await lmm.ask(question())).value.count == 3


async def test_an_endpoint_that_comes_back_is_used_again(question, endpoint, no_waiting):
    def behave(body, number):
        return error(502) if number < 3 else completion(json.dumps(APPLES))

    async with serving(behave) as server, Client(endpoint(server.url)) as lmm:
        assert (await lmm.ask(question())).usage.retries == 3


# ----------------------------------------------------------------------------------- validation and the repair turn


async def test_an_invalid_answer_is_repaired_once(question, endpoint):
    replies = in_turn(completion('{"name": "apple", "count": "many"}'), completion(json.dumps(APPLES)))
    async with serving(replies) as server, Client(endpoint(server.url)) as lmm:
        reply = await lmm.ask(question())
    assert reply.value.count == 3
    assert reply.call.repaired
    assert reply.usage == Usage(
        calls=2, repairs=1, prompt_tokens=200, completion_tokens=40, cached_prompt_tokens=120
    )
    first, second = (body["messages"] for body in server.bodies)
    assert second[:2] == first, "the repair turn shares the whole prefix"
    assert second[2] == {"role": "assistant", "content": '{"name": "apple", "count": "many"}'}
    assert "count: Input should be a valid integer" in second[3]["content"]


@pytest.mark.parametrize(
    "text", ["no idea", '{"name": "apple", "co', '{"colour": "red"}', "[]", "null", "{" * 5000]
)
async def test_a_second_invalid_answer_is_a_failure(question, endpoint, text):
    async with serving(in_turn(completion(text))) as server, Client(endpoint(server.url)) as lmm:
        with pytest.raises(LMMError, match="does not fit the form Fruit, even after a repair turn") as e:
            await lmm.ask(question())
    assert len(server.bodies) == 2
    assert (e.value.usage.calls, e.value.usage.repairs, e.value.usage.completion_tokens) == (2, 1, 40)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (completion('{"name": "app', "length"), "cut off at its limit of 512 tokens"),
        (completion(json.dumps(APPLES), "length"), "cut off"),
        (completion("", "content_filter"), "content filter"),
        (completion(None, refusal="I cannot help with that."), "refused to answer: I cannot help with that"),
        (completion(""), "the answer is empty"),
        (completion(None), "the answer is empty"),
        (completion(" \n\t"), "the answer is empty"),
        (completion(json.dumps(APPLES), "abort"), "for the reason 'abort'"),
    ],
)
async def test_unusable_answers_are_failures_without_repair(question, endpoint, reply, sentence):
    async with serving(in_turn(reply)) as server, Client(endpoint(server.url)) as lmm:
        with pytest.raises(LMMError, match=sentence) as e:
            await lmm.ask(question())
    assert len(server.bodies) == 1
    assert (e.value.kind, e.value.usage.prompt_tokens) == ("answer", 100)
    assert e.value.calls[0].finish_reason == reply["choices"][0]["finish_reason"]


# ------------------------------------------------------------------------------------------ limits and cancellation


async def test_the_concurrency_limit_holds_and_is_used(question, endpoint):
    full = asyncio.Event()

    async def behave(body, number):
        if server.now == 5:
            full.set()
        await full.wait()  # nobody is answered before the fifth is there, so that fewer would never end
        return completion(json.dumps(APPLES))

    async with (
        serving(behave) as server,
        Client(endpoint(server.url, max_concurrency=5)) as lmm,
    ):
        await asyncio.gather(*(lmm.ask(question(str(n))) for n in range(40)))
        assert lmm.totals().answered == 40
    assert server.most == 5


async def test_waiting_for_another_attempt_holds_no_slot(question, endpoint, monkeypatch):
    def behave(body, number):
        return error(500) if number == 0 else completion(json.dumps(APPLES))

    async with serving(behave) as server, Client(endpoint(server.url, max_concurrency=1)) as lmm:
        monkeypatch.setattr("tools.lmm.client.backoff", lambda *arguments: 3600.0)
        waiting = asyncio.create_task(lmm.ask(question("first")))
        await until(lambda: lmm.totals().retries > 0)
        assert (await lmm.ask(question("second"))).value.count == 3
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_retry_after_holds_everybody(question, endpoint):
    async with (
        serving(lambda body, number: error(429, headers={"Retry-After": "60"})) as server,
        Client(endpoint(server.url)) as lmm,
    ):
        first = asyncio.create_task(lmm.ask(question("first")))
        await until(lambda: lmm.totals().retries > 0)
        second = asyncio.create_task(lmm.ask(question("second")))
        await asyncio.sleep(0.1)
        assert len(server.bodies) == 1, "Retry-After speaks of the endpoint, not of one request"
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def test_tokens_are_settled_with_the_true_number(question, endpoint):
    """Estimates of about 10,020 tokens, true 120: of 11,000 in ten seconds only the true ones leave room for eight,
    which would else take more than a minute."""
    async with (
        serving(answering(APPLES)) as server,
        Client(endpoint(server.url, tokens_per_minute=66_000)) as lmm,
        asyncio.timeout(60),
    ):
        for n in range(8):
            await lmm.ask(question(str(n), max_tokens=10_000))
    assert len(server.bodies) == 8


async def test_requests_that_never_arrived_cost_no_tokens(question, endpoint, no_waiting):
    url = f"http://127.0.0.1:{closed_port()}/v1"
    async with Client(endpoint(url, tokens_per_minute=600)) as lmm, asyncio.timeout(30):
        with pytest.raises(EndpointError):
            await lmm.ask(question(max_tokens=5000))


async def test_cancelling_leaves_nothing_stuck(question, endpoint, tmp_path):
    async with (
        serving(slowly(30, APPLES)) as server,
        Client(endpoint(server.url, max_concurrency=2), cache=tmp_path / "cache.db") as lmm,
    ):
        tasks = [asyncio.create_task(lmm.ask(question(str(n)))) for n in range(6)]
        await until(lambda: server.now == 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        totals = lmm.totals()
        assert (totals.open, totals.in_flight) == (0, 0)
        assert len(lmm._flights) == 0
        await until(lambda: server.now == 0)
        server.behaviour = answering(APPLES)
        replies = await asyncio.gather(*(lmm.ask(question(str(n))) for n in range(6)))
    assert [reply.value.count for reply in replies] == [3] * 6


async def test_a_client_that_is_not_open(question, endpoint):
    with pytest.raises(RuntimeError, match="async with"):
        await Client(endpoint("http://127.0.0.1:9/v1")).ask(question())
