"""The leak check of a run: the split that is completed against every other split of its data set."""

from typing import Any

from agent.settings import Settings
from agent.work import Work
from data.catalog import open_dataset
from data.files import DatasetError
from data.leaks import LeakReport, leak_report

USUAL = ("train", "dev", "val", "test")


def check_leaks(work: Work, settings: Settings) -> dict[str, Any]:
    """What the splits share, for the manifest. Reads all of them once.

    `reports` holds a `LeakReport` per pair of splits, `found` a sentence for each pair that shares something.
    """
    reports = [_compare(work, name, settings) for name in USUAL]
    done = {(report.first, report.second): report for report in reports if report}
    return {
        "reports": [report.model_dump(mode="json") for report in done.values()],
        "found": [report.summary() for report in done.values() if report.leaks],
    }


def _compare(work: Work, name: str, settings: Settings) -> LeakReport | None:
    ours = work.dataset.split.split("+")
    if "all" in ours or name in ours:
        return None
    try:
        other = open_dataset(settings.dataset, work.dataset.root, name, **settings.data_options)
    except DatasetError:  # a data set need not have all the usual splits
        return None
    if set(other.split.split("+")) & set(ours):  # one split by two names
        return None
    return leak_report(other, work.dataset) if other.split == "train" else leak_report(work.dataset, other)
