"""The talk turns of the miniature's training, and that its exam asks what they never say."""

import random
import re
from functools import cache

import pytest

from mini.exam import Report, grade_action, some_sight
from mini.paraphrases import CHOSEN, PARAPHRASES
from mini.train import patterns, smalltalk
from mini.train.grammar import parsed, regex, say, squeezed
from mini.train.requests import (
    BEST,
    CARDINALS,
    CONTRACTIONS,
    NUMBERED,
    ORDINALS,
    TERM_NAMES,
    VALUES,
    requested,
)
from mini.train.talk import TalkTeacher
from mini.world.facts import KINDS
from mini.world.texts import plural
from prompts.library import Library
from tools.lmm.validate import parse
from tools.talk.actions import ACTIONS, NextAction

COMMANDS = {name: getattr(patterns, name) for name in dir(patterns) if name.endswith("_DO")}
SENTENCES = {name: getattr(patterns, name) for name in dir(patterns) if name.endswith("_ASK")}
COMMANDS["OFF_DO"] = smalltalk.OFF_DO
SENTENCES |= {name: getattr(smalltalk, name) for name in ("GREET", "THANK", "HELP", "WHO", "BYE", "OFF_ASK")}


def any_of(texts):
    return "(?:" + "|".join(sorted({re.escape(squeezed(text)) for text in texts})) + ")"


NUMBERS = any_of(
    form.format(n=n, nth=ORDINALS[i], digit=i + 1)
    for form in NUMBERED
    for i in range(9)
    for n in (str(i + 1), CARDINALS[i])
)
CANDIDATE = f"(?:{NUMBERS}|{regex(BEST, str)})"
TERM = any_of(name for names in TERM_NAMES.values() for name in names)
VALUE = f"(?:[0-9.]+|{any_of(word for words in VALUES.values() for word in words)})"
FILLED = {
    "c": CANDIDATE,
    "best": CANDIDATE,
    "s": any_of([*KINDS, *map(plural, KINDS)]),
    "t": TERM,
    "v": VALUE,
    "w": f"(?:{TERM}|{VALUE}|and|then|at|for|to|of)+",
}


@cache
def slot(name):
    """The regular expression of everything that a slot can be."""
    if name in ("a", "b"):
        return f"(?:{CANDIDATE}|{slot('sample')})"
    if name in FILLED:
        return FILLED[name]
    return regex(parsed(smalltalk.PLACES if name == "place" else patterns.WORDS[name]), slot)


@cache
def everything():
    """Regular expressions of all sentences that the grammar can say."""
    found = [re.compile(rf"(compare|comparethegraphsof|similarityof|howsimilarare)(candidates)?{CANDIDATE}"
                        rf"(and|with|to){CANDIDATE}")]  # fmt: skip
    for kinds, before, after in (
        (COMMANDS, patterns.BEFORE_DO, patterns.AFTER_DO), (SENTENCES, patterns.BEFORE_ASK, patterns.AFTER_ASK),
    ):  # fmt: skip
        frame = regex(parsed(before), slot) + "(?:{})" + regex(parsed(after), slot)
        for patterns_of_kind in kinds.values():
            found += [re.compile(frame.replace("{}", regex(parsed(p), slot))) for p in patterns_of_kind]
    return found


def whole(text):
    """Without contractions, as the patterns are written."""
    for long, short in CONTRACTIONS.items():
        text = re.sub(rf"\b{re.escape(short)}\b", long, text, flags=re.IGNORECASE)
    return text


def said_by_the_grammar(text):
    return any(pattern.fullmatch(squeezed(t)) for pattern in everything() for t in (text, whole(text)))


def test_no_paraphrase_of_the_exam_can_come_up_in_training():
    assert [p.request for p in PARAPHRASES if said_by_the_grammar(p.request)] == []


def test_the_proof_recognises_what_the_grammar_says():
    teacher, rng = TalkTeacher(Library()), random.Random(5)
    said = [requested(rng, teacher.sight(rng))[0] for _ in range(150)]
    assert [text for text in said if not said_by_the_grammar(text)] == []


def test_the_exam_asks_for_every_action_often_enough():
    for action in ACTIONS:
        assert sum(p.action == action for p in PARAPHRASES) >= 8
    assert len({p.request for p in PARAPHRASES}) == len(PARAPHRASES) >= 60


def test_every_turn_is_a_fitting_answer_to_a_question_with_one_system_prompt():
    teacher, rng = TalkTeacher(Library()), random.Random(7)
    turns = [turn for _ in range(20) for turn in teacher.batch(20, rng)]
    assert len({turn.system for turn in turns}) == 1
    for turn in turns:
        action = parse(NextAction, turn.answer)
        assert turn.shared and "User: " in turn.ask
        assert ("Result of" in turn.ask) == (turn.task == "talk.found")
        assert (action.action == "reply") == bool(action.reply)
        assert turn.task == "talk.found" or turn.task == f"talk.{action.action}"
    assert {turn.task for turn in turns} >= {f"talk.{action}" for action in ACTIONS} | {"talk.found"}


def test_requests_name_what_their_action_holds():
    """The arguments can be found in the words: a teacher that asks for what is not said would teach guessing."""
    teacher, rng = TalkTeacher(Library()), random.Random(3)
    for _ in range(500):
        sight = teacher.sight(rng)
        text, action = requested(rng, sight)
        if action.subject:
            assert action.subject in text.lower()
        for number in action.candidates:
            said = {str(number), CARDINALS[number - 1], ORDINALS[number - 1]}
            assert number == sight.chosen or any(word in text.lower() for word in said), (text, action)


def test_grading_wants_the_action_and_every_argument():
    sight = some_sight(random.Random(1))
    for asked in PARAPHRASES:
        numbers = [sight.chosen if n == CHOSEN else n for n in asked.candidates]
        right = NextAction(
            action=asked.action, candidates=numbers[::-1], subject=asked.subject, reply="x",
            weights=[{"term": term, "weight": weight} for term, weight in asked.weights],
        )  # fmt: skip
        other = next(n for n in range(1, 10) if n not in numbers)
        wrong = [right.model_copy(update={"action": "rerank" if asked.action != "rerank" else "reply"}), None]
        if asked.action != "reply":
            wrong += [
                right.model_copy(update={"candidates": [other]}),
                right.model_copy(update={"subject": "x"}),
            ]
        report = Report()
        grade_action(report, asked, sight, right)
        assert report.figures()["right"] == report.figures()["action"] == 1
        for action in wrong:
            report = Report()
            grade_action(report, asked, sight, action)
            assert report.figures()["right"] == report.figures()[asked.action] == 0


@pytest.mark.parametrize("pattern", ["(a|b", "a)", "{a", "a|b)"])
def test_a_broken_pattern_is_refused(pattern):
    with pytest.raises(ValueError):
        parsed(pattern)


def test_a_pattern_says_each_of_its_choices():
    rng = random.Random(0)
    tree = parsed("(a|b (c|))  {x}, d")
    assert {say(tree, rng, str.upper) for _ in range(99)} == {"a X, d", "b c X, d", "b X, d"}
