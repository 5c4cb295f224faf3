"""`python -m eval.run EXPERIMENT`: completes, trains, measures, and writes tables, plots and a page.

    experiment  what is asked, from a YAML file and the flags     eval.experiment
    plan        data, runs, features -> cells                     eval.plan
    pool        cells in parallel, each finished one kept         eval.pool
    report      tables, plots and one page                        eval.output

Exit status: 0 all done, 1 some cells are broken (they are listed, and shown as broken), 2 wrong usage or input that
cannot be used, 130 interrupted; the same command goes on.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Sequence

from eval.errors import EvalError
from eval.experiment import Experiment, load, names
from eval.flags import changed, given, parser


def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        if options.list:
            return _list()
        if options.experiment is None:
            raise EvalError(f"Name an experiment: {', '.join(names())}.")
        name, experiment = load(options.experiment)
        return run(name, changed(experiment, options), options)
    except EvalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"error: {error.filename or options.out}: {error.strerror or error}", file=sys.stderr)
        return 2
    except Exception:  # a mistake of ours must not look like a broken cell
        traceback.print_exc()
        print("error: a mistake inside the program, see above; the same command goes on", file=sys.stderr)
        return 70


def run(name: str, experiment: Experiment, options: argparse.Namespace) -> int:
    """One experiment from its plan to its page."""
    from eval.cells import Result, Store
    from eval.output import write_all
    from eval.places import Places
    from eval.plan import make_plan
    from eval.pool import cores, work_through
    from eval.progress import Progress
    from eval.results import Outcome, Results

    started = time.monotonic()
    places = Places(options.out.expanduser())
    plan = make_plan(experiment, given(options.run), places, _tell)
    store = Store(places.cells)
    # Two lines may be the same cell, such as N = 5 and the method with its five candidates: it is worked out once.
    cells = {cell.identity: cell for cell in plan.cells}
    known = {identity: result for identity in cells if (result := store.get(identity)) is not None}
    todo = [cell for identity, cell in cells.items() if identity not in known]
    _tell(f"{len(cells):,} cells, {len(known):,} of them known")
    progress = Progress(todo, _tell)
    workers = cores() if options.workers is None else options.workers
    work_through(todo, places.parts, places.cells, workers, progress.done)
    known |= {cell.identity: progress.results[number] for number, cell in enumerate(todo)}
    outcomes = [Outcome(cell, known[cell.identity]) for cell in plan.cells]
    outcomes += [Outcome(each, Result(status="broken", problem=each.problem)) for each in plan.missing]
    results = Results(outcomes)
    folder = places.results(name)
    write_all(name, experiment, plan, results, store, places, command=_command(), tell=_tell)
    for outcome in {each.result.problem: each for each in results.broken}.values():
        _tell(f"broken: {outcome.cell.method.name}: {outcome.result.problem}")
    _tell(f"{folder / 'index.html'} after {time.monotonic() - started:.0f} s")
    return 1 if results.broken else 0


def _list() -> int:
    for name in names():
        _, experiment = load(name)
        print(f"{name:12} {experiment.title}. {experiment.question}")
    return 0


def _command() -> str:
    return " ".join(["python -m eval.run", *sys.argv[1:]])


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
