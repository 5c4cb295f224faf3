"""MM-IMDb (Arevalo et al., 2017), raw form: `split.json` and, for every film, `<id>.json` and `<id>.jpeg`.

The two files of a film lie in `dataset/` as in the original archive, or in `labels/` and `images/` as MPMM
unpacks them. A plot or a poster that is not there is a missing modality. There are 27 genres in the raw
files.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from data.completed import Filled
from data.files import (
    BadRow,
    DatasetError,
    clean_id,
    clean_text,
    confined,
    read_index,
    read_json,
    stamp,
    stamps,
)
from data.output import OutFolder
from data.reader import Options, Reader, chosen_splits
from data.sample import ImageRef, Sample

GENRES = [
    "Crime",
    "Drama",
    "Thriller",
    "Action",
    "Comedy",
    "Romance",
    "Documentary",
    "Short",
    "Mystery",
    "History",
    "Family",
    "Adventure",
    "Fantasy",
    "Sci-Fi",
    "Western",
    "Horror",
    "Sport",
    "War",
    "Music",
    "Musical",
    "Animation",
    "Biography",
    "Film-Noir",
    "News",
    "Talk-Show",
    "Reality-TV",
    "Adult",
]
"""Label order of Knowledge Bridger."""
RARE = frozenset({"News", "Adult", "Talk-Show", "Reality-TV"})
"""Usually dropped: GMU and MPMM keep 23 genres."""
PUBLISHED = {"train": 15_552, "dev": 2_608, "test": 7_799}


class MMIMDbOptions(Options):
    plot: Literal["longest", "joined", "first"] = Field(
        "longest", description="which plot of several: longest (GMU), joined (Knowledge Bridger) or first"
    )
    genres: Literal["27", "23"] = Field(
        "27", description="27, or 23 without News, Adult, Talk-Show, Reality-TV"
    )

    @property
    def kept(self) -> tuple[str, ...]:
        return tuple(genre for genre in GENRES if self.genres == "27" or genre not in RARE)

    @property
    def dropped(self) -> frozenset[str]:
        return RARE if self.genres == "23" else frozenset()


class RawReader(Reader[tuple[str, str]]):
    """An entry is (split, film id)."""

    name = "mmimdb"
    form = "raw"
    expects = "split.json with dataset/<id>.json and dataset/<id>.jpeg"
    options_type = MMIMDbOptions
    text_form = "plot"

    def __init__(self, root: Path, split: str | None, options: MMIMDbOptions) -> None:
        super().__init__(root, split, options)
        self.settings = options
        self.labels = options.kept
        self.texts, self.posters = _folders(root)
        index = read_index(root / "split.json", 64 * 2**20)
        if not isinstance(index, dict) or not all(isinstance(ids, list) for ids in index.values()):
            raise DatasetError(
                f"{root / 'split.json'}: expected a list of film ids for each of train, dev and test."
            )
        if "val" in index:
            index["dev"] = index.pop("val")
        asked = (split or "train").replace("val", "dev") if split != "all" else "+".join(index)
        splits = chosen_splits(asked, tuple(index), "train", root)
        self.split = "+".join(splits)
        self.rows = [(each, film) for each in splits for film in index[each]]
        for each in splits:
            self.check_count(f"films in {each}", len(index[each]), PUBLISHED.get(each))
        posters = {path.name for path in self.posters.iterdir()}
        absent = sum(f"{film}.jpeg" not in posters for _, film in self.rows)
        if absent:
            self.notes.append(
                f"{absent:,} of {len(self.rows):,} films have no poster file; their image is missing."
            )

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        for root in (folder, folder / "mmimdb"):
            if (root / "split.json").is_file():
                _folders(root)
                return root
            if (root / "dataset").is_dir() and next((root / "dataset").glob("[0-9]*.json"), None):
                raise DatasetError(f"{root} holds half of MM-IMDb: dataset/ is there and split.json is not.")
        if hdf5 := next(folder.glob("*.hdf5"), None):
            raise DatasetError(
                f"{hdf5} holds pictures and features but no plots, so nothing can be completed from it; "
                "unpack the raw archive (split.json and dataset/) instead."
            )
        return None

    def __len__(self) -> int:
        return len(self.rows)

    def entries(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for number, (split, film) in enumerate(self.rows, 1):
            yield (film if isinstance(film, str) and film else f"row {number}"), (split, film)

    def read(self, entry: tuple[str, str]) -> Sample:
        split, film = entry
        film = clean_id(film, f"{self.root / 'split.json'}, {split}")
        meta = self.meta(film)
        poster = confined(self.root, f"{self.posters.name}/{film}.jpeg", f"film {film}")
        genres = meta.get("genres") or []
        if not isinstance(genres, list):
            raise BadRow(f"{self._file(film)}: genres is not a list.")
        labels, unknown = self.known_labels(map(str, genres), self.settings.dropped)
        extra = {"split": split, "title": str(meta.get("title") or "")}
        return Sample(
            id=film,
            image=ImageRef(path=poster) if poster.is_file() else None,
            text=plot_text(meta.get("plot"), self.settings, str(self._file(film))),
            labels=tuple(labels),
            extra=extra | ({"unknown_labels": unknown} if unknown else {}),
        )

    def meta(self, film: str) -> dict[str, Any]:
        path = self._file(film)
        value = read_json(path)
        if not isinstance(value, dict):
            raise BadRow(f"{path}: expected an object with plot and genres.")
        return value

    def _file(self, film: str) -> Path:
        return confined(self.root, f"{self.texts.name}/{film}.json", f"film {film}")

    def stamps(self) -> Iterator[str]:
        yield stamp(self.root / "split.json")
        for folder in dict.fromkeys((self.texts, self.posters)):
            yield from stamps(folder)

    def write(self, rows: Iterable[Filled], out: OutFolder) -> None:
        index: dict[str, list[str]] = {split: [] for split in self.split.split("+")}
        for row in rows:
            if self._write_film(row, out):
                index[row.sample.extra["split"]].append(row.sample.id)
        out.put_json(index, "split.json", "the data set")

    def _write_film(self, row: Filled, out: OutFolder) -> bool:
        """The film's two files; False if there can be no JSON file, without which there is no film."""
        film = row.sample.id
        name = f"{self.texts.name}/{film}.json"
        try:
            if row.sample.text is not None:
                there = out.place(self._file(film), name, film)
            else:
                meta = {key: value for key, value in self.meta(film).items() if key != "plot"}
                there = out.put_json(
                    meta | ({"plot": [row.text]} if row.text is not None else {}), name, film
                )
        except BadRow as problem:  # it could be read a moment ago
            out.note(str(problem))
            return False
        if there:
            row.put_picture(out, f"{self.posters.name}/{film}.jpeg", "JPEG")
        return there


def plot_text(plots: object, options: MMIMDbOptions, where: str) -> str | None:
    """One text of a film's plots; None if it has none. Raises `BadRow`."""
    if not isinstance(plots, list):
        return clean_text(plots, where)
    texts = [text for text in (clean_text(plot, where) for plot in plots) if text is not None]
    if not texts:
        return None
    if options.plot == "joined":
        return clean_text(" ".join(texts), where)
    return max(texts, key=len) if options.plot == "longest" else texts[0]


def _folders(root: Path) -> tuple[Path, Path]:
    """(folder of the JSON files, folder of the posters)."""
    if (root / "dataset").is_dir():
        return root / "dataset", root / "dataset"
    if (root / "labels").is_dir() and (root / "images").is_dir():
        return root / "labels", root / "images"
    raise DatasetError(
        f"{root} holds half of MM-IMDb: split.json is there, the folder dataset/ with <id>.json and <id>.jpeg is not; "
        "unpack the whole archive."
    )
