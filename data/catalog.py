"""From a name and a folder to a data set: finds the on-disk form by looking at the files."""

import difflib
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from data.files import DatasetError
from data.reader import Options, Reader

__all__ = ["NAMES", "DatasetError", "open_dataset", "option_names"]

_FORMS: dict[str, tuple[str, ...]] = {
    "mmimdb": ("data.mmimdb:RawReader", "data.mmimdb_arrow:ArrowReader"),
    "coco": ("data.coco:CocoReader",),
    "iuxray": (
        "data.iuxray.r2gen:R2GenReader",
        "data.iuxray.released:ReleasedReader",
        "data.iuxray.kaggle:KaggleReader",
        "data.iuxray.xml:XmlReader",
    ),
    "folder": ("data.folder.metadata:MetadataReader", "data.folder.classes:ClassesReader"),
}
"""Forms of each data set in the order in which they are looked for. Imported when needed: tables need pyarrow."""

NAMES = tuple(_FORMS)
"""The known data sets."""


def open_dataset(name: str, root: Path | str, split: str | None = None, **options: Any) -> Reader[Any]:
    """Opens one split of a data set: reads its index, not its rows.

    `name` is one of `NAMES`; no `split` means the form's usual one (train where there is one, else all). Splits can be
    joined: `train+dev`. Options are those of `option_names(name)`. Raises `DatasetError` with one sentence for an
    unknown name, option or split, an absent folder, or half a data set.
    """
    forms = _forms(name)
    settings = _settings(name, forms[0].options_type, options)
    folder = Path(root).expanduser()
    try:
        if not folder.exists():
            raise DatasetError(f"The folder {folder} of the data set {name} does not exist; check --root.")
        if not folder.is_dir():
            raise DatasetError(f"{folder} is a file; --root is the folder that holds the data set {name}.")
        for form in forms:
            if (found := form.find(folder)) is not None:
                return form(found, split, settings)
    except OSError as problem:
        raise DatasetError(f"{problem.filename or folder} cannot be read ({problem.strerror}).") from None
    expected = "; or ".join(form.expects for form in forms)
    there = ", ".join(sorted(entry.name for entry in folder.iterdir())[:6]) or "nothing"
    raise DatasetError(f"{folder} does not hold the data set {name}: expected {expected}; found {there}.")


def option_names(name: str) -> dict[str, str]:
    """The options of a data set with what each means."""
    return {key: field.description or "" for key, field in _forms(name)[0].options_type.model_fields.items()}


def _forms(name: str) -> list[type[Reader[Any]]]:
    if name not in _FORMS:
        raise DatasetError(
            f"There is no data set {name!r}{_close(name, NAMES)}; known are {', '.join(NAMES)}."
        )
    places = (place.split(":") for place in _FORMS[name])
    return [getattr(import_module(module), kind) for module, kind in places]


def _settings(name: str, kind: type[Options], given: dict[str, Any]) -> Options:
    try:
        return kind(**given)
    except ValidationError as problem:
        error = problem.errors()[0]
        option = str(error["loc"][0])
        if error["type"] == "extra_forbidden":
            known = tuple(kind.model_fields)
            known_ones = ", ".join(known)
            sentence = (
                f"The data set {name} has no option {option!r}{_close(option, known)}; it has {known_ones}."
            )
        else:
            sentence = (
                f"The option {option} of the data set {name} cannot be {error['input']!r}: {error['msg']}."
            )
        raise DatasetError(sentence) from None


def _close(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f" (did you mean {close[0]}?)" if close else ""
