"""The Makefile installs once, and stops with one sentence where it cannot work."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_target_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = makefile.split(".PHONY:")[1].splitlines()[0].split()
    listed = make("help").stdout
    assert all(f"  {target} " in listed for target in targets)


def test_a_fresh_clone_installs_then_runs(tmp_path: Path) -> None:
    steps = make("--dry-run", "run", f"VENV={tmp_path / 'venv'}").stdout
    assert steps.index("-m venv") < steps.index("pip install") < steps.index("agent.run")
    assert "--constraint constraints.txt" in steps


def test_a_second_call_does_not_install_again(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("bin/python", ".installed", ".installed-dev"):
        (tmp_path / name).touch()
    for target in ("run", "test", "lint"):
        assert "pip install" not in make("--dry-run", target, f"VENV={tmp_path}").stdout


def test_an_old_or_absent_python_is_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for python in (old, tmp_path / "absent"):
        result = make("run", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
        assert result.returncode != 0
        assert f"Python 3.11 or newer is needed; {python} is older or absent" in result.stderr
        assert not (tmp_path / "venv").exists()
