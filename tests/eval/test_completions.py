"""The program as a subprocess: its command line, its refusals, its cost."""

import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import StoreError
from agent.flags import parse
from agent.manifest import describe_run
from agent.settings import Settings
from agent.store import RunFolder
from data.missing import Mask, read_mask
from eval import completions
from eval.completions import MADE_BY_OTHER_SETTINGS, Wanted, complete, cost_of, log_of, mask_file
from eval.errors import EvalError
from eval.experiment import load, names
from eval.specs import DataSpec, MaskSpec

PROGRAM = """#!/bin/sh
# Stands for `python -m agent.run`: takes the same words, answers with the same statuses.
out=$(echo "$@" | sed 's/.*--out \\([^ ]*\\).*/\\1/')
{body}
"""
MANIFEST = (
    '{"outcome": "complete", "fingerprint": "f", "data": {"name": "mmimdb", "split": "train", "root": "/r", '
    '"fingerprint": "d"}, "mask": {"sha256": "m", "type": "mixed", "rate": 0.5}, "models": {}}'
)
WORKS = f"mkdir -p $out; echo one; echo x >> $out/records.jsonl; echo '{MANIFEST}' > $out/manifest.json"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def put(body: str) -> None:
        script = tmp_path / "python"
        script.write_text(PROGRAM.replace("{body}", body))
        script.chmod(script.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setattr(completions.sys, "executable", str(script))

    return put


def wanted(**flags: object) -> Wanted:
    return Wanted("full", DataSpec(name="mmimdb"), "train", MaskSpec(), 0.5, 7, flags)


@pytest.mark.parametrize("name", names())
def test_every_run_of_every_experiment_is_a_command_line_that_the_program_takes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, experiment = load(name)
    for run, flags in experiment.runs.items():
        for data in experiment.data:
            spec = data.model_copy(update={"root": tmp_path})
            one = Wanted(run, spec, spec.train, MaskSpec(seed=3), 0.7, 12, flags)
            settings = parse(
                Settings, one.arguments(tmp_path / "out"), prog="agent", description="", epilog=""
            )
            assert (settings.dataset, settings.rate, settings.limit, settings.seed) == (spec.name, 0.7, 12, 3)
            assert settings.candidates == flags["candidates"] and settings.skip_leak_check and settings.plain
            assert dict(settings.data_options) == spec.options
            assert sorted(settings.ablate) == sorted(filter(None, str(flags.get("ablate", "")).split(",")))


def test_a_run_is_made_and_its_cost_is_kept(program, tmp_path: Path) -> None:
    program(WORKS)
    said: list[str] = []
    run = complete(wanted(), tmp_path / "runs", said.append)
    assert run.path.parent == tmp_path / "runs" and said == ["  full: one"]
    cost = cost_of(run)
    assert cost.seconds is not None and cost.peak_mib is not None and cost.peak_mib > 0
    assert "one" in log_of(run.path).read_text()
    program(f"mkdir -p $out; echo '{MANIFEST}' > $out/manifest.json")
    complete(wanted(), tmp_path / "runs", said.append)
    assert cost_of(run) == cost  # nothing was added, so nothing is added to the cost


def test_a_folder_of_other_settings_stays_and_another_one_is_begun(program, tmp_path: Path) -> None:
    program(
        f'case $out in *-2) {WORKS};; *) echo "error: $out {MADE_BY_OTHER_SETTINGS}: models"; exit 2;; esac'
    )
    run = complete(wanted(), tmp_path / "runs", lambda line: None)
    assert run.path.name == f"{wanted().folder}-2"


def test_the_program_says_so_in_those_words(tmp_path: Path) -> None:
    def manifest(**identity: object):
        return describe_run(
            identity=identity, command=[], settings={}, data={}, mask={}, models={}, prompts={}, warnings=[]
        )

    RunFolder.open(tmp_path, manifest(a=1)).close()
    with pytest.raises(StoreError, match=MADE_BY_OTHER_SETTINGS):
        RunFolder.open(tmp_path, manifest(a=2))


def test_a_run_that_cannot_be_made_says_why(program, tmp_path: Path) -> None:
    program('echo "error: no GPU for Cheff"; exit 2')
    with pytest.raises(
        EvalError, match=r"'full' of mmimdb could not be made \(exit status 2\): no GPU for Cheff"
    ):
        complete(wanted(), tmp_path / "runs", lambda line: None)


def test_some_failed_samples_are_not_the_end(program, tmp_path: Path) -> None:
    program(f"{WORKS}; exit 1")
    assert complete(wanted(), tmp_path / "runs", lambda line: None).manifest.outcome == "complete"


def test_a_mask_of_its_own_is_a_file_beside_the_folder(program, tmp_path: Path) -> None:
    program(WORKS)
    masks = [Mask(type="mixed", rate=0.5, total=4, details={n: (True, False)}) for n in (1, 2)]  # type: ignore[dict-item]
    one, two = (replace(wanted(), exact=mask) for mask in masks)
    run = complete(one, tmp_path / "runs", lambda line: None)
    assert one.folder != two.folder != wanted().folder
    assert read_mask(mask_file(run.path), 4) == masks[0]
    words = one.arguments(run.path)
    assert words[words.index("--mask") + 1] == str(mask_file(run.path)) and "--rate" not in words


def test_another_question_is_another_folder() -> None:
    folders = {wanted().folder, wanted(candidates=3).folder, wanted(ablate="knowledge").folder}
    assert len(folders) == 3 and sys.executable not in folders
