"""How much the miniature's Qwen2-VL depends on wordings: texts and prompts in words that it was never trained on.

    python bench/wordings.py [--n 200] [--model DIR]

Each row asks about the same held-out scenes (and studies, if the model knows radiographs), in trained wordings, in
held-out ones, and in those that the training texts were developed by; one asks for colours by how their word is spelt.
Writes bench/results/wordings.json and .md.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import structlog

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._measured import Measured, table
from data.sample import Domain, Modality
from eval.pool import cores
from mini.endpoint.process import start
from mini.exam import Examiner, Report
from mini.exam_medical import MedicalExaminer
from mini.exam_prompts import REWORDINGS, library
from mini.weights import domains_of, folder
from mini.world import unseen_dev, unseen_test
from mini.world.facts import COLOURS, KINDS
from mini.world.texts import caption
from tools.knowledge.questions import Questions, Reading
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint

Take = Callable[[], Awaitable[Report]]


UNSEEN = {"held-out": unseen_test, "development": unseen_dev}
"""Grammars of wordings that nothing is trained on; the second is the one that training texts were developed by."""


def takes(lmm: Client, n: int, known: list[str]) -> dict[str, Take]:
    """Name of a row -> what asks for it."""
    own = Examiner(lmm, n)
    reworded = {name: Examiner(lmm, n, Questions(library(name))) for name in REWORDINGS}
    rows: dict[str, Take] = {
        "plots": own.from_texts,
        "captions": partial(own.from_texts, caption, deeds=False),
        "pictures": own.from_pictures,
        "colours of one thing, by spelling": partial(spelt, own),
    }
    for name, grammar in UNSEEN.items():
        rows[f"plots, {name} wordings"] = partial(own.from_texts, grammar.plot)
        rows[f"captions, {name} wordings"] = partial(own.from_texts, grammar.caption, deeds=False)
    for name, examiner in reworded.items():
        rows[f"plots, {name} prompts"] = examiner.from_texts
        rows[f"pictures, {name} prompts"] = examiner.from_pictures
    if Domain.XRAY in known:
        medical = MedicalExaminer(own)
        rows |= {"reports": medical.from_reports, "radiographs": medical.from_radiographs}
        for name, grammar in UNSEEN.items():
            rows[f"reports, {name} wordings"] = partial(medical.from_reports, grammar.report)
        for name, examiner in reworded.items():
            rows[f"reports, {name} prompts"] = MedicalExaminer(examiner).from_reports
            rows[f"radiographs, {name} prompts"] = MedicalExaminer(examiner).from_radiographs
    return rows


SPELLINGS = {
    "small within": "One {c} {k} alone.", "small first": "{c} {k} alone.", "large within": "One {C} {k} alone.",
    "large first": "{C} {k}, one.", "in brackets": "One {k} ({c}).",
}  # fmt: skip
"""Texts of one thing: a byte-level tokenizer spells its colour otherwise in each."""


async def spelt(examiner: Examiner) -> Report:
    """Whether the colour is found, of every kind in every colour, by how its word is spelt."""
    report = Report()

    async def one(name: str, kind: str, colour: str) -> None:
        text = SPELLINGS[name].format(k=kind, c=colour, C=colour.capitalize())
        reading = Reading(Domain.GENERAL, Modality.TEXT, text)
        knowledge = await examiner.ask(report, examiner.questions.merged(reading, "extract"))
        facts = knowledge.objects if knowledge else []
        report.check(name, any(fact.name == kind and fact.attributes == [colour] for fact in facts))

    await asyncio.gather(*(one(*asked) for asked in product(SPELLINGS, KINDS, COLOURS)))
    return report


async def measure(n: int, model: Path | None) -> dict[str, Any]:
    known = domains_of(model or folder("qwen2_vl"))
    async with start(model, threads=cores()) as endpoint:
        served = Endpoint(base_url=endpoint.url, model=endpoint.model, max_concurrency=24)
        async with Client(served) as lmm:
            return {name: (await take()).figures() for name, take in takes(lmm, n, known).items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=200, help="held-out samples a row")
    parser.add_argument("--model", type=Path, help="another Qwen2-VL folder")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    result = Measured("wordings", "torch", "transformers")
    figures = asyncio.run(measure(args.n, args.model))
    result.write(figures, table("Held-out wordings", figures), args.model, samples=args.n)


if __name__ == "__main__":
    main()
