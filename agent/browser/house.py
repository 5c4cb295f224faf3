"""What all requests of one server share: data sets, run folders, models, and the sessions that are open."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent import miniature
from agent.browser.datasets import DataSet, open_shelf
from agent.browser.desk import Desk
from agent.browser.replies import Refused
from agent.browser.runs import Runs
from agent.browser.settings import WebSettings
from agent.browser.thumbnails import Thumbnails
from agent.files import write_atomic
from agent.plan import Plan, make_plan
from agent.terminal.remembered import plan_for, remembered
from agent.terminal.sessions import entry, list_sessions, new_folder
from agent.walk.models import PlannedModels
from agent.walk.source import Case, from_dataset, from_image, from_run, from_text
from agent.walk.walk import Broken, Walk
from data.pictures import decode, encode
from data.sample import Domain, ImageRef, Modality

SESSION = re.compile(r"[A-Za-z0-9][\w.+-]{0,119}")
OPEN = 8
"""Sessions that are kept open; of more, those that no page shows are closed, the longest unused first."""
LARGEST_SIDE = 4_096
"""Longest side in px at which a picture of the user's own is kept."""
UPLOADS = "uploads"


class House:
    """From the start of the server to its end."""

    def __init__(self, settings: WebSettings) -> None:
        self.settings = settings
        self.datasets: dict[str, DataSet] = open_shelf(settings)
        self.runs = Runs(settings.runs)
        self.thumbnails = Thumbnails()
        self.desks: dict[str, Desk] = {}
        self._models: dict[str, PlannedModels] = {}
        self._opening = asyncio.Lock()
        self._left: dict[str, float] = {}
        """When sessions were closed last."""

    async def close(self) -> None:
        for desk in list(self.desks.values()):
            await desk.close()
        for listing in [shelf.listing for shelf in self.datasets.values()]:
            listing.stop()
        for models in self._models.values():
            await models.__aexit__(None, None, None)
        self._models.clear()

    def hang_up(self) -> None:
        """End the streams of all pages, so that a server that shuts down need not wait for them."""
        for desk in self.desks.values():
            desk.channel.close()

    # ------------------------------------------------------------------------------------------------------- sessions

    async def sessions(self) -> list[dict[str, Any]]:
        """Those that there are, the last one first."""
        entries = await asyncio.to_thread(list_sessions, self.settings.walks)
        shown = []
        for one in entries:
            session = one.session
            shown.append(
                {
                    "name": one.path.name,
                    "about": one.about,
                    "changed": one.changed,
                    "problem": one.problem,
                    "open": one.path.name in self.desks,
                    "sample": session.task["sample_id"] if session else one.path.name,
                    "missing": session.task["missing"] if session else None,
                    "head": session.head.label if session and session.moments else None,
                    "finished": bool(session and session.moments and session.head.next is None),
                    "branches": len(session.branches) if session else 0,
                    "turns": len(session.conversation) if session else 0,
                }
            )
        return shown

    async def desk(self, name: str, rebuild: bool = False) -> Desk:
        """The session of that name, opened if it is not yet, but not by who asked before it was closed. Raises
        `Refused`, `WalkError`, `UsageError`."""
        asked = time.monotonic()
        async with self._opening:
            if asked < self._left.get(name, asked):
                raise Refused(f"the session {name} was closed while this was asked", 409)
            if name not in self.desks:
                self.desks[name] = await self._open(self._folder(name), rebuild)
                await self._make_room(name)
            desk = self.desks[name]
            desk.used = time.monotonic()
            return desk

    def _folder(self, name: str) -> Path:
        """A session's folder: one name right below the folder of all sessions, and no link to elsewhere."""
        walks = self.settings.walks
        folder = walks / name
        if SESSION.fullmatch(name) and folder.is_dir() and folder.resolve().parent == walks.resolve():
            return folder
        raise Refused(f"there is no session {name[:80]!r}", 404)

    async def _open(self, folder: Path, rebuild: bool) -> Desk:
        known = await asyncio.to_thread(entry, folder)
        if known.session is None:
            await Walk.resume(folder)  # which says what is broken
            raise Refused(f"the session {folder.name} cannot be read: {known.problem}")
        if rebuild:
            await (await Walk.rebuild(folder)).close()
        source = known.session.source
        plan = await asyncio.to_thread(plan_for, remembered(self.settings, known.session), source)
        models = await self._models_of(plan, Modality(known.session.task["missing"]))
        try:
            walk = await Walk.resume(folder, models)
        except Broken as error:
            raise Refused(str(error), 422 if error.rebuildable else 400) from None
        return Desk(walk, plan, models, self.settings.tools)

    async def begin(self, plan: Plan, case: Case) -> str:
        """A new session; its name."""
        models = await self._models_of(plan, case.task["missing"])
        async with self._opening:
            folder = await asyncio.to_thread(new_folder, self.settings.walks, case.name)
            walk = await Walk.create(folder, case, models)
            walk.notices[:0] = [notice for notice in case.notices if notice not in walk.notices]
            self.desks[folder.name] = Desk(walk, plan, models, self.settings.tools)
            await self._make_room(folder.name)
        return folder.name

    async def leave(self, name: str) -> None:
        """Close a session, so that another program may open it."""
        async with self._opening:
            if desk := self.desks.pop(name, None):
                # First of all: what a page hears after it would make it ask, and so open the session again.
                desk.channel.tell({"type": "closed"})
                await desk.close()
                self._left[name] = time.monotonic()

    async def _make_room(self, kept: str) -> None:
        idle = [n for n, desk in self.desks.items() if n != kept and not desk.activity and not desk.pages]
        for name in sorted(idle, key=lambda n: self.desks[n].used)[: max(0, len(self.desks) - OPEN)]:
            await self.desks.pop(name).close()

    async def _models_of(self, plan: Plan, missing: Modality) -> PlannedModels:
        """The models of a plan, shared by all sessions that want the same ones with the same settings."""
        draws = missing is Modality.IMAGE or plan.generator == miniature.NAME
        models = await PlannedModels(plan, logs=self.settings.walks, draws=draws).__aenter__()
        key = json.dumps([models.described, plan.settings.method()], sort_keys=True, default=str)
        if key in self._models:
            await models.__aexit__(None, None, None)
        return self._models.setdefault(key, models)

    # ---------------------------------------------------------------------------------------------------- new sessions

    async def from_dataset(self, name: str, sample_id: str, missing: Modality | None) -> str:
        if name not in self.datasets:
            raise Refused(f"there is no data set {name[:40]!r}", 404)
        plan = await asyncio.to_thread(self.datasets[name].plan)
        return await self.begin(plan, await asyncio.to_thread(from_dataset, plan, sample_id, missing))

    async def from_text(self, text: str, domain: Domain) -> str:
        return await self._own(asyncio.to_thread(from_text, text, domain))

    async def from_picture(self, data: bytes, domain: Domain) -> str:
        """A picture that was sent. It is decoded here and kept as pixels, so no file of a stranger stays."""
        path = await asyncio.to_thread(self._keep, data)
        return await self._own(asyncio.to_thread(from_image, path, domain))

    def _keep(self, data: bytes) -> Path:
        picture, _ = encode(decode(data, "your picture", longest_side=LARGEST_SIDE), fmt="PNG")
        name = f"picture-{hashlib.sha256(picture).hexdigest()[:16]}.png"
        path = self.settings.cache_dir.expanduser() / UPLOADS / name
        write_atomic(path, picture)
        return path

    async def _own(self, making: Awaitable[Case]) -> str:
        plan = await asyncio.to_thread(make_plan, self.settings, True)
        return await self.begin(plan, await making)

    async def from_run(self, key: str, sample_id: str) -> str:
        run = self.runs.get(key)
        case = self._confined(await asyncio.to_thread(from_run, run.path, sample_id), run.path)
        return await self.begin(await asyncio.to_thread(plan_for, self.settings, case.source), case)

    def _confined(self, case: Case, run: Path) -> Case:
        """A run folder says where its data lay, and it may come from somebody else: pictures are taken from there only
        if that is a folder which this page may read, else from the run's own copies."""
        roots = [shelf.settings.data_root for shelf in self.datasets.values()]
        allowed = [run, self.settings.cache_dir.expanduser(), *(root for root in roots if root)]
        task, notices = case.task.copy(), list(case.notices)
        record = case.record
        truth = record.truth.image if record and record.truth else None
        for name, blob in (("image", record.image if record else None), ("truth_image", truth)):
            ref: ImageRef | None = task[name]  # type: ignore[literal-required]
            if ref is None or any(ref.path.resolve().is_relative_to(root.resolve()) for root in allowed):
                continue
            task[name] = ImageRef(path=(run / blob.path).resolve()) if blob else None  # type: ignore[literal-required]
            notices.append(
                f"the run's pictures lie in {ref.path.parent}, which this page may not read; its reduced copy is used "
                "(name the data set with --root to read it)"
            )
        return replace(case, task=task, notices=tuple(dict.fromkeys(notices)))
