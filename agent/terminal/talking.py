"""What is no command is said to the LMM, which has tools to look at the walk and to change it."""

from typing import TYPE_CHECKING

from agent.terminal.chat import Chat
from agent.terminal.outcomes import following, show_candidates
from agent.walk.model import FromDataset

if TYPE_CHECKING:
    from agent.talk.confirm import Pending
    from agent.talk.conversation import Conversation


async def talk(chat: Chat, text: str) -> None:
    """One line to the LMM and everything that comes of it."""
    await _answered(chat, text)


async def again(chat: Chat) -> None:
    """The last line once more, after an endpoint that could not answer it."""
    await _answered(chat, None)


async def _answered(chat: Chat, text: str | None) -> None:
    conversation, before = _conversation(chat), chat.walk.head
    if text is None:
        told = await chat.step(conversation.again)
    else:
        told = await chat.step(lambda emit: conversation.say(text, emit))
    chat.unanswered = told.failed
    if told.failed:
        chat.failures += 1
    if chat.walk.head != before:
        await show_candidates(chat, await chat.walk.state())
        following(chat)


def _conversation(chat: Chat) -> "Conversation":
    """That of the open session."""
    if chat.conversation is not None:
        return chat.conversation
    from agent.talk.conversation import Conversation
    from agent.talk.neighbours import CompleteSamples

    async def confirm(pending: "Pending") -> bool:
        with chat.teller.paused():
            return await chat.asked(pending.sentence)

    opener = chat.opener
    from_dataset = isinstance(chat.walk.session.source, FromDataset) and opener.plan is not None
    chat.conversation = conversation = Conversation(
        chat.walk,
        opener.models,
        tools=opener.settings.tools,
        confirm=confirm,
        neighbours=CompleteSamples(opener.plan, opener.models) if from_dataset and opener.plan else None,
    )
    return conversation
