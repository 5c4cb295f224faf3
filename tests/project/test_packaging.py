"""What is installed is what was tested: the wheel, the pinned versions, and that both agree."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("agent", "graphs", "tools", "prompts", "data", "eval", "mini")


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


@pytest.fixture(scope="module")
def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """Files of the packages that git holds or would, and names in a wheel built from a copy, without a network."""
    source = tmp_path_factory.mktemp("source")
    for name in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    files = {
        path.relative_to(source).as_posix() for name in PACKAGES for path in (source / name).rglob("*.*")
    }
    command = [
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation",
        "--wheel-dir", source / "out", source,
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return files, set(zipfile.ZipFile(next((source / "out").glob("*.whl"))).namelist())


def imported_packages(path: Path) -> set[str]:
    """First names of the absolute imports of a file, also of those inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_constraints_are_plain_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines)
    names = [canonicalize_name(line.split("==")[0]) for line in lines]
    assert len(names) == len(set(names))


def test_every_requirement_is_pinned_within_its_bounds(
    project: dict[str, object], pins: dict[str, str]
) -> None:
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict) and set(extras) == {"ray", "web", "dev"}
    for line in [*project["dependencies"], *(one for extra in extras.values() for one in extra)]:  # type: ignore[misc]
        requirement = Requirement(line)
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin, f"{line} is not in constraints.txt"
        assert requirement.specifier.contains(pin), f"{line} excludes its own pin {pin}"


def test_every_import_of_a_package_is_a_requirement(project: dict[str, object]) -> None:
    """What the packages import must be asked for, not only be there because another package brings it."""
    from importlib.metadata import packages_distributions

    known = packages_distributions()
    asked = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}  # type: ignore[attr-defined]
    absent: dict[str, str] = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for name in imported_packages(path):
                if name in sys.stdlib_module_names or name in PACKAGES or name not in known:
                    continue
                if not asked & {canonicalize_name(one) for one in known[name]}:
                    absent[name] = str(path.relative_to(ROOT))
    assert not absent


def test_the_wheel_holds_the_packages_and_their_files(wheel: tuple[set[str], set[str]]) -> None:
    files, held = wheel
    assert {"prompts/general/system.md", "agent/report/page/main.js"} <= files
    assert files <= held
    assert not [name for name in held if name.split("/")[0] in {"tests", "bench", "docs"}]
