"""Files that are never seen half written."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, words: Any) -> None:
    """Replace a file by this JSON, whole or not at all."""
    fresh = path.with_name(f".{path.name}")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(words, file, ensure_ascii=False, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
