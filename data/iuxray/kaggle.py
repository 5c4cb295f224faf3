"""IU X-ray in the form of the Kaggle copy: `indiana_reports.csv` and `indiana_projections.csv`, and the PNGs.

A row `1,1_IM-0001-4001.dcm.png,Frontal` of the projections is the picture `CXR1_IM-0001-4001.png` of Open-i;
both names are found.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from data.completed import Filled
from data.files import DatasetError, stamp
from data.iuxray.study import Study, StudyReader, View, parts, sections, tags
from data.output import OutFolder

REPORTS, PROJECTIONS = "indiana_reports.csv", "indiana_projections.csv"
COLUMNS = {
    REPORTS: ("uid", "MeSH", "Problems", "image", "indication", "comparison", "findings", "impression"),
    PROJECTIONS: ("uid", "filename", "projection"),
}
PUBLISHED = {REPORTS: 3_851, PROJECTIONS: 7_466}


class KaggleReader(StudyReader):
    form = "kaggle"
    expects = f"{REPORTS} and {PROJECTIONS}"

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        there = [name for name in COLUMNS if (folder / name).is_file()]
        if len(there) == 1:
            absent = (set(COLUMNS) - set(there)).pop()
            raise DatasetError(
                f"{folder} holds half of IU X-ray: {there[0]} is there, {absent} is not; put both there."
            )
        return folder if there else None

    def load(self) -> list[Study]:
        views: dict[str, list[View]] = {}
        for row in _rows(self.root / PROJECTIONS):
            file = row["filename"] or ""
            stem = "CXR" + file.removesuffix(".png").removesuffix(".dcm")
            view = View(stem, (f"{stem}.png", file), row["projection"] or "")
            views.setdefault(row["uid"] or "", []).append(view)
        studies = [
            Study(
                uid=row["uid"] or "",
                where=f"{REPORTS}, uid {row['uid']}",
                findings=row["findings"],
                impression=row["impression"],
                tags=tags(row["MeSH"] or ""),
                views=tuple(views.pop(row["uid"] or "", ())),
            )
            for row in _rows(self.root / REPORTS)
        ]
        # Pictures whose report is not there: samples without a text.
        studies += [Study(uid, f"{PROJECTIONS}, uid {uid}", views=tuple(each)) for uid, each in views.items()]
        self.check_count("reports", len(studies), PUBLISHED[REPORTS])
        self.check_count("pictures", sum(len(study.views) for study in studies), PUBLISHED[PROJECTIONS])
        return self.choose(studies)

    def stamps(self) -> Iterator[str]:
        yield stamp(self.root / REPORTS)
        yield stamp(self.root / PROJECTIONS)
        yield from super().stamps()

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        reports = {row["uid"]: row for row in _rows(self.root / REPORTS)}
        with _opened(out.own(REPORTS)) as first, _opened(out.own(PROJECTIONS)) as second:
            texts = csv.DictWriter(first, COLUMNS[REPORTS], restval="", extrasaction="ignore")
            pictures = csv.DictWriter(second, COLUMNS[PROJECTIONS], restval="", extrasaction="ignore")
            texts.writeheader()
            pictures.writeheader()
            for part in parts(rows):
                study = part.rows[0].sample.extra["study"]
                report: dict[str, Any] = {**reports.get(study, {}), "uid": part.uid}
                if not part.own:
                    report |= sections(part.text, self.settings)
                if part.own or part.text is not None or study in reports:
                    texts.writerow(report)
                for row in part.rows:
                    stem = row.sample.id
                    name = row.sample.image.path.name if row.sample.image else f"{stem}.png"
                    placed = row.put_picture(out, f"images/{name}", "PNG")
                    if placed or row.sample.extra["named"]:
                        file = f"{stem.removeprefix('CXR')}.dcm.png"
                        pictures.writerow(
                            {"uid": part.uid, "filename": file, "projection": row.sample.extra["projection"]}
                        )


def _opened(path: Path) -> TextIO:
    """Bytes that were not UTF-8, in columns that are only carried along, are written as they were."""
    return path.open("w", newline="", encoding="utf-8", errors="surrogateescape")


def _rows(path: Path) -> list[dict[str, str | None]]:
    """All rows of a CSV file. Bytes that are not UTF-8 become surrogates, which only the row that has them
    trips over."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            reader = csv.DictReader(file, strict=True)  # else an unclosed quote swallows all rows after it
            absent = set(COLUMNS[path.name]) - set(reader.fieldnames or ())
            if absent:
                raise DatasetError(
                    f"{path}: the columns {', '.join(sorted(absent))} are absent from the first line."
                )
            return [row for row in reader if row["uid"]]
    except (OSError, csv.Error) as problem:
        raise DatasetError(f"{path}: cannot be read as CSV ({problem}); correct the file.") from None
