"""Similar complete samples: by CLIP with kept vectors, by words without, never the sample itself or what is masked."""

import json
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from talker import moves

from agent.plan import make_plan
from agent.settings import Settings
from agent.talk.errors import Impossible
from agent.talk.events import ToolAnswered
from agent.talk.neighbours import CompleteSamples, Query

TEXTS = {
    "s1": "two red stars above a house",
    "a": "a red star over two houses",
    "b": "a green boat on the water",
    "c": "the blue fish",
    "lone": "two red stars above a house, without a picture",
}


@dataclass
class Clip:
    """Embeddings from the words and from the mean colour: real vectors, no model."""

    name: str = "clip"
    model: str = "words"
    asked: list[int] = field(default_factory=list)

    async def embed_texts(self, texts):
        words = sorted({word for text in TEXTS.values() for word in text.replace(",", "").split()})
        self.asked.append(len(texts))
        rows = [[text.split().count(word) for word in words] for text in texts]
        return unit(rows)

    async def embed_images(self, pictures):
        self.asked.append(len(pictures))
        import io

        return unit(
            [np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).mean((0, 1)) for data in pictures]
        )


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    root = tmp_path / "data"
    root.mkdir()
    lines = []
    for place, (name, text) in enumerate(TEXTS.items()):
        line = {"id": name, "text": text}
        if name != "lone":
            Image.new("RGB", (40, 30), (200 - 60 * place, 60 * place, 30)).save(root / f"{name}.png")
            line["file_name"] = f"{name}.png"
        lines.append(json.dumps(line))
    (root / "metadata.jsonl").write_text("\n".join(lines))
    settings = Settings(
        dataset="folder", root=root, type="as-is", cache_dir=tmp_path / "cache", _env_file=None
    )
    return make_plan(settings)


def samples(plan, *scorers, **changes):
    async def context():
        return SimpleNamespace(scorers=scorers)

    return CompleteSamples(plan, SimpleNamespace(context=context), **changes)


ABOUT = Query(id="s1", text=TEXTS["s1"], picture=None, words="")


async def test_by_words_where_no_clip_is_loaded(plan):
    found = await samples(plan).nearest(ABOUT)
    assert found.by == "words" and found.note == ""
    ids = [id for id, _ in found.samples]
    assert ids[0] == "a" and set(ids) == {"a", "b", "c"}  # neither itself nor the one without a picture
    values = [value for _, value in found.samples]
    assert values == sorted(values, reverse=True) and 0 < values[0] <= 100


async def test_by_clip_and_the_vectors_are_kept(plan):
    clip = Clip()
    found = await samples(plan, clip).nearest(ABOUT)
    assert found.by == "CLIP" and found.samples[0][0] == "a" and clip.asked == [4, 1]
    again = await samples(plan, clip).nearest(ABOUT)
    assert again == found and clip.asked == [4, 1, 1]  # the query alone


async def test_pictures_are_compared_with_pictures(plan):
    clip = Clip()
    picture = (plan.settings.root / "b.png").read_bytes()
    found = await samples(plan, clip).nearest(Query(id="s1", text=None, picture=picture, words="boat"))
    assert found.samples[0] == ("b", pytest.approx(100, abs=0.1))


async def test_a_picture_that_cannot_be_read_is_like_nothing(plan):
    (plan.settings.root / "b.png").write_bytes(b"no picture")
    picture = (plan.settings.root / "c.png").read_bytes()
    found = await samples(plan, Clip()).nearest(Query(id="s1", text=None, picture=picture, words=""))
    assert dict(found.samples)["b"] == 0 and found.samples[0][0] == "c"


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"x" * 100])
async def test_damaged_kept_vectors_are_made_again(plan, damage):
    clip = Clip()
    await samples(plan, clip).nearest(ABOUT)
    [path] = (plan.settings.cache_dir / "neighbours").iterdir()
    path.write_bytes(damage)
    assert (await samples(plan, clip).nearest(ABOUT)).samples[0][0] == "a"
    assert clip.asked == [4, 1, 4, 1]


async def test_only_so_many_are_looked_at_and_that_is_said(plan):
    found = await samples(plan, most=2).nearest(ABOUT)
    assert [id for id, _ in found.samples] == ["a"]
    assert found.note == " Only the first 2 complete samples were looked at."


async def test_a_picture_without_clip_is_compared_by_the_words_of_its_graph(plan):
    query = Query(id="x", text=None, picture=b"", words="boat attribute green water")
    assert (await samples(plan).nearest(query)).samples[0][0] == "b"
    with pytest.raises(Impossible, match="no words to compare"):
        await samples(plan).nearest(Query(id="x", text=None, picture=b"", words=" "))


async def test_a_data_set_without_complete_samples(plan):
    (plan.settings.root / "metadata.jsonl").write_text(json.dumps({"id": "s1", "text": "alone"}))
    with pytest.raises(Impossible, match="no complete sample"):
        await samples(plan).nearest(ABOUT)


async def test_the_tool_names_them(studio, plan):
    it = await studio()
    it.talker.script = moves(True, ("find_similar", {}), "These.")
    await it.talk(tools="native", neighbours=samples(plan)).say("similar ones?", it.emit)
    assert it.of(ToolAnswered)[0].text.startswith("The closest complete samples by words are ")
    await it.talk(tools="native").say("similar ones?", it.emit)
    it.talker.talked.clear()
    await it.talk(tools="native").say("again?", it.emit)
    assert it.of(ToolAnswered)[-1].text == "Not possible: there is no data set to look in."
