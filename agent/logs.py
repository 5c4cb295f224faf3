"""The run's log: JSON lines in the run folder, from this program and from the libraries below it, without secrets."""

import logging
import logging.config
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

from agent.files import cache_error, make_folder

LOG = "log.jsonl"
Logger = structlog.stdlib.BoundLogger
QUIET = (
    "httpx",
    "httpcore",
    "openai",
    "aiosqlite",
    "asyncio",
    "PIL",
    "filelock",
    "urllib3",
    "matplotlib",
    "fsspec",
)
"""Libraries that log every request or chunk."""


def open_log(folder: Path, secrets: Sequence[str], complain: Callable[[str], None]) -> Logger:
    """Send all logging of this process to `folder/log.jsonl`, appended to. Python warnings go there as well.

    A log that cannot be written (disk full) is given up after one `complain`: it must not end a run.
    """
    hide = _hider(secrets)
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide,
    ]
    handler = _Handler(folder / LOG, complain)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    log: Logger = structlog.get_logger("agent")
    return log


def open_log_of_sessions(walks: Path, secrets: Sequence[str], complain: Callable[[str], None]) -> None:
    """The same in the folder of all sessions, which is made if need be. Raises `UsageError`."""
    try:
        open_log(make_folder(walks), secrets, complain)
    except OSError as error:
        raise cache_error(error, walks) from None


class _Handler(logging.FileHandler):
    def __init__(self, path: Path, complain: Callable[[str], None]) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._complain: Callable[[str], None] | None = complain

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError) and self._complain:
            self._complain(f"the log {self.baseFilename} cannot be written any more: {error.strerror}")
            self._complain = None

    def close(self) -> None:
        stream: TextIO | None = self.stream
        try:
            super().close()
        except OSError:
            if stream is not None:
                self.stream = None


def _hider(secrets: Sequence[str]) -> Callable[[Any, str, EventDict], EventDict]:
    """A processor that blanks every secret wherever it stands: events, exceptions, values of libraries."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in secrets:
                value = value.replace(secret, "[secret]")
            return value
        if isinstance(value, dict):
            return {name: clean(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [clean(inner) for inner in value]
        return value if isinstance(value, bool | int | float | None) else clean(repr(value))

    def hide(_: Any, __: str, event: EventDict) -> EventDict:
        keep = {name: event[name] for name in ("_record", "_from_structlog") if name in event}
        return {**{name: clean(value) for name, value in event.items() if name not in keep}, **keep}

    return hide
