"""Run folders made up for the report: complete in form, with pictures, failures and hostile text, and of any length."""

import hashlib
import io
import json
import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from data.record import Blob, Call, Candidate, Edge, Failure, Record, Scores, Truth, Usage
from data.sample import Domain, Modality

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")
SHAPES = ("circle", "square", "triangle", "star")
STYLES = ("flat poster", "night scene", "watercolour", "line drawing")
GENRES = ("Drama", "Comedy", "Horror", "Romance", "Sci-Fi", "Western")
PLACES = ("upper left", "upper right", "lower left", "lower right", "centre")

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    def make(count: int, **options: Any) -> Path:
        return write_run(tmp_path / "run", count, **options)

    return make


def write_run(folder: Path, count: int, *, seed: int = 7, records: list[Record] | None = None) -> Path:
    """A run folder of `count` samples (or of `records`), every ninth failed, half of them missing the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    pictures = [_picture(folder, rng) for _ in range(min(count, 60) * 2)] if records is None else []
    made = records if records is not None else [_record(i, rng, pictures) for i in range(count)]
    rng.shuffle(made)
    with (folder / "records.jsonl").open("w", encoding="utf-8") as lines:
        lines.writelines(record.model_dump_json() + "\n" for record in made)
    (folder / "manifest.json").write_text(json.dumps(_manifest(len(made)), indent=2))
    return folder


def _manifest(count: int) -> dict[str, Any]:
    return {
        "format": 1,
        "version": "0.1.0",
        "created": "2026-11-21T04:00:00+00:00",
        "outcome": "complete with failures",
        "fingerprint": "5f" * 32,
        "command": ["python", "-m", "agent.run", "--dataset", "mmimdb", "--lmm", "mini", "--limit", str(count)],
        "settings": {"candidates": 5, "mode": "merged", "weights": {"graph": 1.0, "clip": 0.5, "blip": 0.5}},
        "data": {
            "name": "mmimdb", "split": "train", "root": "miniature", "rows": 2000, "miniature": True,
            "notes": ["2 posters of the split are identical to posters of the test split."],
        },
        "mask": {"type": "mixed", "rate": 0.7, "seed": 2027},
        "models": {
            "lmm": {"name": "mini-qwen2-vl", "miniature": True},
            "generator": {"name": "mini-sdxl", "miniature": True},
            "clip": {"name": "ViT-L-14/openai", "miniature": False},
            "blip": {"name": "Salesforce/blip-itm-large-coco", "miniature": False},
        },
        "packages": {"torch": "2.15.0", "transformers": "5.23.0"},
        "sessions": [{"started": "2026-11-21T04:00:00+00:00", "outcome": "complete", "command": ["..."], "pid": 1}],
        "figures": {"to_complete": count, "seconds": 7.3 * count},
    }  # fmt: skip


def _record(i: int, rng: random.Random, pictures: list[Blob]) -> Record:
    missing = Modality.IMAGE if rng.random() < 0.5 else Modality.TEXT
    things = [(rng.choice(COLOURS), rng.choice(SHAPES), rng.randint(1, 3)) for _ in range(rng.randint(1, 3))]
    style = rng.choice(STYLES)
    graph = _graph(things, style, rng)
    common: dict[str, Any] = {
        "sample_id": f"tt{1000000 + i * 37}",
        "index": i,
        "domain": Domain.GENERAL,
        "missing": missing,
        "labels": rng.sample(GENRES, rng.randint(1, 3)),
        "text": _plot(things, style, rng) if missing is Modality.IMAGE else None,
        "image": rng.choice(pictures) if missing is Modality.TEXT else None,
        "seed": rng.randrange(2**31),
    }
    if i % 9 == 8:
        problem = (
            "the endpoint gave no JSON in two tries; look at log.jsonl, or try again with --retry-failed"
        )
        usage = Usage(calls=2, retries=1, repairs=1, prompt_tokens=900, completion_tokens=500)
        return Record(
            status="failed",
            failure=Failure(stage="extract", problem=problem),
            usage=usage,
            seconds={"extract": 3.2, "total": 3.2},
            **common,
        )
    candidates = [_candidate(k, missing, things, style, graph, rng, pictures) for k in range(5)]
    best = max(range(5), key=lambda k: -1.0 if candidates[k].error else candidates[k].scores.quality)
    calls = [
        Call(
            step=step,
            prompt=f"general/{name}@1f2e3d4c5b6a",
            finish_reason="stop",
            seconds=rng.uniform(0.2, 1.4),
            prompt_tokens=rng.randint(500, 900),
            completion_tokens=rng.randint(40, 160),
            cached=rng.random() < 0.1,
            repaired=rng.random() < 0.03,
        )
        for step, name in [("extract", "merged"), ("triplets", "triplets")]
        + [(f"{what}:{k}", what) for what in ("describe", "refine", "reextract") for k in range(5)]
    ]
    seconds = {"extract": 1.4, "alternate": 2.1, "generate": 2.6, "reextract": 3.0, "score": 0.4}
    seconds = {stage: value * rng.uniform(0.6, 1.6) for stage, value in seconds.items()}
    hidden = (
        Truth(image=rng.choice(pictures))
        if missing is Modality.IMAGE
        else Truth(text=_plot(things, style, rng))
    )
    return Record(
        status="completed",
        knowledge={
            "objects": [{"name": s, "count": n, "attributes": [c]} for c, s, n in things],
            "relations": [],
            "style": style,
        },
        graph=graph,
        subjects=[candidate.subject for candidate in candidates],
        candidates=candidates,
        chosen=best,
        truth=hidden,
        weights={"graph": 1.0, "clip": 0.5, "blip": 0.5},
        usage=Usage(
            calls=15,
            cache_hits=2,
            prompt_tokens=sum(call.prompt_tokens for call in calls),
            completion_tokens=sum(call.completion_tokens for call in calls),
            cost_usd=0.0021,
        ),
        calls=calls,
        seconds=seconds | {"total": sum(seconds.values())},
        warnings=["the text was cut to 6,000 characters before it was read"] if i % 13 == 5 else [],
        **common,
    )


def _candidate(
    k: int, missing: Modality, things: Any, style: str, graph: list[Edge], rng: random.Random, pictures: Any
) -> Candidate:
    if k == 3 and rng.random() < 0.2:
        return Candidate(
            index=k,
            subject=things[0][1],
            description="",
            seed=k,
            error="the description came back empty twice",
        )
    kept = [edge for edge in graph if rng.random() < 0.8] + _graph(things[:1], rng.choice(STYLES), rng)[:2]
    terms = {"graph": rng.betavariate(6, 3) * 100, "clip": rng.gauss(31, 4), "blip": rng.gauss(44, 7)}
    return Candidate(
        index=k,
        subject=f"the {rng.choice(things)[1]}" if k else "the whole scene",
        description=f"A {style} where {_plot(things, style, rng)[0].lower()}{_plot(things, style, rng)[1:]}",
        text=_plot(things, style, rng) if missing is Modality.TEXT else None,
        image=rng.choice(pictures) if missing is Modality.IMAGE else None,
        seed=rng.randrange(2**31),
        graph=kept,
        scores=Scores(
            quality=0.5 * terms["graph"] + 0.25 * terms["clip"] + 0.25 * terms["blip"],
            notes=["text split into 3 parts for CLIP"] if k == 2 else [],
            **terms,
        ),
    )


def _graph(things: Any, style: str, rng: random.Random) -> list[Edge]:
    edges = [Edge(head="poster", relation="has style", tail=style)]
    for colour, shape, number in things:
        edges += [
            Edge(head="poster", relation="shows", tail=shape),
            Edge(head=shape, relation="has colour", tail=colour),
            Edge(head=shape, relation="has count", tail=str(number)),
            Edge(head=shape, relation="is placed at", tail=rng.choice(PLACES)),
        ]
    names = [shape for _, shape, _ in things]
    edges += [Edge(head=a, relation="is next to", tail=b) for a, b in pairwise(names) if a != b]
    return edges


def _plot(things: Any, style: str, rng: random.Random) -> str:
    tales = ["meet in a quiet town", "cross the plain by night", "search for a lost letter", "refuse to part"]
    who = " and ".join(f"{number} {colour} {shape}{'s' * (number > 1)}" for colour, shape, number in things)
    return f"In this story {who} {rng.choice(tales)}. It is told as a {style}, and nobody speaks for long."


def _picture(folder: Path, rng: random.Random) -> Blob:
    image = Image.new("RGB", (112, 144), rng.choice(["#f4efe4", "#22304a", "#dfe8ec", "#f7d9c4"]))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(1, 4)):
        x, y, size = rng.randint(5, 70), rng.randint(5, 100), rng.randint(20, 42)
        box, colour = (x, y, x + size, y + size), rng.choice(COLOURS)
        shape = rng.choice(("ellipse", "rectangle", "polygon"))
        if shape == "polygon":
            draw.polygon([(x, y + size), (x + size, y + size), (x + size / 2, y)], fill=colour)
        else:
            getattr(draw, shape)(box, fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    blob = Blob(
        sha256=hashlib.sha256(buffer.getvalue()).hexdigest(), media_type="image/png", size=buffer.tell()
    )
    path = folder / blob.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return blob
