"""What a walk is about: a sample of a data set, the user's own picture or text, or a record of a run."""

import difflib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, cast

from agent import miniature
from agent.errors import UsageError
from agent.manifest import Manifest
from agent.plan import Plan
from agent.store import read_manifest, read_records
from agent.walk.model import FromDataset, FromFile, FromRun, Source
from agent.walk.options import Changes
from agent.work import check_form, open_work
from data.catalog import open_dataset
from data.files import BadRow, DatasetError
from data.missing import COMPLETE, Present
from data.pictures import PictureError, load
from data.reader import Reader
from data.record import Blob, Record, Truth
from data.sample import Dataset, Domain, Fault, ImageRef, Modality, Sample
from graphs.completion import CannotComplete, to_input
from graphs.state import CompletionInput

CLOSE = 3
"""Close ids that are named when one is not found."""
FORMS = {Domain.GENERAL: "description", Domain.XRAY: "report"}
"""The form of a text of one's own, when none is named."""
LONGEST_TEXT = 100_000


@dataclass(frozen=True)
class Case:
    """One sample that misses a modality."""

    source: Source
    task: CompletionInput
    record: Record | None = None
    """What a run made of it; the walk then begins where the run ended."""
    notices: tuple[str, ...] = ()
    """What the user should know, one sentence each."""
    options: dict[str, Any] = field(default_factory=dict)
    """Settings of the method that are not the plan's: those of the run."""
    pictures: tuple[tuple[bytes, str], ...] = field(default=(), repr=False)
    """(bytes, media type) of the record's pictures."""

    @property
    def name(self) -> str:
        """For a session folder: `mmimdb-train-0012345`."""
        source, parts = self.source, [self.task["sample_id"]]
        if isinstance(source, FromDataset):
            parts = [source.dataset, source.split, *parts]
        elif isinstance(source, FromRun):
            parts = [source.folder.name, *parts]
        return re.sub(r"[^\w.+-]+", "-", "-".join(parts)).strip("-.")[:100] or "walk"


def from_dataset(plan: Plan, sample_id: str, missing: Modality | None = None) -> Case:
    """A sample of the plan's data set (the miniature's is drawn on first use). The mask says what is missing; `missing`
    overrules it, and is needed where the mask hides nothing of a complete sample (else: the picture). Looks through the
    data set's index, so call it in a thread.

    Raises `UsageError`: no such data set, no such id (close ids are named), or nothing to complete it from."""
    settings = plan.settings
    own = settings.data_root
    root = own or miniature.draw(settings.dataset, settings.cache_dir.expanduser())
    work = open_work(settings, root)
    index, sample = find(cast(Reader[Any], work.dataset), sample_id)
    present = work.mask.present(index)
    notices = list(plan.notices)
    if missing is not None:
        present = Present(text=missing is Modality.IMAGE, image=missing is Modality.TEXT)
    elif present == COMPLETE and sample.text and sample.image:
        present = Present(text=True, image=False)
        notices.append(
            f"the mask hides nothing of the sample {sample.id}, so its picture is taken for missing"
        )
    elif present == COMPLETE:
        present = Present(text=bool(sample.text), image=sample.image is not None)
    task = _task(sample, index, present, work.dataset)
    source = FromDataset(
        dataset=settings.dataset,
        root=root.resolve(),
        split=work.dataset.split,
        id=sample.id,
        index=index,
        missing=task["missing"],
        miniature=own is None,
    )
    return Case(source, task, notices=tuple(notices))


def from_image(path: Path, domain: Domain = Domain.GENERAL, text_form: str | None = None) -> Case:
    """A picture file whose text is missing. `text_form`: a key of `prompts/<domain>/forms.yaml`; default description
    or report. Reads the picture, so call it in a thread. Raises `UsageError` for what is no picture that can be read.
    """
    path = path.expanduser()
    try:
        data, _ = load(ImageRef(path=path), 64)
    except PictureError as error:
        raise UsageError(str(error)) from None
    digest = hashlib.sha256(data).hexdigest()[:8]
    form = _form(domain, text_form)
    task = _own(f"{path.stem}-{digest}", domain, form, Modality.TEXT, image=ImageRef(path=path.resolve()))
    return Case(FromFile(image=path.resolve()), task)


def from_text(text: str, domain: Domain = Domain.GENERAL, text_form: str | None = None) -> Case:
    """A text whose picture is missing. Raises `UsageError` for an empty one."""
    text = text.strip()
    if not text:
        raise UsageError("the text is empty; give the words that a picture is to be made for")
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"the text has {len(text):,} characters; at most {LONGEST_TEXT:,} can be read")
    try:
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    except UnicodeEncodeError:
        raise UsageError("the text holds characters that are no valid Unicode (lone surrogates)") from None
    words = "-".join(re.findall(r"\w+", text.lower())[:4])[:40]
    form = _form(domain, text_form)
    return Case(FromFile(text=text), _own(f"{words}-{digest}", domain, form, Modality.IMAGE, text=text))


def from_run(folder: Path, sample_id: str) -> Case:
    """A record of a run folder: the walk stands where the run ended, and can go back to any step and on from there.
    Looks through the records, so call it in a thread.

    Raises `UsageError`: no run folder, no such record (close ids are named), or one of a row that could not be read."""
    folder = folder.expanduser()
    manifest = read_manifest(folder)
    record = _record(folder, sample_id)
    if record.missing is None or (record.failure and record.failure.stage in ("read", "internal")):
        why = record.failure.problem if record.failure else "it misses both modalities"
        raise UsageError(f"the sample {sample_id} cannot be walked: {why}")
    task, notices = _task_of(record, manifest, folder)
    pictures = []
    for blob in _blobs(record):
        try:
            pictures.append(((folder / blob.path).read_bytes(), blob.media_type))
        except OSError as error:
            raise UsageError(f"the run {folder} has lost a picture: {blob.path} ({error.strerror})") from None
    method = manifest.identity.get("method", {})
    options = {name: value for name, value in method.items() if name in Changes.model_fields}
    source = FromRun(folder=folder.resolve(), id=sample_id)
    return Case(source, task, record, tuple(notices), options, tuple(pictures))


def find(dataset: Reader[Any], sample_id: str) -> tuple[int, Sample]:
    """(position, sample) of an id. Reads the index, and of the rows only this one where the index knows ids.

    Raises `UsageError`: no such id, with the close ones, or a row that cannot be read."""
    ids = []
    for index, (name, entry) in enumerate(dataset.entries()):
        if name == sample_id:
            return index, _read(dataset, name, entry)
        if index == 0 and not _names_are_ids(dataset, name, entry):
            return _find_by_reading(dataset, sample_id)
        ids.append(name)
    raise UsageError(_not_there(dataset, sample_id, ids))


def _names_are_ids(dataset: Reader[Any], name: str, entry: Any) -> bool:
    try:
        return _read(dataset, name, entry).id == name
    except UsageError:
        return True  # a broken first row says nothing; a wrong id is then told by its name in the index


def _find_by_reading(dataset: Reader[Any], sample_id: str) -> tuple[int, Sample]:
    ids = []
    for index, row in enumerate(dataset):
        if row.id == sample_id:
            if isinstance(row, Fault):
                raise UsageError(row.problem)
            return index, row
        ids.append(row.id)
    raise UsageError(_not_there(dataset, sample_id, ids))


def _read(dataset: Reader[Any], name: str, entry: Any) -> Sample:
    try:
        return dataset.read(entry)
    except (BadRow, DatasetError) as error:
        raise UsageError(str(error)) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{dataset.root}, {name}: the row cannot be read ({error})") from None


def _not_there(dataset: Reader[Any], sample_id: str, ids: list[str]) -> str:
    return f"there is no sample {sample_id!r} in {dataset.name}/{dataset.split}; {_close(sample_id, ids)}"


def _close(wanted: str, ids: Iterable[str]) -> str:
    known = list(ids)
    close = difflib.get_close_matches(wanted, known, len(known) or 1, 0.5)
    # Of ids that are much alike, those that begin alike are meant more often.
    close.sort(key=lambda name: -_begins_alike(wanted, name))
    close = close[:CLOSE]
    if not close and len(wanted) > 2:
        close = list(islice((name for name in known if wanted.lower() in name.lower()), CLOSE))
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"its ids look like {', '.join(known[:CLOSE])}" if known else "it has no samples"


def _begins_alike(a: str, b: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _task(sample: Sample, index: int, present: Present, dataset: Dataset) -> CompletionInput:
    try:
        return to_input(sample, index, present, dataset)
    except CannotComplete as error:
        raise UsageError(str(error)) from None


def _own(
    name: str,
    domain: Domain,
    form: str,
    missing: Modality,
    text: str | None = None,
    image: ImageRef | None = None,
) -> CompletionInput:
    return CompletionInput(
        sample_id=name,
        index=0,
        domain=domain,
        text_form=form,
        missing=missing,
        text=text,
        image=image,
        labels=[],
        truth_text=None,
        truth_image=None,
    )


def _form(domain: Domain, form: str | None) -> str:
    chosen = form or FORMS[domain]
    check_form(domain, chosen)
    return chosen


def _record(folder: Path, sample_id: str) -> Record:
    ids = []
    try:
        for record in read_records(folder):
            if record.sample_id == sample_id:
                return record
            ids.append(record.sample_id)
    except OSError as error:
        raise UsageError(f"cannot read the records of {folder}: {error.strerror}") from None
    raise UsageError(f"there is no record of {sample_id!r} in {folder}; {_close(sample_id, ids)}")


def _task_of(record: Record, manifest: Manifest, folder: Path) -> tuple[CompletionInput, list[str]]:
    """The input that the record was made of: from the data set where it still is, else from the record's own reduced
    copies."""
    assert record.missing is not None  # from_run has looked
    notices: list[str] = []
    truth = record.truth or Truth()
    image = _copy(record.image, folder)
    truth_image = _copy(truth.image, folder)
    try:
        sample = _original(record, manifest)
        image = sample.image if image else None
        truth_image = sample.image if truth_image else None
    except (DatasetError, UsageError, OSError) as error:
        if image:
            notices.append(
                f"the data set of the run is not to be had ({error}), so the run's reduced copy of the picture is used"
            )
    task = CompletionInput(
        sample_id=record.sample_id,
        index=record.index,
        domain=record.domain,
        text_form=manifest.data["text_form"],
        missing=record.missing,
        text=record.text,
        image=image,
        labels=record.labels,
        truth_text=truth.text,
        truth_image=truth_image,
    )
    return task, notices


def _original(record: Record, manifest: Manifest) -> Sample:
    data, options = manifest.data, manifest.settings.get("data_options", {})
    dataset = open_dataset(data["name"], data["root"], data["split"], **options)
    return find(dataset, record.sample_id)[1]


def _copy(blob: Blob | None, folder: Path) -> ImageRef | None:
    return ImageRef(path=(folder / blob.path).resolve()) if blob else None


def _blobs(record: Record) -> list[Blob]:
    found = [record.image, record.truth and record.truth.image, *(c.image for c in record.candidates)]
    return [blob for blob in found if blob]
