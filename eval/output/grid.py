"""Tables as plain cells, from which Markdown, LaTeX and the page make theirs."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.output.report import PUBLISHED_METRICS, Report
from eval.plan import run_of
from eval.results import TITLES, Block, Figure

DASH = "\N{EN DASH}"
BROKEN = "broken"
PUBLISHED = "published"


@dataclass(frozen=True)
class Field:
    """One cell of a table: its text, and what it is."""

    text: str
    kind: str = "value"
    """value, best, published, broken, head, within or outside (of the tolerance), note."""


@dataclass(frozen=True)
class Grid:
    """A table with a title, two rows of headings and notes below it."""

    title: str
    head: tuple[tuple[str, int], ...]
    """Upper headings with the columns that each spans."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Field, ...], ...]
    notes: tuple[str, ...] = ()


def main_table(report: Report, block: Block) -> Grid:
    """Methods against missing rates: ours as mean and deviation over the seeds, beside it what was published."""
    results, rates = report.results, report.results.rates(block)
    metrics = [metric for metric in ("macro_f1", "map", "ss", "macro_f1_tuned", "micro_f1")]
    shown = any(each.dataset == block.dataset for each in report.experiment.published)
    head, columns = [("", 1)], ["method"]
    for rate in rates:
        width = 0
        for metric in metrics:
            columns.append(TITLES[metric])
            width += 1
            if shown and metric in PUBLISHED_METRICS:
                columns.append(PUBLISHED)
                width += 1
        head.append((f"missing rate {rate:g}", width))
    rows = []
    for line in _lines(report, block):
        fields = [Field(line, "head")]
        for rate in rates:
            for metric in metrics:
                figure = results.figure(block, line, rate, metric)
                theirs = report.published(block, line, rate)
                value = getattr(theirs, metric, None) if theirs is not None else None
                fields.append(_field(report, block, line, rate, metric, figure))
                if shown and metric in PUBLISHED_METRICS:
                    fields.append(_published(report, block, figure, value))
        rows.append(tuple(fields))
    return Grid(_title(report, block), tuple(head), tuple(columns), tuple(rows), _notes(report, block, shown))


def class_table(report: Report, block: Block, rate: float) -> Grid:
    """F1 of every class at 0.5, mean over the seeds, with the number of positive test rows."""
    split = report.scene(block.dataset).splits["test"]
    lines = report.results.lines(block)
    columns = ("class", "test rows", *lines)
    counts = split.labels.sum(axis=0)
    rows = []
    for number, label in enumerate(split.classes):
        fields = [Field(label, "head"), Field(str(int(counts[number])))]
        for line in lines:
            done = [
                o.result.fixed for o in report.results.at(block, line, rate) if o.result.fixed is not None
            ]
            values = [fixed.f1[number] for fixed in done]
            known = [value for value in values if value is not None]
            if broken_at(report, block, line, [rate]):
                fields.append(Field(BROKEN, "broken"))
                continue
            fields.append(Field(f"{sum(known) / len(known):.1f}" if known else DASH))
        rows.append(tuple(fields))
    title = f"{_title(report, block)}: F1 by class, missing rate {rate:g}"
    return Grid(title, (("", len(columns)),), columns, tuple(rows))


def difference_table(report: Report, block: Block, metric: str) -> Grid | None:
    """The reference minus every other line, with the 95 % interval of the paired bootstrap."""
    found = [each for each in report.differences if each.block == block and each.metric == metric]
    if not found:
        return None
    rates = report.results.rates(block)
    known = {each.other for each in found}
    rows = []
    for other in report.results.lines(block):
        if other not in known and not broken_at(report, block, other, rates):
            continue
        fields = [Field(other, "head")]
        for rate in rates:
            at = next((each for each in found if each.other == other and each.rate == rate), None)
            if at is None:
                field = Field(BROKEN, "broken") if broken_at(report, block, other, [rate]) else Field(DASH)
                fields += [field, field]
                continue
            i = at.interval
            kind = {"ahead": "within", "behind": "outside"}.get(at.verdict, "value")
            fields += [Field(f"{i.value:+.1f} [{i.low:+.1f}, {i.high:+.1f}]", kind), Field(at.verdict, kind)]
        rows.append(tuple(fields))
    line = found[0].line
    head = (("", 1), *((f"missing rate {rate:g}", 2) for rate in rates))
    columns = ("against", *(name for _ in rates for name in (f"points of {TITLES[metric]}", line)))
    title = f"{_title(report, block)}: {line} minus the others, {TITLES[metric]}"
    note = f"95 % interval of {report.experiment.resamples:,} paired resamples of the test rows; mean over the seeds."
    return Grid(title, head, columns, tuple(rows), (note,))


def similarity_table(report: Report, block: Block) -> Grid | None:
    """SS and the other pairings, at every missing rate."""
    keys = ("ss", "ss_image", "ss_text", "cross", "cross_true", "filled")
    titles = ("SS", "images only", "texts only", "completed with present", "truth with present", "filled")
    rows = []
    for rate in report.results.rates(block):
        for line in report.results.lines(block):
            found = [report.results.figure(block, line, rate, key) for key in keys]
            if found[0].broken is not None and run_of(report.spec(line)) is not None:
                rows.append((Field(line, "head"), Field(f"{rate:g}"), *[Field(BROKEN, "broken")] * len(keys)))
            if found[0].mean is None:
                continue
            texts = [DASH if f.mean is None else f"{f.mean:.1f}" for f in found[:-1]]
            texts.append(f"{found[-1].mean:.0f}" if found[-1].mean is not None else DASH)
            rows.append((Field(line, "head"), Field(f"{rate:g}"), *(Field(text) for text in texts)))
    if not rows:
        return None
    columns = ("method", "rate", *titles)
    note = (
        "Cosines x100 of features of the same encoder that classifies. SS pairs a completion with the hidden "
        "truth of its modality, as the paper says; the other columns pair across modalities."
    )
    return Grid(f"{_title(report, block)}: similarity", (("", len(columns)),), columns, tuple(rows), (note,))


def cost_table(report: Report, block: Block) -> Grid:
    """Seconds and memory of every line, and what its completions took."""
    rows = []
    for cost in report.costs:
        if cost.block != block:
            continue
        run = cost.completion
        rows.append(
            (
                Field(cost.line, "head"),
                Field(BROKEN, "broken") if cost.seconds is None else Field(f"{cost.seconds:.1f}"),
                Field(_number(cost.peak_mib, 0)),
                Field(_number(None if run is None else run.calls, 1)),
                Field(_number(None if run is None else run.tokens, 0)),
                Field(_number(None if run is None else run.lmm_seconds, 1)),
                Field(_number(None if run is None else run.seconds, 1)),
                Field(_number(None if run is None else run.peak_mib, 0)),
                Field(DASH if run is None else f"{run.failed} of {run.samples + run.failed}"),
            )
        )
    head = (("", 1), ("training and prediction, one cell", 2), ("completion, per sample", 6))
    columns = (
        "method",
        "seconds",
        "added MiB",
        "calls",
        "tokens",
        "LMM seconds",
        "wall seconds",
        "peak MiB",
        "failed",
    )
    notes = (
        "Added MiB: resident memory on top of the features. LMM seconds add up answers that overlap. Lines "
        "that only choose differently from one run share its completions and their cost; for the first N "
        "candidates the questions about later ones are left out.",
    )
    return Grid(f"{_title(report, block)}: cost", head, columns, tuple(rows), notes)


def _lines(report: Report, block: Block) -> list[str]:
    """Lines that were run, then lines that are only published."""
    run = report.results.lines(block)
    theirs = [each.method for each in report.experiment.published if each.dataset == block.dataset]
    return [
        *run,
        *(name for name in dict.fromkeys(theirs) if name not in run and block.head == _first_head(report)),
    ]


def _first_head(report: Report) -> str:
    return next(iter(report.experiment.heads))


def _field(report: Report, block: Block, line: str, rate: float, metric: str, figure: Figure) -> Field:
    if figure.broken is not None:
        return Field(BROKEN, "broken")
    if figure.mean is None:
        return Field(DASH)
    text = f"{figure.mean:.1f}" + (f" ± {figure.std:.1f}" if figure.std else "")
    return Field(text, "best" if line == _best(report, block, rate, metric) else "value")


def _best(report: Report, block: Block, rate: float, metric: str) -> str | None:
    """The best line that is a method: not the upper lines, which see what is hidden."""
    found = {
        line: figure.mean
        for line in report.results.lines(block)
        if not sees_truth(report, line)
        and (figure := report.results.figure(block, line, rate, metric)).mean is not None
    }
    return max(found, key=lambda line: found[line] or 0.0) if found else None


def broken_at(report: Report, block: Block, line: str, rates: Sequence[float]) -> bool:
    """Whether any cell of the line is broken at one of the rates."""
    return any(report.results.figure(block, line, rate, "macro_f1").broken is not None for rate in rates)


def sees_truth(report: Report, line: str) -> bool:
    """Whether a line is an upper bound rather than a method."""
    spec = report.spec(line)
    return spec.method == "complete" or spec.options.get("choose") == "best"


def _published(report: Report, block: Block, figure: Figure, value: float | None) -> Field:
    if value is None:
        return Field(DASH, "published")
    kind = "published"
    if figure.mean is not None and report.comparable(block):
        kind = "within" if abs(figure.mean - value) <= report.experiment.tolerance else "outside"
    return Field(f"{value:.1f}", kind)


def _title(report: Report, block: Block) -> str:
    marks = [report.label] if report.scene(block.dataset).miniature else []
    marks += ["LEAKING SPLIT: figures are too good"] if report.scene(block.dataset).leaking else []
    return " · ".join([*marks, block.dataset, block.encoder, f"{block.head} head"])


def _notes(report: Report, block: Block, shown: bool) -> tuple[str, ...]:
    scene = report.scene(block.dataset)
    notes = [
        f"Mean ± standard deviation over {report.experiment.seeds} seeds, in percent; threshold 0.5, or tuned on dev. "
        "The best method of a column is bold; complete data and the best candidate by the truth are bounds, "
        "no methods."
    ]
    if empty := report.empty_classes(block.dataset):
        some = ", ".join(empty[:5]) + (" ..." if len(empty) > 5 else "")
        notes.append(f"No test row has these classes, so they are in no mean ({len(empty)}): {some}.")
    if shown and scene.miniature:
        notes.append(
            "Published figures are of real data and large models; beside the miniature they show the form of "
            "the table and the order of the methods, and nothing else can be compared."
        )
    elif shown:
        notes.append(
            f"Published figures are green where ours is within {report.experiment.tolerance:g} points, red elsewhere."
        )
    if broken := [o for o in report.results.broken if o.cell.dataset == block.dataset]:
        sentences = dict.fromkeys(f"{o.cell.method.name}: {o.result.problem}" for o in broken)
        notes += [f"Broken: {sentence}" for sentence in sentences]
    return (*notes, *report.experiment.notes)


def _number(value: float | None, digits: int) -> str:
    return DASH if value is None else f"{value:,.{digits}f}"
