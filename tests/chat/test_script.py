"""Commands from a pipe: plain lines, an exit status that says whether all went well; files that are written."""

import io
import json
import signal
import time

import pytest
from rich.console import Console

from agent.terminal.screen import Screen

PATIENCE = 600.0
PHOTO = ("--sample", "photo1")
HOSTILE = "A boat.\x1b]0;owned\x07\x1b[2J [bold red]x[/] \u202egnp.exe\x9b31m and \x1b[31mred"


def test_all_the_way_through_in_plain_lines(chats):
    done = chats.script("# a comment", "run", "history", "sessions", "quit", "next", flags=PHOTO)
    assert (done.status, done.complained) == (0, ""), done
    assert "\x1b" not in done.said and "\r" not in done.said
    for step in ("intake", "extract", "alternate", "generate", "rank"):
        assert f"{step} is done" in done.said
    assert "chosen: candidate" in done.said and "the walk is finished" in done.said
    assert "← main (you are here)" in done.said and "sample photo1 of folder/all" in done.said
    assert "main #5 > next" not in done.said


def test_a_command_that_fails_gives_status_1_and_the_others_are_done(chats):
    done = chats.script("candidate 1", "nxt", "next", flags=PHOTO)
    assert done.status == 1 and "there is no candidate 1" in done.said and "did you mean next?" in done.said
    assert "intake is done" in done.said


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--sample", "photo99"), "did you mean photo"),
        ((), "which sample? --sample ID, such as photo"),
        (("--sample", "a", "--text", "b"), "--sample and --text exclude each other"),
        (("--run", "nowhere"), "--run FOLDER needs --sample ID"),
        (("--resume", "nothing"), "there is no session yet"),
        (("--image", "nowhere.png"), "nowhere.png"),
        (("--replay", "nowhere.json"), "nowhere.json"),
        (("--tools", "hammer"), "'hammer' is not one of auto, native, schema"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(chats, flags, sentence):
    done = chats.script(flags=flags)
    assert done.status == 2 and sentence in done.complained, done
    assert done.complained.startswith("error: ") and "Traceback" not in done.complained


def test_save_and_export_and_replay(chats):
    done = chats.script(
        "run", "save record done.json", "save record all.jsonl", "save record all.jsonl", "save test case.json",
        "export", "export json whole.json", "export whole.json", "n", flags=PHOTO,
    )  # fmt: skip
    assert (done.status, done.complained) == (0, ""), done
    assert json.loads((chats.folder / "done.json").read_text())["sample_id"] == "photo1"
    assert len((chats.folder / "all.jsonl").read_text().splitlines()) == 2
    assert json.loads((chats.folder / "case.json").read_text())
    assert "photo1" in (chats.folder / "folder-all-photo1.md").read_text()
    assert "whole.json exists; write over it? [y/n] n" in done.flat
    asked = len(chats.double.answered)
    again = chats.script("history", "show candidates", flags=("--replay", "whole.json"))
    assert (again.status, again.complained) == (0, ""), again
    assert "folder-all-photo1-replay" in again.said and "#5 rank" in again.flat
    assert len(chats.double.answered) == asked


def test_a_file_is_written_in_the_form_that_its_name_or_the_command_says(chats):
    done = chats.script(
        "export json_backup.json", "export markdown.json", "export md notes.json", flags=PHOTO
    )
    assert (done.status, done.complained) == (0, ""), done
    texts = {path.name: path.read_text() for path in chats.folder.glob("*.json")}
    assert json.loads(texts["json_backup.json"])["walk"] == json.loads(texts["markdown.json"])["walk"] == 1
    assert texts["notes.json"].startswith("# ")


def test_resume_by_name_and_list_of_sessions(chats):
    for sample in ("photo1", "photo2", "photo1"):
        assert chats.script("next", flags=("--sample", sample)).status == 0
    listed = chats.script(flags=("--sessions",))
    assert listed.status == 0
    names = [line.split()[0] for line in listed.said.splitlines()[1:]]
    assert names == ["folder-all-photo1-2", "folder-all-photo2", "folder-all-photo1"]
    done = chats.script(
        "next", "resume folder-all-photo1", "sample photo3", "next", flags=("--resume", "folder-all-photo2")
    )
    assert done.status == 0 and "stands at main #1 (intake)" in done.flat
    assert {path.name for path in chats.walks.iterdir() if path.is_dir()} == {*names, "folder-all-photo3"}
    wrong = chats.script(flags=("--resume", "folder-all-photo7"))
    assert wrong.status == 2 and "close ones: folder-all-photo" in wrong.complained


def test_a_session_goes_on_with_its_own_endpoint_and_no_key_leaves_unasked(chats, double):
    assert chats.script("next", flags=PHOTO).status == 0
    done = chats.script("run", flags=("--resume",), usual=False)
    assert done.status == 0 and "the walk is finished" in done.said, done
    path = next(chats.walks.glob("*/session.json"))
    session = json.loads(path.read_text())
    session["models"]["lmm"]["base_url"] = "https://elsewhere.example/v1"
    path.write_text(json.dumps(session))
    done = chats.script("run", flags=("--resume",), usual=False, LMM_API_KEY="sk-secret-123")
    assert done.status == 2 and "--lmm-url https://elsewhere.example/v1" in done.complained
    assert "sk-secret-123" not in done.complained + done.said


def test_two_chats_in_one_session_and_a_broken_one(chats):
    assert chats.script("run", flags=PHOTO).status == 0
    terminal = chats.terminal("--resume")
    terminal.prompt()
    done = chats.script("next", flags=("--resume",))
    assert done.status == 2 and "Traceback" not in done.complained
    assert terminal.leave() == 0
    folder = next(chats.walks.glob("*/session.json")).parent
    for path in folder.glob("checkpoints.sqlite*"):
        path.unlink()
    (folder / "checkpoints.sqlite").write_bytes(b"SQLite format 3\x00 but no more")
    done = chats.script("n", flags=("--resume",))
    assert done.status == 2 and "checkpoints.sqlite" in done.complained
    done = chats.script("y", "history", flags=("--resume",))
    assert done.status == 0 and "#5 rank" in done.flat, done


def test_a_record_of_a_run_can_be_looked_into(chats):
    done = chats.script(flags=("--out", "run", "--limit", "2", "--plain"), program="agent.run")
    assert done.status == 0, done
    looked = chats.script("candidate 1", "history", flags=("--run", "run", "--sample", "photo0"))
    assert looked.status == 0 and "candidate 1 of 2" in looked.said and "rank" in looked.said, looked
    wrong = chats.script(flags=("--run", "run", "--sample", "photo77"))
    assert wrong.status == 2 and "photo" in wrong.complained


def test_what_a_run_did_is_done_again_after_an_edit(chats, editor):
    done = chats.script(flags=("--out", "run", "--limit", "2", "--plain"), program="agent.run")
    assert done.status == 0, done
    of_run = ("--run", "run", "--sample", "photo0")
    words = editor("text = text.replace('.', ', and be brief.', 1)")
    done = chats.script("edit", "edit general/describe", flags=of_run, EDITOR=words)
    assert "general/describe alternate" in done.flat and "general/system extract, rank" in done.flat
    assert done.status == 0 and "from #2 on, 3 steps anew" in done.said and "rank is done" in done.said, done
    edge = {"head": "moon", "relation": "above", "tail": "sea"}
    add = editor(f"import json; v = json.loads(text); v.append({edge}); text = json.dumps(v)")
    done = chats.script("edit graph", flags=of_run, EDITOR=add)
    assert done.status == 0 and "from #6 on, 3 steps anew" in done.said and "rank is done" in done.said, done


def test_names_of_others_give_no_orders_to_the_terminal():
    said = io.StringIO()
    screen = Screen(plain=False, console=Console(file=said, force_terminal=True, width=80, color_system=None))
    screen.facts([("x\x1b]0;owned\x07", "name"), ("lmm", "y")])
    assert said.getvalue().splitlines() == ["  x<1B>]0;owned<07>  name", "  lmm                y"]


def test_text_of_others_gives_no_orders_to_the_terminal(chats, photos, double):
    with (photos / "metadata.jsonl").open("a") as file:
        file.write(json.dumps({"id": "hostile", "text": HOSTILE, "image": "1.png"}) + "\n")
    terminal = chats.terminal("--sample", "hostile", "--missing", "image", "--generator", "openai:x")
    terminal.prompt()
    part = terminal.do("show")
    assert "[bold red]x[/]" in part and "<1B>]0;owned<07>" in part and "<202E>gnp.exe" in part
    assert b"\x1b]0;owned" not in terminal.raw and b"\x1b[31mred" not in terminal.raw
    assert "\u202e".encode() not in terminal.raw and b"\xc2\x9b" not in terminal.raw
    assert terminal.leave() == 0


def test_ctrl_c_ends_a_script(chats, double):
    double.allow(0)
    process = chats.begin("next", "next", "export", flags=PHOTO)
    end = time.monotonic() + PATIENCE
    while not double.waiting:
        assert time.monotonic() < end
        time.sleep(0.02)
    process.signal(signal.SIGINT)
    assert process.wait() == 130
    done = chats.ended(process)
    assert "interrupted; --resume goes on" in done.complained and "Traceback" not in done.complained
    assert not (chats.folder / "folder-all-photo1.md").exists()


def test_help_is_quick(chats):
    import subprocess
    import sys

    code = "import sys, agent.chat\ntry: agent.chat.main(['--help'])\nfinally: print(sorted(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert "--resume [SESSION]" in said and "--out" not in said and "[KB_TOOLS]" in said
    for heavy in ("torch", "transformers", "langgraph", "pandas", "openai", "prompt_toolkit"):
        assert f"'{heavy}'" not in said
