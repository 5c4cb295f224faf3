"""`python walker.py FOLDER PORT`: walks until it is killed; the other process of a test."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "graphs"))
sys.path.insert(0, str(Path(__file__).parent))

from conftest import World
from workbench import Bench, Oracle

from graphs.completion import build
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint


async def main(folder: Path, port: str) -> None:
    endpoint = Endpoint(base_url=f"http://127.0.0.1:{port}/v1", model="tiny", retries=0)
    async with Client(endpoint, cache=folder / "cache.sqlite") as client:
        world = World(Bench(Oracle(), client, folder, build()), folder)
        async with await world.create() as walk:
            await walk.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
