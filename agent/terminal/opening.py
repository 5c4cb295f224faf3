"""From settings to an open session: which sample, which models, a new folder or one to go on in."""

import asyncio
from pathlib import Path

from agent import miniature
from agent.errors import UsageError
from agent.plan import Plan, make_plan
from agent.terminal.remembered import plan_for, remembered
from agent.terminal.sessions import entry, name_in_export, new_folder
from agent.terminal.settings import ChatSettings
from agent.walk.model import FromDataset, FromFile, Session
from agent.walk.models import PlannedModels
from agent.walk.source import Case, from_dataset, from_image, from_run, from_text
from agent.walk.walk import Walk
from agent.work import open_work
from data.sample import Modality

MOST_IDS = 20_000
"""Samples that the list and the completion know."""


class Opener:
    """Opens sessions, and keeps the models from one to the next where they are the same."""

    def __init__(self, settings: ChatSettings) -> None:
        self.settings = settings
        self._open: PlannedModels | None = None
        self._coming: PlannedModels | None = None
        """Those of a session that is being opened: should that fail, the open ones are still there."""
        self._ids: list[tuple[str, str]] | None = None

    async def begin(self) -> Walk | None:
        """The session that the settings name; None if they name none. Raises `UsageError`, `WalkError`."""
        settings = self.settings
        if settings.replay is not None:
            return await self._replay(settings.replay)
        if settings.image is not None or settings.text is not None:
            plan = make_plan(settings, own_data=True)
            return await self._create(plan, await asyncio.to_thread(self._own))
        if settings.sample is None:
            return None
        if settings.run is None:
            return await self.sample(settings.sample)
        case = await asyncio.to_thread(from_run, settings.run, settings.sample)
        return await self._create(plan_for(settings, case.source), case)

    def _own(self) -> Case:
        settings = self.settings
        if settings.image is not None:
            return from_image(settings.image, settings.domain)
        return from_text(settings.text or "", settings.domain)

    async def sample(self, sample_id: str) -> Walk:
        """A new session about a sample of the data set. Raises `UsageError` that names close ids."""
        plan = make_plan(self.settings)
        return await self._create(
            plan, await asyncio.to_thread(from_dataset, plan, sample_id, self.settings.missing)
        )

    async def resume(self, folder: Path) -> Walk:
        """Go on with a session. Raises `UsageError`, `WalkError`; `Broken` where `Walk.rebuild` may help."""
        known = await asyncio.to_thread(entry, folder)
        if known.session is None:
            return await Walk.resume(folder)  # which says what is broken
        plan = plan_for(remembered(self.settings, known.session), known.session.source)
        return await Walk.resume(folder, await self._models_of(plan, _draws(known.session)))

    async def rebuild(self, folder: Path) -> Walk:
        """The session with its checkpoints made anew. Raises `WalkError`."""
        await (await Walk.rebuild(folder)).close()
        return await self.resume(folder)

    async def _replay(self, file: Path) -> Walk:
        """The session of an export, rebuilt in a new folder."""
        name = await asyncio.to_thread(name_in_export, file)
        folder = new_folder(self.settings.walks, name)
        await (await Walk.replay(file, folder)).close()
        return await self.resume(folder)

    async def settle(self) -> None:
        """The session opened last is the one that goes on: models that only the one before used are closed."""
        if self._coming is None or self._coming == self._open:
            return
        before, self._open = self._open, self._coming
        if before is not None:
            await before.__aexit__(None, None, None)

    @property
    def plan(self) -> Plan | None:
        """Of the session that goes on."""
        return self._open.plan if self._open else None

    @property
    def models(self) -> PlannedModels:
        """Of the session that goes on."""
        assert self._open is not None, "settle comes before"
        return self._open

    async def close(self, at_once: bool = False) -> None:
        """Close the models; `at_once` does not wait for what they still work on."""
        await self.settle()
        if self._open is not None:
            await self._open.__aexit__(asyncio.CancelledError if at_once else None, None, None)
        self._open = self._coming = None

    async def _create(self, plan: Plan, case: Case) -> Walk:
        folder = new_folder(self.settings.walks, case.name)
        draws = case.task["missing"] is Modality.IMAGE
        walk = await Walk.create(folder, case, await self._models_of(plan, draws))
        walk.notices[:0] = [notice for notice in case.notices if notice not in walk.notices]
        return walk

    async def _models_of(self, plan: Plan, draws: bool) -> PlannedModels:
        """The models that are open, if they are those of the plan; else others, which load at their first use. A
        text that is missing needs no image generator, so none is loaded for it."""
        known = self._open
        if (
            known is not None
            and known.draws >= draws
            and (plan == known.plan or await asyncio.to_thread(_same, plan, known.plan))
        ):
            self._coming = known
        else:
            self._coming = await PlannedModels(plan, logs=self.settings.walks, draws=draws).__aenter__()
        return self._coming

    # -------------------------------------------------------------------------------------------------------- samples

    async def samples(self) -> list[tuple[str, str]]:
        """(id, what is missing) of the data set's samples: first those that miss something. Raises `UsageError`."""
        if self._ids is None:
            self._ids = await asyncio.to_thread(_samples, self.settings)
        return self._ids

    def known_ids(self) -> list[str]:
        """Ids as far as they have been read, for completion."""
        return [sample for sample, _ in self._ids or []]


def _draws(session: Session) -> bool:
    """Whether a session's missing modality is the picture."""
    source = session.source
    if isinstance(source, FromDataset):
        return source.missing is Modality.IMAGE
    if isinstance(source, FromFile):
        return source.image is None
    return session.recorded is None or session.recorded.missing is Modality.IMAGE


def _same(one: Plan, other: Plan) -> bool:
    """Whether two plans ask for the same models with the same settings."""
    return one.models(True) == other.models(True) and one.settings.method() == other.settings.method()


def _samples(settings: ChatSettings) -> list[tuple[str, str]]:
    root = settings.data_root or miniature.draw(settings.dataset, settings.cache_dir.expanduser())
    work = open_work(settings, root)
    found: list[tuple[int, str, str]] = []
    for index, row in enumerate(work.dataset):
        if index >= MOST_IDS:
            break
        present = work.mask.present(index)
        missing = [modality for modality in Modality if not getattr(present, modality.value)]
        found.append((0 if missing else 1, row.id, str(missing[0]) if missing else ""))
    if not found:
        raise UsageError(f"the data set {settings.dataset} in {root} has no samples")
    return [(sample, missing) for _, sample, missing in sorted(found, key=lambda one: one[0])]
