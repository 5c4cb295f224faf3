"""Where an experiment keeps what."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Folders under `--out`. Runs, features, splits and cells are shared by all experiments in it."""

    out: Path

    @property
    def runs(self) -> Path:
        """Run folders of `python -m agent.run`."""
        return self.out / "runs"

    @property
    def features(self) -> Path:
        return self.out / "cache" / "features"

    @property
    def parts(self) -> Path:
        return self.out / "cache" / "parts"

    @property
    def cells(self) -> Path:
        return self.out / "cache" / "cells"

    def results(self, experiment: str) -> Path:
        """Tables, plots and the page."""
        return self.out / experiment
