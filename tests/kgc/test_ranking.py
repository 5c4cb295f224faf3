"""Filtered ranks and figures: by counting, and as PyKEEN's evaluator has them."""

import numpy as np
import pytest
import torch
from kgc_toys import fitted_at_random, random_graph

import tools.kgc.ranking
from tools.kgc.fitted import FittedModel
from tools.kgc.graph import KnowledgeGraph
from tools.kgc.metrics import evaluate
from tools.kgc.ranking import filtered_ranks, sums_of_moduli
from tools.kgc.trainer import evaluate_model


def counted(model: FittedModel, graph: KnowledgeGraph) -> tuple[np.ndarray, np.ndarray]:
    """Optimistic and pessimistic ranks [T, 2] of the test triples, one comparison at a time."""
    known = {tuple(row) for split in (graph.train, graph.valid, graph.test) for row in split.tolist()}
    optimistic, pessimistic = [], []
    for h, r, t in graph.test.tolist():
        ranks = []
        for column, true in ((0, h), (2, t)):
            triples = [[h, r, t] for _ in graph.entities]
            for entity, triple in enumerate(triples):
                triple[column] = entity
            scores = sums(model, triples)
            others = [e for e, triple in enumerate(triples) if e != true and tuple(triple) not in known]
            better = sum(scores[e] > scores[true] for e in others)
            equal = sum(scores[e] == scores[true] for e in others)
            ranks.append((1 + better, 1 + better + equal))
        optimistic.append([rank[0] for rank in ranks])
        pessimistic.append([rank[1] for rank in ranks])
    return np.array(optimistic), np.array(pessimistic)


def sums(model: FittedModel, triples: list[list[int]]) -> list[float]:
    return model.score(np.array(triples)).tolist()


@pytest.fixture(params=[0.0, 1.0], ids=["different scores", "many equal scores"])
def model(request: pytest.FixtureRequest) -> FittedModel:
    return fitted_at_random(30, 3, 2, seed=2, grid=request.param)


def test_ranks_are_what_one_counts(
    model: FittedModel, graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools.kgc.ranking, "CHUNK", 20)
    monkeypatch.setattr(tools.kgc.ranking, "QUERIES", 4)
    ranks = filtered_ranks(model, graph.test, [graph.train, graph.valid, graph.test])
    optimistic, pessimistic = counted(model, graph)
    np.testing.assert_array_equal(ranks.optimistic, optimistic)
    np.testing.assert_array_equal(ranks.pessimistic, pessimistic)


def test_ties_count_half_when_realistic() -> None:
    """All entities in one place: of n candidates the true one is in the middle."""
    graph = random_graph(30, 3, 120, 0)
    model = fitted_at_random(30, 3, 2, seed=0)
    model.embedding[:] = 0
    result = evaluate(filtered_ranks(model, graph.test[:1], []), graph.relations)
    assert result.realistic["both"].mr == 15.5
    assert result.optimistic["both"].mr == 1
    assert result.optimistic["both"].hits_at_1 == 1
    assert result.realistic["both"].hits_at_10 == 0


def test_figures_by_relation_and_side(graph: KnowledgeGraph) -> None:
    model = fitted_at_random(30, 3, 2, seed=2)
    result = evaluate_model(model, graph, graph.test)
    assert result.realistic["both"].count == 2 * len(graph.test)
    assert result.realistic["both"].mrr == pytest.approx(
        (result.realistic["head"].mrr + result.realistic["tail"].mrr) / 2
    )
    assert sum(figures.count for figures in result.relations.values()) == 2 * len(graph.test)
    assert result.realistic["both"].mr == pytest.approx(
        sum(f.mr * f.count for f in result.relations.values()) / (2 * len(graph.test))
    )


def test_distances_in_pieces_are_those_of_complex_numbers(rng: np.random.Generator, monkeypatch) -> None:
    monkeypatch.setattr(tools.kgc.ranking, "CHUNK", 16)
    queries, entities = (torch.from_numpy(rng.normal(size=(n, 6))) for n in (3, 11))
    as_complex = [torch.complex(x[:, :3], x[:, 3:]) for x in (queries, entities)]
    expected = (as_complex[0].unsqueeze(1) - as_complex[1]).abs().sum(dim=2)
    torch.testing.assert_close(sums_of_moduli(queries, entities), expected)


def test_a_model_that_diverged_is_not_ranked(graph: KnowledgeGraph) -> None:
    model = fitted_at_random(30, 3, 2, seed=2)
    model.embedding[graph.test[0, 0]] = np.nan
    with pytest.raises(ValueError, match="diverged"):
        filtered_ranks(model, graph.test, [])


def test_nothing_to_evaluate(graph: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match="no triples"):
        evaluate_model(fitted_at_random(30, 3, 2, seed=2), graph, graph.test[:0])


def test_figures_are_pykeens(model: FittedModel, graph: KnowledgeGraph, pykeen_home: None) -> None:
    evaluators = pytest.importorskip("pykeen.evaluation", reason="in the dev extra")
    parts = pytest.importorskip("pykeen.evaluation.evaluator")
    evaluator = evaluators.RankBasedEvaluator(filtered=True)
    everything = torch.from_numpy(np.concatenate([graph.train, graph.valid, graph.test]))
    batch = torch.from_numpy(graph.test)
    for target, column in (("head", 0), ("tail", 2)):
        scores = torch.stack(
            [
                torch.from_numpy(model.head_scores(r, t) if column == 0 else model.tail_scores(h, r))
                for h, r, t in graph.test.tolist()
            ]
        )
        true = scores.gather(1, batch[:, column : column + 1])
        positives, _ = parts.create_sparse_positive_filter_(batch, everything, filter_col=column)
        scores = parts.filter_scores_(scores, positives)
        scores.scatter_(1, batch[:, column : column + 1], true)
        evaluator.process_scores_(batch, target, scores, true_scores=true)
    theirs = evaluator.finalize()
    ours = evaluate_model(model, graph, graph.test)
    for ties, sides in (("realistic", ours.realistic), ("optimistic", ours.optimistic)):
        for side, figures in sides.items():
            pairs = {
                "inverse_harmonic_mean_rank": figures.mrr,
                "arithmetic_mean_rank": figures.mr,
                "hits_at_1": figures.hits_at_1,
                "hits_at_3": figures.hits_at_3,
                "hits_at_10": figures.hits_at_10,
            }
            for name, figure in pairs.items():
                assert figure == pytest.approx(theirs.get_metric(f"{side}.{ties}.{name}"), rel=1e-6), name
