"""COCO (Lin et al., 2014) with captions: `annotations/{captions,instances}_train2014.json` and
`train2014/*.jpg`; val alike.

A sample is one picture with one text made of its five or more captions; its labels are the categories of its instances.
The annotation files are read as a stream, since that of the instances alone would fill gigabytes as Python objects.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

import ijson  # type: ignore[import-untyped]
from pydantic import Field

from data.completed import Filled
from data.files import BadRow, DatasetError, clean_text, confined, shown, stamp, stamps
from data.output import OutFolder
from data.reader import Options, Reader, chosen_splits
from data.sample import ImageRef, Sample

PUBLISHED = {"train2014": 82_783, "val2014": 40_504}
"""Pictures with and without instances. Knowledge Bridger keeps 82,080 of train, those with instances."""


class CocoOptions(Options):
    caption: Literal["first", "longest", "joined"] = Field("first", description="which caption of several")
    without_instances: Literal["drop", "keep"] = Field(
        "drop", description="pictures that no instance was annotated in: drop (Knowledge Bridger) or keep"
    )


@dataclass
class Picture:
    """What the annotation files say of one picture."""

    part: str
    """train2014 or val2014."""
    number: int
    file_name: str
    captions: list[Any] = field(default_factory=list)
    categories: set[int] = field(default_factory=set)


class CocoReader(Reader[Picture]):
    name = "coco"
    form = "coco"
    expects = "annotations/captions_train2014.json with instances_train2014.json and the folder train2014/ (or val2014)"
    options_type = CocoOptions
    text_form = "caption"

    def __init__(self, root: Path, split: str | None, options: CocoOptions) -> None:
        super().__init__(root, split, options)
        self.settings = options
        parts = _parts(root)
        asked = "+".join(parts) if split == "all" else split
        if split == "test" and "test" not in parts:
            asked = "val"
            self.notes.append(
                "COCO publishes no captions for its test pictures; as in the paper, test means val."
            )
        splits = chosen_splits(asked, list(parts), "train" if "train" in parts else next(iter(parts)), root)
        self.split = "+".join(splits)
        self.pictures: list[Picture] = []
        self._categories: dict[int, str] = {}
        for part in (parts[each] for each in splits):
            self._index(part)
        self.labels = tuple(self._categories.values())

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        parts = _parts(folder)
        for part in parts.values():
            if _pictures(folder, part) is None:
                raise DatasetError(
                    f"{folder} holds half of COCO: annotations/captions_{part}.json is there, "
                    f"the folder {part}/ with the pictures is not; unpack {part}.zip there."
                )
        if not parts and any((folder / part).is_dir() for part in PUBLISHED):
            raise DatasetError(
                f"{folder} holds half of COCO: the pictures are there, annotations/captions_*.json is not; "
                "unpack annotations_trainval2014.zip there."
            )
        return folder if parts else None

    def _index(self, part: str) -> None:
        captions, instances = (_annotations(self.root, kind, part) for kind in ("captions", "instances"))
        index: dict[int, Picture] = {}
        skipped = 0
        for image in _items(captions, "images"):
            try:
                index[int(image["id"])] = Picture(part, int(image["id"]), str(image["file_name"]))
            except (KeyError, TypeError, ValueError):
                skipped += 1
        self.check_count(f"pictures in {part}", len(index), PUBLISHED.get(part))
        for caption in _items(captions, "annotations"):
            try:
                index[int(caption["image_id"])].captions.append(caption["caption"])
            except (KeyError, TypeError, ValueError):
                skipped += 1
        if instances.is_file():
            self._categories |= {
                int(each["id"]): str(each["name"]) for each in _items(instances, "categories")
            }
            for instance in _items(instances, "annotations"):
                try:
                    index[int(instance["image_id"])].categories.add(int(instance["category_id"]))
                except (KeyError, TypeError, ValueError):
                    skipped += 1
            if self.settings.without_instances == "drop":
                bare = sum(not picture.categories for picture in index.values())
                index = {number: picture for number, picture in index.items() if picture.categories}
                if bare:
                    self.notes.append(f"{bare:,} pictures of {part} without instances are left out.")
        else:
            self.notes.append(
                f"annotations/{instances.name} is not there: the samples of {part} have no labels."
            )
        if skipped:
            self.notes.append(
                f"{skipped:,} annotations of {part} are incomplete or of unknown pictures, and are skipped."
            )
        self.pictures += index.values()

    def __len__(self) -> int:
        return len(self.pictures)

    def entries(self) -> Iterator[tuple[str, Picture]]:
        return (
            (Path(picture.file_name).stem or f"picture {picture.number}", picture)
            for picture in self.pictures
        )

    def read(self, entry: Picture) -> Sample:
        where = f"{_annotations(self.root, 'captions', entry.part).name}, picture {entry.number}"
        folder = _pictures(self.root, entry.part) or self.root
        stem = Path(entry.file_name).stem
        if not stem or not stem.isprintable():
            raise BadRow(f"{where}: the file name {shown(entry.file_name)} cannot be used.")
        path = confined(self.root, f"{folder.relative_to(self.root)}/{entry.file_name}", where)
        captions = [text for text in (clean_text(each, where) for each in entry.captions) if text is not None]
        names = (self._categories.get(each, f"category {each}") for each in sorted(entry.categories))
        labels, unknown = self.known_labels(names)
        extra: dict[str, Any] = {"part": entry.part, "image_id": entry.number, "file_name": entry.file_name}
        return Sample(
            id=stem,
            image=ImageRef(path=path) if path.is_file() else None,
            text=self._text(captions),
            labels=tuple(labels),
            extra=extra | ({"unknown_labels": unknown} if unknown else {}),
        )

    def _text(self, captions: list[str]) -> str | None:
        if not captions:
            return None
        if self.settings.caption == "joined":
            return " ".join(captions)
        return captions[0] if self.settings.caption == "first" else max(captions, key=len)

    def stamps(self) -> Iterator[str]:
        for part in dict.fromkeys(picture.part for picture in self.pictures):
            yield stamp(_annotations(self.root, "captions", part))
            yield stamp(_annotations(self.root, "instances", part))
            yield from stamps(_pictures(self.root, part) or self.root / part)

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        texts: dict[str, dict[int, str | bool]] = {}
        for folder in ("annotations", *dict.fromkeys(picture.part for picture in self.pictures)):
            out.make(folder)
        for row in rows:
            part, number = row.sample.extra["part"], row.sample.extra["image_id"]
            texts.setdefault(part, {})[number] = row.sample.text is not None or row.text or False
            row.put_picture(out, f"{part}/{row.sample.extra['file_name']}", "JPEG")
        for part, states in texts.items():
            captions, instances = (_annotations(self.root, kind, part) for kind in ("captions", "instances"))
            _write_captions(captions, out.own(f"annotations/{captions.name}"), states)
            if instances.is_file():
                _write_instances(instances, out, states)


def _write_captions(source: Path, target: Path, states: dict[int, str | bool]) -> None:
    """`states` by image id: True keeps the captions, a string replaces them, False leaves the picture without."""
    last = 0

    def annotations() -> Iterator[Any]:
        nonlocal last
        for caption in _items(source, "annotations"):
            last = max(last, caption["id"] if isinstance(caption.get("id"), int) else 0)
            if states.get(caption.get("image_id", -1), False) is True:
                yield caption
        for number, text in states.items():
            if isinstance(text, str):
                last += 1
                yield {"id": last, "image_id": number, "caption": text, "completed": True}

    _write_stream(target, source, ("info", "licenses", "type"), states, annotations())


def _write_instances(source: Path, out: OutFolder, states: dict[int, str | bool]) -> None:
    name = f"annotations/{source.name}"
    if all(image.get("id") in states for image in _items(source, "images")):
        out.place(source, name, "the data set")
        return
    kept = (each for each in _items(source, "annotations") if each.get("image_id") in states)
    _write_stream(out.own(name), source, ("info", "licenses", "categories"), states, kept)


def _write_stream(
    target: Path, source: Path, copied: tuple[str, ...], states: dict[int, Any], annotations: Iterator[Any]
) -> None:
    with target.open("w", encoding="utf-8") as file:
        file.write("{")
        for key in copied:
            with source.open("rb") as original:
                for value in ijson.items(original, key, use_float=True):
                    file.write(f"{json.dumps(key)}: {json.dumps(value)},\n")
        file.write('"images": ')
        _write_array(file, (image for image in _items(source, "images") if image.get("id") in states))
        file.write(',\n"annotations": ')
        _write_array(file, annotations)
        file.write("}")


def _write_array(file: TextIO, values: Iterator[Any]) -> None:
    file.write("[")
    for number, value in enumerate(values):
        file.write((",\n" if number else "") + json.dumps(value))
    file.write("]")


def _parts(folder: Path) -> dict[str, str]:
    """The splits that have captions: {"train": "train2014", ...}."""
    found = (
        re.fullmatch(r"captions_((train|val|test)\d{4})\.json", path.name)
        for path in sorted((folder / "annotations").glob("*"))
    )
    return {match[2]: match[1] for match in found if match}


def _annotations(root: Path, kind: str, part: str) -> Path:
    return root / "annotations" / f"{kind}_{part}.json"


def _pictures(root: Path, part: str) -> Path | None:
    return next((each for each in (root / part, root / "images" / part) if each.is_dir()), None)


def _items(path: Path, key: str) -> Iterator[dict[str, Any]]:
    """The objects of one top-level array of a JSON file, as a stream. Raises `DatasetError` where the file breaks."""
    try:
        with path.open("rb") as file:
            yield from (
                item for item in ijson.items(file, f"{key}.item", use_float=True) if isinstance(item, dict)
            )
    except (ijson.JSONError, ValueError) as problem:
        raise DatasetError(
            f"{path}: not valid JSON ({str(problem)[:100]}); the file may be cut short."
        ) from None
