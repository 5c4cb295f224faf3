"""Plots of an experiment, as SVG that takes the colour of the text around it, and as PNG on white."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eval.output.grid import broken_at, sees_truth
from eval.output.report import Report
from eval.plan import run_of
from eval.results import TITLES, Block

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#0a0b0c"
"""Of lines and letters; becomes `currentColor` in the SVG, so that it can be read on dark and on light."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f")
"""Of Okabe and Ito, which most people can tell apart; the first is the reference's."""
MARKS = "os^Dv<>p*h"
PANELS = ("macro_f1", "map", "ss")


@dataclass(frozen=True)
class Plot:
    """One picture with the sentence that stands below it."""

    name: str
    caption: str
    svg: str
    png: bytes


def draw(report: Report) -> list[Plot]:
    """Every plot that the experiment asks for and has figures for."""
    plots: list[Plot | None] = []
    for number, block in enumerate(report.results.blocks, 1):
        views = report.experiment.views
        if "rates" in views:
            plots.append(_rates(report, block, number))
        if "bars" in views:
            plots.append(_bars(report, block, number))
        if "candidates" in views:
            plots.append(_candidates(report, block, number))
        if "cost" in views:
            plots.append(_cost(report, block, number))
    plots.append(_sweep(report))
    return [plot for plot in plots if plot is not None]


def _rates(report: Report, block: Block, number: int) -> Plot | None:
    """Every metric against the missing rate; lines that stand at one rate only are left to the bars."""
    rates = report.results.rates(block)
    lines = [name for name in report.results.lines(block) if not _at_some_rates_only(report, name)]
    if len(rates) < 2 or not lines:
        return None
    with _canvas(1, len(PANELS), 13, 5.2) as (figure, axes):
        for axis, metric in zip(axes, PANELS, strict=True):
            for line in lines:
                points = [report.results.figure(block, line, rate, metric) for rate in rates]
                if all(point.mean is None for point in points):
                    continue
                values = [float("nan") if point.mean is None else point.mean for point in points]
                style = _style(report, line, lines)
                axis.plot(rates, values, label=line, **style)
                for rate in rates:
                    found = report.intervals.get((block, line, rate, metric))
                    if found is not None and line == report.experiment.compared_with:
                        axis.vlines(rate, found.low, found.high, color=style["color"], alpha=0.5, linewidth=3)
            axis.set_xticks(rates)
            axis.set_xlabel("missing rate")
            axis.set_title(TITLES[metric])
        handles = {
            text: handle
            for axis in axes
            for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        figure.legend(handles.values(), handles.keys(), loc="outside right upper", frameon=False, fontsize=8)
        _head(report, block, figure)
        caption = "Means over the seeds against the missing rate of the training split."
        if report.experiment.compared_with in lines and report.experiment.resamples:
            caption += f" Bars at {report.experiment.compared_with}: 95 % interval over the test rows."
        broken = [line for line in lines if broken_at(report, block, line, rates)]
        return _plot(f"rates-{number}", caption + _left_out(broken), figure)


def _bars(report: Report, block: Block, number: int) -> Plot | None:
    """The reference minus every other line at the highest rate, with intervals."""
    found = [each for each in report.differences if each.block == block and each.metric == "macro_f1"]
    if not found:
        return None
    rate = max(each.rate for each in found)
    found = [each for each in found if each.rate == rate]
    with _canvas(1, 1, 9, 1.6 + 0.3 * len(found)) as (figure, axes):
        for place, each in enumerate(reversed(found)):
            i = each.interval
            colour = {"ahead": COLOURS[0], "behind": COLOURS[1]}.get(each.verdict, COLOURS[-1])
            axes[0].barh(place, i.value, color=colour, alpha=0.85, height=0.65)
            axes[0].hlines(place, i.low, i.high, color=INK, linewidth=1.4)
        axes[0].set_yticks(range(len(found)), [each.other for each in reversed(found)])
        axes[0].axvline(0, color=INK, linewidth=0.8)
        axes[0].set_xlabel(f"points of macro F1 by which {found[0].line} is better, missing rate {rate:g}")
        _head(report, block, figure)
        caption = (
            f"{found[0].line} minus every other line at missing rate {rate:g}; lines are 95 % intervals over the test "
            "rows. Blue: ahead. Orange: behind. Grey: not told apart."
        )
        broken = [line for line in report.results.lines(block) if broken_at(report, block, line, [rate])]
        return _plot(f"differences-{number}", caption + _left_out(broken), figure)


def _candidates(report: Report, block: Block, number: int) -> Plot | None:
    """Quality and tokens against the number of candidates."""
    by_number: dict[int, tuple[int, str, float]] = {}
    for cost in report.costs:
        among = report.spec(cost.line).options.get("among")
        if cost.block != block or among is None or cost.completion is None:
            continue
        if _chooses_as_the_run(report, cost.line):
            by_number.setdefault(int(among), (int(among), cost.line, cost.completion.tokens))
    if len(by_number) < 2:
        return None
    found = sorted(by_number.values())
    numbers = [among for among, _, _ in found]
    rate = max(rate for rate in report.results.rates(block) if report.results.at(block, found[0][1], rate))
    with _canvas(1, 2, 10, 3.8) as (figure, axes):
        for place, metric in enumerate(PANELS):
            known = [report.results.figure(block, line, rate, metric).mean for _, line, _ in found]
            values = [value for value in known if value is not None]
            if len(values) < len(known):
                continue
            axes[0].plot(numbers, values, color=COLOURS[place], marker=MARKS[place], label=TITLES[metric])
        axes[0].set_title(f"quality, missing rate {rate:g}")
        axes[0].legend(frameon=False, fontsize=8)
        axes[1].plot(numbers, [tokens for _, _, tokens in found], color=COLOURS[0], marker="o")
        axes[1].set_title("LMM tokens per sample")
        axes[1].set_ylim(bottom=0)
        for axis in axes:
            axis.set_xticks(numbers)
            axis.set_xlabel("candidates")
        _head(report, block, figure)
        return _plot(f"candidates-{number}", "What more candidates bring, and what they cost.", figure)


def _cost(report: Report, block: Block, number: int) -> Plot | None:
    """Quality against tokens, for the lines that an LMM completed."""
    rates = report.results.rates(block)
    points = []
    for cost in report.costs:
        if cost.block != block or cost.completion is None or not _chooses_as_the_run(report, cost.line):
            continue
        figure_ = report.results.figure(block, cost.line, max(rates), "macro_f1")
        if figure_.mean is not None:
            points.append((cost.completion.tokens, figure_.mean, cost.line))
    if len(points) < 2:
        return None
    with _canvas(1, 1, 8, 4.4) as (figure, axes):
        for place, (tokens, value, line) in enumerate(points):
            axes[0].scatter(
                tokens,
                value,
                color=COLOURS[place % len(COLOURS)],
                marker=MARKS[place % len(MARKS)],
                label=line,
            )
        axes[0].set_xlabel("LMM tokens per sample")
        axes[0].set_ylabel(f"macro F1, missing rate {max(rates):g}")
        axes[0].set_xlim(left=0)
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
        _head(report, block, figure)
        caption = "Quality against what the completions cost; lines that only choose differently from one run left out."
        return _plot(f"cost-{number}", caption, figure)


def _sweep(report: Report) -> Plot | None:
    """What the chosen candidates are like, for all weights of the quality score."""
    rankings = [
        (ranked, found) for ranked, found in report.rankings if not isinstance(found, str) and found.sweep
    ]
    if not rankings:
        return None
    with _canvas(1, len(rankings), max(5.0, 4.2 * len(rankings)), 3.8) as (figure, axes):
        for axis, (ranked, found) in zip(axes, rankings, strict=True):
            first = next(iter(found.sweep[0].weights))
            axis.scatter(
                [each.weights[first] for each in found.sweep],
                [each.likeness for each in found.sweep],
                color=COLOURS[0], s=14, label="weights of the sweep",
            )  # fmt: skip
            for value, text, style in (
                (found.chosen, "the run's own choice", "-"),
                (found.random, "random choice", ":"),
                (found.best, "best by the truth", "--"),
                (found.learned_same, "learned weights", "-."),
            ):
                if value == value:
                    axis.axhline(value, color=INK, linestyle=style, linewidth=1, label=text)
            axis.set_xlabel(f"weight of {first}")
            axis.set_title(f"{ranked.dataset}, {ranked.run}, rate {ranked.rate:g}", fontsize=9)
        axes[0].set_ylabel("likeness to the truth")
        handles, texts = axes[0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=3, frameon=False, fontsize=7)
        figure.suptitle(report.label, fontsize=8)
        caption = "Mean likeness of the chosen candidate to the hidden truth, for all weights that sum to 1."
        return _plot("ranking-weights", caption, figure)


def _left_out(broken: list[str]) -> str:
    return f" Broken, so not or not wholly drawn: {', '.join(broken)}." if broken else ""


def _chooses_as_the_run(report: Report, line: str) -> bool:
    """Whether a line differs from its run in nothing but the number of candidates."""
    return set(report.spec(line).options) <= {"run", "among"}


def _at_some_rates_only(report: Report, line: str) -> bool:
    rates = report.spec(line).rates
    return rates is not None and len(rates) < len(report.experiment.rates)


def _style(report: Report, line: str, lines: list[str]) -> dict[str, Any]:
    if line == report.experiment.compared_with:
        return {"color": COLOURS[0], "linewidth": 2.6, "marker": "o", "zorder": 5}
    if line == "remove" or sees_truth(report, line):
        return {"color": INK, "linewidth": 1.2, "linestyle": "--" if line == "remove" else ":"}
    place = lines.index(line)
    by_lmm = run_of(report.spec(line)) is not None
    return {
        "color": COLOURS[1 + place % (len(COLOURS) - 1)],
        "linewidth": 1.3 if by_lmm else 1.0,
        "marker": MARKS[place % len(MARKS)],
        "markersize": 4,
        "alpha": 0.9,
    }


def _head(report: Report, block: Block, figure: "Figure") -> None:
    scene = report.scene(block.dataset)
    marks = [report.label] if scene.miniature else []
    marks += ["LEAKING SPLIT"] if scene.leaking else []
    words = " · ".join([*marks, block.dataset, block.encoder, f"{block.head} head"])
    figure.suptitle(words, fontsize=8)


@contextmanager
def _canvas(rows: int, columns: int, width: float, height: float) -> "Iterator[tuple[Figure, list[Axes]]]":
    """A figure of its own: no state of pyplot, and no window system."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "axes.titlecolor": INK,
        "xtick.color": INK, "ytick.color": INK, "axes.facecolor": "none", "figure.facecolor": "none",
        "axes.spines.top": False, "axes.spines.right": False, "font.size": 9, "svg.fonttype": "none",
        "svg.hashsalt": "eval", "legend.labelcolor": INK, "axes.titlesize": 10,
    }  # fmt: skip
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _plot(name: str, caption: str, figure: "Figure") -> Plot:
    vector, pixels = io.StringIO(), io.BytesIO()
    figure.savefig(vector, format="svg", metadata={"Date": None})
    figure.savefig(pixels, format="png", dpi=150, facecolor="white")
    svg = vector.getvalue()
    return Plot(name, caption, svg[svg.index("<svg") :].replace(INK, "currentColor"), pixels.getvalue())
