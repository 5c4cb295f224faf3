"""The project's prompts in other words, for a part of the turns: words of them are left out or replaced by words that
say nothing, so that a model does not take the wording for the question.

The prompts in `mini.exam_prompts`, which measure that, are never trained on.
"""

import random

import yaml

from mini.train.fillers import WORDS
from prompts.library import SLOT, Library

WEAR = (0.1, 0.25, 0.4, 0.55, 0.7)
"""Shares of the words that are lost, one for each worn library."""
KEPT = "forms"
"""The file whose words are facts."""


def worn(library: Library, rng: random.Random) -> Library:
    """A library with every prompt of `library` worn, its slots and line breaks kept."""
    share = rng.choice(WEAR)
    replaced = {}
    for name in library.names():
        if not name.startswith(("general/", "xray/")) or name.endswith(KEPT):
            continue
        text = library.text(name)
        if (library.root / f"{name}.yaml").exists():
            table = {key: _worn(said, share, rng) for key, said in library.table(name).items()}
            replaced[name] = yaml.safe_dump(table, sort_keys=False)
        else:
            replaced[name] = _worn(text, share, rng)
    return Library(library.root, replaced)


def _worn(text: str, share: float, rng: random.Random) -> str:
    """Half of the lost words are replaced. What holds a slot stays, the last word of every line, and the answers of
    examples."""
    lines = []
    for line in text.split("\n"):
        words = line.split(" ")
        for i, word in enumerate([] if line.startswith('{"') else words[:-1]):
            if rng.random() < share and not SLOT.search(word):
                words[i] = rng.choice(WORDS) if rng.random() < 0.5 else ""
        lines.append(" ".join(filter(None, words)))
    return "\n".join(lines)
