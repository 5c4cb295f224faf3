"""The texts that are sent to an LMM, kept as files, and their content hashes.

A prompt file is plain text with `{{name}}` slots. Whoever changes a word changes the hash, and the hash stands in
every record: a result says which wording made it. The miniature is trained on these very files.
"""

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

    def fill(self, **values: str) -> str:
        """Fill every slot in one pass, so that braces inside a value are never slots themselves."""
        slots = set(SLOT.findall(self.text))
        if slots != set(values):
            raise PromptError(
                f"prompt {self.name} has the slots {sorted(slots)} and was given {sorted(values)}"
            )
        return SLOT.sub(lambda match: values[match[1]], self.text)


class Library:
    """All prompts under one folder; `Library()` reads the project's own, another folder replaces them."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or Path(__file__).parent
        if not self.root.is_dir():
            raise PromptError(f"the prompt folder {self.root} does not exist")

    def prompt(self, name: str) -> Prompt:
        path = self.root / f"{name}.md"
        try:
            return Prompt(name, path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(f"cannot read the prompt {path}: {error}") from error

    def table(self, name: str) -> dict[str, str]:
        """An ordered {key: text} file, such as the rules of a domain."""
        path = self.root / f"{name}.yaml"
        try:
            table = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise PromptError(f"cannot read the prompt table {path}: {error}") from error
        if not isinstance(table, Mapping) or not all(isinstance(v, str) for v in table.values()):
            raise PromptError(f"the prompt table {path} must map names to texts")
        return {str(key): value for key, value in table.items()}

    def digest(self) -> str:
        """One SHA-256 over the names and contents of all prompt files."""
        total = hashlib.sha256()
        for path in sorted([*self.root.rglob("*.md"), *self.root.rglob("*.yaml")]):
            total.update(path.relative_to(self.root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        return total.hexdigest()

    def digests(self) -> dict[str, str]:
        """Content hash by file, for the manifest."""
        files = sorted([*self.root.rglob("*.md"), *self.root.rglob("*.yaml")])
        return {
            p.relative_to(self.root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
        }
