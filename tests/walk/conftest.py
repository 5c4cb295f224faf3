"""A walk over the fixed world of `tests/graphs/workbench.py`: a loopback endpoint, real client, real graph."""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "graphs"))
sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))

from llm_double import Double
from workbench import Bench, Oracle, Table, serving

from agent.manifest import Manifest, describe_run
from agent.settings import Settings
from agent.store import RunFolder
from agent.walk.events import Event
from agent.walk.model import FromFile
from agent.walk.models import GivenModels
from agent.walk.source import Case
from agent.walk.walk import Walk
from data.record import Record
from data.sample import Modality
from graphs.completion import build, record_of, to_input
from graphs.context import Options
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint


@dataclass
class World:
    """One endpoint, one sample, and walks over it."""

    bench: Bench
    folder: Path
    told: list[Event] = field(default_factory=list)

    @property
    def oracle(self) -> Oracle:
        return self.bench.oracle

    def case(self, missing: Modality = Modality.IMAGE) -> Case:
        row = (missing is Modality.IMAGE, missing is Modality.TEXT)
        task = to_input(self.bench.sample(), 3, row, Table())  # type: ignore[arg-type]
        return Case(FromFile(text="x"), task)

    def models(self, **changes: Any) -> GivenModels:
        """Changes are those of the context; `candidates` and the like are options."""
        options = {name: changes.pop(name) for name in list(changes) if hasattr(Options, name)}
        return GivenModels(self.bench.context(options=Options(**{"candidates": 3, **options}), **changes))

    async def create(self, missing: Modality = Modality.IMAGE, name: str = "walk", **changes: Any) -> Walk:
        return await Walk.create(self.folder / name, self.case(missing), self.models(**changes))

    async def batch(self, missing: Modality = Modality.IMAGE, **changes: Any) -> Record:
        """What a batch run makes of the same sample."""
        context = self.models(**changes).given
        async with Client(self.bench.client.endpoint) as client:  # without the walk's cache
            task = self.case(missing).task
            return record_of(await build().ainvoke(task, context=replace(context, lmm=client)))

    async def run_of(self, folder: Path, missing: Modality, **settings: Any) -> Record:
        """A run folder with one record in it, made by the graph."""
        context = self.models(**settings).given
        identity = {"method": Settings(candidates=3, **settings).method()}
        manifest: Manifest = describe_run(
            identity=identity,
            command=["x"],
            settings={},
            data={"name": "folder", "root": str(self.folder / "gone"), "split": "all", "text_form": "plot"},
            mask={},
            models={},
            prompts={},
            warnings=[],
        )
        with RunFolder.open(folder, manifest) as run:
            sample = self.bench.sample()
            row = (missing is Modality.IMAGE, missing is Modality.TEXT)
            context.blobs = run.blobs
            record = record_of(await build().ainvoke(to_input(sample, 0, row, Table()), context=context))
            await run.append(record)
        return record

    def emit(self, event: Event) -> None:
        self.told.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]


Clean = Callable[..., dict[str, Any]]


@pytest.fixture
def timeless() -> Clean:
    """A record without what differs between two equal runs: times, and with `cached` whether and what the endpoint was
    asked."""

    def clean(record: Record, cached: bool = False) -> dict[str, Any]:
        without = {"seconds", "cached", "prompt_tokens", "completion_tokens"} if cached else {"seconds"}
        plain = record.model_dump(mode="json", exclude={"seconds", "usage"})
        return plain | {
            "calls": [{k: v for k, v in call.items() if k not in without} for call in plain["calls"]]
        }

    return clean


@pytest.fixture
def double() -> Iterator[Double]:
    """An endpoint that lists its models and answers the probe, but does not stream."""
    server = Double()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    oracle = Oracle()
    cache = tmp_path / "cache.sqlite"
    async with (
        serving(oracle) as url,
        Client(Endpoint(base_url=url, model="tiny", retries=0), cache=cache) as client,
    ):
        yield World(Bench(oracle, client, tmp_path, build()), tmp_path)
