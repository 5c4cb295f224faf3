"""What a run says on the screen before its first sample and after its last."""

import time

from agent.display import duration, facts, thousands
from agent.finish import COMPLETED, TABLE
from agent.session import End, Session
from agent.store import read_records
from data.sample import Modality

LISTED = 20
"""Failed samples that are named."""


def announce(session: Session) -> None:
    """Say what is about to happen, and everything the user must know first."""
    work, models, tally = session.work, session.folder.manifest.models, session.tally
    texts, images = work.mask.count(Modality.TEXT), work.mask.count(Modality.IMAGE)
    lmm = models["lmm"]
    names = [f"{part} {models[part]['name'] or 'none'}" for part in ("generator", "clip", "blip")]
    names += [f"kgc of {models['kgc']['name']}"] if "kgc" in models else []
    going_on = f" (goes on: {tally.before} of {tally.total} are done)" if tally.before else ""
    facts(
        session.console,
        [
            (
                "data",
                f"{work.dataset.name}/{work.dataset.split}, {len(work.dataset):,} samples in {work.dataset.root}",
            ),
            (
                "missing",
                f"{texts:,} texts and {images:,} images ({work.mask.type}); to complete: {tally.total:,}",
            ),
            (
                "LMM",
                f"{lmm['name']} at {lmm.get('base_url') or 'an endpoint of its own, started for this run'}",
            ),
            ("models", ", ".join(names)),
            ("folder", f"{session.folder.path}{going_on}"),
        ],
    )
    leaks = [f"WARNING: {sentence}" for sentence in session.folder.manifest.leaks.get("found", [])]
    session.tell(*session.folder.manifest.warnings, *session.folder.notes, *work.dataset.notes, *leaks)


def summarise(session: Session, end: End) -> None:
    """Figures, failed samples, where the results are, and what to do next."""
    folder, tally, lmm = session.folder.path, session.tally, session.tally.lmm()
    statuses = [status for _, status in session.recorded().values()]
    done, failed = statuses.count("completed"), statuses.count("failed")
    seconds = time.monotonic() - session.started
    calls = f"{lmm.calls:,} calls, {thousands(lmm.tokens)} tokens, {lmm.cache_hits:,} answers from the cache"
    cost = f", ${lmm.cost_usd:.2f}" if lmm.cost_usd else ""
    rows = [
        ("outcome", end.outcome),
        ("samples", f"{done:,} of {tally.total:,} completed" + (f", {failed:,} failed" if failed else "")),
        ("LMM", calls + cost),
        ("time", duration(seconds)),
    ]
    if end.outcome.startswith("complete") and (folder / COMPLETED).is_dir():
        rows.append(("data", f"{folder / COMPLETED} (Parquet in {COMPLETED}/{TABLE})"))
    if (folder / "report.html").is_file():
        rows.append(("report", str(folder / "report.html")))
    facts(session.console, rows)
    session.tell(*session.notes)
    if failed:
        _list_failures(session)
    if end.outcome in ("interrupted", "stopped"):
        session.tell(
            f"{len(statuses):,} of {tally.total:,} samples are recorded; the same command goes on from there"
        )


def _list_failures(session: Session) -> None:
    failures = [(r.sample_id, r.failure.problem) for r in read_records(session.folder.path) if r.failure]
    for sample_id, problem in failures[:LISTED]:
        session.tell(f"  failed: {sample_id}: {problem}")
    if len(failures) > LISTED:
        session.tell(f"  and {len(failures) - LISTED} more, see the report")
    session.tell("the same command with --retry-failed tries failed samples again")
