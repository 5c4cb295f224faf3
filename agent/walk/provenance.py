"""What must be said about a session's results and its surroundings."""

from collections.abc import Iterator

from agent.walk.model import Session
from agent.walk.models import Models
from prompts.library import Library, Prompt


def by_hand(session: Session, number: int) -> Iterator[str]:
    """What the record of a moment must say about how it came about, besides what a run would say."""
    line = session.line(number)
    for moment in line:
        if moment.kind == "edit":
            yield f"edited by hand before {moment.next or 'the end'}: {', '.join(moment.arguments)}"
        elif moment.kind == "regenerate":
            yield f"a candidate was added by hand, around {moment.arguments['subject']!r}"
        elif moment.kind == "reweigh":
            yield "weighed anew by hand: " + moment.label.removeprefix("reweigh ")
    edited = {(name, text) for moment in line for name, text in moment.prompts.items()}
    for name, text in sorted(edited):
        yield f"made with an edited prompt: {Prompt(name, text.strip()).id}"


def changed_since(session: Session, models: Models | None) -> Iterator[str]:
    """What is not as it was when the session was made, one sentence each."""
    if session.library and Library().digest() != session.library:
        yield "the project's prompts have changed since this session began; new steps use the new ones"
    if models is None:
        return
    for part, before in session.models.items():
        after = models.described.get(part, {})
        if any(before.get(key) != after.get(key) for key in ("name", "revision")):
            yield f"the {part} was {before.get('name')} when this session began and is {after.get('name')} now"
