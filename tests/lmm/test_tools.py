"""Questions that bind tools, through the whole chain."""

import json

import pytest
from endpoint_double import answering, completion, in_turn, serving

from tools.lmm.client import Client
from tools.lmm.question import LMMError, Picture
from tools.lmm.tools import AssistantSaid, Move, ToolCall, ToolQuestion, ToolSaid, UserSaid, turns_of

FORM = {
    "type": "function",
    "function": {
        "name": "weigh",
        "description": "Weighs a fruit.",
        "parameters": {"type": "object", "properties": {"fruit": {"type": "string"}}, "required": ["fruit"]},
    },
}
PICTURE = Picture(b"\x89PNG", "image/png", "f" * 64, 8, 8)


def called(*calls: tuple[str, str], text: str | None = None) -> dict:
    """The body of a reply that calls tools."""
    listed = [
        {"id": f"id{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(calls)
    ]
    return completion(text, "tool_calls", tool_calls=listed)


@pytest.fixture
def asked():
    def make(**changes):
        fields = {
            "step": "talk", "prompt": "p@0", "system": "Help.", "shared": ("State.",), "ask": "How heavy?",
            "answer": Move, "tools": (FORM,),
        }  # fmt: skip
        return ToolQuestion(**(fields | changes))

    return make


async def test_a_reply_that_calls_tools_is_a_move(endpoint, asked):
    calls = called(("weigh", '{"fruit": "pear"}'), ("weigh", "{broken"), text="Let me see.")
    async with serving(in_turn(calls)) as server, Client(endpoint(server.url)) as client:
        reply = await client.ask(asked())
    assert reply.value.text == "Let me see."
    assert sorted((call.name, call.arguments) for call in reply.value.calls) == [
        ("weigh", '{"fruit": "pear"}'), ("weigh", "{broken"),
    ]  # fmt: skip
    assert reply.call.finish_reason == "tool_calls" and reply.usage.calls == 1 and reply.usage.repairs == 0
    [body] = server.bodies
    assert body["tools"] == [FORM] and body["tool_choice"] == "auto" and "response_format" not in body


async def test_a_reply_in_words_is_a_move_too(endpoint, asked):
    async with serving(in_turn(completion("Heavy."))) as server, Client(endpoint(server.url)) as client:
        assert (await client.ask(asked())).value == Move(text="Heavy.", calls=[])


async def test_the_conversation_goes_over_the_wire_in_order(endpoint, asked):
    call = ToolCall(id="abc", name="weigh", arguments='{"fruit": "pear"}')
    broken = ToolCall(id="def", name="weigh", arguments="{broken")
    question = asked(
        before=(UserSaid(("Hi.",)), AssistantSaid("Hello.")),
        after=(
            AssistantSaid("", (call, broken)), ToolSaid("abc", "weigh", "200 g"), ToolSaid("def", "weigh", "what?"),
            UserSaid(("The pear:", PICTURE)),
        ),
    )  # fmt: skip
    async with serving(in_turn(completion("200 g."))) as server, Client(endpoint(server.url)) as client:
        await client.ask(question)
    messages = server.bodies[0]["messages"]
    roles = [message["role"] for message in messages]
    assert roles == ["system", "user", "assistant", "user", "assistant", "tool", "tool", "user"]
    assert messages[3]["content"] == "State.\n\nHow heavy?"
    sent = {each["id"]: each["function"]["arguments"] for each in messages[4]["tool_calls"]}
    assert json.loads(sent["abc"]) == {"fruit": "pear"} and sent["def"] == "{broken"
    assert [message.get("tool_call_id") for message in messages[5:7]] == ["abc", "def"]
    assert messages[7]["content"][0] == {"type": "text", "text": "The pear:"}
    assert messages[7]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert len(turns_of(question)) == 7


async def test_moves_are_kept_in_the_cache_by_the_whole_conversation(endpoint, asked, tmp_path):
    behaviour = in_turn(called(("weigh", "{}")), completion("200 g."), completion("Another."))
    async with (
        serving(behaviour) as server,
        Client(endpoint(server.url), cache=tmp_path / "c.sqlite") as client,
    ):
        first = await client.ask(asked())
        again = await client.ask(asked())
        after = (AssistantSaid("", tuple(first.value.calls)), ToolSaid("id0", "weigh", "200 g"))
        second = await client.ask(asked(after=after))
        other = await client.ask(asked(after=(after[0], ToolSaid("id0", "weigh", "300 g"))))
    assert again.value == first.value and again.call.cached and len(server.bodies) == 3
    assert second.value.text == "200 g." and other.value.text == "Another."


@pytest.mark.parametrize("reply", [completion(""), completion(None), completion("  ")])
async def test_a_reply_of_nothing_is_no_move(endpoint, asked, reply):
    async with serving(in_turn(reply)) as server, Client(endpoint(server.url)) as client:
        with pytest.raises(LMMError, match="the answer is empty"):
            await client.ask(asked())


async def test_calls_that_were_cut_off_are_no_move(endpoint, asked):
    reply = called(("weigh", '{"fruit": "pe'))
    reply["choices"][0]["finish_reason"] = "length"
    async with serving(in_turn(reply)) as server, Client(endpoint(server.url)) as client:
        with pytest.raises(LMMError, match="cut off"):
            await client.ask(asked())


async def test_tools_that_nobody_bound_are_no_answer(endpoint, question):
    async with (
        serving(in_turn(called(("weigh", "{}")))) as server,
        Client(endpoint(server.url, retries=0)) as client,
    ):
        with pytest.raises(LMMError, match="the answer is empty"):
            await client.ask(question(answer=str))


async def test_other_questions_know_nothing_of_it(endpoint, question):
    async with (
        serving(answering({"name": "apple", "count": 3})) as server,
        Client(endpoint(server.url)) as client,
    ):
        await client.ask(question())
    assert "tools" not in server.bodies[0] and "tool_choice" not in server.bodies[0]
