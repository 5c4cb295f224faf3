"""What goes wrong with a candidate or a sample ends in the record; what is wrong with the endpoint stops the run."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from workbench import GENERAL, Asked, Bench, Judge, Painter, Table

from data.sample import ImageRef, Modality, Sample
from graphs.completion import CannotComplete, to_input
from graphs.context import Options
from tools.lmm.question import EndpointError
from tools.loading import ModelError


def nth(kind: str, *numbers: int, answer: Any = "") -> Any:
    """A rule that answers the given questions of a kind with something else."""
    seen = 0

    def rule(asked: Asked) -> Any:
        nonlocal seen
        if asked.kind != kind:
            return None
        seen += 1
        return answer if seen - 1 in numbers else None

    return rule


async def test_a_candidate_without_description_is_kept_and_passed_over(bench: Bench) -> None:
    bench.oracle.rule = nth("describe", 0, 1)
    record = await bench.complete(Modality.IMAGE)
    failed = [c for c in record.candidates if c.error]
    assert len(failed) == 2 and len(record.candidates) == 5
    assert all(c.image is None and "describe" in str(c.error) for c in failed)
    assert record.status == "completed" and record.candidates[record.chosen or 0].error is None
    assert record.usage.calls == len(bench.oracle.asked)


async def test_a_refused_drawing_fails_alone(bench: Bench) -> None:
    record = await bench.complete(Modality.IMAGE, generator=Painter(refuse=lambda call: call == 0))
    assert record.candidates[0].error == "draw:0: This description is refused."
    assert record.chosen == 1


async def test_a_candidate_whose_knowledge_cannot_be_read_is_not_chosen(bench: Bench) -> None:
    bench.oracle.rule = nth("Knowledge", 1, 2, answer="no JSON")  # the second is the repair turn
    record = await bench.complete(Modality.TEXT, options=Options(candidates=1))
    assert record.status == "failed"
    [candidate] = record.candidates
    assert candidate.text and "reextract:0" in str(candidate.error)
    assert record.failure is not None and "none of the 1 candidates" in record.failure.problem
    assert record.usage.repairs == 1


async def test_a_sample_fails_when_its_extraction_does(bench: Bench) -> None:
    bench.oracle.rule = lambda asked: web.json_response({"error": {"message": "too long"}}, status=400)
    record = await bench.complete(Modality.IMAGE)
    assert record.status == "failed" and record.failure is not None
    assert record.failure.stage == "extract" and "too long" in record.failure.problem
    assert record.candidates == [] and record.chosen is None
    assert record.usage.calls == 1 and record.calls[0].step == "extract"


@pytest.mark.parametrize("kind", ["rule", "Knowledge", "Triplets"])
async def test_stepwise_extraction_fails_at_any_step(bench: Bench, kind: str) -> None:
    bench.oracle.rule = nth(kind, *range(9), answer="")
    record = await bench.complete(Modality.IMAGE, options=Options(mode="stepwise"))
    assert record.status == "failed" and record.failure is not None and record.failure.stage == "extract"
    assert record.usage.calls == len(bench.oracle.asked)
    assert bool(record.answers) == (kind != "rule")


async def test_an_unusable_key_stops_the_run(bench: Bench) -> None:
    bench.oracle.rule = lambda asked: web.json_response({"error": {"message": "bad key"}}, status=401)
    with pytest.raises(EndpointError):
        await bench.complete(Modality.IMAGE)


async def test_a_generator_that_is_gone_stops_the_run(bench: Bench) -> None:
    class Gone(Painter):
        async def draw(self, *_: object) -> list[bytes]:
            raise ModelError("the images endpoint is gone")

    with pytest.raises(ModelError):
        await bench.complete(Modality.IMAGE, generator=Gone())


async def test_a_broken_picture_is_a_failed_sample(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    sample = Sample(id="b", image=ImageRef(path=tmp_path / "broken.png"), text="A plot.")
    record = await bench.complete(Modality.TEXT, sample=sample)
    assert record.status == "failed" and record.failure is not None
    assert record.failure.stage == "read" and "broken.png" in record.failure.problem
    assert bench.oracle.asked == []


async def test_a_broken_ground_truth_is_only_a_warning(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG broken")
    sample = Sample(id="b", image=ImageRef(path=tmp_path / "broken.png"), text="A plot.")
    record = await bench.complete(Modality.IMAGE, sample=sample)
    assert record.status == "completed" and record.truth is None
    assert "ground truth" in record.warnings[0] and "broken.png" in record.warnings[0]


async def test_a_scorer_that_fails_leaves_a_note(bench: Bench) -> None:
    def refuse(picture: bytes, text: str) -> float:
        raise ValueError("cannot see it")

    record = await bench.complete(Modality.TEXT, scorers=(Judge("clip", refuse), Judge("blip")))
    scores = record.candidates[0].scores
    assert scores.clip is None and scores.quality == 110 and scores.notes == ["clip: no score: cannot see it"]
    assert record.weights == {"graph": 1.0, "blip": 0.5}


async def test_when_nothing_is_found_the_candidates_are_described_directly(bench: Bench) -> None:
    bench.oracle.rule = nth("Knowledge", 0, answer={"objects": [], "relations": [], "style": ""})
    record = await bench.complete(Modality.TEXT)
    assert bench.oracle.kinds() == {"Knowledge": 1, "direct": 5, "refine": 5}
    assert record.status == "completed" and record.candidates[0].scores.graph is None
    assert "found nothing in the present image" in record.warnings[0]


async def test_a_missing_picture_needs_a_generator(bench: Bench) -> None:
    with pytest.raises(ValueError, match="no image generator"):
        await bench.complete(Modality.IMAGE, generator=None)


def test_samples_that_cannot_enter(tmp_path: Path) -> None:
    whole = Sample(id="x", image=ImageRef(path=tmp_path / "x.png"), text="A plot.")
    blank = Sample(id="y", image=ImageRef(path=tmp_path / "x.png"), text=" \n")
    table: Any = Table()
    with pytest.raises(CannotComplete, match=r"sample x .* both modalities"):
        to_input(whole, 0, (False, False), table)
    with pytest.raises(CannotComplete, match="neither"):
        to_input(whole, 0, (True, True), table)
    with pytest.raises(CannotComplete, match=r"sample y .*its text is empty"):
        to_input(blank, 0, (True, False), table)


async def test_the_masked_modality_never_reaches_the_lmm(bench: Bench) -> None:
    sample = Sample(id="t", image=bench.sample().image, text="Zebras nobody must hear of.")
    await bench.complete(Modality.TEXT, sample=sample, options=Options(rounds=1))
    assert not any("Zebra" in asked.text + asked.system for asked in bench.oracle.asked)
    bench.oracle.asked.clear()
    await bench.complete(Modality.IMAGE, sample=bench.sample(side=333), options=Options(rounds=1))
    assert {size for asked in bench.oracle.asked for size in asked.pictures} == {(64, 64)}


def test_the_world_of_these_tests_is_of_ordinary_size() -> None:
    assert 5 <= len(GENERAL["objects"]) <= 7  # type: ignore[arg-type]
