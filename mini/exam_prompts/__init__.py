"""The project's prompts in other words, in the layout of `prompts/`: nothing is trained on them. They measure how much
the miniature depends on the wording of its prompts (`Questions(library("plain"))` asks with them)."""

from pathlib import Path

from prompts.library import Library

REWORDINGS = ("plain", "formal")


def library(name: str) -> Library:
    """One of `REWORDINGS`."""
    return Library(Path(__file__).parent / name)
