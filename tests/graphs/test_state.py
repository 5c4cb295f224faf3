"""The state machine as such: how updates join, what a checkpoint holds, and the graph of `langgraph dev`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from workbench import Bench, Table

from data.record import Candidate
from data.sample import Modality
from graphs.completion import build, record_of, to_input
from graphs.context import Options
from graphs.debug import build_debug
from graphs.seeds import derive
from graphs.state import Span, by_index, wall_seconds


def candidate(index: int, text: str | None = None) -> Candidate:
    return Candidate(index=index, subject="star", description="", seed=0, text=text)


def test_a_candidate_replaces_its_former_self() -> None:
    known = [candidate(0), candidate(1)]
    joined = by_index(known, [candidate(2), candidate(1, "new")])
    assert [(c.index, c.text) for c in joined] == [(0, None), (1, "new"), (2, None)]
    assert by_index(joined, joined) == joined


def test_work_at_the_same_time_counts_once() -> None:
    spans = [Span(stage="a", begin=begin, end=end) for begin, end in [(0, 2), (5.5, 5.7), (1, 3), (5, 6)]]
    assert wall_seconds(spans) == pytest.approx(4)
    assert wall_seconds([]) == 0


@given(st.integers(), st.text(), st.integers())
def test_seeds_fit_every_generator(run: int, sample: str, index: int) -> None:
    assert 0 <= derive(run, sample, index) < 2**31


def test_seeds_differ() -> None:
    seeds = {
        derive(run, sample, index) for run in range(5) for sample in ("a", "b", "a\0") for index in range(5)
    }
    assert len(seeds) == 75


async def test_with_a_checkpointer_the_run_is_the_same_and_no_picture_is_stored(bench: Bench) -> None:
    """Chat keeps checkpoints; the state must survive them, without bytes, and be readable at every step."""
    saver = InMemorySaver()
    graph = build(saver)
    options = Options(mode="stepwise", rounds=1)
    sample = bench.sample(side=1500)
    table: Any = Table()
    config: Any = {"configurable": {"thread_id": "1"}}
    await graph.ainvoke(
        to_input(sample, 3, (False, True), table), config, context=bench.context(options=options)
    )
    history = [snapshot async for snapshot in graph.aget_state_history(config)]
    stored = record_of(history[0].values)
    fresh = await bench.complete(Modality.TEXT, sample=sample, options=options)
    timed = {"seconds", "calls"}
    assert stored.model_dump(exclude=timed) == fresh.model_dump(exclude=timed)
    assert [call.step for call in stored.calls] == [call.step for call in fresh.calls]
    assert [snapshot.next for snapshot in history[:-1]][::-1] == [
        ("intake",), ("extract",), ("alternate",), ("generate",), ("rank",), ("verify",), (),
    ]  # fmt: skip
    written = [data for _, data in saver.blobs.values()]
    assert written and max(map(len, written)) < 20_000 and not any(b"\x89PNG" in data for data in written)


async def test_a_step_can_be_edited_and_replayed(bench: Bench) -> None:
    """From the checkpoint before `rank` with another candidate text: only what follows is done again."""
    graph = build(InMemorySaver())
    table: Any = Table()
    config: Any = {"configurable": {"thread_id": "1"}}
    context = bench.context()
    await graph.ainvoke(to_input(bench.sample(), 3, (False, True), table), config, context=context)
    before = await anext(s async for s in graph.aget_state_history(config) if s.next == ("rank",))
    edited = before.values["candidates"][1].model_copy(update={"text": "Another text."})
    fork = await graph.aupdate_state(before.config, {"candidates": [edited]}, as_node="generate")
    bench.oracle.asked.clear()
    record = record_of(await graph.ainvoke(None, fork, context=context))
    assert record.candidates[1].text == "Another text."
    assert bench.oracle.kinds() == {"Knowledge": 5}


async def test_langgraph_dev_takes_json_and_gives_the_record(bench: Bench) -> None:
    contexts = []

    async def context() -> Any:
        contexts.append(bench.context())
        return contexts[-1]

    graph = build_debug(context)
    assert contexts == [], "nothing is built before the first run"
    table: Any = Table()
    task = to_input(bench.sample(), 3, (False, True), table)
    by_hand: Any = json.loads(json.dumps(task, default=lambda model: model.model_dump(mode="json")))
    result = await graph.ainvoke(by_hand)
    expected = await bench.complete(Modality.TEXT)
    assert result["record"].candidates == expected.candidates
    assert graph.get_input_jsonschema()["properties"].keys() == task.keys()
    assert len(contexts) == 1


def test_langgraph_json_names_a_graph_that_loads_without_models() -> None:
    root = Path(__file__).parents[2]
    path, _, name = json.loads((root / "langgraph.json").read_text())["graphs"]["completion"].partition(":")
    code = (
        f"import sys, runpy; graph = runpy.run_path({str(root / path)!r})[{name!r}];"
        " print(graph.name, 'torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=300)
    assert ran.stdout.split() == ["completion", "False"], ran.stderr
