"""The import contract bites: each forbidden import, made in a copy of the bare packages, breaks `lint-imports`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "graphs", "tools", "prompts", "data", "eval", "mini")
LINT = Path(sys.executable).with_name("lint-imports")

ALLOWED = [
    ("agent", "graphs"), ("agent", "mini"), ("graphs", "tools"), ("tools", "data"), ("tools", "prompts"),
    ("eval", "tools"), ("eval", "data"), ("mini", "data"), ("mini", "prompts"), ("mini", "tools"),
]  # fmt: skip
FORBIDDEN = [
    ("tools", "graphs"), ("tools", "agent"), ("graphs", "agent"), ("data", "tools"), ("data", "prompts"),
    ("prompts", "data"), ("graphs", "mini"), ("tools", "mini"), ("eval", "mini"), ("mini", "graphs"),
    ("eval", "graphs"), ("eval", "prompts"), ("eval", "agent"), ("agent", "eval"),
]  # fmt: skip


def lint(folder: Path, imports: list[tuple[str, str]]) -> subprocess.CompletedProcess[str]:
    for package in PACKAGES:
        (folder / package).mkdir()
        lines = [f"import {imported}\n" for importer, imported in imports if importer == package]
        (folder / package / "__init__.py").write_text("".join(lines))
    command = [LINT, "--no-logo", "--no-cache", "--config", ROOT / "pyproject.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    result = lint(tmp_path, ALLOWED)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("importer", "imported"), FORBIDDEN)
def test_what_is_forbidden_fails(tmp_path: Path, importer: str, imported: str) -> None:
    result = lint(tmp_path, [(importer, imported)])
    assert result.returncode == 1 and "BROKEN" in result.stdout
