"""Turns of "next action" for the miniature's Qwen2-VL: a request of a user becomes an action with its arguments, and
the result of an action becomes a reply.

The questions are built by `tools.talk.questions` and the results by `tools.talk.results`, as the program builds them,
so a changed word there or in `prompts/talk/` is a changed training set.
"""

import json
import random
import re

from mini.train.conversations import Turn
from mini.train.outcomes import outcome
from mini.train.requests import CARDINALS, MOST, ORDINALS, requested
from mini.world.facts import KINDS
from mini.world.texts import plural
from prompts.library import Library
from tools.talk.actions import TERMS, NextAction, next_action
from tools.talk.questions import Sight, Taken, TalkQuestions


class TalkTeacher:
    """Makes turns; one object per process, since it reads the prompt files once."""

    def __init__(self, library: Library) -> None:
        self.questions = TalkQuestions(library)
        self.strange = strange_words(library)

    def sight(self, rng: random.Random) -> Sight:
        """A sample in the middle of a conversation: mostly with candidates and a choice."""
        n = rng.randint(1, MOST) if rng.random() < 0.97 else 0
        subjects = tuple(rng.choice(KINDS) for _ in range(n))
        return Sight(rng.choice(("picture", "text")), subjects, rng.randint(1, n) if n else None)

    def batch(self, n: int, rng: random.Random) -> list[Turn]:
        """Requests in seven of ten batches, else results: of a kind, so that short turns are not padded to long ones.
        All turns share one system prompt."""
        make = self.asked if rng.random() < 0.7 else self.found
        return [make(rng) for _ in range(n)]

    def asked(self, rng: random.Random) -> Turn:
        """A request and the action that it asks for."""
        sight = self.sight(rng)
        text, action = requested(rng, sight)
        return self._turn(sight, self._roughened(text, rng), (), action, f"talk.{action.action}")

    def found(self, rng: random.Random) -> Turn:
        """A request, the result of its action, and the reply."""
        sight = self.sight(rng)
        text, action = requested(rng, sight)
        while action.action == "reply":
            text, action = requested(rng, sight)
        result, reply = outcome(action, sight, rng)
        taken = (Taken(action.action, result),)
        return self._turn(sight, text, taken, next_action("reply", reply=reply), "talk.found")

    def drill(self, rng: random.Random, n: int = 5) -> Turn:
        """Several requests at once, to be read as a list of actions.

        Which value goes with which term, and which number is which candidate's, is learnt late from single requests, in
        which few tokens depend on it; here most do.
        """
        sight = self.sight(rng)
        asked = [requested(rng, sight) for _ in range(n)]
        lines = [
            f"The chosen candidate is {sight.chosen or 'none'}.",
            *(self._roughened(text, rng) for text, _ in asked),
        ]
        actions = [
            {name: value for name, value in action.model_dump(mode="json").items() if value}
            for _, action in asked
        ]
        answer = json.dumps(actions, separators=(",", ":"))
        return Turn("", "\n".join(lines), "List the actions.", answer, "talk.drill")

    def _roughened(self, text: str, rng: random.Random) -> str:
        """Now and then with a word that says nothing, so that an unknown word in a request is no riddle."""
        if rng.random() > 0.25:
            return text
        words = text.split(" ")
        words.insert(rng.randint(0, len(words)), rng.choice(self.strange))
        return " ".join(words)

    def _turn(
        self, sight: Sight, request: str, taken: tuple[Taken, ...], action: NextAction, task: str
    ) -> Turn:
        question = self.questions.next_action(sight, request, taken)
        return Turn(question.system, str(question.shared[0]), question.ask, action.model_dump_json(), task)


TELLING = (
    "not no without only all both none equal equally same each drop ignore leave more most less main subject",
    "chosen best",
    "candidate candidates sample score scores weight weights rank similar other another why new choice",
    "half zero nothing",
)
MEANINGFUL = {*KINDS, *map(plural, KINDS), *TERMS, *CARDINALS, *ORDINALS, *" ".join(TELLING).split()}
"""Words that change what a request asks for."""


def strange_words(library: Library) -> list[str]:
    """Words of the prompts to other tasks that mean nothing in a request."""
    texts = (library.text(name) for name in library.names() if name.startswith(("general/", "xray/")))
    words = {word for text in texts for word in re.findall(r"\b[a-z]{4,}\b", text)}
    return sorted(words - MEANINGFUL)
