"""What is said when a session is opened."""

from agent.terminal.chat import Chat
from agent.terminal.outcomes import following
from agent.terminal.sessions import told


def greet(chat: Chat) -> None:
    """Which session, with which models, where it stands, and what the user must know first."""
    walk, screen = chat.walk, chat.screen
    models = walk.session.models
    lmm = models.get("lmm", {})
    names = [
        f"{part} {models[part].get('name') or 'none'}"
        for part in ("generator", "clip", "blip")
        if part in models
    ]
    rows = [("about", told(walk.session.source)), ("session", walk.session.name)]
    if lmm:
        rows.append(
            (
                "LMM",
                f"{lmm.get('name')} at {lmm.get('base_url') or 'an endpoint of its own, started when needed'}",
            )
        )
    if names:
        rows.append(("models", ", ".join(names)))
    if len(walk.session.moments) > 1:
        rows.append(("stands at", chat.stand()))
    screen.facts(rows)
    for notice in dict.fromkeys([*(chat.opener.plan.notices if chat.opener.plan else ()), *walk.notices]):
        screen.warn(notice)
    following(chat)
