"""What completions cost, read from the records of their runs."""

import re
from dataclasses import dataclass

from eval.completions import cost_of
from eval.runfolder import RunFolder

_OF_CANDIDATE = re.compile(r":(\d+)$")
"""describe:2, reextract:3: a question about one candidate."""


@dataclass(frozen=True)
class RunCost:
    """Per completed sample, of a run or of its first candidates only."""

    samples: int
    failed: int
    tokens: float
    """Of prompt and answer, answers from the cache included: what it would cost anew."""
    calls: float
    lmm_seconds: float
    """Sum of the answers' own times; they overlap."""
    seconds: float | None
    """Wall clock of the whole run, over its samples. Unknown for the first candidates only."""
    peak_mib: float | None
    """Largest process of the run."""


def run_cost(run: RunFolder, among: int | None = None) -> RunCost:
    """The cost per sample; with `among` without the questions about later candidates."""
    samples = failed = calls = 0
    tokens = seconds = 0.0
    for record in run.records():
        samples += record.status == "completed"
        failed += record.status == "failed"
        for call in record.calls:
            candidate = _OF_CANDIDATE.search(call.step)
            if among is not None and candidate and int(candidate[1]) >= among:
                continue
            calls += 1
            tokens += call.prompt_tokens + call.completion_tokens
            seconds += call.seconds
    whole, count = cost_of(run), max(1, samples)
    return RunCost(
        samples=samples,
        failed=failed,
        tokens=tokens / count,
        calls=calls / count,
        lmm_seconds=seconds / count,
        seconds=whole.seconds / count if whole.seconds is not None and among is None else None,
        peak_mib=whole.peak_mib,
    )
