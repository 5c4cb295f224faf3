"""The chat from settings to exit status.

opener   which sample, which models               agent.terminal.opening
chat     an open session, one command at a time   agent.terminal.chat
obey     from a line to what it means             agent.terminal.commands
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from agent.errors import UsageError
from agent.logs import open_log_of_sessions
from agent.terminal.chat import SENTENCES, Chat
from agent.terminal.commands import obey
from agent.terminal.elsewhere import samples_listed, sessions_table
from agent.terminal.greeting import greet
from agent.terminal.inputs import Input, Keyboard, Lines
from agent.terminal.opening import Opener
from agent.terminal.screen import Screen, plural
from agent.terminal.sessions import find_session, list_sessions
from agent.terminal.settings import ChatSettings
from agent.walk.errors import Broken, WalkError
from agent.walk.walk import Walk

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals after which the chat ends in order: asked to, or its terminal is gone."""


async def chat_with(settings: ChatSettings) -> int:
    """One chat; its exit status: 0, or 1 if a command of a script could not do what it should.

    Raises `UsageError` if no session can be opened."""
    screen = Screen(settings.plain)
    if settings.sessions:
        sessions_table(screen, await asyncio.to_thread(list_sessions, settings.walks))
        return 0
    task, loop, ended = asyncio.current_task(), asyncio.get_running_loop(), list[int]()
    assert task is not None

    def end(number: int) -> None:
        ended.append(number)
        task.cancel()

    # What libraries log goes to a file beside the sessions, not between the lines.
    open_log_of_sessions(settings.walks, settings.secrets(), screen.warn)
    for number in (*ENDING, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    keyboard = sys.stdin.isatty() and not settings.plain and sys.stdout.isatty()
    source: Input = Keyboard(screen, settings.cache_dir.expanduser()) if keyboard else Lines(screen)
    opener = Opener(settings)
    try:
        return await _chat(opener, screen, source, end)
    except asyncio.CancelledError:
        if not ended:
            raise
        if ended[0] == signal.SIGINT:
            print("interrupted; --resume goes on", file=sys.stderr)
        return 128 + ended[0]
    finally:
        await opener.close(at_once=bool(ended))


async def _chat(opener: Opener, screen: Screen, source: Input, end: Callable[[int], None]) -> int:
    try:
        walk = await _open(opener, screen, source)
    except WalkError as error:
        raise UsageError(str(error)) from None
    if walk is None:
        return 0
    chat = Chat(walk, opener, screen, source, end)
    try:
        await opener.settle()
        await chat.look()
        greet(chat)
        await _loop(chat)
    finally:
        await chat.walk.close()
    screen.path("kept:", chat.walk.folder)
    screen.hint(f"--resume {chat.walk.session.name} goes on")
    return 1 if chat.failures and not source.interactive else 0


async def _loop(chat: Chat) -> None:
    completion = None
    if isinstance(chat.input, Keyboard):
        from agent.terminal.completion import Commands

        completion = Commands(chat)
        chat.screen.hint("`help` lists the commands, Tab completes; anything else is said to the LMM")
    while not chat.over:
        head = chat.walk.head
        prompt = f"{chat.walk.branch.name} #{head.number} > "
        try:
            line = await chat.input.line(prompt, completion)
        except KeyboardInterrupt:
            chat.screen.hint("Ctrl-D or `quit` leaves; everything is kept")
            continue
        if line is None:
            return
        if not line.strip() or line.lstrip().startswith("#"):
            continue

        async def work(line: str = line) -> None:
            await obey(chat, line)

        await chat.do(work)
        await chat.look()


# ------------------------------------------------------------------------------------------------------------ opening


async def _open(opener: Opener, screen: Screen, source: Input) -> Walk | None:
    """The session that is meant; None if the user leaves instead of choosing."""
    settings = opener.settings
    if settings.resume is not None:
        folder = await asyncio.to_thread(find_session, settings.walks, settings.resume)
        try:
            return await opener.resume(folder)
        except Broken as error:
            if not error.rebuildable:
                raise
            screen.warn(str(error))
            if not await source.confirm("make it whole again from the recorded answers?"):
                raise
            return await opener.rebuild(folder)
    walk = await opener.begin()
    return walk if walk is not None else await _choose(opener, screen, source)


async def _choose(opener: Opener, screen: Screen, source: Input) -> Walk | None:
    """Ask which sample."""
    settings = opener.settings
    found = await opener.samples()
    missing = [(sample, lost) for sample, lost in found if lost]
    some = ", ".join(sample for sample, _ in (missing or found)[:5])
    if not source.interactive:
        raise UsageError(
            f"which sample? --sample ID, such as {some}; or --image FILE, --text TEXT, --resume, --run FOLDER"
        )
    screen.say(f"{settings.dataset}: {plural(len(found), 'sample')}, {len(missing)} of them miss something:")
    samples_listed(screen, missing)
    if await asyncio.to_thread(list_sessions, settings.walks):
        screen.hint("--resume goes on with the last session, --sessions lists them")
    from agent.terminal.completion import Words

    words = Words([sample for sample, _ in found])
    while True:
        line = None
        with suppress(KeyboardInterrupt):
            line = await source.line("which sample? ", words)
        if line is None or line.strip() in ("quit", "exit"):
            return None
        if not (wanted := line.strip()):
            continue
        try:
            return await opener.sample(wanted)
        except SENTENCES as error:
            screen.problem(str(error))
