"""The commands of `python -m tools.kgc`: one module each, with `add_arguments(parser)` and `run(options)`.

Exit status: 0 done, 2 wrong usage or bad input (one sentence on stderr), 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

COMMANDS = {
    "train": "fit a model to a knowledge graph, or go on with a run",
    "evaluate": "filtered ranks of the test triples: MRR, MR, Hits",
    "predict": "answer (head, relation, ?) or (?, relation, tail) by name",
    "explain": "modality weights of entities",
    "check": "what is wrong with the splits of a graph: doubles, leaks, unseen entities",
    "fit-run": "fit a model to the union of the graphs that a finished run extracted",
}
"""Name of the command (and of its module, with an underscore for the hyphen) -> what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.kgc",
        description="Complete a multi-modal knowledge graph (AdaMF-MAT).",
        epilog="exit status: 0 done, 2 wrong usage or bad input, 130 interrupted (train goes on with --resume)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, what in COMMANDS.items():
        module = _module(name)
        module.add_arguments(commands.add_parser(name, help=what, description=what.capitalize() + "."))
    options = parser.parse_args(argv)
    try:
        status: int | None = _module(options.command).run(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return status or 0


def _module(command: str) -> ModuleType:
    return import_module(f"tools.kgc.command.{command.replace('-', '_')}")
