"""What can be told of a drawn sample's labels from its picture, from its text, and from both: with perfect readers.

    python bench/world.py [--n 8000]

No model reads anything: features are the true facts that a picture shows (`shown`) and that a text tells (`told`), one
column each, and a logistic regression per label learns from two thirds of the samples. So these figures bound what any
reader can reach by a linear head, and their gaps say what a completed modality is worth. Writes
bench/results/world.json and .md; docs/miniature-world.md quotes them.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._measured import Measured
from data.iuxray.study import tags
from data.iuxray.tags import TAGS
from mini.world.chest import Film
from mini.world.facts import GENRES, Scene, genres_of
from mini.world.forms import layout_of, told_plots
from mini.world.mesh import mesh
from mini.world.openi import study_of

SEED = 7
RARE = 25
"""Labels with fewer samples than this in either part are left out of the mean."""
Row = tuple[set[str], set[str], set[str]]
"""Facts of the picture, facts of the text, labels."""


def scene_facts(scene: Scene) -> set[str]:
    facts = {f"style {scene.style}", f"{scene.arrangement}"}
    for group in scene.groups:
        facts |= {group.kind, f"{group.kind} {group.count}", f"{group.kind} {group.colour}"}
    if scene.deed:
        doer, verb, target = scene.deed
        facts |= {f"doer {doer}", f"verb {verb}", f"target {target}"}
    return facts


def film_facts(film: Film) -> set[str]:
    facts = {f"normal {structure}" for structure in film.normal} | {f"history {film.history}"}
    for f in film.findings:
        details = {f"side {f.side}", f"zone {f.zone}", f"place {f.side} {f.zone}", f"size {f.size}"}
        details.add(f"change {f.change}")
        facts |= {f.kind, *details, *(f"{f.kind} {detail}" for detail in details)}
    return facts


def films(n: int) -> Iterator[Row]:
    """MM-IMDb: the samples that `python -m mini.world --form mmimdb` writes."""
    for index in range(n):
        layout, rng = layout_of("mmimdb", SEED, index)
        scene = layout.scene
        yield scene_facts(scene.shown()), scene_facts(told_plots(scene, rng)[0][0]), set(genres_of(scene))


def radiographs(n: int) -> Iterator[Row]:
    """IU X-ray: one sample a study. Labels are the tags that the reader makes of the MeSH fields."""
    for index in range(n):
        study = study_of("iuxray", SEED, index, exposures=1)
        labels = {tag for field in mesh(study.film) for tag in tags(field) if tag in TAGS}
        yield film_facts(study.film.shown()), film_facts(study.told), labels


def scores(rows: list[Row], names: tuple[str, ...]) -> dict[str, Any]:
    """Macro F1 and mean average precision of each view, on the last third of the rows."""
    cut = len(rows) * 2 // 3
    labels = np.array([[name in row[2] for name in names] for row in rows])
    common = [i for i in range(len(names)) if min(labels[:cut, i].sum(), labels[cut:, i].sum()) >= RARE]
    found: dict[str, Any] = {"samples": len(rows), "labels": len(common)}
    for view, sides in (("picture", (0,)), ("text", (1,)), ("both", (0, 1))):
        columns = matrix(rows, sides)
        found[view] = head(columns[:cut], labels[:cut][:, common], columns[cut:], labels[cut:][:, common])
    return found


def matrix(rows: list[Row], sides: tuple[int, ...]) -> NDArray[np.float64]:
    """One column per fact and side, 1 where it holds."""
    names = sorted({f"{side}:{fact}" for row in rows for side in sides for fact in row[side]})
    where = {name: i for i, name in enumerate(names)}
    columns = np.zeros((len(rows), len(names)))
    for i, row in enumerate(rows):
        for side in sides:
            for fact in row[side]:
                columns[i, where[f"{side}:{fact}"]] = 1
    return columns


def head(
    train: NDArray[np.float64], labels: NDArray[np.bool_], test: NDArray[np.float64], true: NDArray[np.bool_]
) -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score, f1_score

    share = np.column_stack(
        [
            LogisticRegression(C=10, max_iter=500).fit(train, column).predict_proba(test)[:, 1]
            for column in labels.T
        ]
    )
    return {
        "f1": round(float(f1_score(true, share > 0.5, average="macro", zero_division=0)), 3),
        "map": round(float(average_precision_score(true, share, average="macro")), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=8000, help="samples of each form")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    result = Measured("world", "scikit-learn")
    figures = {
        "MM-IMDb, genres": scores(list(films(args.n)), GENRES),
        "IU X-ray, tags": scores(list(radiographs(args.n)), TAGS),
    }
    views = ("picture", "text", "both")
    lines = ["# Labels from true facts, macro F1 / mAP", ""]
    lines += ["| form | labels | picture | text | both |", "|---|---|---|---|---|"]
    for form, found in figures.items():
        cells = " | ".join(f"{found[view]['f1']:.3f} / {found[view]['map']:.3f}" for view in views)
        lines.append(f"| {form} | {found['labels']} | {cells} |")
    result.write(figures, lines, samples=args.n)


if __name__ == "__main__":
    main()
