"""Hears a talk's calls to the LMM come in, and tells the part of them that is the reply."""

from agent.talk.events import ReplyToken, TalkEmit
from agent.talk.ways import Way
from agent.walk.events import CallRestarted, CallStarted, Event, Token
from tools.talk.questions import STEP


class Hearing:
    """An `Emit` for the walk: passes everything on, with a `ReplyToken` after each token that has some reply in it."""

    def __init__(self, emit: TalkEmit) -> None:
        self._emit = emit
        self.way: Way | None = None
        self.call: str | None = None
        """Id of the last call of the talk."""
        self._text = ""
        self._told = 0

    def __call__(self, event: Event) -> None:
        self._emit(event)
        if isinstance(event, CallStarted) and event.asked.step == STEP:
            self.call, self._text, self._told = event.call, "", 0
        elif isinstance(event, CallRestarted) and event.call == self.call:
            self._text, self._told = "", 0
        elif isinstance(event, Token) and event.call == self.call and self.way is not None:
            self._text += event.text
            reply = self.way.heard(self._text)
            if len(reply) > self._told:
                self._emit(ReplyToken(call=event.call, text=reply[self._told :]))
                self._told = len(reply)
