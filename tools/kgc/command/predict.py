"""`python -m tools.kgc predict MODEL --head A --relation R`: who stands at the open end of a triple."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.kgc.answers import Answer, Known, answer
from tools.kgc.errors import InputError
from tools.kgc.facts import facts_of, load_facts
from tools.kgc.fitted import FittedModel
from tools.kgc.lookup import Names
from tools.kgc.reading import read_graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="DIR", help="run folder of train, or of fit-run")
    parser.add_argument("--head", metavar="NAME", help="ask for the tail of (head, relation, ?)")
    parser.add_argument("--tail", metavar="NAME", help="ask for the head of (?, relation, tail)")
    parser.add_argument("--relation", metavar="NAME", required=True)
    parser.add_argument("--top", type=int, default=10, metavar="N", help="answers to show (10)")
    parser.add_argument("--new-only", action="store_true", help="leave out what the graph knows already")
    parser.add_argument(
        "--graph",
        nargs="+",
        metavar="PATH",
        help="mark as known what stands in this graph; default: the model's own",
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON per answer")


def run(options: argparse.Namespace) -> int:
    """Print the answers, best first."""
    if (options.head is None) == (options.tail is None):
        raise InputError("give --head to ask for tails or --tail to ask for heads, one of them")
    if options.top < 1:
        raise InputError(f"--top must be at least 1, not {options.top}")
    model = FittedModel.load(options.model)
    entities = Names(model.entities, "entity")
    relation = Names(model.relations, "relation").id(options.relation)
    head = entities.id(options.head) if options.head is not None else None
    tail = entities.id(options.tail) if options.tail is not None else None
    facts = _facts(options, model)
    if facts is None and options.new_only:
        raise InputError(f"{options.model} does not tell what is known; --new-only needs --graph PATH")
    answers = answer(model, head, relation, tail, facts or frozenset(), options.top, options.new_only)
    if options.json:
        for found in answers:
            print(json.dumps(asdict(found) | ({"known": None} if facts is None else {}), ensure_ascii=False))
        return 0
    ends = (model.entities[head], "?") if head is not None else ("?", model.entities[tail or 0])
    _show(f"({ends[0]}, {model.relations[relation]}, {ends[1]})", answers, facts is not None, model)
    return 0


def _facts(options: argparse.Namespace, model: FittedModel) -> Known | None:
    if not options.graph:
        return load_facts(Path(options.model))
    graph = read_graph(options.graph)
    if graph.entities != model.entities or graph.relations != model.relations:
        raise InputError(
            f"{' '.join(options.graph)} has other entities or relations than the model, "
            f"which was fitted to {model.graph}"
        )
    return facts_of(graph)


def _show(question: str, answers: list[Answer], marked: bool, model: FittedModel) -> None:
    out = Console(highlight=False, markup=False)
    table = Table("rank", "entity", "score", "", title=f"{question} by {model.graph}")
    for found in answers:
        table.add_row(f"{found.rank:,}", found.entity, f"{found.score:.3f}", "known" if found.known else "")
    out.print(table)
    if model.synthetic:
        out.print(f"fitted with a synthetic modality: {', '.join(model.synthetic)}")
    if not marked:
        out.print("known answers are not marked: the folder holds no facts; --graph PATH names them")
