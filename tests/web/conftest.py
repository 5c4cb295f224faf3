"""The page over an own-folder data set, an endpoint double that knows one scene, and run folders; no model anywhere."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[1] / "chat"))
sys.path.insert(0, str(Path(__file__).parents[1] / "chromium"))
sys.path.insert(0, str(Path(__file__).parent))

from scene_double import SceneDouble
from web_helpers import HOSTILE, Make, Site, settled

from agent.browser.app import make_app
from agent.browser.house import House
from agent.browser.settings import WebSettings
from agent.flags import parse

TESTS = Path(__file__).resolve().parents[1]


def load(path: Path) -> ModuleType:
    """A helper of other tests, whose file name is not unique."""
    spec = importlib.util.spec_from_file_location(f"web_{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of a module's tests lies."""
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="module")
def photos(place: Path) -> Path:
    """A folder of forty pictures with descriptions; the last one is hostile wherever it can be."""
    root = place / "photos"
    root.mkdir()
    rows = []
    for number in range(40):
        image = Image.new("RGB", (96, 72), (230, 232 - number, 220))
        draw = ImageDraw.Draw(image)
        draw.ellipse((8, 14, 40, 46), fill=(190, 40, 40))
        draw.ellipse((28, 30, 60, 62), fill=(190, 40, 40))
        draw.polygon([(70, 10), (90, 40), (62, 34)], fill=(40, 60, 190))
        image.save(root / f"{number}.png")
        text = f"Two red circles lie beside a blue star. It is number {number}."
        rows.append({"id": f"photo{number}", "image": f"{number}.png", "text": text, "labels": ["shapes"]})
    rows[-1] |= {"id": HOSTILE, "labels": [HOSTILE], "text": HOSTILE}
    (root / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture(scope="module")
def runs(place: Path, photos: Path) -> Path:
    """A folder with a run of sixty records."""
    helper = load(TESTS / "report" / "conftest.py")
    run = helper.write_run(place / "runs" / "first", 60)
    plain = json.loads((run / "manifest.json").read_text())
    method = {"candidates": 5, "weights": {"graph": 1.0, "clip": 0.5, "blip": 0.5}}
    data = {
        **plain["data"],
        "root": str(photos),
        "name": "folder",
        "split": "all",
        "text_form": "description",
    }
    more = {"identity": {"method": method}, "data": data, "prompts": {}, "git": None, "machine": {}}
    (run / "manifest.json").write_text(
        json.dumps({**plain, **more, "figures": {"to_complete": 60, "completed": 54}})
    )
    return run.parent


@pytest.fixture(scope="module")
def double() -> Iterator[SceneDouble]:
    server = SceneDouble()
    yield server
    server.allow(float("inf"))
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def settings(place: Path, photos: Path, runs: Path, double: SceneDouble) -> Make:
    """Settings as the command line gives them; flags that are named win over the usual ones."""

    def make(*more: str) -> WebSettings:
        given: dict[str, Any] = {"dataset": "folder", "root": photos, "type": "text", "rate": 1, "runs": runs}
        given |= {"candidates": 3, "weights": "graph=1", "lmm": "double", "lmm-url": double.url}
        given |= {"cache-dir": place / "cache", "retries": 0, "port": 0, "tools": "schema"}
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "LMM_", "OPENAI_"))}
        with pytest.MonkeyPatch.context() as patch:
            for name in set(os.environ) - set(clean):
                patch.delenv(name)
            return parse(
                WebSettings, [*words, *more], prog="web", description="", epilog="", env_file=place / "none"
            )

    return make


@pytest.fixture(scope="module")
def client(settings: Make) -> Iterator[TestClient]:
    """The page on this machine alone: no token."""
    app = make_app(House(settings()))
    with TestClient(app, base_url="http://127.0.0.1:8400", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def site(settings: Make) -> Iterator[Site]:
    from chromium import serving

    house = House(settings())
    with serving(make_app(house), before_the_end=house.hang_up) as url:
        yield Site(url, house)


@pytest.fixture(scope="module")
def walked(client: TestClient) -> str:
    """The name of a session that is finished."""
    name = str(client.post("/api/sessions", json={"dataset": "folder", "id": "photo1"}).json()["name"])
    assert client.post(f"/api/sessions/{name}/go", json={"action": "run"}).status_code == 202
    assert settled(client, name)["next"] is None
    return name
