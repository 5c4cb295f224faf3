"""What an experiment cannot go on with, said in one sentence."""

import difflib
from collections.abc import Iterable


class EvalError(Exception):
    """Wrong usage, or input that cannot be used; the message is one sentence: what, where, what to do."""


def unknown(what: str, name: str, known: Iterable[str]) -> EvalError:
    """`There is no method 'mplm' (did you mean mplmm?); known are ...`"""
    names = list(known)
    close = difflib.get_close_matches(name, names, 3, cutoff=0.5)
    hint = f" (did you mean {' or '.join(close)}?)" if close else ""
    return EvalError(f"There is no {what} {name!r}{hint}; known are {', '.join(names)}.")
