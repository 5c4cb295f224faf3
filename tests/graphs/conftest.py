"""Makes `workbench` importable and gives every test a running one."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workbench import Bench, Oracle, serving

from graphs.completion import Completion, build
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint


@pytest.fixture(scope="session")
def graph() -> Completion:
    return build()


@pytest.fixture
async def bench(tmp_path: Path, graph: Completion) -> AsyncIterator[Bench]:
    oracle = Oracle()
    async with serving(oracle) as url, Client(Endpoint(base_url=url, model="tiny", retries=0)) as client:
        yield Bench(oracle, client, tmp_path, graph)
