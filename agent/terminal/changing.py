"""Commands that change something: edit, set, fork, switch."""

import difflib
import json
from typing import Any

from rich.text import Text

from agent.terminal.chat import Chat, Misused
from agent.terminal.editor import edit_text, edit_value
from agent.terminal.looking import candidate_of, options_told, place
from agent.terminal.screen import clean, one_line, plural
from agent.terminal.stepping import advance, arrived
from agent.walk.errors import WalkError
from agent.walk.model import Moment

OWN = "default"
"""`edit PROMPT default` returns to the project's own text."""


async def edit(chat: Chat, rest: str) -> None:
    """`edit [WHAT]`: a prompt by name, a value of the state, or `candidate N`; then everything after it anew."""
    what, _, more = rest.partition(" ")
    more = more.strip()
    library = chat.walk.library()
    if not what:
        await _editable(chat)
    elif what == "candidate":
        await _edit_candidate(chat, more)
    elif what in library.names():
        if more not in ("", OWN):
            raise Misused(f"after a prompt's name comes nothing, or `{OWN}` for the project's own text")
        await _edit_prompt(chat, what, more == OWN)
    elif more:
        raise Misused(f"edit takes one name, and {clean(rest)!r} is more; `edit` alone lists the names")
    else:
        await _edit_value(chat, what)


async def _editable(chat: Chat) -> None:
    values = await chat.walk.editable()
    chat.screen.show(Text("values of the state:", style="dim"))
    for name, value in values.items():
        if value in ([], {}):
            continue
        if name == "candidates":
            told = f"`edit candidate N` edits one of {len(value)}"
        else:
            told = one_line(json.dumps(value, ensure_ascii=False), max(20, chat.screen.width - 18))
        chat.screen.show(Text.assemble(f"  {clean(name):<12}  ", (told, "dim")))
    used = await _used(chat)
    chat.screen.show(Text("prompts that were used so far (`show prompts` lists all):", style="dim"))
    for name, steps in used.items():
        edited = "  edited" if name in chat.walk.branch.prompts else ""
        told = ", ".join(steps)
        chat.screen.show(Text.assemble(f"  {clean(name)}  ", (told, "dim"), (edited, "magenta")))


# ------------------------------------------------------------------------------------------------------------ prompts


async def _used(chat: Chat) -> dict[str, list[str]]:
    """Names of prompts with the steps of the current line that asked with them."""
    known, found = chat.walk.library().names(), dict[str, list[str]]()
    for moment, used in await chat.walk.prompts_used():
        for name in known:
            if name in used and moment.node not in found.get(name, []):
                found.setdefault(name, []).append(moment.node)
    return found


async def _edit_prompt(chat: Chat, name: str, own: bool) -> None:
    walk = chat.walk
    before = walk.library().text(name)
    first = await walk.first_use(name)
    if own:
        if name not in walk.branch.prompts:
            raise WalkError(f"the prompt {name} is the project's own already")
        walk.edit_prompt(name, None)
    else:
        after = await chat.edited(edit_text(before, ".md"))
        if after == before:
            chat.screen.say("nothing is changed")
            return
        walk.edit_prompt(name, after)
    told = "the project's own again" if own else "changed"
    chat.screen.say(f"the prompt {name} is {told} on {walk.branch.name}")
    if first is None or first.parent is None:
        chat.screen.hint("no step has used it yet; it counts from now on")
        return
    await replay(chat, first.parent)


async def replay(chat: Chat, parent: int) -> None:
    """From a moment on the current line, do again what was done after it."""
    old, steps = chat.walk.head, chat.walk.steps_after(parent)
    await chat.walk.go(parent, redo=True)
    await _again(chat, old, steps)


async def _again(chat: Chat, old: Moment, steps: int) -> None:
    if steps:
        chat.screen.hint(
            f"from #{chat.walk.head.number} on, {plural(steps, 'step')} anew; what was before stays as #{old.number}"
        )
        if await advance(chat, steps):
            chat.screen.hint(f"`diff {old.number}` says what is different now")
    else:
        arrived(chat, chat.walk.head)


# ------------------------------------------------------------------------------------------------------------- values


async def _edit_value(chat: Chat, name: str) -> None:
    walk = chat.walk
    values = await walk.editable()
    if name not in values or name == "candidates":
        known = [
            *(value for value in values if value != "candidates"),
            "candidate N",
            *walk.library().names(),
        ]
        close = difflib.get_close_matches(name, known, 3, 0.5)
        there = f"did you mean {' or '.join(close)}?" if close else "`edit` alone lists what there is"
        raise WalkError(f"{clean(name)!r} cannot be edited here; {there}")
    at = walk.made(name)
    before = (await walk.editable(at.number)).get(name, values[name])
    after = await chat.edited(edit_value(before, _again_asked(chat)))
    if after == before:
        chat.screen.say("nothing is changed")
        return
    await _store(chat, {name: after}, at)


async def _edit_candidate(chat: Chat, number: str) -> None:
    one = candidate_of(await chat.walk.state(), number)
    fields: dict[str, Any] = {"subject": one.subject, "description": one.description}
    if one.text is not None:
        fields["text"] = one.text
    # Asked before anything is typed: not every candidate can be edited.
    made = {field: chat.walk.made(field, candidate=one.index) for field in fields}
    after = await chat.edited(edit_value(fields, _again_asked(chat)))
    if not isinstance(after, dict) or set(after) - set(fields):
        raise WalkError(f"a candidate is {', '.join(fields)}; nothing is changed")
    changed = {field: value for field, value in after.items() if value != fields[field]}
    if not changed:
        chat.screen.say("nothing is changed")
        return
    # What is made first decides from where on everything is done anew, so what is made later would be lost.
    first = min((made[field] for field in changed), key=lambda moment: moment.number)
    kept = {field: value for field, value in changed.items() if made[field].number == first.number}
    if lost := sorted(set(changed) - set(kept)):
        chat.screen.warn(f"the {' and '.join(lost)} will be made anew from the {' and '.join(sorted(kept))}")
    await _store(chat, {"candidates": [{"index": one.index, **kept}]}, first)


def _again_asked(chat: Chat) -> Any:
    async def again(problem: str) -> bool:
        chat.screen.problem(problem)
        return chat.input.interactive and await chat.asked("open it again?")

    return again


async def _store(chat: Chat, values: dict[str, Any], at: Moment) -> None:
    """Keep an edit where the value was made, and do again what came after."""
    walk = chat.walk
    old, steps = walk.head, walk.steps_after(at.number)
    await chat.step(lambda emit: walk.edit(values, at.number, emit))
    await _again(chat, old, steps)


# ----------------------------------------------------------------------------------------------- options and branches


async def set_(chat: Chat, rest: str) -> None:
    """`set NAME=VALUE ...`: settings of the method on this branch; `NAME=` returns to the session's."""
    if not rest:
        chat.screen.facts(options_told(chat.walk.options()))
        return
    changes: dict[str, Any] = {}
    for word in rest.split():
        name, sign, value = word.partition("=")
        if not sign:
            raise Misused(f"{clean(word)!r} is no setting; they look like candidates=3 mode=stepwise")
        changes[name] = _value(name, value)
    chat.walk.set_options(**changes)
    chat.screen.say("set for the steps to come; `back` and `next` do earlier ones anew")


def _value(name: str, value: str) -> Any:
    if not value:
        return None
    if name == "ablate":
        return [] if value == "none" else value.split(",")
    try:
        return json.loads(value)
    except ValueError:
        return value


async def fork(chat: Chat, rest: str) -> None:
    """`fork NAME [N]`: a new branch from here, or from moment N."""
    words = rest.split()
    if not 1 <= len(words) <= 2:
        raise Misused("fork needs a name for the branch, and may have a moment: `fork try 3`")
    at = place(chat, words[1]) if len(words) == 2 else None
    if isinstance(at, str):
        at = chat.walk.session.branches[at].head
    chat.walk.fork(words[0], at)
    arrived(chat, chat.walk.head)


async def switch(chat: Chat, rest: str) -> None:
    """`switch NAME`: to another branch."""
    if not rest or " " in rest:
        raise Misused(f"switch needs a branch: {', '.join(chat.walk.session.branches)}")
    chat.walk.switch(rest)
    arrived(chat, chat.walk.head)
