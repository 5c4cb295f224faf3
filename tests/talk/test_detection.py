"""Which way an endpoint can go: one probe, remembered."""

import json

import pytest
from talker import action, moves

from agent.talk.detection import FILE, remembered
from agent.talk.events import WaysFound
from agent.walk.events import Problem


async def test_native_tools_are_found_once_and_remembered(studio):
    it = await studio()
    it.talker.script = moves(True, "Yes.")
    talk = it.talk()
    await talk.say("one", it.emit)
    await talk.say("two", it.emit)
    await it.talk().say("three", it.emit)  # another conversation over the same session
    assert it.talker.probes == 1 and len(it.of(WaysFound)) == 1 and it.of(WaysFound)[0].native
    assert all("tools" in body for body in it.talker.talked)
    assert json.loads((it.walk.folder / FILE).read_text())["native"] is True


@pytest.mark.parametrize("change", [{"native": False}, {"ready": False}])
async def test_without_native_tools_the_schema_is_used(studio, change):
    it = await studio()
    vars(it.talker).update(change)
    it.talker.script = lambda body, number: action("reply", reply="Yes.")
    told = await it.talk().say("one", it.emit)
    assert told.text == "Yes." and not it.of(WaysFound)[0].native
    assert "JSON schema" in it.of(WaysFound)[0].sentence
    [body] = it.talker.talked
    assert body["response_format"]["json_schema"]["name"] == "NextAction" and "tools" not in body


async def test_another_lmm_is_asked_anew(studio):
    it = await studio()
    it.talker.script = moves(True, "Yes.")
    await it.talk().say("one")
    it.models.described["lmm"] = {"name": "other"}
    await it.talk().say("two")
    assert it.talker.probes == 2


async def test_what_was_set_is_not_probed(studio):
    it = await studio()
    it.talker.native = False
    told = await it.talk(tools="native").say("one", it.emit)
    assert told.failed and "--tools schema" in told.text and it.talker.probes == 0
    it.talker.script = lambda body, number: action("reply", reply="Yes.")
    assert (await it.talk(tools="schema").say("two")).text == "Yes."


async def test_an_endpoint_that_is_down_decides_nothing(studio, monkeypatch):
    it = await studio()
    await it.models.given.lmm.close()
    it.models.given.lmm.endpoint = it.models.given.lmm.endpoint.model_copy(
        update={"base_url": "http://127.0.0.1:9/v1"}
    )
    async with it.models.given.lmm:
        told = await it.talk().say("one", it.emit)
    assert told.failed and len(it.of(Problem)) == 1 and not (it.walk.folder / FILE).exists()


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2}', "\x00" * 10])
def test_a_broken_memory_counts_as_none(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    assert remembered(tmp_path, {}) is None
