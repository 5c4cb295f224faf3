"""`python -m tools.kgc explain MODEL ENTITY`: what the model weighs of an entity."""

import argparse
import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from tools.kgc.answers import STRUCTURE, Explanation, explain
from tools.kgc.fitted import FittedModel
from tools.kgc.lookup import Names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="DIR", help="run folder of train, or of fit-run")
    parser.add_argument("entity", nargs="+", metavar="ENTITY", help="one or more names")
    parser.add_argument("--json", action="store_true", help="one line of JSON per entity")


def run(options: argparse.Namespace) -> int:
    """Print the weights of every named entity."""
    model = FittedModel.load(options.model)
    names = Names(model.entities, "entity")
    explanations = [explain(model, names.id(name)) for name in options.entity]
    out = Console(highlight=False, markup=False)
    for explanation in explanations:
        if options.json:
            print(json.dumps(asdict(explanation), ensure_ascii=False))
        else:
            _show(explanation, model, out)
    return 0


def _show(explanation: Explanation, model: FittedModel, out: Console) -> None:
    """One row of weights as they are, then one for each modality that could be taken away."""
    names = list(explanation.weights)
    headings = [f"{name} (synthetic)" if name in model.synthetic else name for name in names]
    table = Table("modality weights", *headings, title=explanation.entity)
    table.add_row("as fitted", *(_cell(explanation, name, explanation.weights) for name in names))
    for left_out, weights in explanation.without.items():
        table.add_row(f"without {left_out}", *(_cell(explanation, name, weights) for name in names))
    out.print(table)
    lacking = f"; lacks {', '.join(explanation.lacks)}" if explanation.lacks else ""
    out.print(f"has {', '.join((STRUCTURE, *explanation.has))}{lacking}", soft_wrap=True)


def _cell(explanation: Explanation, name: str, weights: dict[str, float]) -> str:
    if name in explanation.lacks:
        return "lacking"
    return f"{weights[name]:.3f}" if name in weights else "-"
