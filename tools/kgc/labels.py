"""Names that people can read, of what knowledge graphs call by an address."""

import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote

_KNOWN = re.compile(r"https?://[^/]+/(?:resource|ontology|entity|property|prop/direct|wiki|page)/(.+)")
"""Everything behind the folder is the name, which may hold slashes itself: .../resource/AC/DC."""
_OTHER = re.compile(r"https?://.*[/#]([^/#]+)[/#]?")


def short_label(name: str) -> str:
    """`<http://dbpedia.org/resource/New_York>` as `New_York`; what is no address stays as it is."""
    bare = name[1:-1] if name.startswith("<") and name.endswith(">") else name
    found = _KNOWN.fullmatch(bare) or _OTHER.fullmatch(bare)
    return (unquote(found.group(1)) if found else bare) or name


def short_labels(names: Sequence[str]) -> tuple[str, ...]:
    """Short labels in the same order; names that would share one keep their address, so that all stay different."""
    labels = [short_label(name) for name in names]
    often = Counter(labels)
    chosen = [label if often[label] == 1 else name for name, label in zip(names, labels, strict=True)]
    return tuple(chosen) if len(set(chosen)) == len(set(names)) else tuple(names)
