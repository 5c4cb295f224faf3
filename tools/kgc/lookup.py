"""Finding entities and relations by the names that people type."""

import difflib
from collections.abc import Sequence

from tools.kgc.errors import InputError
from tools.kgc.labels import short_label

CLOSE = 5
"""How many close names an error lists."""


class Names:
    """Ids by name: as it stands, by its short label, or with case, underscores and spaces evened out.

    A plain form that several names share finds none of them, so that nothing is answered about the wrong one.
    """

    def __init__(self, names: Sequence[str], what: str) -> None:
        self.names = names
        self._what = what
        self._exact = {name: index for index, name in enumerate(names)}
        self._plain: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            self._plain.setdefault(plain(name), []).append(index)

    def id(self, name: str) -> int:
        """Raises `InputError` with the close names if there is none of this name, or several."""
        for spelling in (name, short_label(name)):
            if spelling in self._exact:
                return self._exact[spelling]
        alike = self._plain.get(plain(name), [])
        if len(alike) == 1:
            return alike[0]
        close = [self.names[index] for index in alike[:CLOSE]] or self.close(name)
        hint = f"did you mean {' or '.join(close)}?" if close else f"no {self._what} has a name like it"
        raise InputError(f"{name!r} is no {self._what} of this graph; {hint}")

    def close(self, name: str) -> list[str]:
        """The most similar names, best first: those that contain it, then those of similar letters."""
        wanted = plain(name)
        if not wanted:
            return []
        forms = list(self._plain)
        containing = sorted((form for form in forms if wanted in form), key=len)[:CLOSE]
        similar = difflib.get_close_matches(wanted, forms, n=CLOSE, cutoff=0.6)
        found = list(dict.fromkeys([*containing, *similar]))[:CLOSE]
        return [self.names[self._plain[form][0]] for form in found]


def plain(name: str) -> str:
    """A name without case, underscores and the address around it."""
    return " ".join(short_label(name).replace("_", " ").split()).casefold()
