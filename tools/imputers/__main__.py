"""Fill missing embeddings in a file:  python -m tools.imputers --in features.npz --method ul4m4 --out filled.npz"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning

from tools.imputers.arrays import is_tensor
from tools.imputers.base import ModalityImputer
from tools.imputers.files import (
    Features,
    check_carried,
    check_writable,
    empty_folder_like,
    read_features,
    write_features,
)
from tools.imputers.fills import MEAN
from tools.imputers.progress import Progress
from tools.imputers.saved import METHODS, load_imputer, save_imputer
from tools.imputers.ul4m4 import UL4M4
from tools.imputers.validation import HeldOut, held_out_error

OPTIONS = {
    "clusters": "n_clusters",
    "rule": "rule",
    "max_iter": "max_iter",
    "alpha": "alpha",
    "neighbours": "n_neighbors",
}
"""Command-line option -> parameter of the imputer."""

METHOD = "ul4m4"
"""How to fill, unless --method says otherwise."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status: 0, or 2 for bad input with one sentence on stderr."""
    options = _parser().parse_args(arguments)
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            _run(options, Console(), errors)
        for warning in caught:
            errors.print(f"warning: {warning.message}", markup=False)
    except (ValueError, TypeError, OSError) as error:
        errors.print(f"error: {error}", markup=False)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.imputers", description="Fill missing modality embeddings."
    )
    add = parser.add_argument
    endings = "npz, safetensors, parquet, or a folder of npy files (memory-mapped)"
    add(
        "--in",
        dest="source",
        required=True,
        metavar="FILE",
        help=f"features: {endings}; missing rows are all NaN or null",
    )
    add("--out", metavar="FILE", help=f"where to write the filled features: {endings}")
    add("--method", choices=METHODS, help=f"how to fill (default: {METHOD})")
    add(
        "--validate",
        type=float,
        metavar="PART",
        help="hide this part of what is there and report the error, e.g. 0.1",
    )
    add(
        "--compare",
        action="store_true",
        help="held-out error of all methods in one table (with --validate, or 0.1)",
    )
    add("--save", metavar="FILE", help="keep the fitted imputer (safetensors)")
    add("--load", metavar="FILE", help="fill with a kept imputer; nothing is learnt from the input")
    add("--clusters", type=int, help="ul4m4: number of centres (64)")
    add("--rule", choices=["observed", "paper"], help="ul4m4: which centre fills (observed)")
    add("--max-iter", type=int, help="ul4m4: most passes (100)")
    add("--alpha", type=float, help="ridge: penalty (0.1)")
    add("--neighbours", type=int, help="neighbours: how many to average (5)")
    add("--seed", type=int, help="for centres and held-out slots (0)")
    add("--device", default="cpu", help="where to calculate: cpu, or a PyTorch device such as cuda")
    return parser


def _run(options: argparse.Namespace, out: Console, errors: Console) -> None:
    measure = options.compare or options.validate is not None
    if not (options.out or measure or options.save):
        raise ValueError("nothing to do: give --out, --validate, --compare or --save")
    if options.load and measure:
        raise ValueError("--validate and --compare fit anew, --load does not; give one or the other")
    chosen = {OPTIONS[name]: value for name in OPTIONS if (value := getattr(options, name)) is not None}
    imputer = load_imputer(options.load) if options.load else None
    if imputer is not None and (chosen or options.method is not None or options.seed is not None):
        raise ValueError(
            "method, parameters and seed of a kept imputer are fixed; leave them out, or leave out --load"
        )
    method = METHOD if options.method is None else options.method
    seed = 0 if options.seed is None else options.seed
    if options.out:
        check_writable(options.out, options.source)
    features = read_features(options.source)
    if options.out:
        check_carried(options.out, features)
    if options.device != "cpu":
        features.X = _on_device(features.X, options.device)
    with _bars(errors) as progress:
        if measure:
            fraction = 0.1 if options.validate is None else options.validate
            names = list(METHODS) if options.compare else [method]
            results = _measured(names, chosen, seed, options, features, fraction, progress)
            out.print(_error_table(results, fraction))
        if options.out or options.save:
            if imputer is None:
                imputer = _build(method, chosen, seed)
                imputer.fit(features.X, observed=features.observed, progress=progress)
            if options.save:
                save_imputer(imputer, options.save)
            if options.out:
                out.print(_fill(imputer, features, options.out, progress))
    for what, path in (("filled features", options.out), ("imputer", options.save)):
        if path:
            out.print(f"{what}: {path}", markup=False, soft_wrap=True)


def _build(method: str, chosen: dict[str, Any], seed: int, strict: bool = True) -> ModalityImputer:
    imputer = METHODS[method]()
    known = imputer.get_params()
    unknown = [name for name in chosen if name not in known]
    if unknown and strict:
        option = next(option for option, name in OPTIONS.items() if name == unknown[0])
        raise ValueError(f"--{option.replace('_', '-')} is not an option of --method {method}")
    own = {name: value for name, value in {**chosen, "random_state": seed}.items() if name in known}
    return imputer.set_params(**own)  # type: ignore[no-any-return]


def _on_device(X: dict[str, Any], device: str) -> dict[str, Any]:
    import torch

    try:
        with warnings.catch_warnings():
            # A memory map is read-only, which is fine: `transform` writes into copies.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            return {
                name: torch.as_tensor(array if is_tensor(array) else np.asarray(array), device=device)
                for name, array in X.items()
            }
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"cannot use device {device!r}: {str(error).splitlines()[0].split('. ')[0]}"
        ) from error


def _fill(imputer: ModalityImputer, features: Features, path: str, progress: Progress) -> Table:
    """Write the filled features, and tell what was missing and what it was filled with."""
    rows = imputer.read(features.X, features.observed)
    # Only arrays are written into files as they are filled: tensors are in memory, and NumPy lacks bfloat16.
    in_memory = bool(Path(path).suffix) or any(map(is_tensor, features.X.values()))
    target = None if in_memory else empty_folder_like(path, features.X)
    filled = imputer.transform(features.X, observed=features.observed, out=target, progress=progress)
    write_features(path, Features(filled, None, features.others))
    sources = (
        imputer.fill_sources(features.X, observed=features.observed) if isinstance(imputer, UL4M4) else None
    )
    table = Table(title=str(imputer))
    for heading in ("modality", "width", "rows", "observed", "missing", "filled from"):
        table.add_column(heading, no_wrap=heading == "missing")
    for m, (name, width) in enumerate(zip(rows.names, rows.widths, strict=True)):
        there = int(rows.observed[:, m].sum())
        origin = "" if sources is None else _origin(sources[:, imputer.modalities_.index(name)])
        cells = (
            width,
            rows.n_rows,
            there,
            f"{rows.n_rows - there} ({(rows.n_rows - there) / rows.n_rows:.1%})",
            origin,
        )
        table.add_row(name, *map(str, cells))
    return table


def _origin(sources: np.ndarray) -> str:
    centres = sources[sources >= 0]
    text = f"{len(np.unique(centres))} centres" if len(centres) else ""
    means = int((sources == MEAN).sum())
    return ", ".join(part for part in (text, f"{means} by the mean" if means else "") if part)


def _measured(
    names: list[str],
    chosen: dict[str, Any],
    seed: int,
    options: argparse.Namespace,
    features: Features,
    fraction: float,
    progress: Progress,
) -> dict[str, HeldOut]:
    results: dict[str, HeldOut] = {}
    for method in names:
        variants = (
            ["observed", "paper"] if method == "ul4m4" and options.compare and not options.rule else [None]
        )
        for rule in variants:
            own = {**chosen, "rule": rule} if rule else chosen
            imputer = _build(method, own, seed, strict=not options.compare)
            results[f"{method} ({rule})" if rule else method] = held_out_error(
                imputer,
                features.X,
                observed=features.observed,
                fraction=fraction,
                random_state=seed,
                progress=progress,
            )
    return results


def _error_table(results: dict[str, HeldOut], fraction: float) -> Table:
    modalities = list(dict.fromkeys(name for result in results.values() for name in result.rmse))
    hidden = next(iter(results.values())).hidden
    table = Table(
        "method",
        *(f"z-RMSE {name}" for name in modalities),
        "z-RMSE",
        "cosine",
        "CPU s",
        title=f"held-out error: {hidden} slots hidden ({fraction:.0%} of what is there)",
        caption="z-RMSE in deviations of the training rows: lower is better, the mean has about 1",
    )
    best = min(result.overall for result in results.values())
    for name, result in sorted(results.items(), key=lambda item: item[1].overall):
        errors = [f"{result.rmse[modality]:.3f}" for modality in modalities]
        overall = f"{result.overall:.3f}" + (" *" if result.overall == best and len(results) > 1 else "")
        table.add_row(name, *errors, overall, f"{result.cosine:.3f}", f"{result.seconds:.2f}")
    return table


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    """Progress bars on stderr, one for each kind of work."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Bars(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield progress


if __name__ == "__main__":
    sys.exit(main())
