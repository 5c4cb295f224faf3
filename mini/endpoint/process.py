"""Start the endpoint as a process of its own, and stop it surely.

The process prints one JSON line on stdout when it is ready and nothing else ever after:
`{"url": "http://127.0.0.1:PORT/v1", "model": "mini-qwen2-vl", "pid": 123}`. Everything else goes to its log.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 10.0
"""How long a process may take to end after SIGTERM before it is killed."""
LOG_TAIL = 2_000
"""Characters of the log that a failed start quotes."""


class EndpointFailed(Exception):
    """The endpoint did not start; the message is one sentence, followed by the end of its log."""


@dataclass(frozen=True)
class Endpoint:
    """A running endpoint. No key is needed: it listens on the loopback interface only."""

    url: str
    """Base URL for an OpenAI client, with `/v1`."""
    model: str
    """The model's name in requests."""
    pid: int


@asynccontextmanager
async def start(
    model: Path | None = None,
    *,
    threads: int = 2,
    max_batch: int = 16,
    max_queue: int = 256,
    log: Path | None = None,
    timeout: float = 180.0,  # noqa: ASYNC109 (it bounds the start alone, not the body)
) -> AsyncIterator[Endpoint]:
    """Run the endpoint while the body runs.

    `model` is a Qwen2-VL folder (default: the miniature's own weights), `log` is appended to (default: a temporary
    file), `timeout` is in seconds. The process ends with the body, also after an exception or a cancellation, and
    ends by itself when this process dies. It has its own session, so that Ctrl-C in the terminal reaches only us.

    Raises:
        EndpointFailed: it ended, hung or wrote nonsense while starting.
    """
    path = await asyncio.to_thread(_writable_log, log)
    options = {"--threads": threads, "--max-batch": max_batch, "--max-queue": max_queue}
    command = _command(model, options)
    with path.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            cwd=PROJECT,  # where `mini` is found
        )
    started = False
    try:
        endpoint = await _ready(process, path, timeout)
        started = True
        yield endpoint
    finally:
        await _stop(process)
        if log is None and started:  # a failure names its log
            with suppress(OSError):
                await asyncio.to_thread(path.unlink)


def _command(model: Path | None, options: Mapping[str, int]) -> list[str]:
    # The empty key: none is asked for, even where MINI_API_KEY is set for an endpoint of one's own.
    command = [sys.executable, "-m", "mini.endpoint", "--port", "0", "--api-key", ""]
    command += ["--with-parent", str(os.getpid())]
    if model is not None:
        command += ["--model", str(model.absolute())]  # the process runs in another folder
    return [*command, *(word for name, value in options.items() for word in (name, str(value)))]


def _writable_log(log: Path | None) -> Path:
    if log is None:
        handle, name = tempfile.mkstemp(prefix="mini-endpoint-", suffix=".log")
        os.close(handle)
        return Path(name)
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.resolve()


async def _ready(process: asyncio.subprocess.Process, log: Path, seconds: float) -> Endpoint:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(seconds):
            line = await process.stdout.readline()
    except TimeoutError:
        raise EndpointFailed(await _failure(f"was not ready after {seconds:.0f} s", log)) from None
    if not line:
        status = await process.wait()
        raise EndpointFailed(await _failure(f"ended while starting (exit status {status})", log))
    try:
        said = json.loads(line)
        return Endpoint(url=str(said["url"]), model=str(said["model"]), pid=int(said["pid"]))
    except (ValueError, KeyError, TypeError):
        raise EndpointFailed(await _failure(f"printed {line[:200]!r} instead of its address", log)) from None


async def _failure(what: str, log: Path) -> str:
    text = await asyncio.to_thread(lambda: log.read_text(encoding="utf-8", errors="replace"))
    tail = text[-LOG_TAIL:].strip() or "(empty)"
    return f"the miniature's LMM endpoint {what}; the end of its log {log} reads:\n{tail}"


async def _stop(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, then SIGKILL; a cancellation meanwhile does not leave the process behind."""
    if process.returncode is not None:
        return
    try:
        with suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
