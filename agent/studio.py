"""The graph for `langgraph dev` (LangGraph Studio): the very one of a batch run, with the context from the settings.

`langgraph.json` names it. The settings come from the environment and `.env`; the models are loaded at the first run.
Input is one sample as JSON, for example

    {"sample_id": "1", "index": 0, "domain": "general", "text_form": "plot", "missing": "image",
     "text": "Two red cars wait before a house.", "image": null, "labels": [], "truth_text": null, "truth_image": null}
"""

import asyncio

from agent.blobs import BlobStore
from agent.context import open_context
from agent.files import make_folder
from agent.flags import parse
from agent.plan import Plan, make_plan
from agent.settings import Settings
from graphs.context import Context
from graphs.debug import build_debug

FOLDER = "studio"
"""Where its pictures and logs lie, in the cache folder."""


class Studio:
    """Opens the context once, at the first run, and keeps it until the server ends."""

    def __init__(self) -> None:
        self._opening = asyncio.Lock()
        self._context: Context | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def context(self) -> Context:
        async with self._opening:
            if self._context is None:
                opened: asyncio.Future[Context] = asyncio.get_running_loop().create_future()
                self._keeper = asyncio.create_task(self._keep(opened))
                self._context = await opened
        return self._context

    async def _keep(self, opened: "asyncio.Future[Context]") -> None:
        """A task of its own, which the end of the loop cancels: so what was opened is closed in order."""
        try:
            plan = await asyncio.to_thread(self._plan)
            folder = await asyncio.to_thread(make_folder, plan.settings.cache_dir.expanduser() / FOLDER)
            async with open_context(plan, BlobStore(folder), folder, image_missing=True) as built:
                opened.set_result(built.context)
                await asyncio.Event().wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    @staticmethod
    def _plan() -> Plan:
        return make_plan(parse(Settings, [], prog="langgraph dev", description="", epilog=""))


graph = build_debug(Studio().context)
