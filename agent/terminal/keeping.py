"""Commands that write files: save and export."""

import asyncio
import difflib
from pathlib import Path

from agent.errors import StoreError
from agent.files import store_error, write_atomic
from agent.terminal.chat import Chat, Misused
from agent.terminal.screen import clean

SAVED = {
    "record": "as a batch run would have written it (.json, or appended to a .jsonl)",
    "test": "as a test case",
}
EXPORTED = {"markdown": "to read", "json": "with everything in it; --replay FILE rebuilds the session"}
SHORT = {"md": "markdown", "testcase": "test", "case": "test"}


async def save(chat: Chat, rest: str) -> None:
    """`save [record|test] [FILE]`."""
    kind, path = _kind_and_path(rest, SAVED)
    kind = kind or "record"
    name = chat.walk.session.name
    path = path or Path(f"{name}.json" if kind == "record" else f"{name}-test.json")
    appends = kind == "record" and path.suffix == ".jsonl"
    if not appends and not await _may_write(chat, path):
        return
    if kind == "record":
        await chat.walk.save_record(path)
    else:
        await chat.walk.save_test_case(path)
    chat.screen.say(f"saved: {path}")


async def export(chat: Chat, rest: str) -> None:
    """`export [markdown|json] [FILE]`."""
    kind, path = _kind_and_path(rest, EXPORTED)
    kind = kind or ("json" if path is not None and path.suffix == ".json" else "markdown")
    path = path or Path(f"{chat.walk.session.name}{'.md' if kind == 'markdown' else '.json'}")
    if not await _may_write(chat, path):
        return
    walk = chat.walk
    text = await (walk.export_markdown(path.parent) if kind == "markdown" else walk.export_json())
    try:
        await asyncio.to_thread(write_atomic, path, text.encode())
    except OSError as error:
        raise StoreError(str(store_error(error, path.parent))) from None
    chat.screen.say(f"exported: {path}")


def _kind_and_path(rest: str, kinds: dict[str, str]) -> tuple[str | None, Path | None]:
    """Each None where it is not named."""
    first, _, more = rest.partition(" ")
    word = SHORT.get(first, first)
    if word in kinds:
        return word, Path(more.strip()).expanduser() if more.strip() else None
    if not first:
        return None, None
    if "." in first or "/" in first:
        if more:
            raise Misused(f"{clean(rest)!r} is no file name")
        return None, Path(first).expanduser()
    close = difflib.get_close_matches(first, kinds, 1, 0.5)
    there = (
        f"did you mean {close[0]}?" if close else "; ".join(f"{name}: {told}" for name, told in kinds.items())
    )
    raise Misused(f"{clean(first)!r} is neither {' nor '.join(kinds)} nor a file name; {there}")


async def _may_write(chat: Chat, path: Path) -> bool:
    """Nothing is written over unasked."""
    if not await asyncio.to_thread(path.exists):
        return True
    return await chat.asked(f"{path} exists; write over it?")
