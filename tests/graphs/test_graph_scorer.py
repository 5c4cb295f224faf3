"""A scorer that looks at graphs only: off by default, a term of its own in the record when it is on."""

from collections.abc import Sequence

from workbench import Bench

from data.record import Edge
from data.sample import Modality
from graphs.context import Options


class Rater:
    """A graph scorer at its protocol: prefers one candidate after another, in the order asked."""

    name = "kgc"

    def __init__(self) -> None:
        self.asked: list[list[Edge]] = []

    async def plausibility(self, edges: Sequence[Edge]) -> tuple[float, list[str]]:
        self.asked.append(list(edges))
        return 10.0 * len(self.asked), [f"kgc: {len(edges)} triplets"]


WEIGHTS = {"graph": 1.0, "clip": 0.5, "blip": 0.5, "kgc": 0.5}


async def test_it_enters_quality_choice_and_record(bench: Bench) -> None:
    rater = Rater()
    record = await bench.complete(
        Modality.IMAGE, options=Options(weights=dict(WEIGHTS)), graph_scorers=(rater,)
    )
    assert [candidate.graph for candidate in record.candidates] == rater.asked and rater.asked[0]
    assert [candidate.scores.extra for candidate in record.candidates] == [
        {"kgc": 10.0 * n} for n in range(1, 6)
    ]
    assert [candidate.scores.quality for candidate in record.candidates] == [120 + 5 * n for n in range(1, 6)]
    assert record.chosen == 4 and record.weights == WEIGHTS
    assert f"kgc: {len(rater.asked[0])} triplets" in record.candidates[0].scores.notes


async def test_without_a_weight_it_is_evidence_only(bench: Bench) -> None:
    record = await bench.complete(Modality.IMAGE, graph_scorers=(Rater(),))
    assert record.candidates[4].scores.extra == {"kgc": 50} and record.candidates[4].scores.quality == 120
    assert record.chosen == 0 and "kgc" not in record.weights


async def test_without_it_a_record_says_nothing_of_it(bench: Bench) -> None:
    record = await bench.complete(Modality.IMAGE, options=Options(weights=dict(WEIGHTS)))
    assert record.candidates[0].scores.extra == {} and "kgc" not in record.weights


async def test_candidates_that_were_not_read_are_not_rated(bench: Bench) -> None:
    rater = Rater()
    options = Options(ablate=frozenset({"graph-score"}), weights=dict(WEIGHTS))
    record = await bench.complete(Modality.IMAGE, options=options, graph_scorers=(rater,))
    assert rater.asked == [] and record.candidates[0].scores.extra == {}


async def test_it_survives_verification(bench: Bench) -> None:
    options = Options(rounds=1, weights=dict(WEIGHTS))
    record = await bench.complete(Modality.TEXT, options=options, graph_scorers=(Rater(),))
    verified = record.candidates[4]
    assert verified.scores.extra == {"kgc": 50, "lacks": 0, "adds": 0, "penalty": 0} and record.chosen == 4
