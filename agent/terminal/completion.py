"""Completion of commands and of what may come after them."""

from collections.abc import Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from agent.terminal.chat import Chat
from agent.terminal.commands import COMMANDS

MOST = 200


class Commands(Completer):
    """For the prompt of a chat."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        text = document.text_before_cursor.lstrip()
        slash = "/" if text.startswith("/") else ""
        name, space, rest = text.removeprefix("/").partition(" ")
        if not space:
            for command in COMMANDS.values():
                if command.name.startswith(name):
                    yield Completion(slash + command.name, -len(text), display_meta=command.help)
        elif name in COMMANDS:
            yield from self._after(name, rest.lstrip())

    def _after(self, name: str, rest: str) -> Iterator[Completion]:
        """Offers for the last word where words are independent (`set`, `weights`, `diff`), else for everything."""
        whole = rest
        if name in ("set", "weights", "diff"):
            rest = rest.rpartition(" ")[2]
        found = 0
        for offer in COMMANDS[name].offer(self._chat):
            if offer.lower().startswith(rest.lower()) and offer != whole:
                yield Completion(offer, -len(rest))
                found += 1
            if found >= MOST:
                return


class Words(Completer):
    """For a question with known answers."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        text = document.text_before_cursor.lstrip()
        for word in [word for word in self._words if word.startswith(text)][:MOST]:
            yield Completion(word, -len(text))
