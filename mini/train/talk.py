"""Turns of "next action" for the miniature's Qwen2-VL: a request of a user becomes an action with its arguments, and
the result of an action becomes a reply.

The questions are built by `tools.talk.questions` and the results by `tools.talk.results`, as the program builds them,
so a changed word there or in `prompts/talk/` is a changed training set.
"""

import json
import random

from mini.train.conversations import Turn
from mini.train.outcomes import outcome
from mini.train.requests import MOST, requested
from mini.world.facts import KINDS
from prompts.library import Library
from tools.talk.actions import NextAction, next_action
from tools.talk.questions import Sight, Taken, TalkQuestions


class TalkTeacher:
    """Makes turns; one object per process, since it reads the prompt files once."""

    def __init__(self, library: Library) -> None:
        self.questions = TalkQuestions(library)

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
        return self._turn(sight, text, (), action, f"talk.{action.action}")

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
        lines = [f"The chosen candidate is {sight.chosen or 'none'}.", *(text for text, _ in asked)]
        actions = [
            {name: value for name, value in action.model_dump(mode="json").items() if value}
            for _, action in asked
        ]
        answer = json.dumps(actions, separators=(",", ":"))
        return Turn("", "\n".join(lines), "List the actions.", answer, "talk.drill")

    def _turn(
        self, sight: Sight, request: str, taken: tuple[Taken, ...], action: NextAction, task: str
    ) -> Turn:
        question = self.questions.next_action(sight, request, taken)
        return Turn(question.system, str(question.shared[0]), question.ask, action.model_dump_json(), task)
