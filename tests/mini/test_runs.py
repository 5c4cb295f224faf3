"""The main job on the miniature, as a program: real models, a real endpoint, studies in the real form.

`make run` is the same in the general domain.
"""

import os
import subprocess
import sys
from pathlib import Path

from data.record import Record
from mini.dataset import materialise

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 900


def test_radiographs_and_reports_are_completed(tmp_path):
    root = materialise("iuxray", tmp_path, samples=60)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "LMM_", "OPENAI_", "IMAGES_"))}
    words = ["--dataset", "iuxray", "--root", root, "--type", "mixed", "--rate", "1", "--limit", "8"]
    words += ["--candidates", "2", "--out", tmp_path / "run"]
    ended = subprocess.run(
        [sys.executable, "-m", "agent.run", *map(str, words)],
        cwd=tmp_path,
        env=clean | {"KB_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    records = [
        Record.model_validate_json(line)
        for line in (tmp_path / "run" / "records.jsonl").read_text().splitlines()
    ]
    assert len(records) == 8 and {record.domain for record in records} == {"xray"}
    assert {record.missing for record in records} == {"image", "text"}
    for record in records:
        assert record.failure is None and record.graph and len(record.candidates) == 2
        assert record.chosen is not None
        scores = record.candidates[record.chosen].scores
        assert None not in (scores.graph, scores.clip, scores.blip) and scores.quality > 0
