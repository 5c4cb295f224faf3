"""The question for the next action of a conversation, from the prompt files in `prompts/talk/`.

    system   what the actions are                              prompts/talk/system.md
    shared   what was said before; the state of the sample     prompts/talk/state.md
    ask      the user's request, and what actions have given   prompts/talk/request.md, result.md

The miniature is trained on exactly this layout, without earlier conversation: a change here asks for new weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from prompts.library import Library
from tools.lmm.question import Question
from tools.talk.actions import NextAction

STEP = "talk"
ANSWER_TOKENS = 512
MOST_CANDIDATES = 30
SUBJECT_LENGTH = 60
"""Characters of a subject that the state shows."""


@dataclass(frozen=True)
class Sight:
    """What the LMM is told of the sample at each turn."""

    missing: str
    """What is lost, as prompts name it: picture, text, radiograph, report."""
    subjects: tuple[str, ...] = ()
    """Of the candidates in order; candidate 1 is the first."""
    chosen: int | None = None
    """Number of the chosen candidate, from 1."""


@dataclass(frozen=True)
class Taken:
    """One action that was taken for the request, and what it gave."""

    action: str
    result: str


class TalkQuestions:
    """Builds the questions; each prompt file is read once."""

    def __init__(self, library: Library) -> None:
        self._prompt = cache(library.prompt)

    def next_action(
        self, sight: Sight, request: str, taken: Sequence[Taken] = (), said_before: str = ""
    ) -> Question[NextAction]:
        """What to do about a request, after the actions `taken` for it so far. `said_before` tells earlier turns."""
        prompt = self._prompt("talk/request")
        result = self._prompt("talk/result")
        lines = [prompt.fill(request=request)]
        lines += [result.fill(action=step.action, result=step.result) for step in taken]
        return Question(
            step=STEP,
            prompt=(result if taken else prompt).id,
            system=self._prompt("talk/system").fill(),
            shared=tuple(filter(None, [said_before, self.state(sight)])),
            ask="\n".join(lines),
            answer=NextAction,
            max_tokens=ANSWER_TOKENS,
            temperature=0.0,
        )

    def state(self, sight: Sight) -> str:
        """The sample in one line: what is lost, the candidates by number and subject, the choice."""
        listed = [f"{number} {subject[:SUBJECT_LENGTH]}" for number, subject in enumerate(sight.subjects, 1)]
        if len(listed) > MOST_CANDIDATES:
            listed = [*listed[:MOST_CANDIDATES], f"and {len(listed) - MOST_CANDIDATES} more"]
        return self._prompt("talk/state").fill(
            missing=sight.missing,
            candidates=", ".join(listed) or "none",
            chosen="none" if sight.chosen is None else str(sight.chosen),
        )
