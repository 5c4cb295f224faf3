"""IU X-ray as R2Gen (Chen et al., 2020) splits it: `annotation.json` and `images/<study>/0.png`, `1.png`.

`annotation.json` holds {train, val, test: [{id, report, image_path: [2], split}]}; the report is the
findings. No labels.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from data.completed import Filled
from data.files import BadRow, DatasetError, confined, read_index, stamp
from data.iuxray.study import Study, StudyReader, View, parts
from data.output import OutFolder
from data.reader import chosen_splits
from data.sample import ImageRef, Sample

PUBLISHED = {"train": 2_069, "val": 296, "test": 590}


class R2GenReader(StudyReader):
    form = "r2gen"
    default_split = "train"
    expects = "annotation.json of R2Gen with images/<study>/0.png"

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        return folder if (folder / "annotation.json").is_file() else None

    def load(self) -> list[Study]:
        path = self.root / "annotation.json"
        if self.settings.text == "impression":
            raise DatasetError(
                f"{path} holds the findings of its studies and no impressions; choose the text findings."
            )
        index = read_index(path)
        if not isinstance(index, dict) or not all(isinstance(rows, list) for rows in index.values()):
            raise DatasetError(f"{path}: expected a list of studies for each of train, val and test.")
        known = list(index)
        splits = (
            known
            if self.split == "all" and "all" not in known
            else chosen_splits(self.split, known, "all", path)
        )
        self.labels = ()
        self.split = "+".join(splits)
        for split in splits:
            self.check_count(f"studies in {split}", len(index[split]), PUBLISHED.get(split))
        return [
            _study(row, split, f"{path}, {split}, row {n}")
            for split in splits
            for n, row in enumerate(index[split], 1)
        ]

    def read(self, entry: tuple[Study, View]) -> Sample:
        study, view = entry
        if problem := study.extra.get("problem"):
            raise BadRow(problem)
        sample = super().read((study, View(view.id, projection=view.projection)))
        image = None
        if view.files:
            path = confined(self.root, f"images/{view.files[0]}", study.where)
            image = ImageRef(path=path) if path.is_file() else None
        extra = sample.extra | {
            "named": bool(view.files),
            "path": view.files[0] if view.files else f"{view.id}.png",
        }
        return sample.model_copy(update={"image": image, "extra": extra})

    def _picture(self, view: View) -> Path | None:
        path = Path("images") / view.files[0] if view.files else None
        return path if path and (self.root / path).is_file() else None

    def stamps(self) -> Iterator[str]:
        yield stamp(self.root / "annotation.json")
        for study in self.studies:
            for view in study.views:
                yield stamp(self.root / "images" / view.files[0])

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        index: dict[str, list[dict[str, Any]]] = {split: [] for split in self.split.split("+")}
        out.make("images")
        for part in parts(rows):
            extra = part.rows[0].sample.extra
            paths = []
            for row in part.rows:
                name = row.sample.extra["path"]
                placed = row.put_picture(out, f"images/{name}", "PNG")
                if placed or row.sample.extra["named"]:
                    paths.append(name)
            study = {"id": part.uid, "report": part.text or "", "image_path": paths, "split": extra["split"]}
            index[extra["split"]].append(study)
        out.put_json(index, "annotation.json", "the data set")


def _study(row: Any, split: str, where: str) -> Study:
    try:
        identity, paths = str(row["id"]), [str(path) for path in row.get("image_path") or []]
    except (KeyError, TypeError, AttributeError):
        problem = f"{where}: expected an object with id, report and image_path."
        return Study(where.rsplit("/", 1)[-1], where, extra={"problem": problem, "split": split})
    views = tuple(View(path.rsplit(".", 1)[0].replace("/", "_"), (path,)) for path in paths)
    return Study(identity, where, findings=row.get("report"), views=views, extra={"split": split})
