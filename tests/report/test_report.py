"""The page as a file: what it holds, what it escapes, and what it makes of incomplete and broken run folders."""

import base64
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.errors import StoreError
from agent.report import write_report
from agent.report.digest import LONGEST_TEXT, detail, row
from agent.report.summary import distribution, histogram
from data.record import Candidate, Failure, Record, Scores
from data.sample import Domain, Modality

HOSTILE = "</script><!--<script>alert(1)</script><img src=x onerror=\"document.title='hit'\">&amp;\u2028'\""


def parse(report: Path) -> dict[str, Any]:
    """The data elements of a page by their id."""
    page = report.read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for kind, name, text in re.findall(
        r'<script type="application/(\w+)" id="([\w-]+)">(.*?)</script>', page
    ):
        found[name] = json.loads(text if kind == "json" else gzip.decompress(base64.b64decode(text)))
    return found


def record(**fields: Any) -> Record:
    known: dict[str, Any] = {
        "sample_id": "a", "index": 0, "status": "completed", "domain": Domain.GENERAL, "missing": Modality.TEXT,
    }  # fmt: skip
    return Record(**{**known, **fields})


def test_every_record_is_in_the_page_in_data_set_order(make_run: Any) -> None:
    folder = make_run(230)
    data = parse(write_report(folder))
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    lines.sort(key=lambda line: line["index"])
    details = [one for number in range(3) for one in data[f"chunk-{number}"]]
    assert data["rows"]["id"] == [line["sample_id"] for line in lines]
    assert len(details) == 230 and "chunk-3" not in data
    for line, shown in zip(lines, details, strict=True):
        assert shown.get("text") == line["text"]
        assert [c["subject"] for c in shown.get("candidates", [])] == [
            c["subject"] for c in line["candidates"]
        ]
        assert shown.get("chosen") == line["chosen"]


def test_figures_are_those_of_the_records(make_run: Any) -> None:
    folder = make_run(45)
    run = parse(write_report(folder))["run"]
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    done = [line for line in lines if line["status"] == "completed"]
    best = [line["candidates"][line["chosen"]]["scores"]["quality"] for line in done]
    assert (run["completed"], run["failed"]) == (len(done), 45 - len(done)) == (40, 5)
    assert run["usage"]["calls"] == sum(line["usage"]["calls"] for line in lines)
    quality = next(score for score in run["scores"] if score["term"] == "quality")
    assert quality["mean_chosen"] == pytest.approx(sum(best) / len(best), abs=0.01)
    assert quality["mean_candidates"] < quality["mean_chosen"]
    assert run["groups"]["image"]["completed"] + run["groups"]["text"]["completed"] == 40
    assert run["failures"] == [
        {
            "stage": "extract",
            "problem": lines_problem(lines),
            "count": 5,
            "ids": [f"tt{1000000 + i * 37}" for i in (8, 17, 26, 35, 44)],
        }
    ]
    assert run["miniature"] == ["data", "lmm", "generator"]


def lines_problem(lines: list[dict[str, Any]]) -> str:
    return str(next(line["failure"]["problem"] for line in lines if line["failure"]))


def test_pictures_are_relative_and_exist(make_run: Any) -> None:
    folder = make_run(12)
    data = parse(write_report(folder))
    paths = [path for path in data["rows"]["picture"] if path]
    paths += [c["image"] for one in data["chunk-0"] for c in one.get("candidates", []) if "image" in c]
    assert paths and all((folder / path).is_file() and path.startswith("blobs/") for path in paths)


def test_the_page_loads_nothing_from_elsewhere(make_run: Any) -> None:
    page = write_report(make_run(3)).read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page and "unsafe" not in page
    assert "{{" not in page


def test_hostile_text_stays_data(make_run: Any) -> None:
    hostile = record(
        sample_id=HOSTILE,
        labels=[HOSTILE],
        text=HOSTILE,
        status="failed",
        failure=Failure(stage=HOSTILE, problem=HOSTILE),
    )
    folder = make_run(0, records=[hostile])
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["data"]["name"] = HOSTILE
    manifest["warnings"] = [HOSTILE]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    report = write_report(folder)
    page = report.read_text(encoding="utf-8")
    assert "<img" not in page and "alert(1)</script>" not in page
    assert page.count("</script>") == len(parse(report)) + 1
    data = parse(report)
    assert data["rows"]["id"] == [HOSTILE] and data["run"]["notes"][-1] == HOSTILE


def test_unreadable_and_repeated_lines_are_left_out_and_counted(make_run: Any) -> None:
    folder = make_run(5)
    lines = (folder / "records.jsonl").read_bytes().splitlines(keepends=True)
    broken = [*lines, b'{"sample_id": "torn', b"\n", b"\xff\xfe\n", lines[0]]
    (folder / "records.jsonl").write_bytes(b"".join(broken))
    data = parse(write_report(folder))
    assert data["run"]["unreadable"] == 2 and len(data["rows"]["id"]) == 5
    assert data["run"]["completed"] + data["run"]["failed"] == 5


@pytest.mark.parametrize("manifest", ["{}", '{"data": null, "models": [], "figures": 3, "sessions": {}}'])
def test_a_manifest_with_little_in_it_is_enough(make_run: Any, manifest: str) -> None:
    folder = make_run(2)
    (folder / "manifest.json").write_text(manifest)
    data = parse(write_report(folder))
    assert data["run"]["title"] == "run" and data["run"]["miniature"] == []


def test_commands_stand_in_the_page_as_one_types_them(make_run: Any) -> None:
    folder = make_run(1)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["command"] = ["python", "-m", "agent.run", "--data", "my films"]
    manifest["sessions"] = [{"command": ["agent.run"], "pid": 1}, {"pid": 2}]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    run = parse(write_report(folder))["run"]
    assert run["settings"]["command"] == "python -m agent.run --data 'my films'"
    assert run["sessions"] == [{"command": "agent.run", "pid": 1}, {"pid": 2}]


def test_a_run_without_records_has_a_report(make_run: Any) -> None:
    folder = make_run(1)
    (folder / "records.jsonl").unlink()
    data = parse(write_report(folder))
    assert data["rows"]["id"] == [] and data["run"]["scores"] == []


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, "is not a run folder: it has no manifest.json"),
        ("{", "cannot read"),
        ("[]", "must hold a JSON object"),
    ],
)
def test_what_is_not_a_run_folder_is_named(tmp_path: Path, manifest: str | None, words: str) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(StoreError, match=words) as caught:
        write_report(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_the_command_writes_a_report_and_refuses_other_folders(make_run: Any, tmp_path: Path) -> None:
    folder = make_run(2)
    good = subprocess.run(
        [sys.executable, "-m", "agent.report", folder], capture_output=True, text=True, check=False
    )
    assert (good.returncode, good.stdout.strip()) == (0, str(folder / "report.html"))
    bad = subprocess.run(
        [sys.executable, "-m", "agent.report", tmp_path / "no"], capture_output=True, text=True, check=False
    )
    assert bad.returncode == 2 and "is not a run folder" in bad.stderr and "Traceback" not in bad.stderr


def test_five_thousand_samples_stay_small_and_in_pieces(make_run: Any) -> None:
    folder = make_run(100)
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        for turn in range(50):
            for line in lines:
                one = json.loads(line)
                file.write(json.dumps({**one, "sample_id": f"{one['sample_id']}-{turn}"}) + "\n")
    report = write_report(folder)
    data = parse(report)
    assert len(data["rows"]["id"]) == 5000 and len([name for name in data if name.startswith("chunk-")]) == 50
    assert report.stat().st_size < (folder / "records.jsonl").stat().st_size / 5


def test_long_texts_are_cut_and_say_so() -> None:
    shown = detail(record(text="x" * (LONGEST_TEXT + 1234)))["text"]
    assert shown.startswith("x" * LONGEST_TEXT) and "1,234 more characters in records.jsonl" in shown


def test_scores_that_are_no_numbers_are_left_out() -> None:
    candidate = Candidate(
        index=0,
        subject="s",
        description="d",
        seed=1,
        scores=Scores(quality=float("nan"), clip=float("inf"), blip=12.345),
    )
    one = record(candidates=[candidate], chosen=0)
    assert (
        row(one)["quality"] is None
        and row(one)["clip"] is None
        and row(one)["blip"] == pytest.approx(12.35, abs=0.01)
    )
    json.dumps(detail(one), allow_nan=False)


def test_a_choice_that_does_not_exist_is_no_choice() -> None:
    assert row(record(chosen=3))["quality"] is None


def test_histograms_hold_every_value() -> None:
    assert histogram([]) == []
    shares = histogram([0.0, 4.99, 5.0, 99.9, 100.0, 130.0, -2.0])
    assert sum(shares) == pytest.approx(1, abs=0.001)
    assert shares[0] == pytest.approx(3 / 7, abs=1e-4) and shares[-1] == pytest.approx(3 / 7, abs=1e-4)
    assert distribution("clip", [], [1.0])["mean_chosen"] is None
    assert histogram([150.0], 200.0).index(1.0) == 15


def test_quality_is_shown_on_the_scale_of_its_weights(make_run: Any) -> None:
    """Weights 1, 1/2 and 1/2 of scores up to 100 make a quality of up to 200."""
    run = parse(write_report(make_run(45)))["run"]
    scores = {figure["term"]: figure for figure in run["scores"]}
    assert run["most"] == scores["quality"]["most"] == 200
    assert {scores[term]["most"] for term in ("graph", "clip", "blip")} == {100}
