"""Where a node of a graph came from: the sentences, the answers and the parts of the knowledge that name it.

The LMM does not say which word made which edge, so this is found by comparing spellings the way graphs are compared
(`tools.knowledge.labels`): a place that names the node is shown, and nothing is claimed beyond that.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from agent.walk.calls import LoggedCall
from tools.knowledge.labels import normalise

SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+|\n|$)")
WORD = re.compile(r"[\w'\u2019-]+")
AROUND = 90
"""Characters shown on either side of a name in an answer."""
MOST = 12
"""Places of one kind."""


def origins(
    node: str, edges: Iterable[tuple[str, str, str]], state: Mapping[str, Any], calls: Iterable[LoggedCall]
) -> dict[str, Any]:
    """`state` holds what the graph was made from: text, knowledge, answers; `calls` are those that made it."""
    name = normalise(node)
    return {
        "node": node,
        "edges": [list(edge) for edge in edges if name in (normalise(edge[0]), normalise(edge[2]))],
        "sentences": _first(sentences(state.get("text") or "", name)),
        "knowledge": _first(paths(state.get("knowledge"), name)),
        "rules": _first(
            {"rule": rule, "answer": answer}
            for rule, answer in (state.get("answers") or {}).items()
            if places(answer, name)
        ),
        "calls": _first(_call(call, name) for call in calls if places(call.text, name)),
    }


def sentences(text: str, name: str) -> Iterator[dict[str, Any]]:
    """Sentences that name the node, each cut into parts."""
    for found in SENTENCE.finditer(text):
        sentence = found[0].strip()
        if marks := places(sentence, name):
            yield {"parts": parts(sentence, marks)}


def paths(value: Any, name: str, path: str = "") -> Iterator[dict[str, Any]]:
    """Places in a JSON value whose text or number is the node: {"path": "objects.1.name", "value": ..., "beside": ...}.
    `beside` is the object that holds it."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in children:
        where = f"{path}.{key}" if path else str(key)
        if isinstance(inner, (dict, list)):
            yield from paths(inner, name, where)
        elif inner is not None and normalise(str(inner)) == name:
            beside = value if isinstance(value, dict) else None
            yield {"path": where, "value": str(inner), "beside": beside}


def places(text: str, name: str) -> list[tuple[int, int]]:
    """(begin, end) of the words of a text that are spelt like the node, when the spelling is evened out."""
    words = [(found.start(), found.end(), normalise(found[0])) for found in WORD.finditer(text)]
    wanted = name.split()
    if not wanted:
        return []
    found = []
    for start in range(len(words) - len(wanted) + 1):
        part = words[start : start + len(wanted)]
        if [word for _, _, word in part] == wanted:
            found.append((part[0][0], part[-1][1]))
    return found[:MOST]


def parts(text: str, marks: list[tuple[int, int]]) -> list[tuple[str, bool]]:
    """A text cut at its marked places: (part, whether it is marked). Places are not given to the page as numbers,
    since scripts count characters otherwise."""
    cut: list[tuple[str, bool]] = []
    reached = 0
    for begin, end in marks:
        if begin >= reached:
            cut += [(text[reached:begin], False), (text[begin:end], True)]
            reached = end
    return [part for part in [*cut, (text[reached:], False)] if part[0]]


def _call(call: LoggedCall, name: str) -> dict[str, Any]:
    [(begin, end), *_] = places(call.text, name)
    first, last = max(0, begin - AROUND), min(len(call.text), end + AROUND)
    before, after = call.text[first:begin], call.text[end:last]
    return {
        "call": call.call,
        "step": call.asked.step,
        "prompt": call.asked.prompt,
        "parts": [
            (("… " if first else "") + before, False),
            (call.text[begin:end], True),
            (after + (" …" if last < len(call.text) else ""), False),
        ],
    }


def _first(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one, _ in zip(found, range(MOST), strict=False)]
