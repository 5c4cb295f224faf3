"""A talk over a finished walk, with an endpoint that acts by script."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "graphs"))
sys.path.insert(0, str(Path(__file__).parent))

from talker import Studio, Talker
from workbench import Bench, Judge, Table, serving

from agent.walk.model import FromFile
from agent.walk.models import GivenModels
from agent.walk.source import Case
from agent.walk.walk import Walk
from data.sample import Modality
from graphs.completion import build, to_input
from graphs.context import Options
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint

Open = Callable[..., Any]


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a studio; with `run=False` its walk stands at the start. `missing` says which modality is lost."""
    talker = Talker()
    opened: list[Walk] = []
    async with (
        serving(talker) as url,
        Client(Endpoint(base_url=url, model="tiny", retries=0)) as client,
    ):
        bench = Bench(talker, client, tmp_path, build())

        async def open_(run: bool = True, missing: Modality = Modality.IMAGE, **changes: Any) -> Studio:
            scorers = (Judge("clip", lambda picture, text: 20.0 + crc32(picture) % 50), Judge("blip"))
            options = changes.pop("options", Options(candidates=3))
            context = bench.context(**({"options": options, "scorers": scorers} | changes))
            models = GivenModels(context, {"lmm": {"name": "tiny"}})
            row = (missing is Modality.IMAGE, missing is Modality.TEXT)
            task = to_input(bench.sample(), 3, row, Table())  # type: ignore[arg-type]
            walk = await Walk.create(tmp_path / f"walk-{len(opened)}", Case(FromFile(text="x"), task), models)
            opened.append(walk)
            if run:
                assert await walk.run() is not None
            return Studio(bench, talker, walk, models)

        yield open_
        for walk in opened:
            await walk.close()
