"""Toy problems in the form of a cell's task, and a tiny data set with the folder of a run over it."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.catalog import open_dataset
from data.missing import simulate
from data.record import Blob, Call, Candidate, Record, Scores
from data.sample import Domain, Modality, Sample
from eval.specs import DataSpec, HeadSpec, MaskSpec
from eval.splits import open_split
from eval.task import Bools, Candidates, Floats, Part, Task
from mini.weights import folder as weights

HEAD = HeadSpec(epochs=40, learning_rate=1e-2)
WIDTH = 12


def part_of(image: Floats, text: Floats, labels: Bools, present: Bools) -> Part:
    truth = {"image": image.astype(np.float32), "text": text.astype(np.float32)}
    rows = len(labels)
    return Part(truth, present, labels, np.arange(rows), tuple(f"s{i}" for i in range(rows)))


def hide(random: np.random.Generator, rows: int, rate: float, kinds: tuple[int, ...] = (0, 1)) -> Bools:
    """Presence mask [n, 2]: `rate` of the rows miss one of `kinds` (0 image, 1 text)."""
    present = np.ones((rows, 2), dtype=bool)
    hidden = random.permutation(rows)[: int(rate * rows)]
    present[hidden, random.choice(kinds, size=len(hidden))] = False
    return present


def with_run(part: Part, random: np.random.Generator, noise: tuple[float, ...] = (0.2, 1.0, 3.0)) -> Part:
    """A run whose first candidate is the most like the truth; its score `good` says so aloud, `blind` says nothing."""
    rows, slots = np.nonzero(~part.present)
    wanted = np.where(slots[:, None] == 0, part.truth["image"][rows], part.truth["text"][rows])
    count = len(rows)
    quality = np.repeat([-n for n in noise], count).astype(np.float32)
    vectors = [wanted + random.normal(size=wanted.shape) * n for n in noise]
    candidates = Candidates(
        rows=np.tile(rows, len(noise)),
        slots=np.tile(slots, len(noise)),
        index=np.repeat(np.arange(len(noise)), count),
        chosen=np.repeat(np.arange(len(noise)) == 0, count),
        quality=quality,
        terms={"good": quality, "blind": random.normal(size=len(quality)).astype(np.float32)},
        vectors=np.concatenate(vectors).astype(np.float32),
    )
    return replace(part, completions={"full": candidates, "plain": candidates})


@pytest.fixture
def far() -> Task:
    """Features around 4; training is complete, dev and test miss texts, so that zeros come as a surprise."""
    random = np.random.default_rng(0)
    mix = [np.abs(random.normal(size=(6, WIDTH))) for _ in range(2)]

    def make(rows: int, rate: float) -> Part:
        cause = random.normal(size=(rows, 6))
        image, text = (4 + cause @ each + 0.3 * random.normal(size=(rows, WIDTH)) for each in mix)
        labels = cause.sum(axis=1)[:, None] + cause[:, :3] > 0.3
        return with_run(part_of(image, text, labels, hide(random, rows, rate, (1,))), random)

    return Task(make(300, 0.0), make(100, 0.6), make(300, 0.6), HEAD, seed=0)


@pytest.fixture
def crooked() -> Task:
    """The image is an angle, the text twice that angle, and two of three classes follow linearly from the text only."""
    random = np.random.default_rng(1)
    mix = [random.normal(size=(2, WIDTH)) for _ in range(2)]

    def make(rows: int) -> Part:
        angle = random.uniform(0, 2 * np.pi, size=rows)
        views = [np.stack([np.cos(k * angle), np.sin(k * angle)], axis=1) for k in (1, 2)]
        image, text = (
            2 * v @ m + 0.1 * random.normal(size=(rows, WIDTH)) for v, m in zip(views, mix, strict=True)
        )
        labels = np.stack([views[1][:, 0] > 0, views[1][:, 1] > 0, views[0][:, 0] > 0], axis=1)
        return part_of(image, text, labels, hide(random, rows, 0.6))

    return Task(make(500), make(100), make(300), HEAD, seed=0)


@pytest.fixture
def small_part() -> Callable[..., Part]:
    """Random rows with a run."""

    def make(rows: int = 40, seed: int = 0, classes: int = 3) -> Part:
        random = np.random.default_rng(seed)
        labels = random.uniform(size=(rows, classes)) > 0.5
        features = random.normal(size=(2, rows, WIDTH)) + labels.sum(axis=1)[:, None]
        return with_run(part_of(features[0], features[1], labels, hide(random, rows, 0.5)), random)

    return make


COLOURS = {"red": "Action", "blue": "Drama", "green": "Comedy", "yellow": "Horror"}


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny MM-IMDb in its raw form: posters of one colour, plots that name it, a genre that follows from it."""
    root = tmp_path_factory.mktemp("films")
    (root / "dataset").mkdir()
    names = list(COLOURS)
    splits = {"train": range(40), "dev": range(40, 52), "test": range(52, 72)}
    for number in range(72):
        colour = names[number % 4]
        picture = Image.new("RGB", (32, 32), colour)
        picture.putpixel(
            (number % 32, number // 32), (255, 255, 255)
        )  # no two files alike, or the splits would leak
        picture.save(root / "dataset" / f"{number:07}.jpeg", quality=95)
        plot = f"A {colour} circle and {number + 1} {colour} squares."
        meta = {"plot": [plot], "genres": [COLOURS[colour]], "title": f"Film {number}"}
        (root / "dataset" / f"{number:07}.json").write_text(json.dumps(meta))
    index = {name: [f"{number:07}" for number in numbers] for name, numbers in splits.items()}
    (root / "split.json").write_text(json.dumps(index))
    return root


@pytest.fixture
def make_run(films: Path, tmp_path: Path) -> Callable[..., Path]:
    """The folder of a finished run over `films`, as `python -m agent.run` leaves it: two candidates for every sample
    that misses something, the first of the right colour, the second of the next one."""

    def make(
        rate: float = 0.5, called: str = "run", miniature: bool = False, nested: bool = False, **data: object
    ) -> Path:
        folder = tmp_path / called
        folder.mkdir()
        dataset = open_dataset("mmimdb", films, "train")
        mask = simulate(len(dataset), rate, "mixed")
        if nested:
            split = open_split(DataSpec(name="mmimdb", root=films), films, "train")
            mask = split.mask(MaskSpec(nested=True), rate)
        rows = list(dataset)
        lines = [_record(rows[at], at, mask.present(at).text, folder) for at in mask.details]
        (folder / "records.jsonl").write_text("".join(line.model_dump_json() + "\n" for line in lines))
        described = {
            "name": "mmimdb", "split": "train", "root": str(films), "fingerprint": dataset.fingerprint(),
            "miniature": miniature,
        }  # fmt: skip
        manifest = {
            "outcome": "complete",
            "fingerprint": "f" * 64,
            "data": described | data,
            "mask": {"sha256": sha256(mask.released_form()).hexdigest(), "type": "mixed", "rate": rate},
            "models": {"lmm": {"name": "a-model", "miniature": miniature}},
            "figures": {"completed": len(lines), "to_complete": len(lines)},
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    return make


def _record(sample: Sample, index: int, has_text: bool, folder: Path) -> Record:
    colour = next(colour for colour, genre in COLOURS.items() if genre == sample.labels[0])
    names = list(COLOURS)
    candidates = []
    for number in range(2):
        drawn = names[(names.index(colour) + number) % 4]
        made: dict[str, object] = (
            {"text": f"One {drawn} circle."} if not has_text else {"image": _blob(drawn, folder)}
        )
        scores = Scores(graph=90.0 - 40 * number, clip=60.0 - 5 * number, quality=120.0 - 40 * number)
        candidates.append(
            Candidate(
                index=number, subject=drawn, description=f"all {drawn}", seed=number, scores=scores, **made
            )  # type: ignore[arg-type]
        )
    steps = ("extract", "describe:0", "describe:1")
    told = {
        "prompt": "p",
        "finish_reason": "stop",
        "seconds": 0.5,
        "prompt_tokens": 100,
        "completion_tokens": 20,
    }
    calls = [Call(step=step, cached=False, repaired=False, **told) for step in steps]  # type: ignore[arg-type]
    return Record(
        sample_id=sample.id,
        index=index,
        status="completed",
        domain=Domain.GENERAL,
        missing=Modality.IMAGE if has_text else Modality.TEXT,
        candidates=candidates,
        chosen=0,
        calls=calls,
    )


def _blob(colour: str, folder: Path) -> Blob:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(buffer, "PNG")
    blob = Blob(
        sha256=sha256(buffer.getvalue()).hexdigest(), media_type="image/png", size=len(buffer.getvalue())
    )
    path = folder / blob.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return blob


@pytest.fixture(scope="session")
def clip() -> str:
    """The miniature's CLIP as an encoder is named."""
    return f"clip:{weights('clip')}"
