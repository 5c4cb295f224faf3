"""Graphs whose answers are known, and random ones."""

from typing import Any

import numpy as np

from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph, Modality, Triples
from tools.kgc.settings import TrainingSettings

COLOURS = 4


def random_graph(n: int, relations: int, triples: int, seed: int) -> KnowledgeGraph:
    """Different triples at random, four fifths in train, the rest in valid and test."""
    rng = np.random.default_rng(seed)
    rows = np.unique(np.stack([rng.integers(k, size=2 * triples) for k in (n, relations, n)], axis=1), axis=0)
    rows = rng.permutation(rows)[:triples].astype(np.int64)
    train, valid, test = np.split(rows, [int(0.8 * triples), int(0.9 * triples)])
    return KnowledgeGraph(
        "random",
        tuple(f"e{i}" for i in range(n)),
        tuple(f"r{i}" for i in range(relations)),
        train,
        valid,
        test,
    )


def random_modalities(graph: KnowledgeGraph, widths: dict[str, int], seed: int) -> list[Modality]:
    """Normal features; two thirds of the entities have each of them."""
    rng, made = np.random.default_rng(seed), []
    for name, width in widths.items():
        present = rng.random(len(graph.entities)) < 2 / 3
        features = rng.normal(size=(len(graph.entities), width)).astype(np.float32) * present[:, None]
        made.append(Modality(name, features.astype(np.float32), present))
    return made


def coloured_graph(things: int = 60, unseen: int = 20) -> tuple[KnowledgeGraph, Modality]:
    """Things that have a colour. The unseen ones occur in no training triple, but their picture shows the colour.

    So the triples say nothing of the test's answers, and the pictures say everything. Entities 0 .. 3 are the colours.
    """
    rng = np.random.default_rng(0)
    n = COLOURS + things + unseen
    colour = rng.integers(COLOURS, size=n)
    heads = np.arange(COLOURS, n)
    triples: Triples = np.stack([heads, np.zeros_like(heads), colour[heads]], axis=1)
    names = tuple([f"colour {c}" for c in range(COLOURS)] + [f"thing {i}" for i in range(things + unseen)])
    graph = KnowledgeGraph(
        "coloured", names, ("has colour",), triples[:things], triples[:0], triples[things:]
    )
    features = np.eye(COLOURS, dtype=np.float32)[colour] + rng.normal(scale=0.1, size=(n, COLOURS)).astype(
        np.float32
    )
    present = np.arange(n) >= COLOURS  # a colour has no picture of its own
    features[~present] = 0
    return graph, Modality("picture", features, present)


def small_settings(**changes: Any) -> TrainingSettings:
    """Quick ones: a few coordinates, negatives and epochs."""
    values = {
        "dimension": 6, "margin": 3.0, "batch_size": 32, "negatives": 5, "learning_rate": 0.02,
        "generator_learning_rate": 0.01, "mu": 0.5, "noise": 3, "hidden": 8, "epochs": 4, "validate_every": 2,
        "patience": 3, "seed": 1,
    }  # fmt: skip
    return TrainingSettings(**{**values, **changes})


def fitted_at_random(n: int, relations: int, d: int, seed: int, grid: float = 0.0) -> FittedModel:
    """Random embeddings; on a grid they are coarse, so that many scores are equal."""
    rng = np.random.default_rng(seed)
    embedding, angle = rng.normal(size=(n, 2 * d)), rng.normal(size=(relations, d))
    if grid:
        embedding, angle = np.round(embedding / grid) * grid, np.zeros_like(angle)
    return FittedModel(
        graph="random",
        entities=tuple(f"e{i}" for i in range(n)),
        relations=tuple(f"r{i}" for i in range(relations)),
        modalities=(),
        synthetic=(),
        embedding=embedding.astype(np.float32),
        angle=angle.astype(np.float32),
        weights=np.ones((n, 1), np.float32),
        margin=3.0,
        settings={},
    )
