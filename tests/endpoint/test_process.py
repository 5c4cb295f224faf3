"""Starting and surely stopping the endpoint's process."""

import asyncio
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import openai
import psutil
import pytest

from mini.endpoint import process

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 600.0
"""Seconds after which a process that should have started or ended is taken for hung."""


async def test_it_stops_after_an_exception_and_keeps_its_log(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_API_KEY", "of another endpoint")
    log = tmp_path / "logs" / "endpoint.log"
    with pytest.raises(ZeroDivisionError):
        async with process.start(folder, threads=1, log=log, timeout=PATIENCE) as endpoint:
            async with openai.AsyncOpenAI(base_url=endpoint.url, api_key="none") as client:
                assert [model.id async for model in client.models.list()] == [endpoint.model]
            raise ZeroDivisionError
    assert not psutil.pid_exists(endpoint.pid)
    assert log.is_file()


async def test_a_failed_start_is_one_sentence_and_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    sentence = r"ended while starting \(exit status 2\); the end of its log .*log reads:\n.*config\.json"
    with pytest.raises(process.EndpointFailed, match=re.compile(sentence, re.DOTALL)):
        async with process.start(tmp_path, log=log, timeout=PATIENCE):
            pass
    assert "config.json" in log.read_text()


def _endpoints(model: Path) -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it may end meanwhile
            if str(model) in child.cmdline():
                found.append(child)
    return found


async def test_a_start_that_hangs_or_is_cancelled_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "model"  # a name that no other endpoint's command line has
    mine.symlink_to(folder, target_is_directory=True)
    with pytest.raises(process.EndpointFailed, match="not ready after"):
        async with process.start(mine, timeout=0.01):
            pass

    async def run() -> None:
        async with process.start(mine, timeout=PATIENCE):
            await asyncio.sleep(60)

    task = asyncio.create_task(run())
    while not _endpoints(mine):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _endpoints(mine)


def test_it_ends_when_its_parent_dies(folder: Path) -> None:
    """The parent is killed outright, so only the endpoint itself can notice."""
    code = (
        "import subprocess, sys, os, time\n"
        f"child = subprocess.Popen([sys.executable, '-m', 'mini.endpoint', '--model', {str(folder)!r},"
        " '--with-parent', str(os.getpid())], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\nprint(child.pid, flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
        psutil.wait_procs([child], timeout=PATIENCE)
        assert not child.is_running()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "--api-key"),
        (["--threads", "0"], "--threads"),
        (["--model", "/nowhere"], "config.json"),
    ],
)
def test_wrong_usage(options: list[str], said: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mini.endpoint", *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stdout == ""
