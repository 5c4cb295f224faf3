"""The README's commands exist with the flags it gives them, and its links lead somewhere."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from bench.card import stale, with_table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_COMMANDS = sorted(set(re.findall(r"python -m (?:agent|data|mini|eval)\.[^`\n]*", README)))


@cache
def help_of(module: str) -> str:
    command = [sys.executable, "-m", module, "--help"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("command", PYTHON_COMMANDS)
def test_a_command_knows_its_flags(command: str) -> None:
    _, _, module, *arguments = shlex.split(command, comments=True)
    flags = {argument for argument in arguments if argument.startswith("--")}
    assert flags <= set(re.findall(r"--[a-z-]+", help_of(module)))


def test_there_are_commands_to_test() -> None:
    assert len(PYTHON_COMMANDS) > 8


def test_make_knows_the_targets_that_are_named() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) - {"help"}
    assert named == {"run", "test", "lint", "check", "bench"}
    assert named <= set(re.findall(r"^  ([a-z]+)", listed, re.MULTILINE))


PAGES = sorted(
    path for folder in (".", "docs", "mini", "bench/results") for path in (ROOT / folder).glob("*.md")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_a_place_left_to_fill_in(page: Path) -> None:
    """Names of constants and of environment variables stand in backticks or blocks of code."""
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"^\W*[A-Z]+_[A-Z_]+\W*$|\b(?:TODO|FIXME|TBD)\b", prose, re.MULTILINE)


def test_the_two_commands_come_first() -> None:
    assert re.match(r"# Knowledge Bridger\n\n```bash\nmake run .*\nmake test", README)


def test_the_miniatures_figures_are_those_that_the_benches_have_written() -> None:
    assert list(stale()) == []


def test_a_page_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="found 0"):
        with_table("# No table here", [("a", "b")])
