"""Every command with its help, and which one a line means."""

import difflib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from agent.terminal import changing, elsewhere, keeping, looking, stepping
from agent.terminal.chat import Chat, Misused
from agent.terminal.screen import clean
from agent.terminal.talking import talk

Do = Callable[[Chat, str], Awaitable[None]]
Offer = Callable[[Chat], Iterable[str]]


@dataclass(frozen=True)
class Command:
    """One word that the chat understands."""

    name: str
    usage: str
    help: str
    do: Do
    offer: Offer = lambda chat: ()
    """What may come after it, for completion."""
    more: str = ""
    """Further lines of `help NAME`."""


def _subjects(chat: Chat) -> list[str]:
    """Things that the walk has met: nodes of the graph and subjects so far."""
    return chat.met


def _numbers(chat: Chat) -> list[str]:
    return [str(number) for number in range(1, chat.candidates + 1)]


def _branches(chat: Chat) -> list[str]:
    return [*chat.walk.session.branches]


def _places(chat: Chat) -> list[str]:
    return [*_branches(chat), *(str(moment.number) for moment in chat.walk.session.moments)]


def _moments(chat: Chat) -> list[str]:
    return [str(moment.number) for moment in chat.walk.session.moments]


def _prompts(chat: Chat) -> list[str]:
    return chat.walk.library().names()


def _editable(chat: Chat) -> list[str]:
    candidates = [f"candidate {number}" for number in _numbers(chat)]
    return [*chat.values, *candidates, *_prompts(chat)]


def _showable(chat: Chat) -> list[str]:
    calls = [f"call {call.call.removeprefix('c')}" for call in chat.walk.calls()]
    return [*looking.SHOWN, *(f"prompt {name}" for name in _prompts(chat)), *calls]


def _settings(chat: Chat) -> list[str]:
    return [f"{name}=" for name in vars(chat.walk.options())]


def _weights(chat: Chat) -> list[str]:
    return [f"{name}=" for name in chat.walk.options().weights]


def _kinds(kinds: Iterable[str]) -> Offer:
    return lambda chat: kinds


async def _help(chat: Chat, rest: str) -> None:
    """`help [COMMAND]`."""
    if rest and rest not in COMMANDS:
        raise Misused(f"there is no command {clean(rest)!r}{_close(rest)}")
    if rest:
        command = COMMANDS[rest]
        chat.screen.show(
            Text(command.usage, style="bold"), command.help, *([command.more] if command.more else [])
        )
        return
    table = Table.grid(padding=(0, 2))
    for command in COMMANDS.values():
        table.add_row(Text(command.usage, style="bold"), command.help)
    chat.screen.show(table)
    chat.screen.hint(
        "anything else is said to the LMM, which has tools to look and to act; a `/` before a line makes it a command"
    )


async def _quit(chat: Chat, rest: str) -> None:
    """`quit`."""
    if rest:
        raise Misused("quit takes nothing after it")
    chat.over = True


async def _say(chat: Chat, rest: str) -> None:
    """`say TEXT`."""
    if not rest:
        raise Misused("say needs something to say to the LMM")
    await talk(chat, rest)


_ALL = (
    Command("next", "next [N]", "do the next step, or the next N", stepping.next_),
    Command("run", "run", "do all steps that are left", stepping.run),
    Command("back", "back [N]", "go back one moment, or N; nothing is lost", stepping.back),
    Command("go", "go N", "go to moment N of the history", stepping.go, _moments),
    Command("retry", "retry", "try a step again that went wrong, or do the last one anew", stepping.retry,
            more="After a step that is done, everything is asked anew, past the response cache."),
    Command("edit", "edit [WHAT]", "open a prompt or a value in your editor, then replay from there", changing.edit,
            _editable,
            "WHAT is a prompt (edit general/describe), a value (edit graph) or candidate N; without it, all names.\n"
            "edit PROMPT default returns to the project's own text. The editor is $VISUAL or $EDITOR."),
    Command("set", "set [NAME=VALUE ...]", "the method's settings on this branch, or other ones", changing.set_,
            _settings, "NAME= returns to the session's own. They count for the steps to come."),
    Command("fork", "fork NAME [N]", "a new branch from here, or from moment N", changing.fork),
    Command("switch", "switch NAME", "go to another branch", changing.switch, _branches),
    Command("diff", "diff A [B]", "what differs between two branches or moments", looking.diff, _places,
            "B is the current branch if it is left out."),
    Command("candidate", "candidate N", "all about one candidate: scores, picture or text, graph", looking.candidate,
            _numbers),
    Command("regenerate", "regenerate SUBJECT", "one more candidate around a subject", stepping.regenerate, _subjects),
    Command("weights", "weights [graph=1 clip=.5 ...]", "the weights of the score, or choose anew with other ones",
            stepping.weights, _weights, "Only stored scores are used; nothing is asked."),
    Command("save", "save [record|test] [FILE]", "the record (.json, or appended to a .jsonl), or a test case",
            keeping.save, _kinds(keeping.SAVED)),
    Command("export", "export [markdown|json] [FILE]", "the session to read, or as JSON that --replay rebuilds",
            keeping.export, _kinds(keeping.EXPORTED)),
    Command("history", "history", "the tree of everything that was done", looking.history),
    Command("show", "show [WHAT]", "look at something; `help show` says what", looking.show, _showable,
            "\n".join(f"  {name:<13} {told}" for name, told in looking.SHOWN.items())),
    Command("say", "say TEXT", "talk to the LMM, also where TEXT looks like a command", _say),
    Command("sample", "sample [ID]", "a new session about another sample; without ID, which there are",
            elsewhere.sample, lambda chat: chat.opener.known_ids()),
    Command("sessions", "sessions", "all sessions", elsewhere.sessions),
    Command("resume", "resume NAME", "go on with another session", elsewhere.resume),
    Command("help", "help [COMMAND]", "this list, or more about one command", _help, lambda chat: COMMANDS),
    Command("quit", "quit", "leave (also Ctrl-D); `--resume` goes on", _quit),
)  # fmt: skip
COMMANDS: dict[str, Command] = {command.name: command for command in _ALL}
ALIASES = {"exit": "quit", "q": "quit", "?": "help", "candidates": "show candidates", "graph": "show graph"}
TYPO = 3
"""A line of at most so many words that begins almost like a command is taken for a slip."""


async def obey(chat: Chat, line: str) -> None:
    """Do what a line says: a command, or something to tell the LMM.

    A line that begins with a command but goes on like a sentence ("show me what is odd") is talk."""
    words = line.strip()
    explicit = words.startswith("/")
    words = words.removeprefix("/").strip()
    if not words:
        return
    first, _, rest = words.partition(" ")
    name, _, ahead = ALIASES.get(first, first).partition(" ")
    rest = f"{ahead} {rest}".strip()
    command = COMMANDS.get(name)
    if command is None:
        slip = close(first) if len(words.split()) <= TYPO else []
        if explicit or slip:
            raise Misused(f"there is no command {clean(first)!r}{_close(first)}")
        await talk(chat, words)
        return
    try:
        await command.do(chat, rest)
    except Misused as error:
        if explicit or len(words.split()) < TYPO:
            raise Misused(f"{error}   ({command.usage})") from None
        await talk(chat, words)


def close(word: str) -> list[str]:
    """Commands that a word may have been meant for."""
    return difflib.get_close_matches(word.lower(), [*COMMANDS, "exit", "candidates"], 3, 0.7)


def _close(word: str) -> str:
    found = close(word)
    return f"; did you mean {' or '.join(found)}?" if found else "; `help` lists them"
