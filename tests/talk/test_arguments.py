"""What the tools are called, what they take, and what the LMM is told of them: one set of names everywhere."""

import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ValidationError

from agent.talk.arguments import ARGUMENTS, Rerank, arguments_of
from agent.talk.tools import Toolbox
from prompts.library import Library
from tools.talk.actions import ACTIONS, next_action


def test_every_action_has_a_tool_and_every_tool_a_description():
    described = Library().table("assistant/tools")
    assert set(described) == set(ARGUMENTS)
    assert {*ACTIONS} - {"reply"} <= set(ARGUMENTS)
    tools = Toolbox(None, None, None, None).tools(described)  # type: ignore[arg-type]
    for name, tool in tools.items():
        form = convert_to_openai_tool(tool)["function"]
        assert form["name"] == name and form["description"] == described[name]
        fields = ARGUMENTS[name].model_fields
        assert set(form["parameters"].get("properties", {})) == set(fields)
        assert all("description" in each for each in form["parameters"].get("properties", {}).values())


@pytest.mark.parametrize(
    ("action", "given", "arguments"),
    [
        ("show_graph", {}, {}),
        ("show_graph", {"candidates": [3]}, {"candidate": 3}),
        ("compare_graphs", {"candidates": [3]}, {"candidate": 3}),
        ("compare_graphs", {"candidates": [3, 1]}, {"candidate": 3, "other": 1}),
        ("score_candidate", {"candidates": [2]}, {"candidate": 2}),
        ("regenerate", {"subject": "moon"}, {"subject": "moon"}),
        ("rerank", {"weights": {"clip": 0.0, "graph": 2.0}}, {"clip": 0.0, "graph": 2.0}),
        ("find_similar", {}, {}),
        ("explain_choice", {}, {}),
    ],
)
def test_an_action_gives_its_tool_what_it_takes(action, given, arguments):
    found = arguments_of(next_action(action, **given))
    assert found == arguments
    assert ARGUMENTS[action].model_validate(found).model_dump(exclude_none=True) == arguments


@pytest.mark.parametrize(
    ("action", "given", "why"),
    [
        ("show_graph", {"candidates": [1, 2]}, "second_candidate"),
        ("score_candidate", {"candidates": []}, "candidate"),
        ("score_candidate", {"candidates": [1, 2]}, "second_candidate"),
        ("compare_graphs", {"candidates": []}, "candidate"),
        ("regenerate", {"subject": ""}, "subject"),
        ("rerank", {}, "give the weight"),
    ],
)
def test_an_action_with_too_little_or_too_much_is_refused(action, given, why):
    with pytest.raises(ValidationError, match=why):
        ARGUMENTS[action].model_validate(arguments_of(next_action(action, **given)))


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), 101])
def test_weights_within_bounds(weight):
    with pytest.raises(ValidationError):
        Rerank(clip=weight)
