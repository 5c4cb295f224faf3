"""The ordinary way through the graph, in both directions and both modes: what is asked, how often, and what is kept."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from workbench import Bench, Oracle, Table, serving

from data.record import Edge
from data.sample import Domain, Modality
from graphs.completion import Completion
from graphs.context import Options
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint

DIRECTIONS = pytest.mark.parametrize("missing", list(Modality))


@DIRECTIONS
async def test_merged_mode_asks_at_most_16_times(bench: Bench, missing: Modality) -> None:
    record = await bench.complete(missing)
    refinements = {"refine": 5} if missing is Modality.TEXT else {}
    assert bench.oracle.kinds() == {"Knowledge": 6, "describe": 5, **refinements}
    assert record.usage.calls == len(bench.oracle.asked) == len(record.calls) <= 16
    assert record.status == "completed" and record.failure is None


@DIRECTIONS
async def test_stepwise_mode_asks_every_rule(bench: Bench, missing: Modality) -> None:
    record = await bench.complete(missing, options=Options(mode="stepwise", candidates=2))
    assert bench.oracle.kinds()["rule"] == 3 * 5
    assert bench.oracle.kinds()["Knowledge"] == bench.oracle.kinds()["Triplets"] == 3
    assert list(record.answers) == ["objects", "counts", "attributes", "relations", "style"]
    assert record.graph == [Edge(head="star", relation="left of", tail="house")]
    steps = [call.step for call in record.calls]
    assert "extract.objects" in steps and "extract.triplets" in steps and "reextract:1.consolidate" in steps
    consolidate = bench.oracle.of("Knowledge")[0].text
    assert "objects: Two stars, two houses.\ncounts: Two stars" in consolidate


@DIRECTIONS
async def test_the_record_holds_all_evidence(bench: Bench, missing: Modality) -> None:
    record = await bench.complete(missing)
    assert record.sample_id == "s1" and record.index == 3 and record.labels == ["Drama"]
    assert record.missing is missing
    assert record.subjects == ["house", "tree", "fish", "boat", "star"]
    assert [c.index for c in record.candidates] == [0, 1, 2, 3, 4]
    assert len({c.seed for c in record.candidates}) == 5
    for candidate in record.candidates:
        assert (candidate.image is None) == (missing is Modality.TEXT) == (candidate.text is not None)
        assert candidate.graph == record.graph
        assert candidate.scores.graph == candidate.scores.graph_soft == 100
        assert candidate.scores.quality == 100 + 10 + 10
    assert record.weights == {"graph": 1.0, "clip": 0.5, "blip": 0.5}
    assert record.chosen == 0
    if missing is Modality.TEXT:
        assert record.text is None and record.image is not None
        assert record.truth.text == bench.sample().text
    else:
        assert record.text is not None and record.image is None
        assert record.truth.image is not None and record.truth.text is None
        assert record.candidates[0].scores.notes == [f"{len(record.candidates[0].description.split())} words"]
    assert set(record.seconds) == {"read", "extract", "alternate", "generate", "reextract", "score", "total"}
    assert max(record.seconds.values()) == record.seconds["total"]


@DIRECTIONS
async def test_all_questions_over_one_part_share_their_prefix(bench: Bench, missing: Modality) -> None:
    await bench.complete(missing, options=Options(mode="stepwise", candidates=1))
    asked = bench.oracle.asked
    extraction = [a.prefix for a in asked if a.kind in ("rule", "Knowledge", "Triplets")]
    assert len(set(extraction)) == 2, "one prefix for the sample, one for the candidate"


async def test_first_descriptions_share_their_prefix(bench: Bench) -> None:
    await bench.complete(Modality.IMAGE)
    described = bench.oracle.of("describe")
    assert len({a.prefix for a in described}) == 1
    assert len({a.text for a in described}) == 5
    assert "star | count | 2\nstar | attribute | large" in described[0].text


async def test_the_lmm_sees_reduced_pictures(bench: Bench) -> None:
    await bench.complete(Modality.TEXT, sample=bench.sample(side=1500))
    assert bench.oracle.asked[0].pictures == [(1024, 1024)]


async def test_xrays_are_read_by_their_own_rules(bench: Bench) -> None:
    table = Table(Domain.XRAY, "report")
    image_lost = await bench.complete(Modality.IMAGE, table=table)
    assert bench.oracle.kinds() == {"MedicalKnowledge": 6, "describe": 5}
    assert "read the report of a chest radiograph" in bench.oracle.asked[0].system
    assert "read a chest radiograph the way" in bench.oracle.asked[-1].system
    assert Edge(head="small effusion", relation="suggests", tail="Pleural Effusion") in image_lost.graph
    bench.oracle.asked.clear()
    text_lost = await bench.complete(Modality.TEXT, table=table)
    assert bench.oracle.kinds() == {"MedicalKnowledge": 6, "describe": 5, "refine": 5}
    assert "read a chest radiograph the way" in bench.oracle.asked[0].system
    assert text_lost.candidates[0].scores.graph == 100


async def test_every_other_seed_gives_other_seeds_and_order_does_not_matter(bench: Bench) -> None:
    first = await bench.complete(Modality.IMAGE, options=Options(seed=1))
    await bench.complete(Modality.IMAGE, sample=bench.sample("s2"), options=Options(seed=1))
    again = await bench.complete(Modality.IMAGE, options=Options(seed=1))
    other = await bench.complete(Modality.IMAGE, options=Options(seed=2))
    kept = ("candidates", "graph", "chosen", "weights")
    assert [getattr(first, name) for name in kept] == [getattr(again, name) for name in kept]
    assert not {c.seed for c in first.candidates} & {c.seed for c in other.candidates}


@dataclass
class LastFirst(Oracle):
    """Answers the five descriptions that are asked for at once in the opposite order."""

    waiting: list[asyncio.Event] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        response = await super().chat(request)
        if self.asked[-1].kind == "describe":
            number, turn = len(self.waiting), asyncio.Event()
            self.waiting.append(turn)
            if number == 4:
                turn.set()
            await turn.wait()
            await response.prepare(request)
            await response.write_eof()
            self.answered.append(number)
            if number:
                self.waiting[number - 1].set()
        return response


async def test_calls_stand_in_the_order_of_the_questions_whichever_answer_comes_first(
    tmp_path: Path, graph: Completion
) -> None:
    oracle = LastFirst()
    async with serving(oracle) as url, Client(Endpoint(base_url=url, model="tiny", retries=0)) as client:
        record = await Bench(oracle, client, tmp_path, graph).complete(Modality.IMAGE)
    assert oracle.answered == [4, 3, 2, 1, 0]
    steps = [f"{step}:{number}" for step in ("describe", "reextract") for number in range(5)]
    assert [call.step for call in record.calls] == ["extract", *steps]
