"""IU X-ray as Knowledge Bridger lists it: `trainset.json` and `testset.json`, [{file_name, labels,
captions}], and the PNGs.

One row per picture: 6,930 and 500. The released masks count these rows. The authors' split leaks: 441 of the
500 test pictures share a study with training (`data.leaks` reports it).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from data.completed import Filled
from data.files import BadRow, DatasetError, read_index, stamp
from data.iuxray.study import Study, StudyReader, View
from data.output import OutFolder
from data.reader import chosen_splits
from data.sample import Sample

PUBLISHED = {"train": 6_930, "test": 500}


class ReleasedReader(StudyReader):
    form = "released"
    default_split = "train"
    expects = "trainset.json and testset.json of Knowledge Bridger"

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        return folder if any(_file(folder, split).is_file() for split in PUBLISHED) else None

    def load(self) -> list[Study]:
        known = [split for split in PUBLISHED if _file(self.root, split).is_file()]
        splits = known if self.split == "all" else chosen_splits(self.split, known, known[0], self.root)
        self.split = "+".join(splits)
        studies = []
        for split in splits:
            path = _file(self.root, split)
            rows = read_index(path)
            if not isinstance(rows, list):
                raise DatasetError(
                    f"{path}: expected a list of pictures with file_name, labels and captions."
                )
            self.check_count(f"pictures in {split}", len(rows), PUBLISHED[split])
            section = "impression" if self.settings.text == "impression" else "findings"
            studies += [_study(row, split, section, f"{path}, row {n}") for n, row in enumerate(rows, 1)]
        return studies

    def read(self, entry: tuple[Study, View]) -> Sample:
        if problem := entry[0].extra.get("problem"):
            raise BadRow(problem)
        return super().read(entry)

    def stamps(self) -> Iterator[str]:
        for split in self.split.split("+"):
            yield stamp(_file(self.root, split))
        yield from super().stamps()

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        index: dict[str, list[dict[str, Any]]] = {split: [] for split in self.split.split("+")}
        for row in rows:
            name = row.sample.image.path.name if row.sample.image else f"{row.sample.id}.png"
            row.put_picture(out, f"images/{name}", "PNG")
            captions = [row.text] if row.text is not None else []
            picture = {
                "file_name": f"{row.sample.id}.png",
                "labels": list(row.sample.labels),
                "captions": captions,
            }
            index[row.sample.extra["split"]].append(picture)
        for split, pictures in index.items():
            out.put_json(pictures, _name(split), "the data set")


def _study(row: Any, split: str, section: str, where: str) -> Study:
    try:
        name = str(row["file_name"])
        captions = row.get("captions") or [None]
        labels = tuple(str(label) for label in row.get("labels") or ())
        stem = name.rsplit(".", 1)[0]
        # The whole caption is the text, whichever section is asked for: the list does not keep them apart.
        text = {section: captions[0]}
        return Study(stem, where, tags=labels, views=(View(stem, (name,)),), extra={"split": split}, **text)
    except (KeyError, TypeError, AttributeError, IndexError):
        problem = f"{where}: expected an object with file_name, labels and captions."
        return Study(where.rsplit("/", 1)[-1], where, extra={"problem": problem, "split": split})


def _name(split: str) -> str:
    return f"{split}set.json"


def _file(folder: Path, split: str) -> Path:
    return folder / _name(split)
