"""One session of a run: from a plan to finished samples, whatever ends it.

A session ends because all samples are done, because it was interrupted, or because something that all samples need
is gone (the endpoint, the disk). What was finished until then is kept in each case, and the same command goes on.
"""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from agent import miniature
from agent.context import open_context
from agent.display import Tally, display
from agent.errors import StoreError, UsageError
from agent.finish import COMPLETED, write_completed, write_report
from agent.interrupt import Interrupt
from agent.leaks import check_leaks
from agent.logs import Logger, open_log
from agent.manifest import Figures, Outcome, describe_run, timestamp
from agent.plan import Plan
from agent.pool import samples_in_flight, work_through
from agent.store import RunFolder
from agent.work import Item, Work, open_work
from data.record import Record
from data.sample import Fault
from graphs.completion import CannotComplete, Completion, build, record_of, to_input
from graphs.context import Context
from prompts.library import Library
from tools.lmm.cache import CacheError
from tools.lmm.question import EndpointError
from tools.loading import ModelError

CONCERNS_ALL = (StoreError, UsageError, EndpointError, CacheError, ModelError)
"""Errors after which no sample can be completed; each message is a sentence."""


@dataclass(frozen=True)
class End:
    """How a session ended."""

    outcome: Outcome
    exit_status: int
    problem: str | None = None
    """One sentence, where something was to blame."""


class Session:
    """Holds the run folder from `open_session` to `close`."""

    def __init__(self, plan: Plan, work: Work, folder: RunFolder, console: Console, log: Logger) -> None:
        self.plan, self.work, self.folder, self.console, self.log = plan, work, folder, console, log
        recorded = self.recorded()
        faults = sum(index not in work.mask.details for index, _ in recorded.values())
        self.tally = Tally(total=work.total + faults, before=len(recorded))
        self.started = time.monotonic()
        self.notes: list[str] = []
        """What came up while finishing."""

    def recorded(self) -> dict[str, tuple[int, str]]:
        """(position, status) by id of what is recorded, as far as this session's limit goes."""
        rows = self.work.rows
        return {name: (one.index, one.status) for name, one in self.folder.done.items() if one.index < rows}

    def tell(self, *lines: str) -> None:
        for line in lines:
            style = "yellow" if line.startswith("WARNING") else None
            self.console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
            self.log.info("told", line=line)

    async def process(self) -> End:
        """Work through the samples that are not done yet."""
        async with Interrupt(self.tell) as interrupt:
            try:
                await self._through_the_graph(interrupt.stop)
            except asyncio.CancelledError:
                self._stop_at_once(interrupt.exit_status)
            except CONCERNS_ALL as error:
                self.log.error("session stops", problem=str(error))
                return End("stopped", 2, str(error))
        if interrupt.stop.is_set() and self.tally.finished < self.tally.total:
            return End("interrupted", interrupt.exit_status)
        failed = any(status == "failed" for _, status in self.recorded().values())
        return End("complete with failures", 1) if failed else End("complete", 0)

    async def _through_the_graph(self, stop: asyncio.Event) -> None:
        items = await asyncio.to_thread(self._open_items)
        if items is None:
            return
        settings, folder = self.plan.settings, self.folder
        self.tell("preparing the models ...")
        async with open_context(self.plan, folder.blobs, folder.path, self.work.image_missing) as built:
            self.tell(*built.notes)
            graph = build()
            at_once = settings.in_flight or samples_in_flight(self.plan.concurrency, settings.candidates)
            self.tally.begin(built.client.totals)

            async def complete(item: Item) -> None:
                await self._complete(item, graph, built.context)

            async with display(self.tally, self.console, settings.plain):
                await work_through(items, complete, at_once, stop)

    def _open_items(self) -> Iterator[Item] | None:
        """What is left to do; None when that is nothing, so that no model is loaded in vain."""
        items = self.work.items(self.folder.done)
        first = next(items, None)
        return itertools.chain([first], items) if first else None

    async def _complete(self, item: Item, graph: Completion, context: Context) -> None:
        """One row to its record. Only what concerns all samples is raised."""
        dataset = self.work.dataset
        if item.index not in self.work.mask.details:
            self.tally.total += 1
        try:
            if isinstance(item.row, Fault):
                record = item.failed(dataset, "read", item.row.problem)
            else:
                state = to_input(item.row, item.index, item.present, dataset)
                record = record_of(await graph.ainvoke(state, context=context))
        except CannotComplete as error:
            record = item.failed(dataset, "read", str(error))
        except (StoreError, EndpointError, ModelError):
            raise
        except Exception as error:  # one sample must never end a run; the log has the traceback
            self.log.exception("a sample failed inside the program", sample=item.row.id)
            problem = f"an error inside the program ({type(error).__name__}); its traceback is in log.jsonl"
            record = item.failed(dataset, "internal", problem)
        await self.folder.append(record)
        self._count(record)

    def _count(self, record: Record) -> None:
        usage, seconds = record.usage.model_dump(), record.seconds
        if record.failure is None:
            self.tally.completed += 1
            self.log.info("sample completed", sample=record.sample_id, seconds=seconds, usage=usage)
        else:
            self.tally.failed += 1
            self.log.warning(
                "sample failed", sample=record.sample_id, usage=usage, **record.failure.model_dump()
            )

    def _stop_at_once(self, exit_status: int) -> NoReturn:
        """Everything finished is in the folder already. Threads that still draw or load are not waited for, which
        only this way of leaving allows."""
        self._save(End("interrupted", exit_status))
        self.close()
        self.tell("stopped; the same command goes on")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_status)

    def finish(self, end: End) -> None:
        """Write the completed data set when all samples are done, and the report in any case but a full disk.

        Raises:
            StoreError: the disk is full or gone.
        """
        if self.folder.blobs.failure:
            return
        whole = end.outcome.startswith("complete")
        if whole and not self._completed_already():
            self.notes += write_completed(self.folder.path, self.work.view)
        self._save(end)
        write_report(self.folder.path)

    def _completed_already(self) -> bool:
        """Whether the last session has written this very data set, and nothing was added since."""
        sessions = self.folder.manifest.sessions
        same = len(sessions) > 1 and sessions[-2].limit == sessions[-1].limit
        whole = same and sessions[-2].outcome.startswith("complete")
        added = self.tally.completed + self.tally.failed
        return whole and not added and (self.folder.path / COMPLETED).is_dir()

    def _save(self, end: End) -> None:
        manifest, statuses = self.folder.manifest, [status for _, status in self.recorded().values()]
        manifest.figures = Figures(
            to_complete=self.tally.total,
            completed=statuses.count("completed"),
            failed=statuses.count("failed"),
            usage=self.folder.usage,
            seconds=round(manifest.figures.seconds + time.monotonic() - self.started, 1),
        )
        manifest.outcome = manifest.session.outcome = end.outcome
        manifest.session.ended, manifest.session.problem = timestamp(), end.problem
        self.folder.save_manifest()

    def close(self) -> None:
        self.folder.close()


def open_session(plan: Plan, command: list[str], console: Console) -> Session:
    """Open the data and the run folder, and write the manifest.

    Raises:
        UsageError: one of them cannot be used.
    """
    settings = plan.settings
    root = settings.data_root or miniature.draw(settings.dataset, settings.cache_dir.expanduser())
    work = open_work(settings, root)
    data, mask, prompts = work.describe(), work.describe_mask(settings), Library()
    identity = {
        "data": {key: data[key] for key in ("name", "split", "fingerprint")},
        "mask": {key: mask[key] for key in ("type", "rate", "seed", "sha256")},
        "method": settings.method(),
        "models": plan.identity(work.image_missing),
        "prompts": prompts.digest(),
    }
    manifest = describe_run(
        identity=identity,
        command=command,
        settings=settings.public(),
        data={**data, "miniature": plan.miniature_data},
        mask=mask,
        models=plan.models(work.image_missing),
        prompts=prompts.digests(),
        warnings=[*plan.notices, *work.notices()],
    )
    path = settings.out or Path("runs") / f"{work.name}-{manifest.fingerprint[:8]}"
    folder = RunFolder.open(path.expanduser(), manifest, retry_failed=settings.retry_failed)
    try:
        log = open_log(folder.path, settings.secrets(), lambda line: console.print(line, markup=False))
    except OSError as error:
        folder.close()
        raise StoreError(f"cannot write a log in {folder.path}: {error.strerror}") from error
    if not folder.manifest.leaks and not settings.skip_leak_check:
        folder.manifest.leaks = check_leaks(work, settings)
        folder.save_manifest()
    log.info("session begins", command=command, fingerprint=manifest.fingerprint, done=len(folder.done))
    return Session(plan, work, folder, console, log)
