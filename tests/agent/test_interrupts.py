"""What ends a run early, done to real processes: kill -9, Ctrl-C, SIGTERM, a second run, a full disk."""

import resource
import signal
import sqlite3
from contextlib import closing

ALL = [f"p{number}" for number in range(12)]


def kept(cache):
    """How many answers the response cache of a running process holds."""
    with closing(sqlite3.connect(f"file:{cache}?mode=ro", uri=True)) as reader:
        return reader.execute("SELECT COUNT(*) FROM answers").fetchone()[0]


def test_kill_at_any_moment_loses_and_repeats_nothing(start, here, double, tmp_path):
    double.allow(20)
    run = start("--in-flight", "3")
    run.until(lambda: len(double.answered) >= 20 and double.waiting >= 1 and run.ids())
    run.until(lambda: kept(tmp_path / "cache" / "lmm-cache.sqlite") == 20)
    run.signal(signal.SIGKILL)
    run.wait()
    survived, answered = run.ids(), list(double.answered)
    assert 0 < len(survived) < 12
    with (run.out / "records.jsonl").open("ab") as file:
        file.write(b'{"sample_id": "p11", "ind')  # as if the machine had stopped within a line
    double.allow(float("inf"))
    again = here()
    assert again.status == 0, again.complained
    assert again.ids()[: len(survived)] == survived and sorted(again.ids()) == sorted(ALL)
    assert "cut short" in again.said
    assert len(answered) == 20 and not set(answered) & set(double.answered[20:])
    sessions = again.manifest()["sessions"]
    assert [session["outcome"] for session in sessions] == ["running", "complete"]


def test_ctrl_c_once_finishes_what_is_in_flight(start, here, double):
    double.allow(3)
    run = start("--in-flight", "2")
    run.until(lambda: double.waiting > 0)
    run.signal(signal.SIGINT)
    run.until(lambda: "finishing" in run.popen.stdout.readline())
    double.allow(float("inf"))
    status, said, complained = run.wait()
    assert (status, complained) == (130, "")
    assert len(run.ids()) == 2
    assert "the same command goes on" in said
    assert run.manifest()["outcome"] == "interrupted"
    assert (run.out / "report.html").exists() and not (run.out / "completed").exists()
    assert here().status == 0


def test_sigterm_twice_stops_at_once(start, here, double):
    double.allow(16)
    run = start("--in-flight", "2")
    run.until(lambda: bool(run.ids()) and double.waiting > 0)
    run.signal(signal.SIGTERM)
    run.until(lambda: "finishing" in run.popen.stdout.readline())
    run.signal(signal.SIGTERM)
    status, _, complained = run.wait()
    assert (status, complained) == (143, "")
    before = run.ids()
    assert 0 < len(before) < 12 and run.manifest()["outcome"] == "interrupted"
    double.allow(float("inf"))
    again = here()
    assert again.status == 0 and again.ids()[: len(before)] == before and sorted(again.ids()) == sorted(ALL)


def test_two_runs_in_one_folder(start, here, double):
    double.allow(2)
    first = start()
    first.until(lambda: double.waiting > 0)
    second = here()
    assert second.status == 2
    assert f"process {first.popen.pid}" in second.complained and "another run" in second.complained
    double.allow(float("inf"))
    assert first.wait()[0] == 0


def test_full_disk_is_one_sentence_and_loses_nothing(start, here):
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, 64_000))

    run = start("--candidates", "6", preexec=small_files)
    status, _, complained = run.wait()
    assert status == 2
    assert "file size limit" in complained and "Traceback" not in complained, complained
    before = run.ids()
    assert 0 < len(before) < 12
    again = here("--candidates", "6")
    assert again.status == 0 and again.ids()[: len(before)] == before and sorted(again.ids()) == sorted(ALL)
