"""The data sets of the page: those with a root in the settings, and the miniature of each other form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent import miniature
from agent.browser.listing import Listing, Query, words_of
from agent.browser.replies import Refused
from agent.browser.settings import WebSettings
from agent.browser.thumbnails import Encoded
from agent.plan import Plan, make_plan
from agent.settings import ROOTS
from agent.work import open_work
from data.pictures import load
from data.sample import Fault, ImageRef, Modality
from data.views import hidden

TITLES = {"mmimdb": "MM-IMDb", "coco": "COCO", "iuxray": "IU X-ray", "folder": "Your folder"}
SNIPPET = 140
SEARCHED = 2_000
"""Characters of a text that a search looks through."""
MISSING = ("", "image", "text", "none")


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One sample in the list, as the method sees it: what the mask hides is not here."""

    index: int
    id: str
    missing: str
    """image, text, or none."""
    labels: tuple[str, ...]
    snippet: str
    picture: ImageRef | None
    problem: str | None
    found_by: str

    def shown(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "id": self.id,
            "missing": self.missing,
            "labels": self.labels,
            "snippet": self.snippet,
            "picture": self.picture is not None,
            "problem": self.problem,
        }


class DataSet:
    """One of them. Nothing is opened before its samples are asked for."""

    def __init__(self, settings: WebSettings) -> None:
        self.settings = settings
        self.name = settings.dataset
        self.listing: Listing[SampleRow] = Listing(self._rows)

    def plan(self) -> Plan:
        """With which models its samples are walked. Raises `UsageError`."""
        return make_plan(self.settings)

    def describe(self) -> dict[str, Any]:
        root = self.settings.data_root
        return {"name": self.name, "title": TITLES[self.name], "root": str(root) if root else None}

    def _rows(self) -> Iterator[SampleRow]:
        settings = self.settings
        root = settings.data_root or miniature.draw(settings.dataset, settings.cache_dir.expanduser())
        work = open_work(settings, root)
        for index, row in enumerate(work.dataset):
            if isinstance(row, Fault):
                yield SampleRow(index, row.id, "none", (), "", None, row.problem, row.id.lower())
                continue
            seen = hidden(row, work.mask, index)
            absent = [modality for modality in Modality if not seen.has(modality)]
            text = " ".join((seen.text or "")[:SEARCHED].split())
            yield SampleRow(
                index,
                row.id,
                absent[0].value if len(absent) == 1 else "none",
                row.labels,
                text[:SNIPPET],
                seen.image,
                "both modalities are missing" if len(absent) == 2 else None,
                "\n".join([row.id, *row.labels, text]).lower(),
            )

    def query(self, text: str, missing: str) -> Query[SampleRow]:
        """Rows with all words of `text` that miss `missing` (an empty one: whatever). Raises `Refused`."""
        if missing not in MISSING:
            raise Refused(f"missing is one of {', '.join(MISSING[1:])}")
        words = words_of(text)
        return Query((missing, *words), words, lambda row: missing in ("", row.missing))

    def picture(self, index: int, side: int) -> Encoded:
        """Of a row that is listed, if its picture is to be seen, reduced to `side` px.

        Raises `Refused`, `PictureError`."""
        rows = self.listing.rows
        picture = rows[index].picture if index < len(rows) else None
        if picture is None:
            raise Refused("there is no picture to be seen", 404)
        return load(picture, side)


def open_shelf(settings: WebSettings) -> dict[str, DataSet]:
    """All of them by name; the one that was named first."""
    names = [settings.dataset, *(name for name in ROOTS if name != settings.dataset)]
    return {name: DataSet(_of(settings, name)) for name in names}


def _of(settings: WebSettings, name: str) -> WebSettings:
    """The settings for a data set; what was said of another does not hold for it."""
    if name == settings.dataset:
        return settings
    return settings.model_copy(
        update={"dataset": name, "root": None, "split": None, "data_options": {}, "mask": None}
    )
