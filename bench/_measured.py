"""What the benches of the miniature write: figures, with machine, versions and date."""

import json
import platform
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eval.pool import cores

RESULTS = Path(__file__).parent / "results"


class Measured:
    """Starts a clock; `write` puts `bench/results/<name>.json` and `.md`."""

    def __init__(self, name: str, *packages: str) -> None:
        self.name, self.packages = name, packages
        self.begun = time.perf_counter()

    def write(
        self, figures: Mapping[str, Any], lines: list[str], model: Path | None = None, **more: Any
    ) -> None:
        """`lines` are the page without what it was measured on; `model` is a folder that was measured instead of the
        committed models', `more` says how much was measured."""
        if model is not None:
            more["model"] = str(model)
        about = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {cores()} core{'s' if cores() > 1 else ''}, no GPU used",
            "python": platform.python_version(),
            "versions": {name: version(name) for name in self.packages},
            **more,
            "seconds": round(time.perf_counter() - self.begun, 1),
        }
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / self.name
        file.with_suffix(".json").write_text(
            json.dumps({"about": about, "figures": figures}, indent=1) + "\n"
        )
        file.with_suffix(".md").write_text("\n".join([*lines, "", json.dumps(about), ""]))
        print("\n".join(lines))


def table(title: str, figures: Mapping[str, Mapping[str, float]]) -> list[str]:
    """One row a part, its figures by name."""
    lines = [f"# {title}", "", "| what | figures |", "|---|---|"]
    for part, values in figures.items():
        lines.append(f"| {part} | {', '.join(f'{name} {value:.3f}' for name, value in values.items())} |")
    return lines
