"""From the rows of a split, its mask and its runs to the arrays that methods work on."""

import numpy as np

from data.missing import Mask
from data.record import Candidate, Record
from data.sample import ImageRef, Modality
from eval.errors import EvalError
from eval.features.extract import Extractor, stacked
from eval.runfolder import RunFolder
from eval.splits import Split
from eval.task import MODALITIES, Candidates, Floats, Part


def build_part(split: Split, mask: Mask | None, extractor: Extractor) -> Part:
    """Features of everything that the split has, hidden or not. Raises `EvalError` if nothing can be encoded."""
    images = extractor.images([sample.image for sample in split.samples])
    texts = extractor.texts([sample.text for sample in split.samples])
    width = next((len(vector) for vector in (*images, *texts) if vector is not None), 0)
    if not width:
        raise EvalError(f"Nothing of {split.dataset.name}/{split.dataset.split} could be encoded.")
    truth = {"image": stacked(images, width), "text": stacked(texts, width)}
    exists = np.stack([~np.isnan(truth[name]).any(axis=1) for name in MODALITIES], axis=1)
    return Part(
        truth=truth,
        present=split.present(mask) & exists,
        labels=split.labels,
        text_codes=split.text_codes,
        ids=tuple(sample.id for sample in split.samples),
    )


def candidates_of(
    run: RunFolder, split: Split, mask: Mask | None, width: int, extractor: Extractor
) -> Candidates:
    """Every candidate without an error of what the mask hides of the samples at hand; the run may have completed more.

    Raises `EvalError`.
    """
    whole = np.asarray(split.present(mask).all(axis=1))
    row_of = {sample.id: row for row, sample in enumerate(split.samples) if not whole[row]}
    found: list[tuple[Record, Candidate]] = []
    for record in run.records():
        if record.sample_id in row_of and record.missing is not None:
            found += [(record, candidate) for candidate in record.candidates if _sound(candidate)]
    found.sort(key=lambda pair: (row_of[pair[0].sample_id], pair[1].index))
    pictures = [
        ImageRef(path=run.path / candidate.image.path) if candidate.image else None for _, candidate in found
    ]
    images = extractor.images(pictures)
    texts = extractor.texts([None if candidate.image else candidate.text for _, candidate in found])
    vectors = [image if image is not None else text for image, text in zip(images, texts, strict=True)]
    usable = [number for number, vector in enumerate(vectors) if vector is not None]
    kept = [found[number] for number in usable]
    chosen = [record.chosen is not None and record.candidates[record.chosen] is each for record, each in kept]
    return Candidates(
        rows=np.array([row_of[record.sample_id] for record, _ in kept], dtype=np.int64),
        slots=np.array([int(record.missing is Modality.TEXT) for record, _ in kept], dtype=np.int64),
        index=np.array([candidate.index for _, candidate in kept], dtype=np.int64),
        chosen=np.array(chosen, dtype=bool),
        quality=np.array([candidate.scores.quality for _, candidate in kept], dtype=np.float32),
        terms=_terms([candidate for _, candidate in kept]),
        vectors=stacked([vectors[number] for number in usable], width),
    )


def _sound(candidate: Candidate) -> bool:
    return candidate.error is None and (candidate.image is not None or candidate.text is not None)


def _terms(candidates: list[Candidate]) -> dict[str, Floats]:
    """Scores by name [k], those that any candidate has."""
    rows = [
        {
            "graph": each.scores.graph,
            "graph_soft": each.scores.graph_soft,
            "clip": each.scores.clip,
            "blip": each.scores.blip,
            **each.scores.extra,
        }
        for each in candidates
    ]
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value is not None)
    return {
        name: np.array([np.nan if row.get(name) is None else row[name] for row in rows], dtype=np.float32)
        for name in names
    }
