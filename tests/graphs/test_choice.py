"""Ranking, its ablations, and verification rounds."""

from typing import Any

import pytest
from workbench import GENERAL, Asked, Bench, Judge

from data.sample import Modality
from graphs.context import Options
from graphs.seeds import derive


def fewer(kept: int) -> dict[str, Any]:
    return GENERAL | {"objects": GENERAL["objects"][:kept], "relations": []}  # type: ignore[index]


def worse_but_for(best: int, bench: Bench) -> None:
    """Every candidate but one has lost half of its knowledge. Which candidate is asked about shows in its seed; not in
    the order in which questions come in, for those of all candidates are asked at once."""
    seeds = [derive(Options().seed, "s1", "candidate", index) for index in range(Options().candidates)]

    def rule(asked: Asked) -> Any:
        lost = asked.kind == "Knowledge" and asked.seed in seeds and asked.seed != seeds[best]
        return fewer(3) if lost else None

    bench.oracle.rule = rule


@pytest.mark.parametrize("best", [0, 3])
async def test_the_candidate_with_the_most_alike_graph_is_chosen(bench: Bench, best: int) -> None:
    worse_but_for(best, bench)
    record = await bench.complete(Modality.IMAGE)
    assert record.chosen == best
    graph = [c.scores.graph for c in record.candidates]
    assert graph[best] == 100 and all(g is not None and g < 90 for i, g in enumerate(graph) if i != best)
    assert all((c.scores.graph_soft or 0) >= (c.scores.graph or 0) for c in record.candidates)


async def test_weights_decide(bench: Bench) -> None:
    worse_but_for(3, bench)
    red = Judge("clip", lambda picture, text: 90.0 if picture == last[0] else 1.0)
    last = [await drawn(bench, 4)]
    record = await bench.complete(
        Modality.IMAGE, scorers=(red,), options=Options(weights={"graph": 0.1, "clip": 1})
    )
    assert record.chosen == 4 and record.weights == {"graph": 0.1, "clip": 1}


async def drawn(bench: Bench, index: int) -> bytes:
    record = await bench.complete(Modality.IMAGE)
    image = record.candidates[index].image
    assert image is not None
    bench.oracle.asked.clear()
    return await bench.context().blobs.get(image)


async def test_without_knowledge_it_is_described_directly(bench: Bench) -> None:
    record = await bench.complete(Modality.TEXT, options=Options(ablate=frozenset({"knowledge"})))
    assert bench.oracle.kinds() == {"direct": 5, "refine": 5}
    assert len({asked.seed for asked in bench.oracle.of("direct")}) == 5
    assert record.graph == [] and record.warnings == [] and record.candidates[0].scores.graph is None
    assert record.weights == {"clip": 0.5, "blip": 0.5} and record.candidates[0].scores.quality == 20


async def test_without_the_graph_score_candidates_are_not_read_again(bench: Bench) -> None:
    record = await bench.complete(Modality.IMAGE, options=Options(ablate=frozenset({"graph-score"})))
    assert bench.oracle.kinds() == {"Knowledge": 1, "describe": 5}
    assert record.candidates[0].scores.graph is None and record.candidates[0].scores.quality == 20


async def test_without_the_semantic_score(bench: Bench) -> None:
    record = await bench.complete(Modality.IMAGE, options=Options(ablate=frozenset({"semantic-score"})))
    assert record.candidates[0].scores.clip is None and record.candidates[0].scores.quality == 100
    assert record.weights == {"graph": 1.0}


async def test_random_choice_follows_the_seed_and_keeps_the_scores(bench: Bench) -> None:
    chosen = []
    for seed in range(6):
        options = Options(ablate=frozenset({"ranking"}), seed=seed)
        record = await bench.complete(Modality.IMAGE, options=options)
        assert record.chosen == (await bench.complete(Modality.IMAGE, options=options)).chosen
        assert record.candidates[0].scores.quality == 120
        chosen.append(record.chosen)
    assert len(set(chosen)) > 1


async def test_the_soft_similarity_may_rank(bench: Bench) -> None:
    worse_but_for(2, bench)
    record = await bench.complete(Modality.IMAGE, options=Options(graph_similarity="soft"), scorers=())
    assert all(c.scores.quality == c.scores.graph_soft for c in record.candidates)
    assert record.chosen == 2


async def test_a_clean_verdict_ends_verification(bench: Bench) -> None:
    record = await bench.complete(Modality.TEXT, options=Options(rounds=3))
    assert bench.oracle.kinds()["Verdict"] == 1 and len(record.candidates) == 5
    assert record.candidates[0].scores.extra == {"lacks": 0, "adds": 0, "penalty": 0}


async def test_a_flawed_choice_is_made_anew_and_beaten(bench: Bench) -> None:
    def rule(asked: Asked) -> Any:
        if asked.kind == "Verdict" and len(bench.oracle.of("Verdict")) == 1:
            return {"lacks": ["star | count | 2"], "adds": ["a dragon"]}
        return None

    bench.oracle.rule = rule
    record = await bench.complete(Modality.TEXT, options=Options(rounds=2, penalty=3))
    assert bench.oracle.kinds() == {"Knowledge": 7, "describe": 6, "refine": 6, "Verdict": 2}
    assert "star | count | 2" in bench.oracle.of("Verdict")[0].text
    first, new = record.candidates[0], record.candidates[5]
    assert first.scores.quality == 120 - 6
    assert first.scores.extra == {"lacks": 1, "adds": 1, "penalty": 6}
    assert first.scores.notes[-2:] == ["lacks: star | count | 2", "adds: a dragon"]
    assert new.round == 1 and new.seed != first.seed and new.subject == "moon"
    assert record.chosen == 5 and record.candidates[1].scores.extra == {}
    assert record.seconds["verify"] > 0


async def test_rounds_are_bounded(bench: Bench) -> None:
    bench.oracle.rule = lambda asked: {"lacks": ["x"], "adds": []} if asked.kind == "Verdict" else None
    record = await bench.complete(Modality.TEXT, options=Options(rounds=2, candidates=2))
    assert [c.round for c in record.candidates] == [0, 0, 1, 2]
    assert bench.oracle.kinds()["Verdict"] == 3
    assert record.chosen == 0 and record.status == "completed"


async def test_a_round_whose_candidate_fails_leaves_the_choice(bench: Bench) -> None:
    def rule(asked: Asked) -> Any:
        if asked.kind == "describe" and len(bench.oracle.of("describe")) > 2:
            return ""
        return {"lacks": ["x"], "adds": []} if asked.kind == "Verdict" else None

    bench.oracle.rule = rule
    record = await bench.complete(Modality.TEXT, options=Options(rounds=1, candidates=2))
    assert record.candidates[2].error and record.chosen == 0 and record.status == "completed"


async def test_a_verdict_that_fails_is_a_warning(bench: Bench) -> None:
    bench.oracle.rule = lambda asked: "" if asked.kind == "Verdict" else None
    record = await bench.complete(Modality.TEXT, options=Options(rounds=1, candidates=2))
    assert record.status == "completed" and record.chosen == 0
    assert "candidate 0 was not verified" in record.warnings[0] and len(record.candidates) == 2
