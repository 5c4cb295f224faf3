"""Which weights count where: those of a reweigh belong to its moment and what follows, not to the moments before it."""

from typing import Any

from agent.walk.model import Moment, Session


def options_at(session: Session, moment: Moment) -> dict[str, Any]:
    """Options of the current branch once it stands at `moment`.

    All are as they are set, but for weights that came from a reweigh: they go when the branch leaves its line, and
    come back with it. Weights that were set as a setting since then stay, as every setting does.
    """
    options = session.branch.options
    left, reached = (_reweigh(session, number) for number in (session.branch.head, moment.number))
    if left is reached or (left is not None and options.get("weights") != left.options.get("weights")):
        return options
    others = {name: value for name, value in options.items() if name != "weights"}
    return others | {name: value for name, value in moment.options.items() if name == "weights"}


def _reweigh(session: Session, number: int) -> Moment | None:
    """The last reweigh on the line to a moment."""
    return next((one for one in reversed(session.line(number)) if one.kind == "reweigh"), None)
