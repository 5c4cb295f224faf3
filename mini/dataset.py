"""The miniature's data sets, drawn into a cache folder when they are first needed."""

import os
import shutil
import tempfile
from pathlib import Path

SEED = 7
SAMPLES = 3_000
VERSION = 1
"""Goes up when the world changes, so that an old drawing is never taken for a new one."""
DRAWN = 1_767_225_600
"""Time of every file, 2026-01-01 UTC."""


class NoMiniature(Exception):
    """There is no miniature of this data set; the message says which there are."""


def materialise(form: str, cache: Path, samples: int = SAMPLES) -> Path:
    """The root of the miniature of `form` (mmimdb, coco), drawn on first use (about 15 s) and kept in `cache`."""
    from mini.world.forms import FORMS

    if form not in FORMS:
        raise NoMiniature(
            f"there is no miniature of the data set {form!r} (there is one of {' and '.join(FORMS)}); "
            f"point --root at the real data"
        )
    root = cache / f"{form}-seed{SEED}-n{samples}-v{VERSION}"
    if root.is_dir():
        return root
    cache.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=cache))
    try:
        FORMS[form](SEED, samples, partial)
        _set_times(partial)
        os.replace(partial, root)
    except OSError:
        if not root.is_dir():  # else another process was quicker, and its drawing is the same
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return root


def _set_times(root: Path) -> None:
    """One fixed time for all files: a run recognises its data by names, sizes and times, and the same drawing made
    again must be the same data."""
    for path in root.rglob("*"):
        os.utime(path, (DRAWN, DRAWN))
