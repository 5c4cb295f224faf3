"""The methods that an experiment can compare, by name; each in a file of its own, loaded when asked for."""

import dataclasses
from importlib import import_module
from typing import Any

from eval.errors import EvalError, unknown
from eval.methods.base import Method

_PLACES = {
    "complete": "complete:Complete",
    "remove": "remove:Remove",
    "zero": "zero:Zero",
    "mean": "mean:Mean",
    "ridge": "ridge:Ridge",
    "neighbour": "neighbour:Neighbour",
    "frequent-text": "frequent_text:FrequentText",
    "ul4m4": "ul4m4:FillByUL4M4",
    "plain-lmm": "plain_lmm:PlainLMM",
    "bridger": "bridger:Bridger",
    "mpmm": "mpmm:MPMM",
    "mplmm": "mplmm:MPLMM",
    "mmin": "mmin:MMIN",
    "dicmor": "dicmor:DiCMoR",
}

NAMES = tuple(_PLACES)


def method_type(name: str) -> type[Method]:
    """The class of a method. Raises `EvalError` that names close matches."""
    if name not in _PLACES:
        raise unknown("method", name, NAMES)
    module, kind = _PLACES[name].split(":")
    found: type[Method] = getattr(import_module(f"eval.methods.{module}"), kind)
    return found


def build(name: str, options: dict[str, Any]) -> Method:
    """A method with its hyperparameters. Raises `EvalError` for one that it does not have or that cannot be."""
    kind = method_type(name)
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    for option in options:
        if option not in known:
            if not known:
                raise EvalError(f"The method {name} has no options; leave out {option!r}.")
            raise unknown(f"option of the method {name}", option, known)
    try:
        return kind(**options)
    except (TypeError, ValueError) as error:
        raise EvalError(f"The method {name} cannot be set up: {error}.") from None
