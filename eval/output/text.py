"""Tables as Markdown and as LaTeX."""

import re

from eval.output.grid import Field, Grid

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "\N{EN DASH}": "--", "·": r"$\cdot$",
}  # fmt: skip


def markdown(grid: Grid) -> str:
    """A title, one table, notes. Upper headings are joined to the columns, since Markdown has one row of them."""
    lines = [f"### {_plain(grid.title)}", "", _row(_joined(grid)), _row(["---"] * len(grid.columns))]
    lines += [_row([_marked(field) for field in row]) for row in grid.rows]
    lines += ["", *(f"- {_plain(note)}" for note in grid.notes)]
    return "\n".join(lines).rstrip() + "\n"


def latex(grid: Grid) -> str:
    """A `table*` for the booktabs package."""
    spans = " & ".join(rf"\multicolumn{{{width}}}{{c}}{{{escaped(text)}}}" for text, width in grid.head)
    lines = [
        r"\begin{table*}[t]",
        r"\centering\small",
        rf"\caption{{{escaped(grid.title)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(grid.columns) - 1)}}}",
        r"\toprule",
        *([rf"{spans} \\"] if any(text for text, _ in grid.head) else []),
        " & ".join(escaped(column) for column in grid.columns) + r" \\",
        r"\midrule",
        *(" & ".join(_tex(field) for field in row) + r" \\" for row in grid.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\footnotesize {escaped(note)}" for note in grid.notes),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that LaTeX sets as it is written."""
    return "".join(_LATEX.get(character, character) for character in text)


def _tex(field: Field) -> str:
    text = escaped(field.text)
    return {
        "best": rf"\textbf{{{text}}}",
        "published": rf"\textit{{{text}}}",
        "broken": rf"\textsc{{{text}}}",
    }.get(field.kind, text)


def _marked(field: Field) -> str:
    text = _plain(field.text)
    return {"best": f"**{text}**", "published": f"*{text}*"}.get(field.kind, text)


def _joined(grid: Grid) -> list[str]:
    above = [text for text, width in grid.head for _ in range(width)]
    return [
        f"{_plain(top)}: {_plain(low)}" if top else _plain(low)
        for top, low in zip(above, grid.columns, strict=True)
    ]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(text: str) -> str:
    return re.sub(r"([|*<])", r"\\\1", " ".join(text.split()))
