"""The reply, heard while it comes in."""

import json

import pytest

from agent.talk.ways import partial_reply
from tools.talk.actions import next_action


@pytest.mark.parametrize("reply", ["Two stars.", 'He said "no" \\ and\nleft', "schön 🐟 ✓", "", "\\u0041 \\"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_reply_is_heard_piece_by_piece_and_never_taken_back(reply, ascii_only):
    text = json.dumps(next_action("reply", reply=reply).model_dump(), ensure_ascii=ascii_only)
    heard = ""
    for end in range(len(text) + 1):
        now = partial_reply(text[:end])
        assert now.startswith(heard) and reply.startswith(now)
        now.encode()
        heard = now
    assert heard == reply
