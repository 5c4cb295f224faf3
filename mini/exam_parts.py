"""The parts of the exam of the miniature's Qwen2-VL by name, scenes and radiographs alike."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from mini.exam import Examiner, Report
from mini.exam_medical import MedicalExaminer
from mini.world.texts import caption
from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint


def takes(lmm: Client, n: int) -> dict[str, Callable[[], Awaitable[Report]]]:
    """What can be examined, by name."""
    examiner = Examiner(lmm, n)
    medical = MedicalExaminer(examiner)
    return {
        "pictures": examiner.from_pictures, "texts": examiner.from_texts,
        "captions": lambda: examiner.from_texts(caption, deeds=False), "stepwise": examiner.stepwise,
        "writing": examiner.writing, "talk": examiner.talking, "radiographs": medical.from_radiographs,
        "reports": medical.from_reports, "reports stepwise": medical.stepwise, "reports writing": medical.writing,
    }  # fmt: skip


async def examine(
    url: str, model: str, n: int, parts: Sequence[str], cache: Path | None = None
) -> dict[str, Report]:
    """The named parts of the exam (`takes`) against one endpoint."""
    async with Client(Endpoint(base_url=url, model=model, max_concurrency=24), cache=cache) as lmm:
        exams = takes(lmm, n)
        return {part: await exams[part]() for part in parts}
