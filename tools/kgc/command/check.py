"""`python -m tools.kgc check GRAPH`: what is wrong with the splits of a graph."""

import argparse
import json

from rich.console import Console
from rich.table import Table

from tools.kgc.leaks import SPLITS, LeakReport, leak_report
from tools.kgc.reading import read_graph

SHOWN = 12
"""Relation pairs in the table; --json has them all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "graph",
        nargs="+",
        metavar="PATH",
        help="OpenKE folder, folder of tables, or one to three tables head<TAB>relation<TAB>tail: train, valid, test",
    )
    parser.add_argument("--json", action="store_true", help="the whole report as JSON")
    parser.epilog = "exit status: 0 no split shares rows with another, 1 some do, 2 the graph cannot be read"


def run(options: argparse.Namespace) -> int:
    """Print the report; 1 if a split shares rows with another."""
    report = leak_report(read_graph(options.graph))
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False, indent=1))
    else:
        _show(report, Console(highlight=False, markup=False))
    return 1 if report.leaks else 0


def _show(report: LeakReport, out: Console) -> None:
    out.print(_splits(report))
    if report.pairs:
        out.print(_pairs(report))
    for warning in report.warnings():
        out.print(f"warning: {warning}", soft_wrap=True)
    if not report.leaks:
        out.print(f"{report.name}: no split shares a row with another", soft_wrap=True)


def _splits(report: LeakReport) -> Table:
    table = Table("rows of", *SPLITS, title=report.name)
    shared = {(s.split, s.other): s.rows for s in report.shared}
    unseen = {u.split: u for u in report.unseen}

    def row(label: str, counts: dict[str, int]) -> None:
        table.add_row(label, *(f"{counts[split]:,}" if split in counts else "" for split in SPLITS))

    row("the split", report.sizes)
    row("that repeat an earlier row", report.repeated)
    for other in SPLITS:
        row(f"that stand in {other} too", {s: shared.get((s, other), 0) for s in SPLITS if s != other})
    row("with an inverse or duplicate in train", report.copied)
    row("with an entity that train lacks", {split: u.entity_rows for split, u in unseen.items()})
    row("with a relation that train lacks", {split: u.relation_rows for split, u in unseen.items()})
    return table


def _pairs(report: LeakReport) -> Table:
    table = Table("relation", "is", "of", "triples", "share", title="relations that repeat each other")
    pairs = sorted(report.pairs, key=lambda pair: -pair.triples)
    for pair in pairs[:SHOWN]:
        kind = "symmetric" if pair.relation == pair.other else pair.kind
        share = f"{pair.triples / pair.of:.0%}"
        table.add_row(pair.relation, kind, pair.other, f"{pair.triples:,} of {pair.of:,}", share)
    if len(pairs) > SHOWN:
        table.caption = f"{len(pairs) - SHOWN} more pairs with --json"
    return table
