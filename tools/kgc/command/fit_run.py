"""`python -m tools.kgc fit-run RUN --out DIR`: `train` on the graphs that a completion run extracted, with settings for
graphs of some hundred to some ten thousand triplets."""

import argparse
import shlex
from pathlib import Path

from rich.console import Console

from tools.kgc.command import train
from tools.kgc.errors import InputError
from tools.kgc.run_graph import RECORDS, graph_of_run
from tools.kgc.splits import hold_out

HELD_OUT = 0.1
SETTINGS = {
    "dimension": 64,
    "margin": 6.0,
    "batch_size": 256,
    "negatives": 32,
    "learning_rate": 3e-3,
    "generator_learning_rate": 1e-3,
    "epochs": 300,
    "names": 64,
}
"""What `train` is told unless the flags say otherwise; measured in docs/kgc.md."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    train.add_arguments(parser)
    # Not train's 0, which could not be told from a 0 that was typed.
    parser.set_defaults(names=None, hold_out=None)
    told = ", ".join(f"--{name.replace('_', '-')} {value}" for name, value in SETTINGS.items())
    parser.epilog = (
        f"PATH is the folder of a run of python -m agent.run. Other defaults than train's: {told}, "
        f"--hold-out {HELD_OUT} where that can be spared. {parser.epilog}"
    )


def run(options: argparse.Namespace) -> int:
    """Fit; the exit status of `train`."""
    console = Console(soft_wrap=True, highlight=False)
    if not options.resume:
        if len(options.graph) != 1 or not options.out:
            raise InputError("give the folder of one run and --out DIR, or --resume DIR")
        if not (Path(options.graph[0]) / RECORDS).is_file():
            raise InputError(f"{options.graph[0]} is no run folder: it has no {RECORDS}")
        for name, value in SETTINGS.items():
            if getattr(options, name) is None:
                setattr(options, name, value)
        if options.hold_out is None:
            options.hold_out = _spared(options.graph[0])
    status = train.run(options)
    if status == 0:
        folder = shlex.quote(str(options.resume or options.out))
        console.print(f"or let it rate candidates: python -m agent.run ... --kgc {folder}", markup=False)
    return status


def _spared(folder: str) -> float:
    """The share to hold out; 0 for graphs in which every triplet is the only one of something."""
    graph = graph_of_run(folder)
    try:
        hold_out(graph, HELD_OUT)
    except InputError:
        return 0.0
    return HELD_OUT
