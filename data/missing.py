"""Which modality of which sample is missing: simulated, released by others, or really absent.

    python -m data.missing --n 6930 --rate 0.3 --type mixed --out mask.json

writes a mask in the form that the authors of Knowledge Bridger released (CVPR 2025, arXiv 2502.19834), byte
for byte. Their rule: `random.seed(s)`; `random.sample(range(n), int(n * rate))`; then in that order, for
mixed masks, `random.random() > 0.5` means that the text is missing, else the image.
"""

import argparse
import json
import random
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from data.files import BadRow, DatasetError, read_bytes, write_bytes
from data.sample import Fault, Modality, Sample

Kind = Literal["text", "image", "mixed"]
SEEDS: dict[str, int] = {"text": 2025, "image": 2026, "mixed": 2027}
"""Seeds of the released MM-IMDb and IU X-ray masks, the same at every rate."""
MAX_MASK = 256 * 2**20


class Present(NamedTuple):
    """Which modalities of one sample may be seen."""

    text: bool
    image: bool


COMPLETE = Present(True, True)


class Mask(BaseModel):
    """Missing modalities by position in the data set's order. Positions that are not in `details` are complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    """text, image or mixed; mpmm, a UL4M4 pattern, or as-is."""
    rate: float
    """Fraction of the samples that miss something."""
    total: int
    details: dict[int, Present]
    """In the order in which the positions were drawn."""

    @model_validator(mode="after")
    def _positions_exist(self) -> "Mask":
        wrong = next((index for index in self.details if not 0 <= index < self.total), None)
        if wrong is not None:
            raise ValueError(f"position {wrong} is outside the {self.total} samples")
        return self

    def present(self, index: int) -> Present:
        """What may be seen of sample `index`. Raises `IndexError` outside the data set."""
        if not 0 <= index < self.total:
            raise IndexError(f"the mask is for {self.total} samples, there is no number {index}")
        return self.details.get(index, COMPLETE)

    def count(self, modality: Modality) -> int:
        """How many samples miss this modality."""
        return sum(not getattr(present, modality.value) for present in self.details.values())

    def released_form(self) -> bytes:
        """The mask as a file of the released form."""
        value = {
            "type": self.type,
            "missing_ratio": self.rate,
            "num_missing": len(self.details),
            "total": self.total,
            "missing_indices": list(self.details),
            "missing_details": {index: [int(p.text), int(p.image)] for index, p in self.details.items()},
        }
        return json.dumps(value, indent=4).encode()

    def save(self, path: Path) -> None:
        write_bytes(path, self.released_form())


def simulate(total: int, rate: float, kind: Kind, seed: int | None = None) -> Mask:
    """A mask by the released rule: `int(total * rate)` samples, text or image (or, mixed, each with probability 1/2).

    Without a seed, the released one of that kind. Raises `DatasetError` for a rate outside 0-1.
    """
    _check(total, rate)
    if kind not in get_args(Kind):
        raise DatasetError(f"There is no missing type {kind!r}; the types are text, image and mixed.")
    draw = random.Random(SEEDS[kind] if seed is None else seed)
    details: dict[int, Present] = {}
    chosen = draw.sample(range(total), int(total * rate))
    for index in chosen:
        text_missing = kind == "text" or (kind == "mixed" and draw.random() > 0.5)
        details[index] = Present(text=not text_missing, image=text_missing)
    return Mask(type=kind, rate=rate, total=total, details=details)


def coco_seed(kind: Kind, rate: float) -> int:
    """Seed of the released COCO masks, which (unlike the others) count up from file to file: 2025 for text at
    0.3, 2026 for text at 0.5 ... 2033 for mixed at 0.7."""
    rates = (0.3, 0.5, 0.7)
    if rate not in rates:
        return SEEDS[kind]
    return 2025 + 3 * list(SEEDS).index(kind) + rates.index(rate)


def pattern(total: int, name: str, seed: int = 2025) -> Mask:
    """A missing pattern of UL4M4 (arXiv 2606.15743); numbers are percentages of samples that MISS the modality.

    `30_image_50_text`: images and texts are taken away independently, so that some samples lose both.
    `complex_10_20_30` (both, image only, text only): disjoint groups of samples.
    """
    if found := re.fullmatch(r"(\d+)_image_(\d+)_text", name):
        without_image, without_text = (_percent(total, found[n], name) for n in (1, 2))
        draw = random.Random(seed)
        images = set(draw.sample(range(total), without_image))
        texts = set(draw.sample(range(total), without_text))
    elif found := re.fullmatch(r"complex_(\d+)_(\d+)_(\d+)", name):
        both, image, text = (_percent(total, found[n], name) for n in (1, 2, 3))
        if both + image + text > total:
            raise DatasetError(f"The missing pattern {name} takes from more than 100 percent of the samples.")
        order = random.Random(seed).sample(range(total), both + image + text)
        images, texts = set(order[: both + image]), set(order[:both]) | set(order[both + image :])
    else:
        raise DatasetError(
            f"There is no missing pattern {name!r}; write for example 30_image_50_text or complex_10_20_30."
        )
    details = {i: Present(text=i not in texts, image=i not in images) for i in sorted(images | texts)}
    return Mask(type=name, rate=len(details) / total if total else 0.0, total=total, details=details)


def as_is(samples: Iterable[Sample | Fault]) -> Mask:
    """What is really absent. Reads the whole data set once; rows that cannot be read count as complete."""
    details: dict[int, Present] = {}
    total = 0
    for index, sample in enumerate(samples):
        total += 1
        if isinstance(sample, Sample) and not (sample.has(Modality.TEXT) and sample.has(Modality.IMAGE)):
            details[index] = Present(text=sample.has(Modality.TEXT), image=sample.has(Modality.IMAGE))
    return Mask(type="as-is", rate=len(details) / total if total else 0.0, total=total, details=details)


def read_mask(path: Path, total: int | None = None) -> Mask:
    """A mask from a file: the released JSON, or a `.pt` table of MPMM (CVPR 2023: 0 complete, 1 text, 2 image missing).

    Raises `DatasetError` if the file is none of these, contradicts itself, or is not for `total` samples.
    """
    mask = _read_mpmm(path) if path.suffix in (".pt", ".pth") else _read_released(path)
    if total is not None and mask.total != total:
        raise DatasetError(f"{path}: the mask is for {mask.total:,} samples, the data set has {total:,}.")
    return mask


def _read_released(path: Path) -> Mask:
    try:
        value: Any = json.loads(read_bytes(path, MAX_MASK).decode("utf-8-sig"))
        indices, details = value["missing_indices"], value["missing_details"]
        keys = [str(int(index)) for index in indices]
        if value["num_missing"] != len(keys) or len(set(keys)) != len(keys) or set(keys) != set(details):
            raise ValueError("num_missing, missing_indices and missing_details contradict each other")
        for key in keys:
            if details[key] not in ([0, 1], [1, 0], [0, 0], [1, 1]):
                raise ValueError(f"missing_details of {key} is not [text present, image present]")
        return Mask(
            type=value["type"],
            rate=value["missing_ratio"],
            total=value["total"],
            details={int(key): Present(*map(bool, details[key])) for key in keys},
        )
    except BadRow as problem:
        raise DatasetError(str(problem)) from None
    except ValidationError as problem:
        first = problem.errors()[0]
        raise DatasetError(
            f"{path}: not a missing mask ({'.'.join(map(str, first['loc']))}: {first['msg']})."
        ) from None
    except KeyError as problem:
        raise DatasetError(f"{path}: not a missing mask of the released form, {problem} is absent.") from None
    except (ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise DatasetError(f"{path}: not a missing mask ({problem}).") from None


def _read_mpmm(path: Path) -> Mask:
    import torch

    try:
        read_bytes(path, MAX_MASK)
        # weights_only: tensors and nothing that could run code.
        table = torch.load(path, map_location="cpu", weights_only=True)
        codes = [int(code) for code in table.tolist()]
    except BadRow as problem:
        raise DatasetError(str(problem)) from None
    except Exception as problem:  # torch reports damage in many ways
        raise DatasetError(f"{path}: not a missing table of MPMM ({type(problem).__name__}).") from None
    if any(code not in (0, 1, 2) for code in codes):
        raise DatasetError(
            f"{path}: not a missing table of MPMM, which holds 0, 1 (text) and 2 (image) only."
        )
    details = {i: Present(text=code != 1, image=code != 2) for i, code in enumerate(codes) if code}
    return Mask(
        type="mpmm", rate=len(details) / len(codes) if codes else 0.0, total=len(codes), details=details
    )


def _percent(total: int, digits: str, name: str) -> int:
    if int(digits) > 100:
        raise DatasetError(f"The missing pattern {name} has {digits} percent.")
    return total * int(digits) // 100


def _check(total: int, rate: float) -> None:
    if not 0 <= rate <= 1:
        raise DatasetError(f"The missing rate is {rate}; it must lie between 0 and 1.")
    if total < 0:
        raise DatasetError(f"A data set cannot have {total} samples.")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m data.missing", description="Write a missing mask of the released form."
    )
    parser.add_argument("--n", type=int, required=True, help="number of samples")
    parser.add_argument(
        "--rate", type=float, default=0.3, help="fraction of samples that miss a modality (0.3)"
    )
    parser.add_argument(
        "--type",
        default="mixed",
        help="text, image, mixed, or a pattern: 30_image_50_text, complex_10_20_30 (mixed)",
    )
    parser.add_argument("--seed", type=int, help="default: 2025 text, 2026 image, 2027 mixed, as released")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    given = parser.parse_args(arguments)
    try:
        if given.type in get_args(Kind):
            mask = simulate(given.n, given.rate, given.type, given.seed)
        else:
            _check(given.n, given.rate)
            mask = pattern(given.n, given.type, 2025 if given.seed is None else given.seed)
        mask.save(given.out)
    except (DatasetError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    print(
        f"{given.out}: {len(mask.details):,} of {mask.total:,} samples miss a modality "
        f"({mask.count(Modality.TEXT):,} the text, {mask.count(Modality.IMAGE):,} the image)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
