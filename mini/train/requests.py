"""What a user says in a talk, at random, with the action that it asks for, in the wordings of `mini.train.patterns`."""

import random
import re
from collections.abc import Callable
from functools import cache

from mini.train import patterns, smalltalk
from mini.train.grammar import Choice, parsed, say
from mini.world.facts import KINDS
from mini.world.texts import plural
from tools.talk.actions import TERMS, ActionName, NextAction, Term, next_action
from tools.talk.questions import Sight

MOST = 9
"""Candidates of a sample in these turns."""
CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
NUMBERED = (
    "candidate {n}", "candidate {n}", "candidate {n}", "candidate number {n}", "number {n}", "number {n}",
    "candidate #{n}", "no. {n}", "#{n}", "the {nth} candidate", "the {nth} one", "the {nth}", "{n}", "{digit}",
    "the candidate {n}",
    "candidate no. {n}", "version {n}", "the candidate number {n}", "the one with number {n}",
)  # fmt: skip
BEST = parsed(
    "the (chosen|selected|best|winning|preferred|current|top|picked|present) (candidate|one|version)|the winner"
    "|the best|your (choice|favourite|pick|candidate|winner)|the (choice|pick|favourite|selection)"
    "|the one (that is|that was|)"
    " (chosen|selected|picked)|the one (that|) you (chose|picked|selected|took|prefer)|the candidate (that|) you"
    " (chose|picked|took)|the chosen"
)
TERM_NAMES: dict[Term, tuple[str, ...]] = {
    "graph": (
        "the graph", "graph", "the graph", "the graph score", "the graph similarity", "the knowledge graph", "graphs",
        "the graph term", "the graphs",
    ),
    "clip": (
        "clip", "CLIP", "clip", "CLIP", "the clip score", "the CLIP score", "Clip", "the clip term", "clip's score",
    ),
    "blip": (
        "blip", "BLIP", "blip", "BLIP", "the blip score", "the BLIP score", "Blip", "the blip term", "blip's score",
    ),
}  # fmt: skip
VALUES: dict[float, tuple[str, ...]] = {
    0.0: ("0", "zero", "0.0", "nothing", "nil"),
    0.5: ("0.5", "half", "a half", ".5", "one half"),
    1.0: ("1", "one", "1.0"),
    2.0: ("2", "two", "2.0"),
    3.0: ("3", "three", "3.0"),
    4.0: ("4", "four"),
    5.0: ("5", "five"),
    1.5: ("1.5", "one and a half"),
}
VALUE_LINKS = (
    "{t} {v}", "{t} {v}", "{t} at {v}", "{t} = {v}", "{t}: {v}", "{v} for {t}", "{t} to {v}", "{t} of {v}",
)  # fmt: skip
CONTRACTIONS = {
    "what is": "what's", "I am": "I'm", "do not": "don't", "it is": "it's", "let us": "let's", "that is": "that's",
    "does not": "doesn't", "who is": "who's", "cannot": "can't",
}  # fmt: skip


@cache
def tree(pattern: str) -> Choice:
    return parsed(pattern)


class Wording:
    """Says one request: fills the slots of a pattern with candidates, a subject or weights."""

    def __init__(self, rng: random.Random, **slots: str) -> None:
        self.rng = rng
        self.slots = slots

    def __call__(self, do: tuple[str, ...], ask: tuple[str, ...]) -> str:
        rng = self.rng
        pattern = rng.choice((*do, *ask))
        command = pattern in do
        text = self._say(pattern)
        if rng.random() < 0.6:
            before = self._say(patterns.BEFORE_DO if command else patterns.BEFORE_ASK)
            after = self._say(patterns.AFTER_DO if command else patterns.AFTER_ASK)
            text = f"{before} {text} {after}".strip().replace(" ,", ",")
        if rng.random() < 0.3:
            for whole, short in CONTRACTIONS.items():
                text = re.sub(rf"\b{whole}\b", short, text)
        if rng.random() < 0.6:
            text = text[0].upper() + text[1:]
        end = rng.random()
        if end < 0.6:
            return text + ("." if command else "?")
        return text + ("!" if end < 0.65 else "." if end < 0.75 else "?" if end < 0.8 else "")

    def _say(self, pattern: str) -> str:
        return say(tree(pattern), self.rng, self._slot)

    def _slot(self, name: str) -> str:
        if name in self.slots:
            return self.slots[name]
        return self._say(smalltalk.PLACES if name == "place" else patterns.WORDS[name])


def candidate_said(number: int, chosen: int | None, rng: random.Random) -> str:
    """How a user names a candidate; the chosen one at times as such."""
    if number == chosen and rng.random() < 0.5:
        return say(BEST, rng, str)
    n = str(number) if rng.random() < 0.6 else CARDINALS[number - 1]
    return rng.choice(NUMBERED).format(n=n, nth=ORDINALS[number - 1], digit=number)


def value_said(value: float, rng: random.Random) -> str:
    return rng.choice(VALUES[value]) if value in VALUES else f"{value:g}"


def some_value(rng: random.Random) -> float:
    return rng.choice(list(VALUES)) if rng.random() < 0.5 else rng.randint(1, 19) / 10


def requested(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    """What a user says, and the action that it asks for."""
    makers: dict[ActionName, Callable[[random.Random, Sight], tuple[str, NextAction]]] = {
        "show_graph": graph_asked, "compare_graphs": comparison_asked, "score_candidate": scores_asked,
        "regenerate": candidate_asked, "rerank": ranking_asked, "find_similar": similar_asked,
        "explain_choice": reasons_asked, "reply": talk_asked,
    }  # fmt: skip
    shares = (1.2, 2.0, 1.2, 0.8, 2.6, 0.7, 0.8, 1.0)  # most for those with most arguments
    return rng.choices(list(makers.values()), shares)[0](rng, sight)


def one_of(rng: random.Random, sight: Sight) -> int:
    """A candidate that is asked about: now and then one that is not there, and the chosen one often."""
    if sight.chosen is not None and rng.random() < 0.2:
        return sight.chosen
    return rng.randint(1, MOST)


def graph_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    if rng.random() < 0.4:
        said = Wording(rng)(patterns.SAMPLE_GRAPH_DO, patterns.SAMPLE_GRAPH_ASK)
        return said, next_action("show_graph")
    number = one_of(rng, sight)
    wording = Wording(rng, c=candidate_said(number, sight.chosen, rng))
    return wording(patterns.GRAPH_DO, patterns.GRAPH_ASK), next_action("show_graph", [number])


def comparison_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    first = one_of(rng, sight)
    c = candidate_said(first, sight.chosen, rng)
    if rng.random() < 0.4:
        if rng.random() < 0.15:
            said = Wording(rng, c=c)(patterns.SAMPLE_COMPARE_DO, patterns.SAMPLE_COMPARE_ASK)
            return said, next_action("compare_graphs", [first])
        pair = [c, say(tree(patterns.WORDS["sample"]), rng, str)]
        if rng.random() < 0.3:
            pair.reverse()
        said = Wording(rng, a=pair[0], b=pair[1])(patterns.COMPARE_DO, patterns.COMPARE_ASK)
        return said, next_action("compare_graphs", [first])
    second = rng.choice([n for n in range(1, MOST + 1) if n != first])
    wording = Wording(rng, a=c, b=candidate_said(second, sight.chosen, rng))
    if rng.random() < 0.3:
        style = rng.choice(("{0} and {1}", "{0} with {1}", "candidates {0} and {1}", "{0} to {1}"))
        bare = [str(n) if rng.random() < 0.6 else CARDINALS[n - 1] for n in (first, second)]
        said = rng.choice(
            ("compare {}", "compare the graphs of {}", "similarity of {}", "how similar are {}")
        )
        return said.format(style.format(*bare)), next_action("compare_graphs", [first, second])
    return wording(patterns.COMPARE_DO, patterns.COMPARE_ASK), next_action("compare_graphs", [first, second])


def scores_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    number = one_of(rng, sight)
    wording = Wording(rng, c=candidate_said(number, sight.chosen, rng))
    return wording(patterns.SCORE_DO, patterns.SCORE_ASK), next_action("score_candidate", [number])


def candidate_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    kind = rng.choice(KINDS)
    said = plural(kind) if rng.random() < 0.15 else kind
    return Wording(rng, s=said)(patterns.MAKE_DO, patterns.MAKE_ASK), next_action("regenerate", subject=kind)


def ranking_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    form = rng.choices(("some", "one", "without", "only", "equal"), (0.35, 0.25, 0.2, 0.13, 0.07))[0]
    weights: dict[Term, float] = {}
    term = rng.choice(TERMS)
    name = rng.choice(TERM_NAMES[term])
    if form == "some":
        terms = rng.sample(TERMS, rng.choice((2, 3, 3)))
        if rng.random() < 0.4:
            terms.sort(key=TERMS.index)
        weights = {term: some_value(rng) for term in terms}
        wording = Wording(rng, w=weights_said(weights, rng))
        return wording(patterns.RANK_DO, patterns.RANK_ASK), next_action("rerank", weights=weights)
    if form == "one":
        value = some_value(rng)
        wording = Wording(rng, t=name, v=value_said(value, rng))
        return wording(patterns.ONE_DO, patterns.ONE_ASK), next_action("rerank", weights={term: value})
    if form == "without":
        said = Wording(rng, t=name)(patterns.WITHOUT_DO, patterns.WITHOUT_ASK)
        return said, next_action("rerank", weights={term: 0.0})
    if form == "only":
        weights = {each: float(each == term) for each in TERMS}
        said = Wording(rng, t=name)(patterns.ONLY_DO, patterns.ONLY_ASK)
        return said, next_action("rerank", weights=weights)
    weights = dict.fromkeys(TERMS, 1.0)
    return Wording(rng)(patterns.EQUAL_DO, patterns.EQUAL_ASK), next_action("rerank", weights=weights)


def weights_said(weights: dict[Term, float], rng: random.Random) -> str:
    """ "graph 1, clip 0.5 and blip 0", or the values first and the terms after them."""
    names = [rng.choice(TERM_NAMES[term]) for term in weights]
    values = [value_said(value, rng) for value in weights.values()]
    join = rng.choice((" and ", " and ", ", ", " and then "))

    def row(parts: list[str]) -> str:
        return ", ".join(parts[:-1]) + join + parts[-1]

    if rng.random() < 0.2:
        return f"{row(values)} for {row(names)}"
    link = rng.choice(VALUE_LINKS)
    return row([link.format(t=name, v=value) for name, value in zip(names, values, strict=True)])


def similar_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    return Wording(rng)(patterns.SIMILAR_DO, patterns.SIMILAR_ASK), next_action("find_similar")


def reasons_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    best = say(BEST, rng, str)
    if sight.chosen is not None and rng.random() < 0.4:
        best = candidate_said(sight.chosen, sight.chosen, rng)
    return Wording(rng, best=best)(patterns.WHY_DO, patterns.WHY_ASK), next_action("explain_choice")


SMALL_TALK: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    ((), smalltalk.GREET, "Hello. Ask me about the graph, the candidates or the choice."),
    ((), smalltalk.THANK, "You are welcome."),
    ((), smalltalk.BYE, "Goodbye."),
    ((), smalltalk.WHO, "I am the assistant for this sample."),
    (
        (), smalltalk.HELP,
        "I can show and compare graphs, score, make and rank candidates, find similar samples and explain the choice.",
    ),
    (smalltalk.OFF_DO, smalltalk.OFF_ASK, "I can only help with this sample and its candidates."),
)  # fmt: skip


def talk_asked(rng: random.Random, sight: Sight) -> tuple[str, NextAction]:
    """What no tool is for, and the fixed reply to it."""
    do, ask, reply = rng.choices(SMALL_TALK, (1, 1, 1, 1, 1, 3))[0]
    return Wording(rng)(do, ask), next_action("reply", reply=reply)
