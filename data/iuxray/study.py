"""What the forms of IU X-ray share: a study has one report and any number of pictures, and every picture is a sample.

A report that names no picture is a sample without an image. All samples of a study have its number as their group,
since their report is the same and a split that parts them leaks.
"""

import hashlib
import os
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from data.completed import Filled
from data.files import clean_id, clean_text, confined, stamp
from data.iuxray.tags import TAGS
from data.reader import Options, Reader, chosen_splits
from data.sample import Domain, ImageRef, Sample

FOLDERS = ("images", "images/images_normalized", "images_normalized", "NLMCXR_png", "png", "")
"""Where the pictures lie in the copies that people have."""
SHARES = {"train": 0.7, "val": 0.8, "test": 1.0}
"""Upper ends of the splits by study; R2Gen's 2,069 / 296 / 590 studies have the same shares."""


class IUXrayOptions(Options):
    text: Literal["findings", "impression", "both"] = Field(
        "both",
        description="which section is the text: findings, impression, or both (impression first: Knowledge Bridger)",
    )
    strip_quotes: bool = Field(True, description="take off literal quotes around a whole report")


@dataclass(frozen=True)
class View:
    """One picture of a study."""

    id: str
    """The sample's id: the name of the Open-i PNG without its ending."""
    files: tuple[str, ...] = ()
    """Names under which the picture may lie in the data set's folder; none if the study names no picture."""
    projection: str = ""


@dataclass(frozen=True)
class Study:
    """One report with its pictures. Texts are as they stand in the file, not yet checked."""

    uid: str
    where: str
    """File and row, for a sentence."""
    findings: Any = None
    impression: Any = None
    tags: tuple[str, ...] = ()
    views: tuple[View, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> str:
        return number(self.uid)


Entry = tuple[Study, View]


class StudyReader(Reader[Entry]):
    """A reader whose index is a list of studies."""

    name = "iuxray"
    options_type = IUXrayOptions
    domain = Domain.XRAY
    text_form = "report"
    default_split = "all"

    def __init__(self, root: Path, split: str | None, options: IUXrayOptions) -> None:
        super().__init__(root, split or self.default_split, options)
        self.settings = options
        self.labels: tuple[str, ...] = TAGS
        self.studies = self.load()
        views = [view for study in self.studies for view in study.views]
        self._pictures = _present(root)
        absent = sum(bool(view.files) and self._picture(view) is None for view in views)
        if absent:
            which = (
                "None" if absent == sum(bool(view.files) for view in views) else f"{len(views) - absent:,}"
            )
            self.notes.append(
                f"{which} of the {len(views):,} pictures that the reports name lie under {root} "
                f"(also looked in {', '.join(folder for folder in FOLDERS if folder)}); the rest are missing images."
            )

    @abstractmethod
    def load(self) -> list[Study]:
        """Reads the index, chooses `self.split`. Raises `DatasetError`."""

    def __len__(self) -> int:
        return sum(max(1, len(study.views)) for study in self.studies)

    def entries(self) -> Iterator[tuple[str, Entry]]:
        for study in self.studies:
            for view in study.views or (View(f"CXR{study.uid.removeprefix('CXR')}"),):
                yield view.id, (study, view)

    def read(self, entry: Entry) -> Sample:
        study, view = entry
        sections = {"findings": study.findings, "impression": study.impression}
        texts = {name: self._section(text, study.where) for name, text in sections.items()}
        wanted = ("impression", "findings") if self.settings.text == "both" else (self.settings.text,)
        labels, _ = self.known_labels(study.tags, dropped=frozenset(study.tags))
        path = self._picture(view)
        if path is not None:
            path = confined(self.root, str(path), study.where)
        return Sample(
            id=clean_id(view.id, study.where),
            image=ImageRef(path=path) if path is not None else None,
            text="\n".join(text for text in (texts[name] for name in wanted) if text) or None,
            labels=tuple(labels),
            group=study.group,
            extra={"study": study.uid, "named": bool(view.files), "projection": view.projection}
            | study.extra,
        )

    def _section(self, value: Any, where: str) -> str | None:
        text = clean_text(value, where)
        if text and self.settings.strip_quotes and len(text) > 1 and text[0] == text[-1] == '"':
            text = text[1:-1].strip() or None
        return text

    def _picture(self, view: View) -> Path | None:
        """Path of the picture relative to the root."""
        return next((self._pictures[name] for name in view.files if name in self._pictures), None)

    def stamps(self) -> Iterator[str]:
        for study in self.studies:
            for path in filter(None, map(self._picture, study.views)):
                yield stamp(self.root / path)

    def choose(self, studies: list[Study]) -> list[Study]:
        """The studies of the wanted split, for forms without splits of their own: by a hash of the study's number, so
        that a study stays in its split whatever the order or completeness of the copy."""
        splits = chosen_splits(
            None if self.split == "all" else self.split, ("all", *SHARES), "all", self.root
        )
        if splits == ["all"]:
            return studies
        self.notes.append(
            f"The split {self.split} is ours, by study (70 / 10 / 20 percent); this form has none of its own."
        )
        return [study for study in studies if "all" in splits or _share(study.group) in splits]


@dataclass(frozen=True)
class Part:
    """Samples of one study that are written back as one study, since their reports are alike."""

    uid: str
    """The study's own, or `<uid>~<k>`: readers still take `<uid>` as the group."""
    own: bool
    """The report is the study's own."""
    text: str | None
    rows: list[Filled]


def parts(rows: Iterable[Filled]) -> Iterator[Part]:
    """Groups consecutive samples of a study by what their text has become. In the forms a report belongs to a
    study; under a mask one picture may have kept it, and another got a completed one."""
    for uid, members in groupby(rows, key=lambda row: str(row.sample.extra["study"])):
        group = list(members)
        own = [row for row in group if row.sample.text is not None]
        if own:
            yield Part(uid, True, own[0].text, own)
        changed = [row for row in group if row.sample.text is None]
        if not own and len(changed) == 1:
            yield Part(uid, False, changed[0].text, changed)
        elif changed:
            for count, row in enumerate(changed, 1):
                yield Part(f"{uid}~{count}", False, row.text, [row])


def sections(text: str | None, options: IUXrayOptions) -> dict[str, str]:
    """A completed text as sections of a report: whole, in the section that the reader takes the text from."""
    place = "impression" if options.text == "impression" else "findings"
    return {"findings": "", "impression": "", place: text or ""}


def number(uid: str) -> str:
    """The number of a study in all its spellings: 1, CXR1, CXR1_1_IM-0001-3001, 1~2."""
    found = re.match(r"(?:CXR)?(\d+)(?![0-9A-Za-z])|(?:CXR)?(\d+)$", uid)
    return (found[1] or found[2]) if found else uid.split("~")[0]


def tags(mesh: str) -> tuple[str, ...]:
    """Knowledge Bridger's tags of a MeSH field: `Calcified Granuloma/lung/right` gives three. (With the 105
    tags kept, this reproduces the released labels of 7,406 of the 7,424 pictures that both lists have.)"""
    names = (name.strip().lower() for name in re.split("[;/,]", mesh))
    return tuple(dict.fromkeys(name for name in names if name))


def _share(group: str) -> str:
    point = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64
    return next(name for name, end in SHARES.items() if point < end)


def _present(root: Path) -> dict[str, Path]:
    """Picture files under the usual folders: name -> path relative to `root`."""
    found: dict[str, Path] = {}
    for folder in FOLDERS:
        if (root / folder).is_dir():
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.name.lower().endswith((".png", ".jpg", ".jpeg")):
                        found.setdefault(entry.name, Path(folder) / entry.name)
    return found
