"""Attempts that must fail: without the token, from other sites, under other names, beyond the given folders."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient
from web_helpers import HOSTILE, PATIENCE, Make, Site, whole

from agent.browser.app import make_app, static_files
from agent.browser.browsing import LARGEST_PICTURE
from agent.browser.house import House
from agent.browser.replies import LARGEST_JSON
from agent.browser.settings import WebSettings
from agent.errors import UsageError
from agent.web import _token, main

TOKEN = "a token that nobody can guess, of many characters"
SHA = "0" * 64
READING = ("/api/about", "/api/sessions", "/api/runs", "/api/datasets/folder/samples", "/static/main.js")


@pytest.fixture
def guarded(settings: Make) -> Iterator[TestClient]:
    with TestClient(make_app(House(settings()), TOKEN), base_url="http://192.0.2.7:8400") as client:
        client.follow_redirects = False
        yield client


# --------------------------------------------------------------------------------------------------------------- token


def test_nothing_is_told_without_the_token(guarded: TestClient) -> None:
    for where in READING:
        answer = guarded.get(where)
        assert answer.status_code == 401 and "folder" not in answer.text
    assert guarded.post("/api/sessions", json={"text": "x"}).status_code == 401
    form = guarded.get("/")
    assert form.status_code == 401 and "token" in form.text and "main.js" not in form.text
    assert guarded.get("/static/style.css").status_code == 200


def test_the_token_is_changed_for_a_cookie_once(guarded: TestClient) -> None:
    entered = guarded.get("/", params={"token": TOKEN})
    assert entered.status_code == 303 and entered.headers["location"] == "/"
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN not in cookie
    assert guarded.get("/api/about").status_code == 200
    assert "main.js" in guarded.get("/").text


def test_the_token_by_the_form(guarded: TestClient) -> None:
    assert guarded.post("/enter", data={"token": "wrong"}).status_code == 401
    assert guarded.post("/enter", data={"token": "x" * 100_000}).status_code == 401
    assert guarded.post("/enter", data={"token": f" {TOKEN} "}).status_code == 303
    assert guarded.get("/api/about").status_code == 200


@pytest.mark.parametrize("wrong", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é", "\x00", "%"])
def test_a_wrong_token_or_cookie_opens_nothing(guarded: TestClient, wrong: str) -> None:
    assert guarded.get("/", params={"token": wrong}).status_code == 401
    for value in (wrong.encode().hex(), TOKEN.encode().hex()):
        answer = guarded.get("/api/about", headers={"cookie": f"knowledge-bridger-8400={value}"})
        assert answer.status_code == 401
    assert guarded.get("/api/about", headers={"cookie": "knowledge-bridger-8400"}).status_code == 401


def test_who_needs_a_token(settings: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _token(settings()) is None
    random = [_token(settings("--host", host)) for host in ("0.0.0.0", "::", "192.0.2.7", "example")]
    assert all(one and len(one) > 40 for one in random) and len(set(random)) == 4
    assert _token(WebSettings(web_token=TOKEN, _env_file=None)) == TOKEN  # type: ignore[call-arg, arg-type]
    with pytest.raises(UsageError, match="unknown flag --web-token"):
        settings("--web-token", "visible to everybody")


def test_the_command_demands_the_token_that_it_prints(photos: Path, tmp_path: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KB_", "LMM_", "OPENAI_"))}
    env = {**clean, "KB_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "agent.web", "--host", "0.0.0.0", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--dataset", "folder", "--root", str(photos)],
        cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        printed = process.stdout.readline()
        found = re.match(r"open http://[^:]+:(\d+)/\?token=(\S+)$", printed)
        assert found, (printed, process.stderr and process.stderr.read())
        port, token = int(found[1]), found[2]
        assert asked(port, "/api/about")[0] == 401
        status, headers = asked(port, f"/?token={token}")
        assert status == 303
        cookie = headers["set-cookie"].partition(";")[0]
        assert asked(port, "/api/about", cookie=cookie)[0] == 200
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130 and "every session is kept" in complained
    finally:
        process.kill()
        process.communicate()
    log = (tmp_path / "walks" / "log.jsonl").read_text()
    assert token not in log and token not in complained


def test_a_folder_of_sessions_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith(("KB_", "LMM_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("precious")
    assert main(["--cache-dir", str(tmp_path / "file" / "cache"), "--port", "0"]) == 2
    complained = capsys.readouterr().err
    assert complained.startswith(f"error: cannot write in {tmp_path}/file/cache/walks: ")
    assert complained.count("\n") == 1 and "--cache-dir" in complained


def asked(port: int, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """Status and headers of an answer, asked with a path as it is; a server that is starting is waited for."""
    end = time.monotonic() + PATIENCE
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        except ConnectionError:
            assert time.monotonic() < end
            time.sleep(0.1)
        finally:
            connection.close()


# --------------------------------------------------------------------------------------------------------- other sites


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", "", "[::1", "a b"]
)
def test_other_host_names_are_refused(client: TestClient, host: str) -> None:
    for where in ("/", "/api/sessions", "/static/main.js"):
        assert client.get(where, headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "LOCALHOST:1", "[::1]:8400", "192.168.1.4"])
def test_addresses_and_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/api/about", headers={"host": host}).status_code == 200


def test_a_name_can_be_added(settings: Make) -> None:
    with TestClient(
        make_app(House(settings("--name", "lab.example"))), base_url="http://lab.example"
    ) as client:
        assert client.get("/api/about").status_code == 200
        assert client.get("/api/about", headers={"host": "other.example"}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8400", ""]
)
def test_requests_from_other_origins_are_refused(client: TestClient, origin: str) -> None:
    for headers in ({"origin": origin}, {"origin": origin, "sec-fetch-site": "same-origin"}):
        assert client.get("/api/sessions", headers=headers).status_code == 403
        assert client.post("/api/sessions", json={"text": "x"}, headers=headers).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_that_a_browser_marks_as_foreign_are_refused(client: TestClient, site: str) -> None:
    for where in ("/api/sessions", "/api/datasets/folder/pictures/0", "/static/main.js", "/"):
        assert (
            client.get(where, headers={"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}).status_code
            == 403
        )
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=link).status_code == 200, "a link may lead here"
    assert client.get("/api/sessions", headers=link).status_code == 403
    assert client.post("/", headers=link).status_code == 403


def test_a_form_of_another_site_cannot_change_anything(client: TestClient) -> None:
    """Without Origin and without JSON, as an old browser would send it."""
    plain = {"content-type": "text/plain"}
    assert client.post("/api/sessions", content='{"text": "x"}', headers=plain).status_code == 415
    assert client.post("/api/pictures", content=b"x", headers=plain).status_code == 415
    told = {"sec-fetch-site": "same-origin"}
    assert client.post("/api/sessions", json={"text": "x"}, headers=told).status_code == 403


def test_every_answer_carries_the_policy(client: TestClient) -> None:
    for where in ("/", "/api/about", "/api/nothing", "/static/main.js", "/api/datasets/folder/pictures/999"):
        headers = client.get(where).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy and headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_has_no_inline_script_and_no_html_from_data() -> None:
    for name, (data, _) in static_files().items():
        text = data.decode()
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
        ), name
        assert not re.search(
            r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", text if name.endswith("html") else ""
        )
        assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text, name


# --------------------------------------------------------------------------------------------------------- other files


@pytest.fixture
def secret(place: Path) -> Path:
    """A file that no request may get, beside what may be read."""
    path = place / "secret.txt"
    path.write_text("the secret")
    return path


def tries() -> list[str]:
    up = (
        ["../" * n for n in (1, 3, 8)]
        + ["..%2f" * n for n in (1, 3, 8)]
        + ["%2e%2e/" * 3, "....//" * 3, "..\\" * 3]
    )
    names = [f"{one}secret.txt" for one in up] + [
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "secret.txt",
        "%00",
        "~",
        ".",
    ]
    heads = [
        "/static/", "/api/sessions/", "/api/sessions/WALKED/pictures/", "/api/sessions/WALKED/export/",
        "/api/sessions/WALKED/prompts/", "/api/sessions/WALKED/moments/", "/api/runs/", "/api/runs/RUN/pictures/",
        "/api/runs/RUN/records/", "/api/datasets/", "/api/datasets/folder/pictures/", "/",
    ]  # fmt: skip
    return [head + name for head in heads for name in names]


def test_no_path_leads_to_another_file(site: Site, client: TestClient, walked: str, secret: Path) -> None:
    """Asked over a socket, since clients tidy paths up."""
    port = int(site.url.rsplit(":", 1)[1].strip("/"))
    run = client.get("/api/runs").json()[0]["key"]
    client.post(f"/api/sessions/{walked}/leave", json={})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    for path in tries():
        connection.request("GET", path.replace("WALKED", walked).replace("RUN", run).replace(" ", "%20"))
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status in (400, 404), (path, answer.status)
        assert b"the secret" not in body and b"root:" not in body, path
    json_type = {"content-type": "application/json"}
    connection.request("POST", f"/api/sessions/{walked}/leave", body="{}", headers=json_type)
    assert connection.getresponse().status == 200
    connection.close()


def test_links_in_run_folders_and_sessions_are_not_followed(
    client: TestClient, runs: Path, walked: str, secret: Path, place: Path
) -> None:
    key = client.get("/api/runs").json()[0]["key"]
    session = place / "cache" / "walks" / walked
    for folder, where in (
        (runs / "first", f"/api/runs/{key}/pictures"),
        (session, f"/api/sessions/{walked}/pictures"),
    ):
        link = folder / "blobs" / "00" / f"{SHA}.png"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(secret)
        try:
            assert client.get(f"{where}/{SHA}").status_code == 404
            assert client.get(f"{where}/{SHA}?small=1").status_code == 404
        finally:
            link.unlink()
    walks = place / "cache" / "walks"
    (walks / "linked").symlink_to(place, target_is_directory=True)
    (runs / "linked").symlink_to(place / "elsewhere", target_is_directory=True)
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "manifest.json").write_text("{}")
    try:
        assert client.get("/api/sessions/linked").status_code == 404
        assert [run["name"] for run in client.get("/api/runs").json()] == ["first"]
    finally:
        (walks / "linked").unlink()
        (runs / "linked").unlink()


def test_a_run_cannot_lead_to_pictures_of_another_folder(client: TestClient, runs: Path, place: Path) -> None:
    """Its manifest names a data set; one that this page was not given is not read."""
    private = place / "private"
    private.mkdir()
    lines = (runs / "first" / "records.jsonl").read_text().splitlines()
    record = next(one for one in map(json.loads, lines) if one["image"] and one["status"] == "completed")
    Image.new("RGB", (50, 50), (1, 2, 3)).save(private / "face.png")
    row = {"id": record["sample_id"], "image": "face.png", "text": "private"}
    (private / "metadata.jsonl").write_text(json.dumps(row) + "\n")
    manifest = runs / "first" / "manifest.json"
    before = manifest.read_text()
    value = json.loads(before)
    manifest.write_text(json.dumps({**value, "data": {**value["data"], "root": str(private)}}))
    try:
        key = client.get("/api/runs").json()[0]["key"]
        whole = client.get(f"/api/runs/{key}/records").json()
        assert whole["run"]["name"] == "first"
        answer = client.post("/api/sessions", json={"run": key, "id": record["sample_id"]})
        name = answer.json()["name"]
        now = client.get(f"/api/sessions/{name}").json()
        assert any("may not read" in notice for notice in now["notices"])
        task = json.loads((place / "cache" / "walks" / name / "session.json").read_text())["task"]
        assert "private" not in json.dumps(task["image"]) and "first/blobs" in task["image"]["path"]
    finally:
        manifest.write_text(before)


# -------------------------------------------------------------------------------------------------------------- bounds


def test_numbers_that_no_json_can_hold_are_refused(client: TestClient, walked: str) -> None:
    before = client.get(f"/api/sessions/{walked}").json()
    for values in ('{"penalty": 1e999}', '{"weights": {"graph": 1e999}}'):
        body = f'{{"action": "options", "values": {values}}}'
        answer = client.post(
            f"/api/sessions/{walked}/change", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400 and "finite" in answer.json()["error"]
    assert client.get(f"/api/sessions/{walked}").json() == before


def test_what_is_sent_is_bounded(client: TestClient) -> None:
    png = {"content-type": "image/png"}
    assert client.post("/api/pictures", content=b"x" * (LARGEST_PICTURE + 1), headers=png).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(LARGEST_JSON // 2**20 + 2):
            yield b"x" * 2**20

    untold = client.post("/api/sessions", content=pieces(), headers={"content-type": "application/json"})
    assert untold.status_code == 413, "a body without a length is counted as it comes"


def test_what_is_no_picture_is_refused(client: TestClient, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("1", (9_000, 9_000)).save(bomb, compress_level=1)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for data in (b"", b"nonsense", svg, b"%!PS-Adobe-3.0 EPSF-3.0\n", b"GIF89a", bomb.read_bytes()):
        answer = client.post("/api/pictures", content=data, headers={"content-type": "image/png"})
        assert answer.status_code == 400 and answer.json()["error"].startswith("your picture")


def test_hostile_text_comes_back_as_text(client: TestClient) -> None:
    rows = whole(client, "/api/datasets/folder/samples?offset=39")["rows"]
    assert rows[0]["id"] == HOSTILE
    answer = client.post("/api/sessions", json={"dataset": "folder", "id": HOSTILE})
    assert answer.status_code == 201 and re.fullmatch(r"[\w.+-]+", answer.json()["name"])
    read = client.get(f"/api/sessions/{answer.json()['name']}")
    assert read.headers["content-type"] == "application/json" and read.json()["sample"] == HOSTILE
    wrong = client.post("/api/sessions", json={"dataset": HOSTILE, "id": HOSTILE})
    assert wrong.headers["content-type"] == "application/json"
