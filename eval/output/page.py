"""One static page that can be read alone: no network, no script, light and dark."""

import importlib.metadata
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from eval.output.findings import findings, not_comparable
from eval.output.grid import Field, Grid
from eval.output.plots import Plot
from eval.output.report import Report, sources
from eval.ranking.analysis import RankingReport
from eval.scene import Scene

PACKAGES = (
    "torch",
    "scikit-learn",
    "scipy",
    "numpy",
    "open_clip_torch",
    "transformers",
    "pandas",
    "matplotlib",
)
MOST_SWEPT = 8


def page(report: Report, grids: Sequence[tuple[str, Grid]], plots: Sequence[Plot]) -> str:
    """The whole page as HTML."""
    experiment = report.experiment
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    body = [
        f"<h1>{escape(experiment.title)}</h1>",
        f'<p class="lead">{escape(experiment.question)}</p>',
        _marks(report),
        "<h2>What came out</h2>",
        _list(findings(report)) or "<p>Nothing to compare: see the tables.</p>",
        *(_figure(plot) for plot in plots),
        "<h2>What is not comparable</h2>",
        _list([*not_comparable(report), *experiment.notes]),
        "<h2>Tables</h2>",
        *(_table(grid, folded=not name.startswith("main")) for name, grid in grids),
        _rankings(report),
        "<h2>What was run, and on what</h2>",
        *(_scene(scene, report) for scene in report.plan.scenes),
        _protocol(report),
        "<h2>Methods</h2>",
        _methods(report),
        _broken(report),
    ]
    title = f"{report.label}: {experiment.title}" if report.label else experiment.title
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
    )
    return f"{head}<body>{''.join(body)}</body></html>\n"


def _marks(report: Report) -> str:
    parts = []
    if report.miniature:
        parts.append(
            f'<div class="mark">{escape(report.label)}<p>A drawn world and tiny models: no measure '
            "of the method on real data.</p></div>"
        )
    for scene in report.plan.scenes:
        parts += [
            f'<div class="mark">LEAKING SPLIT<p>{escape(leak.summary())}</p></div>' for leak in scene.leaking
        ]
    if report.results.broken:
        parts.append(f'<div class="mark">{len(report.results.broken)} broken cells, listed at the end</div>')
    return "".join(parts)


def _figure(plot: Plot) -> str:
    return f"<figure>{plot.svg}<figcaption>{escape(plot.caption)}</figcaption></figure>"


def _table(grid: Grid, folded: bool) -> str:
    upper = "".join(f'<th colspan="{width}">{escape(text)}</th>' for text, width in grid.head)
    lower = "".join(f"<th>{escape(column)}</th>" for column in grid.columns)
    above = f"<tr>{upper}</tr>" if any(text for text, _ in grid.head) else ""
    rows = "".join(f"<tr>{''.join(_field(field) for field in row)}</tr>" for row in grid.rows)
    table = (
        f'<div class="wide"><table><thead>{above}<tr>{lower}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    notes = (
        f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in grid.notes)}</ul>'
        if grid.notes
        else ""
    )
    if folded:
        return f"<details><summary>{escape(grid.title)}</summary>{table}{notes}</details>"
    return f"<h3>{escape(grid.title)}</h3>{table}{notes}"


def _field(field: Field) -> str:
    if field.kind == "head":
        return f'<th scope="row">{escape(field.text)}</th>'
    kind = "" if field.kind == "value" else f' class="{field.kind}"'
    return f"<td{kind}>{escape(field.text)}</td>"


def _rankings(report: Report) -> str:
    parts = ["<h2>Does ranking help?</h2>"] if report.rankings else []
    for ranked, found in report.rankings:
        title = f"{ranked.dataset}, run {ranked.run}, rate {ranked.rate:g}, {ranked.encoder}"
        if isinstance(found, str):
            parts.append(f"<h3>{escape(title)}</h3><p>{escape(found)}</p>")
        else:
            mark = f"{report.label} · " if report.label else ""
            parts += [_table(grid, folded=False) for grid in ranking_tables(mark + title, found)]
    return "".join(parts)


def ranking_tables(title: str, found: RankingReport) -> list[Grid]:
    """The choice against its bounds; each score by itself; the best weights of the sweep."""
    bounds = [
        ("worst candidate", found.worst, None),
        ("random choice", found.random, found.random_best),
        ("the run's own choice", found.chosen, found.chosen_best),
        ("learned weights, from other samples", found.learned_likeness, None),
        ("learned weights, from the same samples", found.learned_same, None),
        ("best weights of all for these samples: upper bound", found.upper, None),
        ("best candidate", found.best, 100.0),
    ]
    choice = Grid(
        f"{title}: the choice",
        (("", 3),),
        ("choice", "likeness to the truth", "is the best, %"),
        tuple(
            (Field(name, "head"), Field(_number(value)), Field(_number(share)))
            for name, value, share in bounds
        ),
        (
            f"{found.samples:,} samples with {found.candidates:.1f} candidates on average. Learned weights: "
            f"{', '.join(f'{name} {value:g}' for name, value in found.learned.items()) or 'none'}.",
            "Candidates that tie for the best all count as the best, for a random choice too.",
            *(
                f"Missing {each.missing}: the own choice is ahead of a random one by {each.gain.value:.2f} "
                f"[{each.gain.low:.2f}, {each.gain.high:.2f}], paired bootstrap over {each.samples:,} samples."
                for each in found.gains
            ),
        ),
    )
    scores = Grid(
        f"{title}: every score by itself",
        (("", 5),),
        (
            "score",
            "its best is the best, %",
            "likeness of its best",
            "rank correlation",
            "samples told apart",
        ),
        tuple(
            (
                Field(s.name, "head"),
                Field(_number(s.best)),
                Field(_number(s.likeness)),
                Field(_number(s.correlation, 2)),
                Field(str(s.told_apart)),
            )
            for s in found.scores
        ),
        ("Rank correlation: Spearman's with the likeness to the truth, within a sample, mean over samples.",),
    )
    best = sorted(found.sweep, key=lambda each: -each.likeness)[:MOST_SWEPT]
    if not best:
        return [choice, scores]
    names = list(best[0].weights)
    sweep = Grid(
        f"{title}: the best weights of {len(found.sweep)}",
        (("", len(names) + 1),),
        (*names, "likeness of the chosen"),
        tuple(
            (*(Field(f"{each.weights[name]:g}") for name in names), Field(_number(each.likeness, 2)))
            for each in best
        ),
        ("All weights in steps of a tenth that sum to 1; only their proportions matter.",),
    )
    return [choice, scores, sweep]


def _scene(scene: Scene, report: Report) -> str:
    spec = scene.spec
    facts = [("data", f"{spec.name}, {scene.root}")]
    for role, split in scene.splits.items():
        leaves = f" of {len(split.dataset):,}" if len(split.samples) < len(split.dataset) else ""
        facts.append((role, f"{split.dataset.split}: {len(split.samples):,}{leaves} rows"))
    facts.append(("classes", f"{len(scene.splits['train'].classes)}"))
    for leak in scene.leaks:
        facts.append(("leak check", leak.summary()))
    for (role, rate, name), run in scene.runs.items():
        models = ", ".join(
            f"{part} {m.get('name')}" for part, m in run.manifest.models.items() if m.get("name")
        )
        figures = run.manifest.figures
        facts.append(
            (
                f"run {name}, {role}, {rate:g}",
                f"{figures.completed} completed, {figures.failed} failed; {models}; {run.path}",
            )
        )
    for (role, rate, name), problem in scene.problems.items():
        facts.append((f"run {name}, {role}, {rate:g}", f"BROKEN: {problem}"))
    facts += [("note", note) for note in dict.fromkeys(scene.notes)]
    return f"<h3>{escape(spec.name)}</h3>{_facts(facts)}"


def _protocol(report: Report) -> str:
    experiment = report.experiment
    test = experiment.test_mask
    seed = "the released masks'" if experiment.mask.seed is None else str(experiment.mask.seed)
    rates = ", ".join(f"{rate:g}" for rate in experiment.rates)
    nested = (
        ", nested: a higher rate hides what a lower one hides, and more" if experiment.mask.nested else ""
    )
    facts = [
        ("mask of training", f"{experiment.mask.type}, rates {rates}, seed {seed}{nested}"),
        ("mask of dev and test", "none" if test is None else f"{test.type}, rate {test.rate:g}"),
        ("encoders", ", ".join(f"{each.label} ({each.digest})" for each in report.plan.encoders)),
        *(
            (f"head {name}", ", ".join(f"{k} {v}" for k, v in head.model_dump().items()))
            for name, head in experiment.heads.items()
        ),
        ("seeds", str(experiment.seeds)),
        ("command", report.command),
        ("written", datetime.now(UTC).isoformat(timespec="seconds")),
        ("machine", f"{platform.machine()}, Python {platform.python_version()}; {_versions()}"),
    ]
    return f"<h3>Protocol</h3>{_facts(facts)}"


def _methods(report: Report) -> str:
    rows = tuple(
        (
            Field(name, "head"),
            Field(source, "words"),
            Field(licence, "words"),
            Field(here, "words"),
            Field(options, "words"),
        )
        for name, source, licence, here, options in sources(report)
    )
    columns = ("line", "source", "licence of the source", "here", "hyperparameters")
    return _table(Grid("Where each line comes from", (("", len(columns)),), columns, rows), folded=True)


def _broken(report: Report) -> str:
    if not report.results.broken:
        return ""
    said = dict.fromkeys(
        f"{o.cell.dataset}, {o.cell.method.name}, rate {o.cell.rate}, {o.cell.head_name}, seed {o.seed}: "
        f"{o.result.problem}"
        for o in report.results.broken
    )
    return f'<h2 class="broken">Broken cells</h2>{_list(said)}'


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(name)}</dt><dd>{escape(value)}</dd>' for name, value in facts)}</dl>"


def _list(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def _number(value: float | None, digits: int = 1) -> str:
    return "\N{EN DASH}" if value is None or value != value else f"{value:.{digits}f}"


def _versions() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
