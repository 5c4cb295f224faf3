"""One sample in a pseudo-terminal: step by step, stopped, resumed, branched, edited."""

import json
import signal

PHOTO = ("--sample", "photo1")


def test_step_through_with_completion_and_everything_shown(chats):
    terminal = chats.terminal(*PHOTO)
    hello = terminal.prompt()
    assert "sample photo1 of folder/all, text missing" in hello and "double" in hello
    terminal.send("nex\t")
    terminal.until("next")
    terminal.send("\r")
    part = terminal.prompt()
    assert "intake is done" in part and "missing text" in part
    assert "▀".encode() in terminal.raw and b"48;5;" in terminal.raw  # the picture in half blocks, in colours
    part = terminal.do("next")
    assert "extract is done: 1 call, 120 tokens" in part and "2 nodes" not in part.split("extract is done")[0]
    part = terminal.do("run")
    for told in (
        "describe 1",
        "describe 2",
        "refine 1",
        "reextract 2",
        "rank is done",
        "chosen: candidate",
        "★",
    ):
        assert told in part, told
    part = terminal.do("show calls")
    assert part.count("general/merged") == 3 and "general/refine" in part
    part = terminal.do("show call 3")
    assert all(
        label in part for label in ("system", "user", "schema: Knowledge", "answer", "finish reason: stop")
    )
    assert '"objects"' in part and "100 + 20 tokens" in part
    part = terminal.do("candidate 2")
    assert "candidate 2 of 2" in part and "graph" in part and "█" in part
    part = terminal.do("show graph")
    assert "→" in part
    assert "← main (you are here)" in terminal.do("history")
    assert terminal.leave() == 0
    assert "--resume folder-all-photo1 goes on" in terminal.flat()
    moments = chats.session()["moments"]
    assert [one["node"] for one in moments[1:]] == ["intake", "extract", "alternate", "generate", "rank"]


def test_choose_a_sample_with_a_slip(chats):
    terminal = chats.terminal()
    assert "photo5 text" in terminal.until("which sample?")
    terminal.send("photo55\r")
    assert "did you mean photo5" in terminal.until("which sample?")
    terminal.send("photo5\r")
    assert "sample photo5" in terminal.prompt()
    terminal.send("quit\r")
    assert terminal.wait() == 0


def test_ctrl_c_stops_the_step_and_nothing_else_and_another_process_goes_on(chats, double):
    double.allow(1)
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    terminal.do("next 2")
    terminal.send("next\r")
    terminal.until("describe 2")
    terminal.ctrl("c")
    part = terminal.prompt()
    assert "stopped; the session stands at main #2 (extract)" in part
    double.allow(float("inf"))
    assert "alternate is done" in terminal.do("next")
    terminal.ctrl("c")  # at the prompt it does no harm
    assert "everything is kept" in terminal.prompt()
    terminal.process.signal(signal.SIGKILL)
    terminal.wait()
    other = chats.terminal("--resume")
    assert "stands at main #3 (alternate)" in other.prompt()
    assert "the walk is finished" in other.do("run")
    assert other.leave() == 0
    calls = [json.loads(line) for line in next(chats.walks.glob("*/calls.jsonl")).read_text().splitlines()]
    stopped = [one for one in calls if one["kind"] == "call" and one["error"]]
    assert stopped and all("stopped" in one["error"] for one in stopped)


def test_closing_the_terminal_loses_nothing(chats):
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    terminal.do("next 3")
    terminal.process.signal(signal.SIGHUP)
    assert terminal.wait() == 128 + signal.SIGHUP
    assert len(chats.session()["moments"]) == 4
    assert "stands at main #3" in chats.terminal("--resume", "folder-all-photo1").prompt()


def test_endpoint_that_is_down_is_a_sentence_and_retry_goes_on(chats, double):
    terminal = chats.terminal(*PHOTO, "--candidates", "3")
    terminal.prompt()
    terminal.do("next 2")
    double.status = 503
    part = terminal.do("run")
    assert "alternate:" in part and "503" in part and "`retry`" in part and "Traceback" not in part
    assert "#2" in part
    double.status = 200
    assert "alternate is done" in terminal.do("retry")
    assert "the walk is finished" in terminal.do("run")
    assert terminal.leave() == 0


def test_edit_a_prompt_and_replay_from_there(chats, editor):
    terminal = chats.terminal(*PHOTO, EDITOR=editor("text = text.replace('.', ', and be brief.', 1)"))
    terminal.prompt()
    terminal.do("run")
    part = terminal.do("edit general/describe")
    assert "the prompt general/describe is changed on main" in part
    assert "from #2 on, 3 steps anew" in part and "rank is done" in part and "stays as #5" in part
    part = terminal.do("diff 5")
    assert "prompt general/describe" in part and "be brief" in part and "description" in part
    assert "edited on this branch" in terminal.do("show prompts")
    assert "the project's own again" in terminal.do("edit general/describe default")
    assert terminal.leave() == 0
    session = chats.session()
    assert session["moments"][6]["prompts"].keys() == {"general/describe"}
    assert session["branches"]["main"]["prompts"] == {}


def test_edit_a_value_and_what_is_wrong_with_it(chats, editor):
    edge = {"head": "moon", "relation": "above", "tail": "sea"}
    add = f"import json; v = json.loads(text); v.append({edge}); text = json.dumps(v)"
    terminal = chats.terminal(*PHOTO, EDITOR=editor(add))
    terminal.prompt()
    terminal.do("run")
    part = terminal.do("edit graph")
    assert "from #6 on, 3 steps anew" in part and "rank is done" in part
    assert "above → sea" in terminal.do("show graph")
    part = terminal.do("diff 5")
    assert "+ moon | above | sea" in part
    assert "did you mean graph" in terminal.do("edit grph")
    assert terminal.leave() == 0


def test_edit_that_breaks_a_prompt_or_json_changes_nothing(chats, editor):
    terminal = chats.terminal(*PHOTO, EDITOR=editor("text = 'no slots'"))
    terminal.prompt()
    terminal.do("run")
    part = terminal.do("edit general/describe")
    assert "needs" in part and "rank is done" not in part
    terminal.send("edit graph\r")
    assert "is not JSON" in terminal.until("open it again? [y/n]")
    terminal.send("n\r")
    assert "nothing is changed" in terminal.prompt()
    assert terminal.leave() == 0
    assert len(chats.session()["moments"]) == 6


def test_no_editor_is_a_sentence(chats):
    terminal = chats.terminal(*PHOTO, EDITOR="no-such-editor-here")
    terminal.prompt()
    assert "'no-such-editor-here' is not to be found" in terminal.do("edit text_form")
    assert terminal.leave() == 0


def test_edit_a_candidate(chats, editor):
    change = (
        "import json; v = json.loads(text); v['description'] = 'A moon over the sea.'; text = json.dumps(v)"
    )
    terminal = chats.terminal(*PHOTO, EDITOR=editor(change))
    terminal.prompt()
    terminal.do("run")
    part = terminal.do("edit candidate 2")
    assert "from #6 on, 2 steps anew" in part and "rank is done" in part
    assert "A moon over the sea." in terminal.do("candidate 2")
    assert terminal.leave() == 0


def test_edit_the_text_of_a_candidate(chats, editor):
    change = "import json; v = json.loads(text); v['text'] = 'A moon over the sea.'; text = json.dumps(v)"
    terminal = chats.terminal(*PHOTO, EDITOR=editor(change))
    terminal.prompt()
    terminal.do("run")
    part = terminal.do("edit candidate 2")
    assert "from #6 on, 1 step anew" in part and "rank is done" in part
    assert "A moon over the sea." in terminal.do("candidate 2")
    terminal.do("regenerate a red moon")
    part = terminal.do("edit candidate 3")
    assert "candidate 3 was made by regenerate as a whole" in part and "go back to #7" in part
    assert terminal.leave() == 0
    assert len(chats.session()["moments"]) == 9


def test_fork_switch_diff_weights_and_regenerate(chats):
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    terminal.do("run")
    assert "at try #5 (rank)" in terminal.do("fork try")
    part = terminal.do("regenerate a red moon")
    assert "regenerate is done" in part and "a red moon" in part
    assert "candidate 3 of 3" in terminal.do("candidate 3")
    assert "graph x2" in terminal.do("weights graph=2")
    part = terminal.do("diff main try")
    assert "- main #5" in part and "+ try #7" in part and "only in +" in part and "graph=2" in part
    assert "at main #5" in terminal.do("switch main")
    assert "there are 1, 2" in terminal.do("candidate 3")
    assert "did you mean try" in terminal.do("switch tri")
    part = terminal.do("history")
    assert "regenerate a red moon" in part and "← try" in part and "← main (you are here)" in part
    assert "at main #3 (alternate)" in terminal.do("back 2")
    assert "candidates 3" in terminal.do("set candidates=3") + terminal.do("show options")
    assert terminal.leave() == 0


def test_narrow_terminal_keeps_lines_within_it(chats):
    terminal = chats.terminal(*PHOTO, columns=50, rows=30)
    terminal.prompt()
    part = terminal.do("run")
    assert "rank is done" in part and "quality" in part
    assert all(len(line) <= 50 for line in terminal.text().split("\n"))
    assert terminal.leave() == 0


def test_slips_name_what_was_meant(chats):
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    assert "did you mean next?" in terminal.do("nxt")
    assert "did you mean graph?" in terminal.do("show grph")
    assert "there is no command 'xyzzy'" in terminal.do("/xyzzy")
    assert "next takes a number" in terminal.do("next two")
    assert "they look like graph=1 clip=0.5" in terminal.do("weights heavy")
    assert "did you mean history?" in terminal.do("help histry")
    assert "already at the start" in terminal.do("back") or "start" in terminal.text()
    assert terminal.leave() == 0


def test_plain_on_a_terminal_asks_and_stops_by_ctrl_c(chats, double):
    terminal = chats.terminal(*PHOTO, "--plain")
    terminal.prompt()
    assert "intake is done" in terminal.do("next")
    double.allow(0)
    terminal.send("next\r")
    terminal.until("extract ...")
    terminal.ctrl("c")
    assert "stopped; the session stands at main #1" in terminal.prompt()
    double.allow(float("inf"))
    assert "extract is done" in terminal.do("next")
    assert b"\x1b[" not in terminal.raw
    terminal.ctrl("c")
    assert terminal.wait() == 130


def test_what_is_typed_during_a_step_waits_for_the_prompt(chats, double):
    double.allow(0)
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    terminal.do("next")
    terminal.send("next\r")
    terminal.until("extract")
    terminal.send("history\r")
    double.allow(float("inf"))
    part = terminal.until("you are here")
    assert "extract is done" in part and "#2 extract ← main" in part
    terminal.prompt()
    assert terminal.leave() == 0
