"""What counts as an answer."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from tools.knowledge.answers import Knowledge, MedicalKnowledge, ObjectFact, Triplets, Verdict
from tools.lmm.schema import wire_schema
from tools.lmm.validate import Invalid, parse

GOOD = '{"name": "apple", "count": 3}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"```\n{GOOD}\n```",
        f"Here is what I see:\n```json\n{GOOD}\n```\nAnything else?",
        f"Sure! {GOOD}",
        f"I think {{maybe}} this: {GOOD} is right.",
        f'First try: {{"name": "x"}}, better: {GOOD}',
        f"<think>a set {{1, 2}}</think>{GOOD}",
        f"\ufeff{GOOD}",
    ],
)
def test_json_is_found_where_it_stands(fruit, text):
    assert parse(fruit, text).count == 3


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Invalid JSON"),
        ("apples", "Invalid JSON"),
        ('{"name": "apple"}', "count: Field required"),
        ('{"name": "apple", "count": -1}', "count: Input should be greater than or equal to 0"),
        ('{"name": "", "count": 1}', "name: String should have at least 1 character"),
        ('{"name": "apple", "count": 1, "size": 2}', "size: Extra inputs are not permitted"),
        (f"[{GOOD[:-1]}", "Invalid JSON"),
        ('{"name": "apple", "count": NaN}', "count: Input should be a finite number"),
        ('{"name": "\\ud800", "count": 1}', "Invalid JSON"),
        ("ab\ud800", "no valid Unicode"),
        ('I say {"name": "apple", "count": "many"}.', "count: Input should be a valid integer"),
    ],
)
def test_the_problem_says_where_and_what(fruit, text, problem):
    with pytest.raises(Invalid, match=problem):
        parse(fruit, text)


def test_the_problem_does_not_repeat_the_answer(fruit):
    with pytest.raises(Invalid) as error:
        parse(fruit, '{"name": "private words that are too long for this", "count": 1}')
    assert "private" not in str(error.value)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}[]":,0 an`\n\\', max_size=400))
def test_no_text_breaks_the_parser(text):
    try:
        parse(Verdict, text)
    except Invalid as error:
        assert str(error)


@pytest.mark.parametrize(
    "text", ["{" * 200_000, "[" * 200_000, '{"a":' * 100_000, "```json\n" * 20_000, '{"a": ' + "9" * 50_000]
)
def test_hostile_texts_end_soon(text):
    with pytest.raises(Invalid):
        parse(Verdict, text)


def keywords(node):
    """All keywords of a schema."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from keywords(list(value.values()) if key == "properties" else value)
    elif isinstance(node, list):
        for item in node:
            yield from keywords(item)


@pytest.mark.parametrize("model", [Knowledge, MedicalKnowledge, Triplets, Verdict])
@pytest.mark.parametrize("lengths", [True, False])
def test_wire_schemas_are_flat_bare_and_strict(model, lengths):
    schema = wire_schema(model, lengths)
    used = set(keywords(schema))
    assert not used & {"$ref", "$defs", "title", "description", "default", "anyOf"}
    assert ("maxLength" in used) == (lengths and "maxLength" in json.dumps(model.model_json_schema()))

    def strict(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False
                assert node["required"] == list(node["properties"]), (
                    "in the order in which a model writes them"
                )
            for value in node.values():
                strict(value)
        elif isinstance(node, list):
            for item in node:
                strict(item)

    strict(schema)


def test_a_field_may_be_named_like_a_keyword():
    class Book(BaseModel):
        model_config = ConfigDict(extra="forbid")
        title: str
        description: str

    assert list(wire_schema(Book, True)["properties"]) == ["title", "description"]


def test_field_order_is_kept():
    objects = wire_schema(Knowledge, True)["properties"]["objects"]["items"]
    assert list(objects["properties"]) == list(ObjectFact.model_fields)


def test_a_model_that_contains_itself_is_refused():
    class Node(BaseModel):
        children: "list[Node]"

    Node.model_rebuild(_types_namespace={"Node": Node})
    with pytest.raises(ValueError, match="Node contains itself"):
        wire_schema(Node, True)
