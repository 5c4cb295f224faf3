"""Commands that leave the session for another one: sessions, resume, sample."""

import asyncio
import time

from rich.columns import Columns
from rich.table import Table
from rich.text import Text

from agent.terminal.chat import Chat, Misused
from agent.terminal.greeting import greet
from agent.terminal.screen import Screen, clean, foreign, plural
from agent.terminal.sessions import Entry, find_session, list_sessions

MOST = 30


def sessions_table(screen: Screen, entries: list[Entry], current: str | None = None) -> None:
    """The list of sessions, the last one first."""
    if not entries:
        screen.say("there are no sessions yet")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("session", overflow="fold")
    table.add_column("about", ratio=1)
    table.add_column("stands at", no_wrap=True)
    table.add_column("changed", no_wrap=True)
    for one in entries[:MOST]:
        name = Text(clean(one.name), style="bold yellow" if one.name == current else "")
        at = ""
        if one.session is not None and one.session.moments:
            head = one.session.head
            at = f"{one.session.current} #{head.number}" + ("" if head.next else ", finished")
        about = foreign(one.about, "" if one.session else "red")
        table.add_row(name, about, clean(at), Text(ago(time.time() - one.changed), style="dim"))
    screen.show(table)
    if len(entries) > MOST:
        screen.hint(f"and {plural(len(entries) - MOST, 'older one')}")


def samples_listed(screen: Screen, samples: list[tuple[str, str]]) -> None:
    """The first samples with what they miss, in columns."""
    told = [Text.assemble(clean(name), (f" {lost}", "dim")) for name, lost in samples[:MOST]]
    screen.show(Columns(told, padding=(0, 3)))
    if len(samples) > MOST:
        screen.hint("...")


def ago(seconds: float) -> str:
    """`5 min ago`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"


async def sessions(chat: Chat, rest: str) -> None:
    """`sessions`: all that there are."""
    if rest:
        raise Misused("sessions takes nothing after it; `resume NAME` goes on with one")
    entries = await asyncio.to_thread(list_sessions, chat.opener.settings.walks)
    sessions_table(chat.screen, entries, chat.walk.session.name)


async def resume(chat: Chat, rest: str) -> None:
    """`resume NAME`: go on with another session; this one keeps everything."""
    if not rest:
        raise Misused("resume needs a session; `sessions` lists them")
    folder = await asyncio.to_thread(find_session, chat.opener.settings.walks, rest)
    if folder.resolve() == chat.walk.folder.resolve():
        raise Misused("that is the session you are in")
    await chat.change(await chat.opener.resume(folder))
    greet(chat)


async def sample(chat: Chat, rest: str) -> None:
    """`sample ID`: a new session about another sample of the data set; this one keeps everything."""
    if not rest:
        found = await chat.opener.samples()
        missing = [(name, lost) for name, lost in found if lost]
        samples_listed(chat.screen, missing)
        chat.screen.hint(
            f"{plural(len(found), 'sample')}, {len(missing)} of them miss something; `sample ID` takes one"
        )
        return
    await chat.change(await chat.opener.sample(rest))
    greet(chat)
