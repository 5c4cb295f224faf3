"""The routes: choosing, walking, editing, talking, taking out, over a real engine and an endpoint double."""

import json
import time
from pathlib import Path

from scene_double import SceneDouble
from starlette.testclient import TestClient
from web_helpers import HOSTILE, PATIENCE, Make, change, settled, whole


def test_samples_are_listed_searched_and_seen_as_the_method_sees_them(client: TestClient) -> None:
    everything = whole(client, "/api/datasets/folder/samples")
    assert (everything["matches"], everything["read"]) == (40, 40)
    first = everything["rows"][0]
    assert first["id"] == "photo0" and first["missing"] == "text" and first["picture"]
    assert first["snippet"] == "", "the text is masked, so it must not be seen"
    assert client.get("/api/datasets/folder/samples?q=circles").json()["matches"] == 0
    assert client.get("/api/datasets/folder/samples?q=PHOTO1").json()["matches"] == 11
    assert client.get("/api/datasets/folder/samples?missing=image").json()["matches"] == 0
    window = client.get("/api/datasets/folder/samples?offset=38&limit=5").json()
    assert [row["id"] for row in window["rows"]] == ["photo38", HOSTILE]
    picture = client.get("/api/datasets/folder/pictures/0")
    assert picture.headers["content-type"] == "image/jpeg" and len(picture.content) > 100


def test_a_walk_goes_step_by_step(client: TestClient, walked: str) -> None:
    now = client.get(f"/api/sessions/{walked}").json()
    nodes = [moment["node"] for moment in now["moments"]]
    assert nodes == ["__start__", "intake", "extract", "alternate", "generate", "rank"]
    view = now["view"]
    assert ["circle", "beside", "star"] in view["graph"]
    assert len(view["candidates"]) == 3 and view["chosen"] in range(3)
    assert view["truth_text"].startswith("Two red circles")
    calls = client.get(f"/api/sessions/{walked}/calls").json()
    assert {"extract", "describe:0", "refine:1", "reextract:2"} <= {call["step"] for call in calls}
    one = client.get(f"/api/sessions/{walked}/calls/{calls[0]['call']}").json()
    assert one["asked"]["messages"][0]["role"] == "system" and one["asked"]["answer_schema"]
    pictures = [part for m in one["asked"]["messages"] for part in m["parts"] if part["kind"] == "picture"]
    assert (
        client.get(f"/api/sessions/{walked}/pictures/{pictures[0]['picture']['sha256']}").status_code == 200
    )
    assert "base64" not in json.dumps(one), "pictures go by reference"


def test_a_node_says_where_it_came_from(client: TestClient, walked: str) -> None:
    found = client.get(f"/api/sessions/{walked}/origin?node=star").json()
    assert [one["path"] for one in found["knowledge"]] == ["objects.1.name", "relations.0.tail"]
    assert [one["step"] for one in found["calls"]] == ["extract"]
    assert ["star", True] in found["calls"][0]["parts"]
    assert ["circle", "beside", "star"] in found["edges"]
    assert (found["made"]["label"], found["made"]["number"]) == ("extract", 2)
    of_candidate = client.get(f"/api/sessions/{walked}/origin?node=circle&candidate=1").json()
    assert [one["step"] for one in of_candidate["calls"]] == ["reextract:1"]
    assert of_candidate["sentences"] == []


def test_an_edit_is_replayed_on_a_branch_and_differs(client: TestClient, double: SceneDouble) -> None:
    name = client.post("/api/sessions", json={"dataset": "folder", "id": "photo2"}).json()["name"]
    client.post(f"/api/sessions/{name}/go", json={"action": "run"})
    settled(client, name)
    change(client, name, action="fork", name="other")
    editable = client.get(f"/api/sessions/{name}/editable?of=graph").json()
    graph = [*editable["values"]["graph"], {"head": "star", "relation": "above", "tail": "circle"}]
    before = len(double.answered)
    change(client, name, action="edit", values={"graph": graph}, moment=editable["at"], replay=True)
    now = settled(client, name)
    assert now["next"] is None and ["star", "above", "circle"] in now["view"]["graph"]
    assert len(double.answered) > before, "what depends on the graph is asked anew"
    found = client.get(f"/api/sessions/{name}/diff?a=main&b=other").json()
    assert (
        found["added"] == [{"head": "star", "relation": "above", "tail": "circle"}] and found["removed"] == []
    )
    change(client, name, action="switch", name="main")
    assert ["star", "above", "circle"] not in client.get(f"/api/sessions/{name}").json()["view"]["graph"]
    older = client.get(f"/api/sessions/{name}/moments/1").json()
    assert older["graph"] == [] and older["picture"]


def test_a_prompt_is_edited_and_replayed(client: TestClient, walked: str, double: SceneDouble) -> None:
    change(client, walked, action="fork", name="prompted")
    listed = client.get(f"/api/sessions/{walked}/prompts").json()
    assert [one["used"] for one in listed if one["name"] == "general/merged"] == [True]
    text = client.get(f"/api/sessions/{walked}/prompts/general/merged").json()["text"]
    refused = client.post(
        f"/api/sessions/{walked}/change",
        json={"action": "prompt", "name": "general/describe", "text": "no slots"},
    )
    assert refused.status_code == 400 and "slot" in refused.json()["error"]
    change(client, walked, action="prompt", name="general/merged", text=f"{text}\nBe brief.", replay=True)
    now = settled(client, walked)
    assert now["next"] is None and any("Be brief." in body for body in double.answered)
    edited = [branch["prompts"] for branch in now["branches"] if branch["name"] == "prompted"]
    assert edited == [["general/merged"]]
    change(client, walked, action="switch", name="main")


def test_a_candidates_text_is_edited_where_it_was_made(client: TestClient, double: SceneDouble) -> None:
    name = client.post("/api/sessions", json={"dataset": "folder", "id": "photo17"}).json()["name"]
    client.post(f"/api/sessions/{name}/go", json={"action": "run"})
    before = settled(client, name)
    one = before["view"]["candidates"][0]
    editable = client.get(f"/api/sessions/{name}/editable?of=text&candidate={one['index']}").json()
    assert before["moments"][editable["at"]]["label"] == "generate"
    words = "Two red circles lie beside a blue star, on a poster."
    edit = {"candidates": [{"index": one["index"], "text": words}]}
    change(client, name, action="edit", values=edit, moment=editable["at"], replay=True)
    now = settled(client, name)
    assert [moment["label"] for moment in now["moments"]][-2:] == ["edit candidates", "rank"]
    edited = now["view"]["candidates"][0]
    assert edited["text"] == words and edited["graph"] != one["graph"], "it is read anew"
    assert edited["scores"]["graph"] > one["scores"]["graph"]
    unknown = client.get(f"/api/sessions/{name}/editable?of=text&candidate=77")
    assert unknown.status_code == 400 and unknown.json()["error"]


def test_a_replay_ends_where_the_walk_stood(client: TestClient) -> None:
    name = client.post("/api/sessions", json={"dataset": "folder", "id": "photo18"}).json()["name"]
    for _ in range(3):
        client.post(f"/api/sessions/{name}/go", json={"action": "next"})
        settled(client, name)
    at = client.get(f"/api/sessions/{name}/editable?of=graph").json()
    edit = {"graph": at["values"]["graph"][:1]}
    change(client, name, action="edit", values=edit, moment=at["at"], replay=True)
    now = settled(client, name)
    assert [now["moments"][k]["label"] for k in now["line"]][-2:] == ["edit graph", "alternate"]
    assert now["next"] == "generate"
    for prompt in ("general/describe", "general/refine"):
        text = client.get(f"/api/sessions/{name}/prompts/{prompt}").json()["text"]
        asked = {"action": "prompt", "name": prompt, "text": f"{text}\nBe brief.", "replay": True}
        answered = change(client, name, **asked)
        assert answered["activity"] == ("run" if prompt == "general/describe" else None), "refine comes later"
        assert settled(client, name)["next"] == "generate"


def test_a_prompt_of_a_session_from_a_run_is_replayed(
    client: TestClient, runs: Path, double: SceneDouble
) -> None:
    [run] = client.get("/api/runs").json()
    where = f"/api/runs/{run['key']}/records?status=completed&missing=text&limit=60"
    record = whole(client, where)["rows"][0]
    name = client.post("/api/sessions", json={"run": run["key"], "id": record["id"]}).json()["name"]
    before = client.get(f"/api/sessions/{name}").json()
    assert {moment["kind"] for moment in before["moments"]} == {"start", "recorded"}
    listed = client.get(f"/api/sessions/{name}/prompts").json()
    assert "general/describe" in {one["name"] for one in listed if one["used"]}
    text = client.get(f"/api/sessions/{name}/prompts/general/describe").json()["text"]
    asked = {
        "action": "prompt",
        "name": "general/describe",
        "text": f"{text}\nSay it in verse.",
        "replay": True,
    }
    assert change(client, name, **asked)["activity"] == "run"
    now = settled(client, name)
    assert now["next"] is None and any("Say it in verse." in body for body in double.answered)
    line = [(moment["kind"], moment["node"]) for moment in (now["moments"][k] for k in now["line"])]
    assert line[2:] == [
        ("recorded", "extract"),
        ("step", "alternate"),
        ("step", "generate"),
        ("step", "rank"),
    ]


def test_a_change_that_was_meant_for_another_branch_is_refused(client: TestClient, walked: str) -> None:
    change(client, walked, action="fork", name="elsewhere", branch="main")
    before = client.get(f"/api/sessions/{walked}").json()
    at = client.get(f"/api/sessions/{walked}/editable?of=graph").json()
    assert at["branch"] == "elsewhere"
    for asked in (
        {"action": "edit", "values": {"graph": []}, "moment": at["at"]},
        {"action": "prompt", "name": "general/describe", "text": None},
        {"action": "back"},
    ):
        refused = client.post(f"/api/sessions/{walked}/change", json={**asked, "branch": "main"})
        assert refused.status_code == 409 and "on elsewhere now" in refused.json()["error"]
    assert client.get(f"/api/sessions/{walked}").json() == before
    prompt = client.get(f"/api/sessions/{walked}/prompts/general/describe").json()
    assert prompt["branch"] == "elsewhere"
    change(client, walked, action="switch", name="main", branch="a page that lags behind")


def test_weights_are_tried_without_a_moment_and_kept_with_one(client: TestClient, walked: str) -> None:
    before = client.get(f"/api/sessions/{walked}").json()
    tried = client.post(f"/api/sessions/{walked}/weigh", json={"weights": {"graph": 0.5}}).json()
    scores = {str(c["index"]): c["scores"]["graph"] / 2 for c in before["view"]["candidates"]}
    assert tried["qualities"] == scores
    assert len(client.get(f"/api/sessions/{walked}").json()["moments"]) == len(before["moments"])
    kept = change(client, walked, action="reweigh", weights={"graph": 0.5})
    assert kept["moments"][-1]["label"] == "reweigh graph=0.5,clip=0,blip=0"
    change(client, walked, action="back")


def test_one_more_candidate_with_another_subject(client: TestClient) -> None:
    name = client.post("/api/sessions", json={"dataset": "folder", "id": "photo5"}).json()["name"]
    early = client.post(f"/api/sessions/{name}/go", json={"action": "regenerate", "subject": "the star"})
    assert early.status_code == 202
    settled(client, name)
    client.post(f"/api/sessions/{name}/go", json={"action": "run"})
    settled(client, name)
    client.post(f"/api/sessions/{name}/go", json={"action": "regenerate", "subject": "the star"})
    view = settled(client, name)["view"]
    assert len(view["candidates"]) == 4 and view["candidates"][3]["subject"] == "the star"


def test_an_endpoint_that_is_down_is_a_problem_and_the_session_survives(
    client: TestClient, double: SceneDouble
) -> None:
    name = client.post("/api/sessions", json={"dataset": "folder", "id": "photo6"}).json()["name"]
    client.post(f"/api/sessions/{name}/go", json={"action": "next"})
    settled(client, name)
    double.status = 401
    try:
        client.post(f"/api/sessions/{name}/go", json={"action": "next"})
        now = settled(client, name)
        assert now["problem"] and now["next"] == "extract"
    finally:
        double.status = 200
    client.post(f"/api/sessions/{name}/go", json={"action": "retry"})
    now = settled(client, name)
    assert now["problem"] is None and now["next"] == "alternate"


def test_one_thing_at_a_time_and_stop(client: TestClient, double: SceneDouble) -> None:
    name = client.post("/api/sessions", json={"dataset": "folder", "id": "photo7"}).json()["name"]
    client.post(f"/api/sessions/{name}/go", json={"action": "next"})
    settled(client, name)
    double.allow(len(double.answered))
    try:
        client.post(f"/api/sessions/{name}/go", json={"action": "next"})
        for what, body in (
            ("go", {"action": "next"}),
            ("change", {"action": "back"}),
            ("talk", {"text": "why?"}),
        ):
            refused = client.post(f"/api/sessions/{name}/{what}", json=body)
            assert refused.status_code == 409 and "under way" in refused.json()["error"]
        client.post(f"/api/sessions/{name}/stop", json={})
    finally:
        double.allow(float("inf"))
    now = client.get(f"/api/sessions/{name}").json()
    assert now["activity"] is None and now["next"] == "extract"


def test_talk_asks_before_it_writes(client: TestClient, walked: str, double: SceneDouble) -> None:
    for yes, more in ((False, 0), (True, 1)):
        before = len(client.get(f"/api/sessions/{walked}").json()["view"]["candidates"])
        double.action("regenerate", subject="the blue star")
        double.action("reply", reply="Done as you said.")
        client.post(f"/api/sessions/{walked}/talk", json={"text": "one more with the blue star"})
        end = time.monotonic() + PATIENCE
        while not (asked := client.get(f"/api/sessions/{walked}").json()["asked"]):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert asked["tool"] == "regenerate" and "blue star" in asked["sentence"]
        stale = client.post(f"/api/sessions/{walked}/confirm", json={"call": "another", "yes": True})
        assert stale.status_code == 409
        client.post(f"/api/sessions/{walked}/confirm", json={"call": asked["call"], "yes": yes})
        now = settled(client, walked)
        assert len(now["view"]["candidates"]) == before + more
        turns = [(turn["role"], turn["text"]) for turn in now["conversation"]]
        assert turns[-1] == ("assistant", "Done as you said.")
        assert turns[-2][1].startswith("Candidate 4 was made" if yes else "The user said no.")


def test_exports_are_downloads(client: TestClient, walked: str) -> None:
    for form, begins in (
        ("session.md", b"# "),
        ("session.json", b"{"),
        ("record.json", b"{"),
        ("case.json", b"{"),
    ):
        answer = client.get(f"/api/sessions/{walked}/export/{form}")
        assert answer.status_code == 200 and answer.content.startswith(begins), form
        assert answer.headers["content-disposition"].startswith("attachment")
    record = client.get(f"/api/sessions/{walked}/export/record.json").json()
    assert record["sample_id"] == "photo1" and record["status"] == "completed"


def test_a_run_is_browsed_and_opened(client: TestClient, runs: Path) -> None:
    [run] = client.get("/api/runs").json()
    assert run["name"] == "first" and run["to_complete"] == 60
    where = f"/api/runs/{run['key']}"
    assert whole(client, f"{where}/records")["matches"] == 60
    best = client.get(f"{where}/records?sort=quality&down=1&limit=60").json()["rows"]
    qualities = [row["quality"] for row in best if row["quality"] is not None]
    assert qualities == sorted(qualities, reverse=True) and best[-1]["quality"] is None
    failed = client.get(f"{where}/records?status=failed").json()
    assert 0 < failed["matches"] < 60 and all(row["status"] == "failed" for row in failed["rows"])
    assert 0 < client.get(f"{where}/records?q=watercolour&missing=text").json()["matches"] < 60
    record = client.get(f"{where}/records/{best[0]['id']}").json()
    assert record["graph"] and len(record["candidates"]) == 5
    sha = best[0]["picture"]
    assert client.get(f"{where}/pictures/{sha}?small=1").headers["content-type"] == "image/jpeg"
    opened = client.post("/api/sessions", json={"run": run["key"], "id": best[0]["id"]})
    assert opened.status_code == 201, opened.text
    now = client.get(f"/api/sessions/{opened.json()['name']}").json()
    assert now["next"] is None and now["view"]["chosen"] == record["chosen"]
    assert client.get(f"{where}/records/nobody").status_code == 404


def test_a_run_that_still_works_grows_and_one_written_anew_is_read_anew(
    client: TestClient, runs: Path
) -> None:
    [run] = client.get("/api/runs").json()
    where, records = f"/api/runs/{run['key']}/records", runs / "first" / "records.jsonl"
    whole(client, where)
    text = records.read_text()
    one = json.loads(text.splitlines()[0])
    records.write_text(text + json.dumps({**one, "sample_id": "late"}) + "\n" + '{"half a line')
    try:
        assert whole(client, where)["read"] == 61
        assert client.get(f"{where}?q=late").json()["matches"] == 1
    finally:
        records.write_text(text)
    assert whole(client, where)["read"] == 60


def test_sessions_are_listed_and_left(client: TestClient, walked: str) -> None:
    listed = {one["name"]: one for one in client.get("/api/sessions").json()}
    assert listed[walked]["open"] and listed[walked]["sample"] == "photo1"
    client.post(f"/api/sessions/{walked}/leave", json={})
    for last_id in ({}, {"last-event-id": "0a1b2c3d-4"}):
        come_again = client.get(f"/api/sessions/{walked}/events", headers=last_id)
        assert come_again.status_code == 204, "which ends an EventSource for good"
    listed = {one["name"]: one for one in client.get("/api/sessions").json()}
    assert not listed[walked]["open"]
    assert client.get(f"/api/sessions/{walked}").status_code == 200, "it is opened again when it is looked at"


def test_an_own_text_and_an_own_picture(client: TestClient, photos: Path) -> None:
    text = client.post("/api/sessions", json={"text": "Two red circles at night."})
    now = client.get(f"/api/sessions/{text.json()['name']}").json()
    assert now["view"]["missing"] == "image" and now["view"]["text"] == "Two red circles at night."
    data = (photos / "3.png").read_bytes()
    sent = client.post("/api/pictures?domain=xray", content=data, headers={"content-type": "image/png"})
    now = client.get(f"/api/sessions/{sent.json()['name']}").json()
    assert now["view"]["missing"] == "text" and now["view"]["domain"] == "xray"


def test_wrong_questions_get_a_sentence(client: TestClient, walked: str, settings: Make) -> None:
    close = client.post("/api/sessions", json={"dataset": "folder", "id": "photo"})
    assert close.status_code == 400 and "photo" in close.json()["error"]
    for where, body in {
        "/api/sessions": {},
        f"/api/sessions/{walked}/go": {"action": "fly"},
        f"/api/sessions/{walked}/change": {"action": "go", "moment": 999},
        f"/api/sessions/{walked}/weigh": {"weights": "heavy"},
    }.items():
        answer = client.post(where, json=body)
        assert answer.status_code == 400 and answer.json()["error"], (where, answer.text)
    for edit in ({"graph": [{"head": "x"}]}, {"chosen": 77}, {"nonsense": 1}):
        answer = client.post(f"/api/sessions/{walked}/change", json={"action": "edit", "values": edit})
        assert answer.status_code == 400 and "Traceback" not in answer.text
    assert client.get("/api/datasets/folder/samples?offset=minus").status_code == 400
    assert client.get("/api/nothing").json() == {"error": "there is nothing at this address"}
