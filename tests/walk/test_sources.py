"""What a walk is about: data sets, files, texts, finished runs; and the models of a plan."""

import asyncio
import json
from pathlib import Path

import pytest
import structlog
from PIL import Image

from agent.blobs import BlobStore
from agent.errors import UsageError
from agent.plan import make_plan
from agent.settings import Settings
from agent.walk.events import Note, Problem
from agent.walk.models import PlannedModels
from agent.walk.options import Changes
from agent.walk.source import from_dataset, from_image, from_run, from_text
from agent.walk.walk import Walk
from data.catalog import open_dataset
from data.sample import Domain, Modality


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    root.mkdir()
    rows = []
    for number in range(6):
        Image.new("RGB", (40, 30), (40 * number, 99, 90)).save(root / f"{number}.png")
        rows.append({"id": f"photo-{number}", "image": f"{number}.png", "text": f"Colour number {number}."})
    rows[4]["text"] = ""
    (root / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture
def plan(photos, tmp_path):
    def make(**settings):
        given = {
            "dataset": "folder",
            "root": photos,
            "type": "text",
            "rate": 1.0,
            "cache_dir": tmp_path / "cache",
        }
        return make_plan(Settings(**{**given, **settings}))

    return make


def test_a_sample_of_a_data_set_under_its_mask(plan, photos):
    case = from_dataset(plan(), "photo-2")
    assert (case.source.id, case.source.index, case.task["missing"]) == ("photo-2", 2, Modality.TEXT)
    assert case.task["truth_text"] == "Colour number 2." and case.task["image"].path == photos / "2.png"
    assert case.name == "folder-all-photo-2"


def test_missing_overrules_the_mask_and_is_taken_for_the_picture_where_it_hides_nothing(plan):
    assert from_dataset(plan(), "photo-2", Modality.IMAGE).task["text"] == "Colour number 2."
    case = from_dataset(plan(type="as-is", rate=0.7), "photo-2")
    assert case.task["missing"] is Modality.IMAGE and "taken for missing" in case.notices[-1]
    assert from_dataset(plan(type="as-is"), "photo-4").task["missing"] is Modality.TEXT


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("photo-22", "did you mean photo-2"),
        ("HOTO-3", "did you mean photo-3"),
        ("zzz", "its ids look like photo-0, photo-1, photo-2"),
        ("", "there is no sample ''"),
    ],
)
def test_an_unknown_sample_names_close_ids(plan, name, words):
    with pytest.raises(UsageError, match="there is no sample") as caught:
        from_dataset(plan(), name)
    assert words in str(caught.value)


def test_a_sample_without_what_is_to_be_read_is_told_so(plan):
    with pytest.raises(UsageError, match="its text is empty or not in the data"):
        from_dataset(plan(), "photo-4", Modality.IMAGE)


def test_ids_that_the_index_does_not_know_are_looked_for_in_the_rows(plan, tmp_path, photos):
    (photos / "metadata.jsonl").unlink()
    rows = "".join(f"{n}.png,Colour {n}.\n" for n in range(5))
    (photos / "metadata.csv").write_text("image,text\n" + rows)
    ids = [row.id for row in open_dataset("folder", photos)]
    assert from_dataset(plan(), ids[3]).source.index == 3
    with pytest.raises(UsageError, match="there is no sample 'nine'"):
        from_dataset(plan(), "nine")


def test_a_picture_and_a_text_of_ones_own(photos, tmp_path):
    case = from_image(photos / "1.png", text_form="caption")
    assert case.task["missing"] is Modality.TEXT and case.task["text_form"] == "caption"
    assert case.name.startswith("1-")
    case = from_text("  Two red cars wait.  ", Domain.XRAY)
    assert (case.task["missing"], case.task["text"]) == (Modality.IMAGE, "Two red cars wait.")
    assert case.task["text_form"] == "report" and case.name.startswith("two-red-cars-wait-")
    (tmp_path / "no.png").write_bytes(b"no picture")
    for wrong, words in [
        (lambda: from_image(tmp_path / "no.png"), "no.png"),
        (lambda: from_image(tmp_path / "absent.png"), "absent.png"),
        (lambda: from_image(tmp_path), str(tmp_path)),
        (lambda: from_image(photos / "1.png", text_form="poem"), "there are plot, caption"),
        (lambda: from_text("  "), "the text is empty"),
        (lambda: from_text("x" * 200_000), "at most 100,000"),
        (lambda: from_text("a\ud800"), "no valid Unicode"),
    ]:
        with pytest.raises(UsageError) as caught:
            wrong()
        assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", list(Modality))
async def test_a_finished_run_is_walked_into(world, missing):
    """The walk stands where the run ended, knows every step of it, and goes on from any of them."""
    record = await world.run_of(world.folder / "run", missing)
    asked = len(world.oracle.asked)
    case = await asyncio.to_thread(from_run, world.folder / "run", "s1")
    assert case.options["candidates"] == 3 and case.name == "run-s1"
    async with await Walk.create(world.folder / "walk", case, world.models(candidates=7)) as walk:
        again = await walk.record()
        assert again.model_dump(exclude={"seconds", "calls"}) == record.model_dump(
            exclude={"seconds", "calls"}
        )
        assert sorted(c.step for c in again.calls) == sorted(c.step for c in record.calls)
        assert {k: round(v, 3) for k, v in again.seconds.items() if k != "total"} == {
            k: round(v, 3) for k, v in record.seconds.items() if k != "total"
        }
        assert [m.label for m in walk.history()][1:] == ["intake", "extract", "alternate", "generate", "rank"]
        assert walk.options().candidates == 3 and len(world.oracle.asked) == asked
        assert all(walk.file(c.image.sha256).exists() for c in again.candidates if c.image)
        await walk.go(walk.made("description").number)
        state = await walk.state()
        assert [c.image for c in state["candidates"]] == [None] * 3 and state["candidates"][0].description
        assert all(c.text is None and not c.graph for c in state["candidates"])
        await walk.run()
        assert (await walk.record()).chosen is not None
    async with await Walk.create(world.folder / "two", case, world.models()) as walk:
        await asyncio.to_thread((world.folder / "x.json").write_text, await walk.export_json())
    async with await Walk.replay(world.folder / "x.json", world.folder / "three") as walk:
        assert (await walk.record()).chosen == record.chosen


async def test_a_failed_record_too(world):
    world.oracle.rule = lambda asked: "no JSON" if asked.kind == "Knowledge" else None
    record = await world.run_of(world.folder / "run", Modality.IMAGE)
    case = from_run(world.folder / "run", "s1")
    async with await Walk.create(world.folder / "walk", case, world.models()) as walk:
        assert (await walk.record()).failure == record.failure and walk.head.node == "extract"
        world.oracle.rule = lambda asked: None
        await walk.back()
        await walk.run()
        assert (await walk.record()).status == "completed"


async def test_what_is_no_run_or_no_record_of_it(world, tmp_path):
    with pytest.raises(UsageError, match=r"manifest\.json"):
        from_run(tmp_path, "s1")
    await world.run_of(tmp_path / "run", Modality.IMAGE)
    with pytest.raises(UsageError, match=r"no record of 's2' .* did you mean s1"):
        from_run(tmp_path / "run", "s2")
    for path in (tmp_path / "run" / "blobs").glob("*/*"):
        path.unlink()
    with pytest.raises(UsageError, match="has lost a picture"):
        from_run(tmp_path / "run", "s1")


def test_options_have_the_bounds_of_the_settings():
    for name, field in Changes.model_fields.items():
        ours = {type(m).__name__: m for m in field.metadata}
        theirs = {type(m).__name__: m for m in Settings.model_fields[name].metadata}
        for kind in ("Ge", "Le", "Lt", "Gt"):
            assert ours.get(kind) == theirs.get(kind), (name, kind)


async def test_the_models_of_a_plan_are_opened_at_the_first_step(plan, tmp_path, world, double):
    settings = {"lmm": "double", "lmm_url": double.url, "weights": {"graph": 1.0}, "candidates": 2}
    chosen = plan(**settings)
    case = from_dataset(chosen, "photo-1")
    async with PlannedModels(chosen, tmp_path / "logs", draws=False) as models:
        assert models.described["lmm"]["name"] == "double"
        async with await Walk.create(tmp_path / "walk", case, models) as walk:
            assert not double.answered
            await walk.run(world.emit)
            assert (await walk.record()).chosen is not None
            assert world.of(Note)[0].text == "preparing the models ..."
            notes = len(world.of(Note))
        async with await Walk.create(tmp_path / "two", case, models) as walk:
            await walk.run(world.emit)
        assert len(world.of(Note)) == notes
    secrets = (tmp_path / "walk" / "session.json").read_text()
    assert "api_key" not in secrets


async def test_models_that_cannot_be_opened_are_a_problem_of_the_step(plan, tmp_path, world, double):
    chosen = plan(lmm="tiny", lmm_url="http://127.0.0.1:9/v1", weights={"graph": 1.0}, retries=0)
    case = from_dataset(chosen, "photo-1")
    models = PlannedModels(chosen, tmp_path / "logs", draws=False)
    async with models, await Walk.create(tmp_path / "walk", case, models) as walk:
        for _ in range(2):
            assert await walk.next(world.emit) is None
        assert [p.recoverable for p in world.of(Problem)] == [True, True]
        assert "cannot be reached" in world.of(Problem)[0].sentence
    chosen = plan(lmm="double", lmm_url=double.url, weights={"graph": 1.0})
    models = PlannedModels(chosen, tmp_path / "logs", draws=False)
    async with models, await Walk.resume(tmp_path / "walk", models) as walk:
        assert await walk.next(world.emit) is not None
        assert walk.notices == ["the lmm was tiny when this session began and is double now"]


async def test_a_picture_that_cannot_be_drawn_for_want_of_a_generator(world):
    async with await world.create(generator=None) as walk:
        assert await walk.run(world.emit) is None
    assert "no image generator was given" in world.of(Problem)[0].sentence


async def test_a_mistake_inside_the_program_is_a_problem_that_says_so(world, monkeypatch):
    monkeypatch.setattr("agent.walk.engine.log", structlog.testing.CapturingLogger())

    class Wrong:
        name = "clip"

        async def similarity(self, pictures, texts):
            raise RuntimeError("a mistake")

    async with await world.create(scorers=(Wrong(),)) as walk:
        assert await walk.run(world.emit) is None
        [problem] = world.of(Problem)
        assert problem.sentence == "an error inside the program (RuntimeError: a mistake)"
        assert not problem.recoverable and walk.next_step == "rank"


async def test_blobs_of_a_walk_are_its_own(world):
    async with await world.create() as walk:
        await walk.run()
        record = await walk.record()
        store = BlobStore(walk.folder)
        assert all(store.holds(candidate.image) for candidate in record.candidates)
        blob = await walk.keep(b"abc", "text/plain")
        assert walk.file(blob.sha256).read_bytes() == b"abc"
