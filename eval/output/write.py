"""Everything under `results/<experiment>/`."""

from pathlib import Path

import yaml

from eval.cells import Store
from eval.completions import Tell
from eval.experiment import Experiment
from eval.output.grid import Grid, class_table, cost_table, difference_table, main_table, similarity_table
from eval.output.page import page
from eval.output.plots import Plot, draw
from eval.output.report import Report, make_report
from eval.output.text import latex, markdown
from eval.places import Places
from eval.plan import Plan
from eval.results import Block, Results


def write_all(
    name: str,
    experiment: Experiment,
    plan: Plan,
    results: Results,
    store: Store,
    places: Places,
    command: str,
    tell: Tell,
) -> Report:
    """Tables, plots and the page, from cells that are there."""
    tell("comparing, drawing, writing ...")
    folder = places.results(name)
    report = make_report(name, experiment, plan, results, store, places, command)
    for part in ("tables", "plots"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for old in (folder / part).iterdir():
            old.unlink()
    content = yaml.safe_dump(experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (folder / "experiment.yaml").write_text(content, encoding="utf-8")
    _write_tidy(report, folder)
    grids = tables(report)
    for number, (short, grid) in enumerate(grids, 1):
        (folder / "tables" / f"{number:02}-{short}.md").write_text(markdown(grid), encoding="utf-8")
        (folder / "tables" / f"{number:02}-{short}.tex").write_text(latex(grid), encoding="utf-8")
    plots = draw(report)
    for plot in plots:
        _write_plot(plot, folder / "plots")
    (folder / "index.html").write_text(page(report, grids, plots), encoding="utf-8")
    return report


def tables(report: Report) -> list[tuple[str, Grid]]:
    """(short name, table) of every block, in the order of reading."""
    found: list[tuple[str, Grid]] = []
    for block in report.results.blocks:
        found.append((f"main-{_short(block)}", main_table(report, block)))
        for metric in ("macro_f1", "map", "macro_f1_tuned"):
            if (grid := difference_table(report, block, metric)) is not None:
                found.append((f"difference-{metric}-{_short(block)}", grid))
        if (grid := similarity_table(report, block)) is not None:
            found.append((f"similarity-{_short(block)}", grid))
        found.append((f"cost-{_short(block)}", cost_table(report, block)))
        rate = max(report.results.rates(block), default=0.0)
        found.append((f"classes-{_short(block)}", class_table(report, block, rate)))
    return found


def _write_tidy(report: Report, folder: Path) -> None:
    labels = {scene.spec.name: scene.splits["test"].classes for scene in report.plan.scenes}
    miniature = {scene.spec.name: scene.miniature for scene in report.plan.scenes}
    frame = report.results.table(report.name, labels, miniature)
    frame.to_parquet(folder / "cells.parquet", index=False)
    frame.to_csv(folder / "cells.csv", index=False)


def _write_plot(plot: Plot, folder: Path) -> None:
    (folder / f"{plot.name}.svg").write_text(plot.svg, encoding="utf-8")
    (folder / f"{plot.name}.png").write_bytes(plot.png)


def _short(block: Block) -> str:
    words = f"{block.dataset} {block.encoder} {block.head}"
    return "".join(c if c.isalnum() else "-" for c in words.lower()).strip("-")
