"""A text or a value in the user's own editor."""

import asyncio
import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

USUAL = ("nano", "vi", "ed")
"""What is tried when neither VISUAL nor EDITOR is set."""
LARGEST = 8 * 2**20
"""Bytes that are read back at most."""


class EditorError(Exception):
    """The editor cannot be had, or what it left cannot be used; the message is one sentence."""


def editor() -> list[str]:
    """The command: VISUAL, EDITOR, or what is usual. Raises `EditorError`."""
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if named:
        try:
            words = shlex.split(named)
        except ValueError as error:
            raise EditorError(f"the variable EDITOR is {named!r}, which is no command ({error})") from None
        if not words or shutil.which(words[0]) is None:
            raise EditorError(f"the editor {named!r} is not to be found; set EDITOR to one that is")
        return words
    for name in USUAL:
        if path := shutil.which(name):
            return [path]
    raise EditorError("no editor is to be found; set the variable EDITOR")


async def edit_text(text: str, suffix: str) -> str:
    """What the user makes of a text. Raises `EditorError` if the editor fails."""
    command = editor()
    with tempfile.TemporaryDirectory(prefix="knowledge-bridger-") as folder:
        path = Path(folder) / f"edit{suffix}"
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
        try:
            process = await asyncio.create_subprocess_exec(*command, str(path))
            status = await process.wait()
        except OSError as error:
            raise EditorError(f"the editor {command[0]} cannot be started: {error.strerror}") from None
        if status != 0:
            raise EditorError(f"the editor {command[0]} ended with status {status}; nothing is changed")
        try:
            if path.stat().st_size > LARGEST:
                raise EditorError(
                    f"the edited file is larger than {LARGEST // 2**20} MiB; nothing is changed"
                )
            edited = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise EditorError(f"the edited file cannot be read: {error}") from None
    # Editors end the last line; a text that did not end so must not change by that alone.
    return edited if text.endswith("\n") else edited.rstrip("\n")


async def edit_value(value: Any, again: Callable[[str], Awaitable[bool]]) -> Any:
    """A plain JSON value, edited as JSON (texts as they are). After a mistake `again(sentence)` says whether to open
    what was written once more. Raises `EditorError`."""
    if isinstance(value, str):
        return await edit_text(value, ".txt")
    text = as_json(value)
    while True:
        text = await edit_text(text, ".json")
        try:
            return json.loads(text)
        except ValueError as error:
            problem = f"what was written is not JSON ({error})"
            if not await again(problem):
                raise EditorError(f"{problem}; nothing is changed") from None


def as_json(value: Any) -> str:
    """JSON for people: each entry of a list in one line where it is short."""
    if isinstance(value, list) and value:
        entries = [json.dumps(one, ensure_ascii=False) for one in value]
        if all(len(entry) <= 110 for entry in entries):
            return "[\n  " + ",\n  ".join(entries) + "\n]\n"
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
