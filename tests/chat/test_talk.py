"""What is no command goes to the LMM, whose tools look at the walk and, asked first, change it."""

PHOTO = ("--sample", "photo1", "--tools", "schema")


def test_looking_tools_answer_and_the_reply_is_shown(chats, double):
    double.action("show_graph")
    double.action("reply", reply="The graph is about a boat.")
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    terminal.do("run")
    part = terminal.do("what does the graph look like?")
    assert "show the graph of the sample" in part and "The graph of the sample has" in part
    assert part.rstrip().endswith("The graph is about a boat. main #5 >")
    assert '{"action"' not in part  # the JSON of the action is not for people
    part = terminal.do("show conversation")
    assert "user: what does the graph look like?" in part and "assistant: The graph is about a boat." in part
    assert terminal.leave() == 0


def test_what_changes_the_walk_asks_first(chats, double):
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    terminal.do("run")
    double.action("regenerate", subject="a red moon")
    double.action("reply", reply="As you wish.")
    terminal.send("make one with a red moon, please\r")
    terminal.until("make one more candidate with the subject a red moon? [y/n]")
    terminal.send("n\r")
    part = terminal.prompt()
    assert "not done" in part and "As you wish." in part and "#5" in part
    double.action("regenerate", subject="a red moon")
    double.action("reply", reply="There it is.")
    terminal.send("do it after all, please\r")
    terminal.until("[y/n]")
    terminal.send("y\r")
    part = terminal.prompt()
    assert (
        "regenerate is done" in part and "There it is." in part and "a red moon" in part and "main #6" in part
    )
    assert terminal.leave() == 0


def test_ctrl_c_stops_an_answer_and_a_dead_endpoint_is_a_sentence(chats, double):
    terminal = chats.terminal(*PHOTO)
    terminal.prompt()
    terminal.do("run")
    double.allow(len(double.answered))
    terminal.send("are you still there?\r")
    terminal.until("talk")
    terminal.ctrl("c")
    assert "stopped" in terminal.prompt()
    double.allow(float("inf"))
    double.status = 503
    part = terminal.do("and now, are you there?")
    assert "503" in part and "Traceback" not in part
    double.status = 200
    assert "There is nothing to say." in terminal.do("retry")
    assert terminal.leave() == 0


def test_in_a_script_the_next_line_is_the_answer_or_no(chats, double):
    for _ in range(2):
        double.action("rerank", weights=[{"term": "graph", "weight": 2.0}])
        double.action("reply", reply="Done.")
    done = chats.script(
        "run", "weigh the graph twice, please", "y", "once more, please", "history", flags=PHOTO
    )
    assert (done.status, done.complained) == (0, ""), done
    assert "weights graph 2? [y/n] y" in done.flat and "no answer in the input" in done.flat
    assert "#6 reweigh" in done.flat and "#7" not in done.flat  # the second was not agreed to


def test_commands_that_go_on_like_a_sentence_are_talk(chats, double):
    double.action("reply", reply="First.")
    double.action("reply", reply="Second.")
    done = chats.script("show me what is odd about it", "say history", "show me", flags=PHOTO)
    assert "First." in done.said and "Second." in done.said
    assert "there is nothing to show by the name 'me'" in done.said and done.status == 1
