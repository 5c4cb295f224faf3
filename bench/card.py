"""The table of the miniature's figures in README.md and mini/README.md, from what the benches have written.

    python bench/card.py

Run it after `bench/miniature.py`, `bench/candidates.py` and `bench/wordings.py`; a test fails where it was forgotten.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._measured import RESULTS
from mini.exam import F1
from mini.exam_prompts import REWORDINGS

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / "README.md", ROOT / "mini" / "README.md")
HEAD = "| what | figure |\n|---|---|\n"
TABLE = re.compile(re.escape(HEAD) + r"(\|.*\n)+")
CHANGES = ("shifted by 6 px", "brighter by 15 %", "at 64 px", "as JPEG of quality 40")


def results(name: str) -> dict[str, dict[str, float]]:
    """The figures that a bench has written."""
    figures: dict[str, dict[str, float]] = json.loads((RESULTS / f"{name}.json").read_text())["figures"]
    return figures


def samples(name: str) -> int:
    """How many of each form a bench has asked about."""
    return int(json.loads((RESULTS / f"{name}.json").read_text())["about"]["samples"])


def rows(
    exam: Mapping[str, Mapping[str, float]],
    drawn: Mapping[str, Mapping[str, float]],
    reworded: Mapping[str, Mapping[str, float]],
    n: int,
) -> list[tuple[str, str]]:
    """The table's rows: what, and its figures; `n` samples were told or asked about in other words."""
    scene = ("objects", "counts", "colours", "style", "relations")
    writing, reporting = exam["writing"], exam["reports writing"]
    told = {form: reworded[f"{form}, held-out wordings"] for form in ("plots", "captions", "reports")}
    valid = min(row["schema_valid"] for row in exam.values() if "schema_valid" in row)
    return [
        ("facts from pictures", _some(exam["pictures"], *scene)),
        ("facts from plots", _some(exam["texts"], *scene)),
        ("facts from captions", _some(exam["captions"], "objects", "counts", "colours", "relations")),
        ("facts from radiographs", _some(exam["radiographs"], "findings", "side", "zone", "size")),
        ("facts from reports", _some(exam["reports"], "findings", "side", "zone", "size", "change")),
        (
            "stepwise",
            f"plots: {_some(exam['stepwise'], 'objects', 'triplets', 'triplets exact')}; "
            f"reports: {_some(exam['reports stepwise'], 'findings', 'triplets', 'triplets exact')}",
        ),
        ("answers that fit their schema, no repair, least of all rows", f"{valid:.3f}"),
        (
            "descriptions",
            f"scenes: {_some(writing, 'subject', 'description facts')}; "
            f"radiographs: {_some(reporting, 'subject', 'description facts')}",
        ),
        (
            "texts from descriptions",
            f"plots: facts {writing['plot facts']:.3f}, invented {writing['plot invented']:.3f}; "
            f"reports: facts {reporting['report facts']:.3f}",
        ),
        (
            "drawn from descriptions, read by an independent recogniser",
            f"scenes: {_some(drawn['drawn from descriptions'], 'objects', 'colours', 'counts')}; "
            f"radiographs: {_some(drawn['radiographs drawn from descriptions'], 'findings', 'side')}",
        ),
        (
            "retrieval, R@1 of 64, both ways",
            f"scenes: {_retrieval(exam, 'scenes')}; radiographs: {_retrieval(exam, 'radiographs')}",
        ),
        (
            f"objects F1, pictures {' / '.join(CHANGES)}",
            " / ".join(f"{exam[f'pictures {change}']['objects']:.3f}" for change in CHANGES),
        ),
        (
            "findings F1, radiographs changed likewise",
            " / ".join(f"{exam[f'radiographs {change}']['findings']:.3f}" for change in CHANGES),
        ),
        (
            f"texts in wordings never trained on ({n} of each)",
            f"plots: {_some(told['plots'], *scene)}; "
            f"captions: {_some(told['captions'], *scene)}; "
            f"reports: {_some(told['reports'], 'findings', 'normal structures', 'side', 'zone', 'size', 'change')}",
        ),
        (
            f"prompts in two wordings never trained on ({n} of each)",
            f"objects F1: {_prompted(reworded, 'plots', 'objects')}, {_prompted(reworded, 'pictures', 'objects')}; "
            f"findings F1: {_prompted(reworded, 'reports', 'findings')}, "
            f"{_prompted(reworded, 'radiographs', 'findings')}",
        ),
        ("requests in a talk, held-out wordings", f"right action, all arguments {exam['talk']['right']:.3f}"),
    ]


def _prompted(reworded: Mapping[str, Mapping[str, float]], part: str, name: str) -> str:
    figures = (reworded[f"{part}, {prompts} prompts"][name] for prompts in REWORDINGS)
    return f"{part} " + " / ".join(f"{figure:.3f}" for figure in figures)


def _some(values: Mapping[str, float], *names: str) -> str:
    return ", ".join(f"{name}{' F1' if name in F1 else ''} {values[name]:.3f}" for name in names)


def _retrieval(exam: Mapping[str, Mapping[str, float]], world: str) -> str:
    return ", ".join(
        f"{label} " + " / ".join(f"{value:.3f}" for value in exam[f"retrieval of {world}, {kind}"].values())
        for kind, label in (("clip", "CLIP"), ("blip", "BLIP"))
    )


def with_table(page: str, lines: list[tuple[str, str]]) -> str:
    """The page with its table replaced. Raises ValueError for a page without one."""
    made = HEAD + "".join(f"| {what} | {figure} |\n" for what, figure in lines)
    changed, found = TABLE.subn(lambda _: made, page)
    if found != 1:
        raise ValueError(f"wanted one table that begins with {HEAD.splitlines()[0]!r}, found {found}")
    return changed


def stale(pages: tuple[Path, ...] = PAGES) -> dict[Path, str]:
    """Pages whose table is not what the benches have written, and what they should be."""
    lines = rows(results("miniature"), results("candidates"), results("wordings"), samples("wordings"))
    wanted = {page: with_table(page.read_text(), lines) for page in pages}
    return {page: text for page, text in wanted.items() if text != page.read_text()}


def main() -> None:
    for page, text in stale().items():
        page.write_text(text)
        print(f"{page.relative_to(ROOT)}: table written")


if __name__ == "__main__":
    main()
