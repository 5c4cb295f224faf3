"""The same chat with the real miniature behind it: nothing named, nothing but a picture of its world."""

import random

from mini.world.drawing import draw
from mini.world.facts import Group, Scene, place


def test_a_drawn_picture_gets_its_text(chats, tmp_path):
    scene = Scene((Group("car", 1, "green"),), style="pastel")
    draw(place(scene, random.Random(1))).save(tmp_path / "car.png")
    flags = ("--image", "car.png", "--candidates", "2", "--weights", "graph=1")
    done = chats.script("run", "show graph", "candidate 1", "show calls extract", flags=flags, usual=False)
    assert (done.status, done.complained) == (0, ""), done
    assert "WARNING: real data with the miniature's LMM" in done.flat
    assert "the walk is finished" in done.said and "chosen: candidate" in done.said
    graph = done.said.split("> show graph")[1].split(" > ")[0]
    assert "car" in graph and "green" in graph
    [call] = [line for line in done.said.split("> show calls")[1].splitlines() if "general/merged" in line]
    assert "extract" in call and "tokens" in call and "cached" not in call
