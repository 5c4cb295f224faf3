"""Measure AdaMF: a training step beside the published formulation, and the filtered test of MKG-W.

    OMP_NUM_THREADS=1 taskset -c 1 python bench/kgc.py                # both parts, some minutes on one core
    OMP_NUM_THREADS=1 taskset -c 1 python bench/kgc.py --parts ranking

Every measurement runs in a process of its own, so that its peak resident size is its own; seconds are those of the
processor, so that other work on the machine counts little. Writes bench/results/kgc.json and .md. The published
formulation needs about 20 GB of memory.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "bench" / "results"
DATA = ROOT.parent / "shared" / "data" / "mmkg"
PARTS = ("step", "ranking")

ENTITIES, RELATIONS, TRIPLES = 12_842, 279, 79_222
"""DB15K's sizes."""
WIDTHS = {"visual": 4096, "textual": 768}
DIMENSION, MARGIN, BATCH, NEGATIVES = 250, 12.0, 1024, 128
PORTIONS = 2
"""The published formulation takes a batch in so many portions of positives and adds up their gradients, which is the
same gradient: at once it would need twice the memory."""


def peak_mib() -> float:
    """Peak resident size of this process in MiB."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


# ------------------------------------------------------------------ one measurement, in a process of its own


def learner(train_features: bool, mat: bool) -> Any:
    """A model of DB15K's sizes on random triples and features; the same numbers in every process."""
    from tools.kgc.graph import KnowledgeGraph, Modality
    from tools.kgc.learner import Learner
    from tools.kgc.settings import TrainingSettings

    rng = np.random.default_rng(0)
    sizes = ENTITIES, RELATIONS, ENTITIES
    triples = np.stack([rng.integers(size, size=TRIPLES) for size in sizes], axis=1)
    graph = KnowledgeGraph("DB15K's sizes", tuple(map(str, range(ENTITIES))), tuple(map(str, range(RELATIONS))),
                           triples, triples[:0], triples[:0])  # fmt: skip
    everyone = np.ones(ENTITIES, bool)
    modalities = [
        Modality(name, rng.standard_normal((ENTITIES, width), np.float32), everyone, synthetic=True)
        for name, width in WIDTHS.items()
    ]
    settings = TrainingSettings(dimension=DIMENSION, margin=MARGIN, batch_size=BATCH, negatives=NEGATIVES,
                                train_features=train_features, adversarial=mat)  # fmt: skip
    return Learner(graph, modalities, settings)


def warm_up() -> None:
    """The first step of any optimiser imports half of PyTorch."""
    import torch

    x = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.Adam([x])
    torch.autograd.backward(x.sum())
    optimiser.step()


def ours(task: dict[str, Any]) -> dict[str, Any]:
    import torch

    one = learner(task["train_features"], task["mat"])
    warm_up()
    result: dict[str, Any] = {"losses": [], "seconds": [], "wall": []}
    batches = one.sampler.epoch(BATCH, NEGATIVES)
    for _ in range(task["steps"]):
        batch = next(batches)
        clock, wall = time.process_time(), time.perf_counter()
        loss, _ = one.step(batch)
        result["seconds"].append(time.process_time() - clock)
        result["wall"].append(time.perf_counter() - wall)
        result["losses"].append(loss)
    clock = time.process_time()
    next(batches)
    return result | {"sampling": time.process_time() - clock, "threads": torch.get_num_threads()}


def published(task: dict[str, Any]) -> dict[str, Any]:
    import torch
    from kgc_published import PublishedModel, published_loss

    one = learner(train_features=False, mat=False)
    warm_up()
    features = [torch.from_numpy(modality.features) for modality in one.modalities]
    model = PublishedModel(ENTITIES, RELATIONS, DIMENSION, MARGIN, features, task["train_features"])
    with torch.no_grad():  # from the same start
        model.entity.weight.copy_(one.model.structure)
        model.relation.weight.copy_(one.model.relation)
        model.attention.weight.copy_(one.model.fusion.attention.unsqueeze(0))
        for project, weight, bias in zip(model.projections, one.model.weight, one.model.bias, strict=True):
            project.weight.copy_(weight)
            project.bias.copy_(bias)
    optimiser = torch.optim.Adam(
        [x for x in model.parameters() if x.requires_grad], one.settings.learning_rate
    )
    result: dict[str, Any] = {"losses": [], "seconds": [], "wall": []}
    batches, temperature = one.sampler.epoch(BATCH, NEGATIVES), one.settings.temperature
    for _ in range(task["steps"]):
        batch, total = next(batches), 0.0
        clock, wall = time.process_time(), time.perf_counter()
        optimiser.zero_grad()
        for part in np.split(np.arange(BATCH), PORTIONS):
            loss = published_loss(model(*rows_of(batch, part)), len(part), temperature) / PORTIONS
            loss.backward()
            total += loss.item()
        optimiser.step()
        result["losses"].append(total)
        result["seconds"].append(time.process_time() - clock)
        result["wall"].append(time.perf_counter() - wall)
        print(result, file=sys.stderr, flush=True)
    return result | {"threads": torch.get_num_threads()}


def rows_of(batch: Any, part: Any) -> tuple[Any, Any, Any]:
    """Some positives of a batch as the published code has them, as ids: they, then K rounds of a negative each."""
    import torch

    replaces_head = batch.sides[part].T.ravel() == 1
    candidates = batch.candidates[part].T.ravel()
    heads, tails = np.tile(batch.heads[part], NEGATIVES), np.tile(batch.tails[part], NEGATIVES)
    rows = (
        batch.entities[np.concatenate([batch.heads[part], np.where(replaces_head, candidates, heads)])],
        np.tile(batch.relations[part], 1 + NEGATIVES),
        batch.entities[np.concatenate([batch.tails[part], np.where(replaces_head, tails, candidates)])],
    )
    return tuple(torch.from_numpy(row) for row in rows)


def ranking(task: dict[str, Any]) -> dict[str, Any]:
    """The filtered test of MKG-W with random embeddings: the work does not depend on what they are."""
    import torch

    from tools.kgc.fitted import FittedModel
    from tools.kgc.reading import read_graph
    from tools.kgc.trainer import evaluate_model

    graph, rng, d = read_graph(DATA / "MKG-W"), np.random.default_rng(0), task["dimension"]
    n, relations = len(graph.entities), len(graph.relations)
    model = FittedModel(
        graph.name, graph.entities, graph.relations, (), (), rng.standard_normal((n, 2 * d), np.float32),
        rng.standard_normal((relations, d), np.float32), np.ones((n, 1), np.float32), MARGIN, {},
    )  # fmt: skip
    before = peak_mib()
    clock, wall = time.process_time(), time.perf_counter()
    figures = evaluate_model(model, graph, graph.test)
    return {
        "dimension": d,
        "triples": len(graph.test),
        "ranks": figures.realistic["both"].count,
        "seconds": time.process_time() - clock,
        "wall": time.perf_counter() - wall,
        "MiB before": before,
        "threads": torch.get_num_threads(),
    }


def measure(**task: Any) -> dict[str, Any]:
    """Run one of them in a new interpreter."""
    command = [sys.executable, __file__, "--child", json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{task} failed with status {done.returncode}; is there enough memory?")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(task, result, flush=True)
    return result


# ------------------------------------------------------------------ page


def page(results: dict[str, Any]) -> str:
    lines = [
        "# Knowledge-graph completion, measured",
        "",
        "Written by `python bench/kgc.py`; figures in `kgc.json`.",
        "",
    ]
    lines += [f"- {key}: {value}" for key, value in results["machine"].items()]
    if "step" in results:
        lines += [
            "",
            "## One training step at DB15K's sizes",
            "",
            f"{ENTITIES:,} entities, {BATCH:,} triples x {NEGATIVES} negatives, d = {DIMENSION}, visual 4,096, "
            "textual 768 (random features), AdaMF without the adversarial term, forward, backward and Adam. "
            "`published`: a direct transcription of the published formulation, which projects features for every "
            f"(triple, negative) row (`kgc_published.py`), in {PORTIONS} portions for its memory. The same start and "
            "the same batches; means over the steps, whose figures are in the json.",
            "",
            "| feature tables | published, CPU s | ours, CPU s | times faster | largest difference of loss "
            "| published, peak GiB | ours, peak GiB |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, pair in results["step"].items():
            if "published" not in pair:
                continue
            theirs, mine = pair["published"], pair["ours"]
            seconds = [float(np.mean(one["seconds"])) for one in (theirs, mine)]
            apart = max(abs(a - b) for a, b in zip(theirs["losses"], mine["losses"], strict=False))
            lines.append(
                f"| {name} | {seconds[0]:.1f} | {seconds[1]:.2f} | {seconds[0] / seconds[1]:.1f} | {apart:.1e} "
                f"| {theirs['peak MiB'] / 1024:.1f} | {mine['peak MiB'] / 1024:.1f} |"
            )
        if "with MAT" in results["step"]:
            one = results["step"]["with MAT"]["ours"]
            lines += ["", f"Ours with the adversarial term, three synthetic triples and the generators' step, learnt "
                      f"tables: {np.mean(one['seconds'][1:]):.2f} CPU s, peak {one['peak MiB'] / 1024:.1f} GiB. "
                      f"Drawing a batch, filtered: {one['sampling']:.2f} CPU s more."]  # fmt: skip
    if "ranking" in results:
        lines += [
            "",
            "## The whole filtered test of MKG-W",
            "",
            "15,000 entities, 4,274 triples, both sides; realistic and optimistic ranks, figures by relation.",
            "",
            "| d | CPU s | clock s | peak MiB | of it before ranking |",
            "|---|---|---|---|---|",
        ]
        for one in results["ranking"]:
            lines.append(
                f"| {one['dimension']} | {one['seconds']:.1f} | {one['wall']:.1f} | {one['peak MiB']:.0f} "
                f"| {one['MiB before']:.0f} |"
            )
    return "\n".join(lines) + "\n"


def machine() -> dict[str, str]:
    info = Path("/proc/cpuinfo").read_text()
    model = next(line.split(": ")[1] for line in info.splitlines() if line.startswith("model name"))
    threads = os.environ.get("OMP_NUM_THREADS", str(os.cpu_count()))
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; {threads} thread(s) on "
        f"{len(os.sched_getaffinity(0))} core(s); load of the machine {os.getloadavg()[0]:.0f} beside it",
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("torch", "numpy")),
        "revision": subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
        ).stdout.strip(),
    }


def step(steps: int) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name, train_features in (("frozen", False), ("learnt, as published", True)):
        results[name] = {
            "ours": measure(what="ours", train_features=train_features, mat=False, steps=steps + 2),
            "published": measure(what="published", train_features=train_features, steps=steps),
        }
    results["with MAT"] = {"ours": measure(what="ours", train_features=True, mat=True, steps=steps + 2)}
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of: {', '.join(PARTS)}")
    parser.add_argument(
        "--steps", type=int, default=1, help="of the published formulation, a minute each (1)"
    )
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        task = json.loads(options.child)
        result = {"ours": ours, "published": published, "ranking": ranking}[task["what"]](task)
        print(json.dumps(result | {"peak MiB": peak_mib()}))
        return
    file = RESULTS / "kgc.json"
    results: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    results["machine"] = machine()
    for part in options.parts.split(","):
        if part == "step":
            results[part] = step(options.steps)
        else:
            results[part] = [measure(what="ranking", dimension=d) for d in (100, 200)]
        file.write_text(json.dumps(results, indent=1) + "\n")
        (RESULTS / "kgc.md").write_text(page(results))


if __name__ == "__main__":
    main()
