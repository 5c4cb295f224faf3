"""A walk with the miniature: its real LMM behind its real endpoint, and an endpoint that has to be started again."""

from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace

from workbench import Oracle, serving

from agent import miniature
from agent.plan import Plan, make_plan
from agent.settings import Settings
from agent.walk.events import CallEnded, Event, Note, Problem, StepStarted, Token
from agent.walk.models import PlannedModels
from agent.walk.source import from_text
from agent.walk.walk import Walk

STORY = "Two red squares hang above one blue circle."


def plan(folder, **settings) -> Plan:
    given = {
        "dataset": "mmimdb",
        "cache_dir": folder,
        "weights": {"graph": 1.0},
        "candidates": 1,
        "lmm": "mini",
    }
    return make_plan(Settings(**{**given, **settings}))


async def test_the_miniature_streams_its_answers(tmp_path):
    told: list[Event] = []
    models = PlannedModels(plan(tmp_path), tmp_path / "logs", draws=False)
    async with models, await Walk.create(tmp_path / "walk", from_text(STORY), models) as walk:
        assert await walk.next(told.append) is not None
        assert await walk.next(told.append) is not None
        [ended] = [event for event in told if isinstance(event, CallEnded)]
        tokens = [event.text for event in told if isinstance(event, Token) and event.call == ended.call]
        assert len(tokens) > 10 and "".join(tokens) == ended.text
        assert ended.usage.completion_tokens > 10 and not ended.cached
        assert (await walk.state())["graph"]


async def test_an_endpoint_of_ours_that_has_died_is_started_again(tmp_path, monkeypatch):
    started: list[AsyncExitStack] = []

    @asynccontextmanager
    async def endpoint(log):
        async with AsyncExitStack() as stack:
            started.append(stack)
            url = await stack.enter_async_context(serving(Oracle()))
            yield SimpleNamespace(url=url, model=miniature.MODEL, pid=0)

    monkeypatch.setattr(miniature, "endpoint", endpoint)
    told: list[Event] = []
    chosen = plan(tmp_path, retries=2)
    models = PlannedModels(chosen, tmp_path / "logs", draws=False)
    async with models, await Walk.create(tmp_path / "walk", from_text(STORY), models) as walk:
        for _ in range(2):
            assert await walk.next(told.append) is not None
        assert len(started) == 1
        await started[0].aclose()
        assert await walk.next(told.append) is None
        assert isinstance(told[-1], Problem) and "cannot be reached" in told[-1].sentence
        assert walk.next_step == "alternate"
        assert await walk.retry(told.append) is not None
        assert len(started) == 2 and (await walk.state())["candidates"][0].description
    assert sum(event.text == "preparing the models ..." for event in told if isinstance(event, Note)) == 2
    assert [event.step for event in told if isinstance(event, StepStarted)].count("alternate") == 2
