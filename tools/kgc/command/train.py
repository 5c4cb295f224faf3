"""`python -m tools.kgc train GRAPH --out DIR`: fit a model; `train --resume DIR`: go on."""

import argparse
import shlex
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from tools.kgc.command.display import TrainingDisplay
from tools.kgc.command.interrupt import interrupt
from tools.kgc.errors import InputError
from tools.kgc.facts import save_facts
from tools.kgc.graph import KnowledgeGraph, Modality
from tools.kgc.leaks import leak_report
from tools.kgc.run_folder import RunFolder
from tools.kgc.settings import TrainingSettings
from tools.kgc.source import Source
from tools.kgc.splits import sound_valid

NUMBERS = {
    "dimension": "complex coordinates of an entity; published: 250 DB15K, 200 MKG-W and MKG-Y",
    "margin": "of the score; published: 12 DB15K and MKG-W, 4 MKG-Y",
    "batch_size": "triples per step",
    "negatives": "corrupted triples per triple",
    "temperature": "of the self-adversarial weights",
    "learning_rate": "of the model",
    "generator_learning_rate": "of the generators",
    "mu": "weight of the adversarial term; search it on validation (1e-5 to 1)",
    "noise": "width of the generators' noise",
    "hidden": "width of the generators' hidden layer",
    "epochs": "at most",
    "validate_every": "epochs between two validations, 0 for none",
    "validation_sample": "validation triples to rank each time, 0 for all",
    "patience": "validations without a better MRR before the end",
    "seed": "of weights, batches, negatives, noise, text features and made-up features",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Ctrl-C saves after the current step and says how to go on."
    data = parser.add_argument_group("data")
    data.add_argument(
        "graph", nargs="*", metavar="PATH",
        help="OpenKE folder, folder of tables, or one to three tables: train, valid, test",
    )  # fmt: skip
    data.add_argument("--out", metavar="DIR", help="run folder to make")
    data.add_argument("--resume", metavar="DIR", help="go on with a run; of the others only --epochs counts")
    data.add_argument(
        "--features", action="append", default=[], metavar="NAME=FILE", type=_pair,
        help="a modality's features: .npy, .pt, .safetensors; one row per entity (again for the next modality)",
    )  # fmt: skip
    data.add_argument(
        "--mask", action="append", default=[], metavar="NAME=FILE", type=_pair,
        help="which entities have that modality: an array, or a list of names",
    )  # fmt: skip
    data.add_argument(
        "--names", nargs="?", type=int, const=256, default=0, metavar="WIDTH",
        help="text features from the entities' names (256)",
    )  # fmt: skip
    data.add_argument(
        "--synthetic", nargs="?", type=int, const=128, default=0, metavar="WIDTH",
        help="a made-up modality, for experiments alone (128)",
    )  # fmt: skip
    data.add_argument(
        "--missing-rate", type=float, default=0.0, metavar="RATE",
        help="hide each modality from this share of its entities",
    )  # fmt: skip
    data.add_argument("--missing-seed", type=int, default=0, metavar="SEED", help="which ones (0)")
    data.add_argument(
        "--hold-out", type=float, default=0.0, metavar="SHARE",
        help="take this share of train as validation, for splits whose own leaks",
    )  # fmt: skip
    ablation = parser.add_argument_group("ablations")
    ablation.add_argument("--no-mat", action="store_true", help="no modality adversarial training: AdaMF")
    ablation.add_argument("--no-fusion-weights", action="store_true", help="modalities count equally")
    ablation.add_argument(
        "--without", action="append", default=[], metavar="NAME", help="leave a modality out"
    )
    ablation.add_argument("--structure-only", action="store_true", help="no modality at all: RotatE")
    numbers = parser.add_argument_group(
        "training (defaults: published for MKG-W, with a validation of our own)"
    )
    defaults = TrainingSettings()
    for name, what in NUMBERS.items():
        default = getattr(defaults, name)
        numbers.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), metavar="N", help=f"{what} ({default})"
        )
    numbers.add_argument("--train-features", action="store_true", help="learn the feature tables too")
    machine = parser.add_argument_group("machine")
    machine.add_argument(
        "--device", default="cpu", help="cpu, or cuda (there two runs may differ in last digits)"
    )
    machine.add_argument("--threads", type=int, metavar="N", help="of the processor (all)")


def run(options: argparse.Namespace) -> int:
    """Train; 0 at the end, 128 + the signal's number when interrupted."""
    import torch

    from tools.kgc.learner import Learner
    from tools.kgc.trainer import Trainer
    from tools.loading import ModelError, pick_device

    console = Console(soft_wrap=True, highlight=False)
    try:
        device = pick_device(options.device)
    except ModelError as error:
        raise InputError(str(error)) from error
    if options.threads is not None:
        if options.threads < 1:
            raise InputError(f"--threads must be at least 1, not {options.threads}")
        torch.set_num_threads(options.threads)
    folder, graph, modalities = _reopened(options) if options.resume else _new(options, str(device))
    settings = folder.settings
    if folder.words["machine"]["threads"] != torch.get_num_threads():
        console.print(
            f"note: the run began with {folder.words['machine']['threads']} threads, this is another number: "
            "the last digits may differ"
        )
    trainer = Trainer(Learner(graph, modalities, settings, device), folder.path, display := TrainingDisplay(
        Console(stderr=True, soft_wrap=True, highlight=False), settings.epochs
    ))  # fmt: skip
    if options.resume and trainer.resume():
        console.print(f"going on after epoch {trainer.state.epoch} of {settings.epochs}", markup=False)
    save_facts(folder.path, graph)
    _announce(console, graph, modalities, settings)
    outcome = "failed"
    try:
        with display.shown(), interrupt() as interrupted:
            outcome = trainer.run(interrupted)
    finally:
        folder.record(outcome, trainer.state)
    if outcome == "interrupted":
        again = shlex.join(["python", "-m", "tools.kgc", "train", "--resume", str(folder.path)])
        console.print(
            f"interrupted in epoch {trainer.state.epoch + 1} and saved; go on with: {again}", markup=False
        )
        return interrupted.exit_status
    _summarise(console, folder, outcome)
    return 0


def _new(options: argparse.Namespace, device: str) -> tuple[RunFolder, KnowledgeGraph, list[Modality]]:
    import torch

    if not options.graph or not options.out:
        raise InputError("give a graph and --out DIR, or --resume DIR")
    given = {name: getattr(options, name) for name in NUMBERS if getattr(options, name) is not None}
    settings = TrainingSettings(
        **given,
        adversarial=not options.no_mat,
        adaptive=not options.no_fusion_weights,
        train_features=options.train_features,
    )
    source = Source(
        graph=tuple(options.graph),
        features=_dictionary("--features", options.features),
        masks=_dictionary("--mask", options.mask),
        names=options.names,
        synthetic=options.synthetic,
        missing_rate=options.missing_rate,
        missing_seed=options.missing_seed,
        held_out=options.hold_out,
        without=tuple(options.without),
        structure_only=options.structure_only,
        seed=settings.seed,
    )
    graph, modalities = source.open()
    command = ["python", "-m", "tools.kgc", *sys.argv[1:]]
    folder = RunFolder.create(
        Path(options.out), command, source, settings, graph, modalities, device, torch.get_num_threads()
    )
    return folder, graph, modalities


def _reopened(options: argparse.Namespace) -> tuple[RunFolder, KnowledgeGraph, list[Modality]]:
    if options.graph or options.out:
        raise InputError("--resume goes on with a run as it began; give no graph and no --out")
    folder = RunFolder.open(Path(options.resume))
    if options.epochs is not None:
        settings = replace(folder.settings, epochs=options.epochs)
        folder.words["settings"] = {f.name: getattr(settings, f.name) for f in fields(settings)}
    graph, modalities = folder.source.open()
    folder.check(graph, modalities)
    return folder, graph, modalities


def _announce(
    console: Console, graph: KnowledgeGraph, modalities: list[Modality], settings: TrainingSettings
) -> None:
    for warning in leak_report(graph).warnings():
        console.print(f"warning: {warning}", markup=False)
    if settings.validate_every and not len(graph.valid):
        console.print(f"warning: {graph.name} has no validation triples, so training runs to the last epoch; "
                      "--hold-out 0.05 takes some of train", markup=False)  # fmt: skip
    if settings.validate_every and len(sound_valid(graph)) < len(graph.valid):
        console.print("warning: --hold-out 0.05 makes a validation that does not leak", markup=False)
    sizes = (
        f"{len(graph.entities):,} entities, {len(graph.relations):,} relations, {len(graph.train):,} triples"
    )
    console.print(f"{graph.name}: {sizes}", markup=False)
    for modality in modalities:
        made_up = ", SYNTHETIC: compare nothing with published figures" if modality.synthetic else ""
        console.print(
            f"  {modality.name}: {modality.features.shape[1]} numbers for {modality.present.sum():,} entities{made_up}",
            markup=False,
        )
    bare = int((~any_present(graph, modalities)).sum())
    if modalities and bare:
        console.print(f"  {bare:,} entities have no modality: their structure alone counts", markup=False)


def any_present(graph: KnowledgeGraph, modalities: list[Modality]) -> Any:
    """[n_entities]: whether an entity has any modality."""
    import numpy as np

    columns = [modality.present for modality in modalities]
    return np.any(columns, axis=0) if columns else np.zeros(len(graph.entities), bool)


def _summarise(console: Console, folder: RunFolder, outcome: str) -> None:
    words = folder.words
    best = words.get("best")
    how = (
        f"best validation MRR {best['validation_mrr']:.4f} in epoch {best['epoch']}"
        if best
        else "no validation"
    )
    console.print(
        f"{outcome} after {len(words['epochs'])} epochs, {words['seconds']:.0f} s of steps; {how}",
        markup=False,
    )
    console.print(f"model: {folder.path}", markup=False)
    console.print(f"next: python -m tools.kgc evaluate {shlex.quote(str(folder.path))}", markup=False)


def _pair(text: str) -> tuple[str, str]:
    name, sign, path = text.partition("=")
    if not (name and sign and path):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FILE")
    return name, path


def _dictionary(flag: str, pairs: list[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, path in pairs:
        if name in found:
            raise InputError(f"{flag} {name} is given twice")
        found[name] = path
    return found
