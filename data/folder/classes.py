"""Hugging Face's imagefolder without metadata: one folder per class, perhaps one per split above it; no texts."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from data.completed import Filled
from data.files import clean_id, confined, stamp, walk
from data.folder.metadata import KNOWN_SPLITS, FolderOptions
from data.output import OutFolder
from data.reader import Reader, chosen_splits
from data.sample import ImageRef, Sample

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


class ClassesReader(Reader[Path]):
    """An entry is the path of a picture relative to the root."""

    name = "folder"
    form = "classes"
    expects = "pictures in one folder per class"
    options_type = FolderOptions

    def __init__(self, root: Path, split: str | None, options: FolderOptions) -> None:
        super().__init__(root, split, options)
        self.domain, self.text_form = options.domain, options.form
        known = [each for each in KNOWN_SPLITS if (root / each).is_dir()] or ["all"]
        asked = "+".join(known) if split == "all" else split
        splits = chosen_splits(asked, known, "train" if "train" in known else known[0], root)
        self.split = "+".join(splits)
        bases = [root if each == "all" else root / each for each in splits]
        self.pictures = [(path.relative_to(root), base) for base in bases for path in _pictures(base)]
        self.labels = tuple(
            sorted({label for path, base in self.pictures if (label := _label(root / path, base))})
        )
        self.notes.append("The folder has pictures only: every text is missing.")

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        return folder if next(_pictures(folder), None) else None

    def __len__(self) -> int:
        return len(self.pictures)

    def entries(self) -> Iterator[tuple[str, Path]]:
        return ((path.with_suffix("").as_posix(), path) for path, _ in self.pictures)

    def read(self, entry: Path) -> Sample:
        path = confined(self.root, entry.as_posix(), str(self.root / entry))
        base = self.root / entry.parts[0] if entry.parts[0] in KNOWN_SPLITS else self.root
        # Of the entry as it stands below the root: what `confined` returns begins with the real path of the root.
        label = _label(self.root / entry, base)
        return Sample(
            id=clean_id(entry.with_suffix("").as_posix(), str(path)),
            image=ImageRef(path=path),
            labels=(label,) if label else (),
            extra={"split": self.split, "path": entry.as_posix(), "columns": {}},
        )

    def stamps(self) -> Iterator[str]:
        return (stamp(self.root / path) for path, _ in self.pictures)

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        """Pictures at their places, and `metadata.jsonl` for the texts that the form itself has no place for."""
        from data.folder.writing import write_metadata

        write_metadata(rows, out, self)


def _pictures(base: Path) -> Iterator[Path]:
    for folder, files in walk(base):
        yield from (folder / name for name in files if name.lower().endswith(ENDINGS))


def _label(path: Path, base: Path) -> str | None:
    parts = path.relative_to(base).parts
    return parts[0] if len(parts) > 1 else None
