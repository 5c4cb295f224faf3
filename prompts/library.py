"""The texts that are sent to an LMM, kept as files, and their content hashes.

A prompt file is plain text with `{{name}}` slots. Whoever changes a word changes the hash, and the hash stands in
every record: a result says which wording made it. The miniature is trained on these very files.
"""

import difflib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

SLOT = re.compile(r"\{\{(\w+)\}\}")


class PromptError(Exception):
    """A prompt file that is absent, malformed or filled wrongly; the message names the file."""


@dataclass(frozen=True)
class Prompt:
    """One prompt file."""

    name: str
    """Relative name without suffix, such as `general/describe`."""
    text: str

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def id(self) -> str:
        """Name and the first 12 digits of the content hash, as records hold it."""
        return f"{self.name}@{self.digest[:12]}"

    @cached_property
    def slots(self) -> frozenset[str]:
        return frozenset(SLOT.findall(self.text))

    def fill(self, **values: str) -> str:
        """Fill every slot in one pass, so that braces inside a value are never slots themselves."""
        if self.slots != set(values):
            raise PromptError(
                f"prompt {self.name} has the slots {sorted(self.slots)} and was given {sorted(values)}"
            )
        return SLOT.sub(lambda match: values[match[1]], self.text)


class Library:
    """All prompts under one folder; `Library()` reads the project's own, another folder replaces them."""

    def __init__(self, root: Path | None = None, replaced: Mapping[str, str] | None = None) -> None:
        """`replaced`: texts that stand in place of files, by name; `replace` checks such a text first."""
        self.root = root or Path(__file__).parent
        self.replaced = dict(replaced or {})
        if not self.root.is_dir():
            raise PromptError(f"the prompt folder {self.root} does not exist")

    def prompt(self, name: str) -> Prompt:
        if name in self.replaced:
            return Prompt(name, self.replaced[name].strip())
        path = self.root / f"{name}.md"
        try:
            return Prompt(name, path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(f"cannot read the prompt {path}: {error}") from error

    def table(self, name: str) -> dict[str, str]:
        """An ordered {key: text} file, such as the rules of a domain."""
        path = self.root / f"{name}.yaml"
        try:
            text = self.replaced[name] if name in self.replaced else path.read_text(encoding="utf-8")
            table = yaml.safe_load(text)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise PromptError(f"cannot read the prompt table {path}: {error}") from error
        if not isinstance(table, Mapping) or not all(isinstance(v, str) for v in table.values()):
            raise PromptError(f"the prompt table {path} must map names to texts")
        return {str(key): value for key, value in table.items()}

    def names(self) -> list[str]:
        """Every prompt and table by name, such as `general/describe` and `general/rules`."""
        return [path.relative_to(self.root).with_suffix("").as_posix() for path in self._files()]

    def text(self, name: str) -> str:
        """A prompt or table as it stands in its file, or what replaces it. Raises `PromptError`, with close names."""
        if name in self.replaced:
            return self.replaced[name]
        names = self.names()
        if name not in names:
            close = difflib.get_close_matches(name, names, 3, 0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"
            raise PromptError(f"there is no prompt {name!r}; {hint}")
        path = self.root / f"{name}.md"
        return self.prompt(name).text if path.exists() else path.with_suffix(".yaml").read_text("utf-8")

    def replace(self, name: str, text: str) -> "Library":
        """The same library with another wording of one prompt or table.

        Raises `PromptError` for an unknown name, a prompt without the very slots of its file (nothing would fill
        others), or a table that lacks one of its file's keys.
        """
        self.text(name)
        changed = Library(self.root, {**self.replaced, name: text})
        original = Library(self.root)
        if (self.root / f"{name}.md").exists():
            if not text.strip():
                raise PromptError(f"the prompt {name} cannot be empty")
            wanted, got = original.prompt(name).slots, changed.prompt(name).slots
            if wanted != got:
                raise PromptError(
                    f"the prompt {name} needs {_slots(wanted)} and the new text has {_slots(got)}"
                )
        elif lost := [key for key in original.table(name) if key not in changed.table(name)]:
            raise PromptError(f"the prompt table {name} needs the key {lost[0]!r}, which the new text lacks")
        return changed

    def digest(self) -> str:
        """One SHA-256 over the names and contents of all prompt files."""
        total = hashlib.sha256()
        for path in self._files():
            total.update(self._relative(path).encode() + b"\0" + self._bytes(path) + b"\0")
        return total.hexdigest()

    def digests(self) -> dict[str, str]:
        """Content hash by file, for the manifest."""
        return {self._relative(p): hashlib.sha256(self._bytes(p)).hexdigest() for p in self._files()}

    def _files(self) -> list[Path]:
        return sorted([*self.root.rglob("*.md"), *self.root.rglob("*.yaml")])

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _bytes(self, path: Path) -> bytes:
        replaced = self.replaced.get(path.relative_to(self.root).with_suffix("").as_posix())
        return path.read_bytes() if replaced is None else replaced.encode()


def _slots(names: frozenset[str]) -> str:
    """`the slots {{graph}} and {{subject}}`, as they stand in a sentence."""
    shown = " and ".join(f"{{{{{name}}}}}" for name in sorted(names))
    return f"the slot{'s' if len(names) > 1 else ''} {shown}" if names else "no slots"
