"""The committed models know the drawn world through the program's own questions. A changed prompt that they do not
understand fails here: then `python -m mini.train joint`, or take the change back.

A short exam: `bench/miniature.py` takes the long one. The bars lie below the measured figures by the noise of so few
samples.
"""

import asyncio
import json
from pathlib import Path

import pytest

from mini.endpoint.process import start
from mini.exam_parts import examine
from mini.weights import PROMPTS_FILE, folder, prompts_digest

SAMPLES = 24
PARTS = ("pictures", "texts", "writing", "radiographs", "reports")
MEASURED = Path(__file__).parents[2] / "bench" / "results" / "miniature.json"
SLACK = 0.15
"""Of a share over 24 samples: more than two standard errors of the worst figure."""


@pytest.fixture(scope="module")
def reports():
    async def take():
        async with start(folder("qwen2_vl"), timeout=600) as endpoint:  # on a busy machine
            return await examine(endpoint.url, endpoint.model, SAMPLES, PARTS)

    return asyncio.run(take())


@pytest.fixture(scope="module")
def measured():
    return json.loads(MEASURED.read_text())["figures"]


@pytest.mark.parametrize("part", PARTS)
def test_the_short_exam_holds_what_the_long_one_measured(reports, measured, part):
    figures = reports[part].figures()
    known = (folder("qwen2_vl") / PROMPTS_FILE).read_text().strip()
    hint = "" if known == prompts_digest() else " (the prompts have changed since the model was trained)"
    for name, value in measured[part].items():
        worse = figures[name] - value if name.endswith("invented") else value - figures[name]
        assert worse <= SLACK, f"{part}: {name} is {figures[name]}, measured {value}{hint}"


def test_every_structured_answer_fits_its_schema_without_repair(reports):
    for report in reports.values():
        assert report.asked == report.valid > 0
        assert report.repaired == 0
