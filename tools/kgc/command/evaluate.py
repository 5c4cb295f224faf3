"""`python -m tools.kgc evaluate DIR`: filtered ranks of the test triples."""

import argparse
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.kgc.command.display import ranking_bar
from tools.kgc.errors import InputError
from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph
from tools.kgc.metrics import Evaluation
from tools.kgc.reading import read_graph
from tools.kgc.run_folder import RunFolder, peak_mib
from tools.kgc.writing import write_json

HEADINGS = ("triples x sides", "MRR", "Hits@1", "Hits@3", "Hits@10", "MR")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="DIR", help="run folder of train")
    parser.add_argument(
        "--graph", nargs="+", metavar="PATH", help="rank triples of this graph; default: the run's own"
    )
    parser.add_argument(
        "--split", choices=("test", "valid", "train"), default="test", help="what to rank (test)"
    )
    parser.add_argument("--per-relation", action="store_true", help="a table of the relations too")
    parser.add_argument(
        "--json", metavar="FILE", help="where to write all figures (evaluation-SPLIT.json in DIR)"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, metavar="N", help="of the processor (all)")


def run(options: argparse.Namespace) -> int:
    """Rank, print and write the figures."""
    import torch

    from tools.kgc.trainer import evaluate_model
    from tools.loading import ModelError, pick_device

    if options.threads is not None:
        if options.threads < 1:
            raise InputError(f"--threads must be at least 1, not {options.threads}")
        torch.set_num_threads(options.threads)
    try:
        device = pick_device(options.device)
    except ModelError as error:
        raise InputError(str(error)) from error
    model = FittedModel.load(options.model)
    graph = _graph(options, model)
    triples = getattr(graph, options.split)
    if not len(triples):
        raise InputError(f"{graph.name} has no {options.split} triples to evaluate")
    began = time.perf_counter()
    with ranking_bar(Console(stderr=True)) as progress:
        evaluation = evaluate_model(model, graph, triples, device, progress)
    seconds = time.perf_counter() - began
    path = Path(options.json or Path(options.model) / f"evaluation-{options.split}.json")
    write_json(path, {
        "graph": graph.name, "split": options.split, "triples": len(triples), "synthetic": model.synthetic,
        "seconds": round(seconds, 2), "threads": torch.get_num_threads(), "device": str(device),
        "peak_mib": peak_mib(), **evaluation.as_dict(),
    })  # fmt: skip
    _show(evaluation, f"{graph.name}, {options.split}, filtered", options.per_relation, model, seconds)
    return 0


def _graph(options: argparse.Namespace, model: FittedModel) -> KnowledgeGraph:
    run = None if options.graph else RunFolder.open(Path(options.model))
    graph = run.source.open_graph() if run else read_graph(options.graph)
    if graph.entities != model.entities or graph.relations != model.relations:
        raise InputError(
            f"{graph.name} has other entities or relations than the model, which was fitted to {model.graph}"
        )
    return graph


def _show(evaluation: Evaluation, title: str, per_relation: bool, model: FittedModel, seconds: float) -> None:
    out = Console(highlight=False)
    table = Table("ties", "side", *HEADINGS, title=title)
    for ties, sides in (("realistic", evaluation.realistic), ("optimistic", evaluation.optimistic)):
        for side, figures in sides.items():
            table.add_row(ties, side, *_cells(figures))
    out.print(table)
    if per_relation:
        table = Table("relation", *HEADINGS, title="both sides, realistic ties")
        for name, figures in sorted(evaluation.relations.items(), key=lambda item: -item[1].count):
            table.add_row(name, *_cells(figures))
        out.print(table)
    if model.synthetic:
        names = ", ".join(model.synthetic)
        out.print(f"with a synthetic modality ({names}): not comparable to published figures", markup=False)
    out.print(f"{seconds:.1f} s", markup=False)


def _cells(figures: Any) -> list[str]:
    parts = (figures.mrr, figures.hits_at_1, figures.hits_at_3, figures.hits_at_10)
    return [f"{figures.count:,}", *(f"{part:.4f}" for part in parts), f"{figures.mr:,.1f}"]
