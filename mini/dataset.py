"""The miniature's data sets, drawn into a cache folder when they are first needed."""

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

SEED = 7
SAMPLES = 3_000
VERSIONS = {"mmimdb": 2, "coco": 2, "iuxray": 1}
"""The data sets that there are. A number goes up when its world changes, so that an old drawing is never taken for a
new one."""
DOMAINS = {"iuxray": "xray"}
"""Of data sets that are not general: what the models must know."""
DRAWN = 1_767_225_600
"""Time of every file, 2026-01-01 UTC."""


class NoMiniature(Exception):
    """There is no miniature of this data set, or none that the models know; the message says which there are."""


def materialise(form: str, cache: Path, samples: int = SAMPLES, known: Collection[str] | None = None) -> Path:
    """The root of the miniature of `form` (a name in `VERSIONS`), drawn on first use (15 to 45 s) and kept in
    `cache`.

    `known` are the domains that the models have learnt; by default what is written beside their weights. A data set
    of another domain would be completed with nonsense, so there is no miniature of it yet.
    """
    from mini.weights import domains
    from mini.world.forms import FORMS

    if form not in VERSIONS:
        raise NoMiniature(
            f"there is no miniature of the data set {form!r} (there is one of {' and '.join(VERSIONS)}); "
            f"point --root at the real data"
        )
    if DOMAINS.get(form, "general") not in (domains() if known is None else known):
        raise NoMiniature(
            f"the miniature's models have not learnt the data set {form!r} yet; point --root at the real data, or draw "
            f"one to look at with `python -m mini.world --form {form} --out DIR`"
        )
    root = cache / f"{form}-seed{SEED}-n{samples}-v{VERSIONS[form]}"
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
