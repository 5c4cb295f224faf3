"""Commands that only look: show, candidate, history, diff."""

import difflib
from typing import Any

from rich.text import Text

from agent.terminal.chat import Chat, Misused
from agent.terminal.outcomes import (
    picture_path,
    show_candidates,
    show_picture,
    show_pictures,
    show_sample,
)
from agent.terminal.screen import clean, foreign, plural, setting_told
from agent.terminal.views.calls import call_view, logged_line, pretty
from agent.terminal.views.candidates import candidate_view
from agent.terminal.views.difference import difference_view
from agent.terminal.views.graph import graph_view
from agent.terminal.views.history import history_view
from agent.terminal.views.sample import truth_view
from agent.walk.errors import WalkError
from data.record import Candidate
from graphs.context import Options

SHOWN = {
    "sample": "what is there and what is missing",
    "graph": "the knowledge graph",
    "knowledge": "what the LMM said of the sample, as it said it",
    "answers": "stepwise mode: the answer to each rule",
    "candidates": "all candidates with their scores",
    "pictures": "the candidates' pictures beside each other",
    "truth": "what was hidden, where it is known",
    "calls": "calls to the LMM, one line each; of a step: calls extract",
    "call": "one call in full: call N",
    "prompts": "the prompts by name; an edited one is marked",
    "prompt": "one prompt: prompt NAME",
    "options": "the settings of the method on this branch",
    "models": "which models work here",
    "state": "the whole state of the graph, as JSON",
    "conversation": "what was said so far",
}


async def show(chat: Chat, rest: str) -> None:
    """`show [WHAT]`; without WHAT the sample and where the walk stands."""
    what, _, more = rest.partition(" ")
    more = more.strip()
    if what not in ("", *SHOWN):
        close = difflib.get_close_matches(what, SHOWN, 3, 0.5)
        there = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(SHOWN)}"
        raise Misused(f"there is nothing to show by the name {clean(what)!r}; {there}")
    if more and what not in ("calls", "call", "prompt"):
        raise Misused(f"show {what} takes nothing after it")
    state = await chat.walk.state()
    match what:
        case "":
            await show_sample(chat, state)
            chat.screen.hint(f"{chat.walk.session.name}, at {chat.stand()}")
        case "sample":
            await show_sample(chat, state)
        case "graph":
            chat.screen.show(graph_view(state.get("graph", [])))
        case "knowledge" | "answers":
            _json(chat, what, state.get(what))
        case "candidates":
            await show_candidates(chat, state)
        case "pictures":
            await _pictures(chat, state)
        case "truth":
            await _truth(chat, state)
        case "calls":
            _calls(chat, more)
        case "call":
            await _call(chat, more)
        case "prompts":
            _prompts(chat)
        case "prompt":
            _prompt(chat, more)
        case "options":
            chat.screen.facts(options_told(chat.walk.options()))
        case "models":
            _models(chat)
        case "state":
            chat.screen.show(pretty(_plain(state)))
        case "conversation":
            _conversation(chat)


def options_told(options: Options) -> list[tuple[str, str]]:
    """Settings of the method by name, as `set` takes them."""
    return [(name, setting_told(value)) for name, value in vars(options).items()]


def _json(chat: Chat, what: str, value: Any) -> None:
    chat.screen.show(
        pretty(value) if value else Text(f"there are no {what} yet" if what == "answers" else "none yet")
    )


async def _pictures(chat: Chat, state: dict[str, Any]) -> None:
    made = [(c, c.image) for c in state.get("candidates", []) if c.image is not None]
    if not made:
        raise WalkError("no candidate has a picture here")
    paths = [(candidate, path) for candidate, blob in made if (path := picture_path(chat, blob))]
    if paths:
        await show_pictures(chat, paths)
        return
    for candidate, blob in made:
        chat.screen.path(f"{candidate.index + 1:>3} ", chat.walk.folder / blob.path)


async def _truth(chat: Chat, state: dict[str, Any]) -> None:
    view, picture = truth_view(state), state.get("truth_picture")
    if view is not None:
        chat.screen.show(view)
    if picture is not None:
        await show_picture(chat, picture)
    if view is None and picture is None:
        chat.screen.say("nothing was hidden, or not kept: what is missing is not known")


def _calls(chat: Chat, step: str) -> None:
    calls = chat.walk.calls(step=step or None)
    if not calls and step:
        steps = sorted({call.node for call in chat.walk.calls()})
        raise WalkError(
            f"there are no calls of the step {clean(step)!r}; there are {', '.join(steps) or 'none yet'}"
        )
    for call in calls:
        chat.screen.show(logged_line(call.call, call, chat.screen.narrow))
    chat.screen.hint(f"{plural(len(calls), 'call')}; `show call N` unfolds one" if calls else "no calls yet")


async def _call(chat: Chat, wanted: str) -> None:
    calls = {call.call: call for call in chat.walk.calls()}
    number = wanted if wanted.startswith("c") else f"c{wanted}"
    if not wanted:
        raise Misused("show call needs the call's number; `show calls` lists them")
    if number not in calls:
        if not number[1:].isdigit():
            raise Misused(f"{clean(wanted)!r} is no number of a call; `show calls` lists them")
        raise WalkError(
            f"there is no call {clean(wanted)}; `show calls` lists the {len(calls)} that there are"
        )
    call = calls[number]
    chat.screen.show(call_view(call.call, call))
    for message in call.asked.messages:
        for part in message.parts:
            if part.kind == "picture":
                await show_picture(chat, part.picture)


def _prompts(chat: Chat) -> None:
    library = chat.walk.library()
    edited = chat.walk.branch.prompts
    for name in library.names():
        chat.screen.show(
            Text.assemble(clean(name), ("  edited on this branch" if name in edited else "", "magenta"))
        )


def _prompt(chat: Chat, name: str) -> None:
    if not name:
        raise Misused("show prompt needs a name; `show prompts` lists them")
    chat.screen.show(foreign(chat.walk.library().text(name)))


def _models(chat: Chat) -> None:
    rows = []
    for part, model in chat.walk.session.models.items():
        known = {key: value for key, value in model.items() if value not in (None, False, "", [], {})}
        name = known.pop("name", None) or "none"
        rows.append((part, f"{name}  {', '.join(f'{key} {value}' for key, value in known.items())}".rstrip()))
    chat.screen.facts(rows or [("models", "none")])


def _conversation(chat: Chat) -> None:
    turns = chat.walk.session.conversation
    if not turns:
        chat.screen.hint("nothing was said yet")
    for turn in turns:
        who = f"{turn.role} {turn.tool}" if turn.tool else turn.role
        chat.screen.show(
            Text.assemble((f"{clean(who)}: ", "bold"), (clean(turn.text), "red" if turn.error else ""))
        )


def _plain(value: Any) -> Any:
    """The state as plain JSON values."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


# ---------------------------------------------------------------------------------------------------------- candidate


def ranks(candidates: list[Candidate]) -> dict[int, int]:
    """Rank by quality of the candidates that have one, from 1, by index."""
    scored = [c for c in candidates if c.error is None and c.scores != type(c.scores)()]
    order = sorted(scored, key=lambda c: (-c.scores.quality, c.index))
    return {candidate.index: rank for rank, candidate in enumerate(order, 1)}


def candidate_of(state: dict[str, Any], rest: str) -> Candidate:
    """The candidate of a number from 1. Raises `Misused`, or `WalkError` that says which there are."""
    if not rest.isdigit():
        raise Misused("candidate needs a number, such as `candidate 2`")
    candidates: list[Candidate] = state.get("candidates", [])
    found = next((c for c in candidates if c.index + 1 == int(rest)), None)
    if found is None:
        there = (
            ", ".join(str(c.index + 1) for c in candidates)
            or "none yet; `next` makes them in the step alternate"
        )
        raise WalkError(f"there is no candidate {rest}; there are {there}")
    return found


async def candidate(chat: Chat, rest: str) -> None:
    """`candidate N`: all about one, its picture, and its graph against the sample's."""
    state = await chat.walk.state()
    one = candidate_of(state, rest)
    weights = state.get("weights") or chat.walk.options().weights
    rank = ranks(state["candidates"]).get(one.index)
    reference = state.get("graph", [])
    chat.screen.show(candidate_view(one, weights, len(state["candidates"]), rank, reference))
    if one.image is not None:
        await show_picture(chat, one.image)
    if one.graph:
        chat.screen.show(Text("its graph against the sample's (+ only here, - only there):", style="dim"))
        chat.screen.show(graph_view(one.graph, reference))


async def history(chat: Chat, rest: str) -> None:
    """`history`: the tree of moments."""
    _none(rest, "history")
    chat.screen.show(history_view(chat.walk.session))
    chat.screen.hint("`go N` moves to one, `diff N M` compares two, `fork NAME N` branches off")


async def diff(chat: Chat, rest: str) -> None:
    """`diff A [B]`: from A to B, each a branch or a moment; B is the current branch if it is left out."""
    words = rest.split()
    if not 1 <= len(words) <= 2:
        raise Misused("diff compares two branches or moments, such as `diff main try` or `diff 4 7`")
    a, b = (place(chat, word) for word in (words[0], words[1] if len(words) == 2 else chat.walk.branch.name))
    chat.screen.show(difference_view(await chat.walk.diff(a, b)))


def place(chat: Chat, word: str) -> str | int:
    """A branch by name, or a moment by number (`7` or `#7`). Raises `WalkError`."""
    session = chat.walk.session
    if word in session.branches:
        return word
    if word.removeprefix("#").isdigit():
        return int(word.removeprefix("#"))
    close = difflib.get_close_matches(word, session.branches, 3, 0.5)
    there = f"did you mean {' or '.join(close)}?" if close else f"branches: {', '.join(session.branches)}"
    raise WalkError(f"{clean(word)!r} is neither a branch nor a moment's number; {there}")


def _none(rest: str, name: str) -> None:
    if rest:
        raise Misused(f"{name} takes nothing after it")
