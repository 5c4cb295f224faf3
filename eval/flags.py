"""The flags of `python -m eval.run`, and the experiment with what they say instead of its file."""

import argparse
from pathlib import Path
from typing import Any

from eval.errors import EvalError, unknown
from eval.experiment import Experiment, names, parse

EPILOG = """
examples:
  python -m eval.run mini                              everything, small, on the miniature
  python -m eval.run table1 --dataset mmimdb --root ~/mmimdb --rates 0.7 --seeds 5
  python -m eval.run mini --methods remove complete mean bridger --train-rows 24 --seeds 2
  python -m eval.run ablations.yaml                    an experiment of your own

exit status: 0 all done, 1 some cells are broken (listed), 2 wrong usage, 130 interrupted; the same command goes on.
"""


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m eval.run",
        description="Compare ways to live with missing modalities.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = found.add_argument
    add("experiment", nargs="?", help=f"one of {', '.join(names())}, or a YAML file")
    add("--list", action="store_true", help="list the experiments")
    data = found.add_argument_group("data")
    data.add_argument("--dataset", nargs="+", metavar="NAME", help="only these data sets, or others instead")
    data.add_argument(
        "--root", type=Path, metavar="DIR", help="where the data set lies; without it the miniature"
    )
    data.add_argument("--train-rows", type=int, metavar="N", help="only the first rows of training")
    data.add_argument("--test-rows", type=int, metavar="N", help="only the first rows of dev and test")
    data.add_argument(
        "--allow-leaks", action="store_true", help="go on with splits that share samples; it is marked"
    )
    mask = found.add_argument_group("what is missing")
    mask.add_argument(
        "--rates", type=float, nargs="+", metavar="R", help="missing rates of the training split"
    )
    mask.add_argument("--type", choices=["mixed", "text", "image"], help="which modality is hidden")
    mask.add_argument("--test-rate", type=float, metavar="R", help="hide something of dev and test as well")
    how = found.add_argument_group("methods and measurement")
    how.add_argument("--methods", nargs="+", metavar="NAME", help="only these lines or methods")
    how.add_argument("--heads", nargs="+", metavar="NAME", help="only these heads")
    how.add_argument("--encoders", nargs="+", metavar="NAME", help="default, clip:MODEL, blip:MODEL")
    how.add_argument("--seeds", type=int, metavar="N", help="seeds of every head")
    how.add_argument("--resamples", type=int, metavar="N", help="of the bootstrap")
    how.add_argument(
        "--agent",
        action="append",
        default=[],
        metavar="[RUN:]NAME=VALUE",
        help="a flag of python -m agent.run, for all runs or one",
    )
    how.add_argument(
        "--run",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="use this run folder for the run NAME; may be given per rate and data set",
    )
    out = found.add_argument_group("output")
    out.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    out.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes for cells; default: one per core; 0: none, cells run in this process",
    )
    return found


def changed(experiment: Experiment, options: argparse.Namespace) -> Experiment:
    """The experiment with what the flags say instead. Raises `EvalError`."""
    content: dict[str, Any] = experiment.model_dump()
    if options.dataset:
        known = [each for each in content["data"] if each["name"] in options.dataset]
        new = [{"name": name} for name in options.dataset if name not in [each["name"] for each in known]]
        content["data"] = [*known, *new]
    for each in content["data"]:
        for flag in ("root", "train_rows", "test_rows"):
            if (value := getattr(options, flag)) is not None:
                each[flag] = value
    if options.root is not None and len(content["data"]) > 1:
        raise EvalError("--root is of one data set; name it with --dataset.")
    for flag in ("rates", "seeds", "encoders", "resamples"):
        if (value := getattr(options, flag)) is not None:
            content[flag] = value
    if options.type is not None:
        content["mask"]["type"] = options.type
    if options.test_rate is not None:
        content["test_mask"] = {**content["mask"], "rate": options.test_rate}
    if options.methods is not None:
        content["methods"] = _chosen_methods(content["methods"], options.methods)
        content["ranking"] = [run for run in content["ranking"] if _uses(content["methods"], run)]
        if content["reference"] not in [each["name"] for each in content["methods"]]:
            content["reference"] = None
    if options.heads is not None:
        _only(content, "heads", options.heads)
    lines = [each["name"] for each in content["methods"]]
    for head in content["heads"].values():
        head["lines"] = None if head["lines"] is None else [name for name in head["lines"] if name in lines]
    flags = _agent_flags(options.agent, list(content["runs"]))
    content["runs"] = {name: {**own, **flags[""], **flags[name]} for name, own in content["runs"].items()}
    content["allow_leaks"] = content["allow_leaks"] or options.allow_leaks
    return parse(content, "these settings")


def _chosen_methods(known: list[dict[str, Any]], wanted: list[str]) -> list[dict[str, Any]]:
    """Lines by their name, or all lines of a method; a method that no line has stands with its defaults."""
    from eval.methods import method_type

    chosen: list[dict[str, Any]] = []
    for word in wanted:
        found = [each for each in known if word in (each["name"], each["method"])]
        if not found:
            method_type(word)
            found = [{"method": word, "name": word}]
        chosen += [each for each in found if each not in chosen]
    return chosen


def _uses(methods: list[dict[str, Any]], run: str) -> bool:
    return any(
        each.get("options", {}).get("run", "full") == run for each in methods if each["method"] == "bridger"
    )


def _only(content: dict[str, Any], what: str, wanted: list[str]) -> None:
    for name in wanted:
        if name not in content[what]:
            raise unknown(what.removesuffix("s"), name, content[what])
    content[what] = {name: content[what][name] for name in wanted}


def _agent_flags(words: list[str], runs: list[str]) -> dict[str, dict[str, str]]:
    """Flags by run; those for all of them stand under the empty name."""
    found: dict[str, dict[str, str]] = {name: {} for name in ("", *runs)}
    for word in words:
        name, sign, value = word.partition("=")
        run, _, flag = name.rpartition(":")
        if not sign or not flag.strip():
            raise EvalError(
                f"--agent is written NAME=VALUE or RUN:NAME=VALUE, such as lmm=gpt-4o, not {word!r}."
            )
        if run not in found:
            raise unknown("run", run, runs)
        found[run][flag.strip().lstrip("-")] = value
    return found


def given(words: list[str]) -> dict[str, list[Path]]:
    """Run folders by the name of their run. Raises `EvalError`."""
    found: dict[str, list[Path]] = {}
    for word in words:
        name, sign, folder = word.partition("=")
        if not sign or not folder:
            raise EvalError(f"--run is written NAME=FOLDER, such as full=runs/first, not {word!r}.")
        found.setdefault(name, []).append(Path(folder).expanduser())
    return found
