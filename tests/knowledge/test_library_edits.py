"""Another wording in place of a prompt file: checked, and told apart by its hash."""

import pytest

from prompts.library import Library, PromptError

WORDING = "Describe {{subject}} ({{facts}}) as a {{missing}}."


def test_a_replaced_prompt_has_its_own_id_and_leaves_the_others_alone():
    before = Library()
    after = before.replace("general/describe", WORDING)
    assert after.prompt("general/describe").text == WORDING
    assert after.prompt("general/describe").id != before.prompt("general/describe").id
    assert after.prompt("general/merged") == before.prompt("general/merged")
    assert after.digest() != before.digest()
    changed = {k for k, v in after.digests().items() if before.digests()[k] != v}
    assert changed == {"general/describe.md"}


def test_edits_add_up_and_do_not_touch_the_original():
    one = Library().replace("general/describe", WORDING)
    two = one.replace("general/merged", Library().text("general/merged") + " Be brief.")
    assert two.prompt("general/describe").text == WORDING
    assert two.prompt("general/merged").text.endswith("Be brief.")
    assert "Be brief." not in one.text("general/merged")


def test_a_rule_table_can_be_reworded_and_extended():
    rules = Library().table("general/rules")
    first = next(iter(rules))
    text = "\n".join(f"{k}: changed" for k in rules) + "\nweather: Is it raining?\n"
    changed = Library().replace("general/rules", text)
    assert changed.table("general/rules")[first] == "changed"
    assert changed.table("general/rules")["weather"] == "Is it raining?"
    assert changed.text("general/rules") == text


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("general/descibe", WORDING, "did you mean general/describe"),
        ("../../etc/passwd", WORDING, "no prompt '../../etc/passwd'"),
        (
            "general/describe", "Describe {{subject}}.",
            "{{facts}} and {{missing}} and {{subject}} and the new text has the slot",
        ),
        ("general/describe", WORDING + "{{more}}", "{{more}}"),
        ("general/describe", "Describe it.", "no slots"),
        ("general/system", "  ", "cannot be empty"),
        ("general/rules", "weather: Is it raining?", "needs the key"),
        ("general/rules", "- a\n- b", "must map names to texts"),
        ("general/rules", "a: [", "cannot read the prompt table"),
    ],
)  # fmt: skip
def test_what_would_not_work_is_refused_with_a_sentence(name, text, words):
    with pytest.raises(PromptError) as caught:
        Library().replace(name, text)
    assert words.replace("\\", "") in str(caught.value)


def test_every_name_has_a_text():
    library = Library()
    assert all(library.text(name) for name in library.names())
    assert len(set(library.names())) == len(library.names()) > 20
