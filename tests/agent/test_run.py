"""Runs from flags to exit status and files, against a loopback endpoint."""

import json

import pytest

ALL = [f"p{number}" for number in range(12)]


def test_completes_everything_and_says_so(here, double):
    from datasets import load_dataset

    run = here()
    assert (run.status, run.complained) == (0, "")
    assert sorted(run.ids()) == sorted(ALL)
    assert "12 of 12 completed" in run.said and "report.html" in run.said
    manifest = run.manifest()
    assert manifest["outcome"] == "complete"
    assert manifest["figures"]["completed"] == 12
    assert manifest["figures"]["usage"]["calls"] == len(double.answered)
    assert (run.out / "report.html").stat().st_size > 1000
    table = load_dataset(str(run.out / "completed" / "parquet"), cache_dir=str(run.out / "hf"))
    rows = next(iter(table.values()))
    chosen = {r["sample_id"]: r["candidates"][r["chosen"]]["text"] for r in run.records()}
    assert {row["id"]: row["text"] for row in rows} == chosen
    lines = (run.out / "completed" / "metadata.jsonl").read_text().splitlines()
    assert {json.loads(line)["id"]: json.loads(line)["text"] for line in lines} == chosen


def test_output_without_a_terminal_is_plain(here):
    said = here().said
    assert "\x1b" not in said and "\r" not in said


def test_same_command_again_asks_nothing(here, double):
    first = here()
    asked, records = len(double.answered), (first.out / "records.jsonl").read_bytes()
    second = here()
    assert second.status == 0
    assert len(double.answered) == asked
    assert (second.out / "records.jsonl").read_bytes() == records
    assert len(second.manifest()["sessions"]) == 2


def test_larger_limit_goes_on_in_the_same_folder(here):
    few = here("--limit", "3")
    assert few.status == 0 and len(few.ids()) == 3
    few_ids = few.ids()
    rows = (few.out / "completed" / "metadata.jsonl").read_text().splitlines()
    more = here("--limit", "5")
    assert more.status == 0 and more.ids()[:3] == few_ids and len(set(more.ids())) == 5
    assert len(rows) < len((more.out / "completed" / "metadata.jsonl").read_text().splitlines())


def test_default_folder_is_named_after_the_run_and_found_again(here, tmp_path):
    for _ in range(2):
        assert here("--limit", "1", out=None).status == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("folder-all-text-1-")
    assert here("--limit", "1", "--candidates", "3", out=None).status == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_failed_samples_are_listed_kept_and_tried_again_on_request(here, double, photos):
    (photos / "4.png").write_bytes(b"not a picture")
    first = here()
    assert first.status == 1
    assert "p4" in first.said and "4.png" in first.said and "--retry-failed" in first.said
    (failed,) = [record for record in first.records() if record["status"] == "failed"]
    assert failed["sample_id"] == "p4" and "4.png" in failed["failure"]["problem"]
    assert first.manifest()["outcome"] == "complete with failures"
    asked = len(double.answered)
    assert here().status == 1 and len(double.answered) == asked
    again = here("--retry-failed")
    assert again.status == 1 and sorted(again.ids()) == sorted(ALL)
    assert json.loads((again.out / "retried.jsonl").read_text())["sample_id"] == "p4"


def test_unknown_generator_is_said_before_the_first_sample(here):
    run = here("--type", "image", "--generator", "sdlx")
    assert run.status == 2 and "sdlx" in run.complained and run.ids() == []


def test_nonsense_from_the_endpoint_fails_samples_not_the_run(here, double):
    double.nonsense = True
    run = here("--limit", "2")
    assert run.status == 1
    assert [record["failure"]["stage"] for record in run.records()] == ["extract", "extract"]
    assert run.manifest()["figures"]["usage"]["calls"] == len(double.answered)


def test_other_settings_are_named(here):
    assert here("--limit", "1").status == 0
    other = here("--limit", "1", "--candidates", "3", "--temperature", "0.5")
    assert other.status == 2
    assert "method.candidates was 2 and is now 3" in other.complained
    assert "method.temperature was 0.1 and is now 0.5" in other.complained


def test_changed_data_are_named(here, photos):
    assert here("--limit", "1").status == 0
    with (photos / "metadata.jsonl").open("a") as file:
        file.write(json.dumps({"id": "new", "text": "new"}) + "\n")
    changed = here("--limit", "1")
    assert changed.status == 2 and "data.fingerprint was" in changed.complained


def test_foreign_folder_is_refused(here, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    run = here(out="mine")
    assert run.status == 2 and "thesis.tex" in run.complained
    assert [path.name for path in (tmp_path / "mine").iterdir() if path.name != ".lock"] == ["thesis.tex"]


def test_key_is_nowhere(here, double, tmp_path):
    double.key = "sk-very-secret-0123456789"
    run = here("--limit", "2", LMM_API_KEY=double.key)
    assert run.status == 0, run.complained
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if double.key.encode() in path.read_bytes()]


def test_login_in_the_url_is_refused_and_not_repeated(here, double, tmp_path):
    run = here("--lmm-url", double.url.replace("http://", "http://user:hunter22@"))
    assert run.status == 2 and "LMM_API_KEY" in run.complained
    assert "hunter22" not in run.complained + run.said


def test_login_in_the_options_reaches_no_file(here, double, tmp_path):
    url = double.url.replace("http://", "http://user:hunter22@")
    run = here("--lmm-options", json.dumps({"base_url": url}))
    assert run.status == 2 and "--lmm-url" in run.complained
    assert "hunter22" not in run.complained + run.said and not run.out.exists()


def test_recorded_command_starts_the_same_run(here, photos):
    run = here("--limit", "1", "--root", str(photos.rename(photos.with_name("data@2024"))), out="leak@v1")
    assert run.status == 0, run.complained
    command = run.manifest()["command"]
    assert command[-1].endswith("/data@2024") and command[command.index("--out") + 1] == str(run.out)


@pytest.mark.parametrize("form", ["plot", "Caption", "banana"])
def test_unknown_form_of_texts_is_said_before_anything_is_asked(here, double, form):
    run = here("--data-options", f"domain=xray,form={form}")
    assert run.status == 2 and double.answered == [] and not run.out.exists()
    sentence = (
        f"--data-options: there is no text form '{form}' for xray; there are report, caption, description"
    )
    assert run.complained == f"error: {sentence}\n"


@pytest.mark.parametrize("flag", ["--lmm-cache", "--cache-dir"])
def test_cache_that_cannot_be_made_is_one_sentence(here, double, tmp_path, flag):
    (tmp_path / "file").write_text("precious")
    run = here(flag, str(tmp_path / "file" / "inner" / "cache"))
    assert run.status == 2 and "Traceback" not in run.complained and run.complained.count("\n") == 1
    assert str(tmp_path / "file" / "inner") in run.complained and double.answered == []
    assert run.manifest()["outcome"] == "stopped"


@pytest.mark.parametrize(
    ("setup", "sentence"),
    [
        (lambda double: setattr(double, "key", "right"), "refused the API key"),
        (lambda double: setattr(double, "models", ("dubble",)), None),
        (lambda double: setattr(double, "status", 404), "double"),
    ],
)
def test_unusable_endpoint_is_one_sentence(here, double, setup, sentence):
    setup(double)
    run = here("--retries", "0", LMM_API_KEY="wrong")
    if sentence is None:  # a model that is not listed but answers is no error
        assert run.status == 0
        return
    assert run.status == 2 and sentence in run.complained
    assert "Traceback" not in run.complained
    assert run.ids() == []
    assert run.manifest()["outcome"] == "stopped"


def test_endpoint_that_goes_down_stops_the_run_and_it_goes_on(here, double):
    assert here("--limit", "2").status == 0
    double.status = 503
    down = here("--retries", "0")
    assert down.status == 2 and "503" in down.complained and "Traceback" not in down.complained
    assert len(down.ids()) == 2 and down.manifest()["outcome"] == "stopped"
    double.status = 200
    again = here()
    assert again.status == 0 and sorted(again.ids()) == sorted(ALL)


def test_rows_that_cannot_be_read_are_records_too(here, photos):
    with (photos / "metadata.jsonl").open("a") as file:
        file.write('{"id": "p3", "image": "3.png"}\n{"id": "escape", "image": "../../etc/passwd"}\n')
        file.write('{"id": "real", "image": "5.png"}\n')
    run = here("--type", "as-is")
    assert run.status == 1
    problems = {record["sample_id"]: record["failure"] for record in run.records()}
    assert problems.pop("real") is None
    assert "p3 (row 13)" in problems and "escape" in problems and len(problems) == 2
    assert here("--type", "as-is").status == 1


def test_nothing_missing_is_a_warning(here, double):
    run = here("--type", "as-is")
    assert (run.status, run.complained) == (0, "") and "WARNING: nothing is missing" in run.said
    assert double.answered == [] and (run.out / "completed" / "metadata.jsonl").exists()


def test_absent_data_are_one_sentence(here, tmp_path):
    run = here("--root", str(tmp_path / "nowhere"))
    assert run.status == 2 and "nowhere" in run.complained and run.complained.count("\n") == 1
