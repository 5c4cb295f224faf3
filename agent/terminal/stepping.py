"""Commands that go on or back: next, run, back, go, retry, regenerate, weights."""

from collections.abc import Mapping

from agent.terminal.chat import Chat, Misused
from agent.terminal.looking import place
from agent.terminal.outcomes import following, outcome
from agent.terminal.screen import clean
from agent.terminal.talking import again
from agent.walk.errors import WalkError
from agent.walk.model import Moment
from data.record import Candidate


async def advance(chat: Chat, steps: int | None) -> bool:
    """So many steps, or all that are left; False if one ended with a problem."""
    done = 0
    while chat.walk.next_step is not None and (steps is None or done < steps):
        chat.unanswered = False
        moment = await chat.step(chat.walk.next)
        if moment is None:
            chat.failures += 1
            return False
        await outcome(chat, moment)
        done += 1
    following(chat)
    return True


async def next_(chat: Chat, rest: str) -> None:
    """`next [N]`: the next step, or the next N."""
    steps = count(rest, "next")
    _unfinished(chat)
    await advance(chat, steps)


async def run(chat: Chat, rest: str) -> None:
    """`run`: all steps that are left."""
    if rest:
        raise Misused("run takes nothing after it; `next N` does N steps")
    _unfinished(chat)
    await advance(chat, None)


def _unfinished(chat: Chat) -> None:
    if chat.walk.next_step is None:
        raise WalkError("the walk is finished; `back` or `go N` returns to an earlier moment")


def count(rest: str, name: str) -> int:
    if not rest:
        return 1
    if not rest.isdigit() or not 1 <= int(rest) <= 1000:
        raise Misused(f"{name} takes a number of steps, such as `{name} 2`")
    return int(rest)


async def back(chat: Chat, rest: str) -> None:
    """`back [N]`: N moments towards the start."""
    before = chat.walk.options().weights
    moment = await chat.walk.back(count(rest, "back"))
    arrived(chat, moment, before)


async def go(chat: Chat, rest: str) -> None:
    """`go N`: to any moment of the history."""
    number = place(chat, rest) if rest and " " not in rest else None
    if not isinstance(number, int):
        raise Misused("go needs the number of a moment, such as `go 3`; `history` lists them")
    before = chat.walk.options().weights
    moment = await chat.walk.go(number)
    arrived(chat, moment, before)


def arrived(chat: Chat, moment: Moment, before: Mapping[str, float] | None = None) -> None:
    """Where the walk stands now. `before`: the weights in force until then, to say so if others are now."""
    chat.screen.say(f"at {chat.stand(moment)}")
    now = chat.walk.options().weights
    if before is not None and now != before:
        chat.screen.say(f"with the weights {told(now)}")
    following(chat)


async def retry(chat: Chat, rest: str) -> None:
    """`retry`: what could not be done (a step, an answer of the talk), or else the last step anew, past the cache."""
    if rest:
        raise Misused("retry takes nothing after it")
    if chat.unanswered:
        await again(chat)
        return
    await _shown(chat, await chat.step(chat.walk.retry))


async def _shown(chat: Chat, moment: Moment | None) -> None:
    if moment is None:
        chat.failures += 1
    else:
        await outcome(chat, moment)
        following(chat)


async def regenerate(chat: Chat, rest: str) -> None:
    """`regenerate SUBJECT`: one more candidate around a subject."""
    if not rest:
        raise Misused("regenerate needs a subject, such as `regenerate a red car`")
    await _shown(chat, await chat.step(lambda emit: chat.walk.regenerate(rest, emit)))


async def weights(chat: Chat, rest: str) -> None:
    """`weights [graph=1 clip=.5 ...]`: the weights of the score's terms, or the choice anew with other ones."""
    now = chat.walk.options().weights
    if not rest:
        chat.screen.say(told(now))
        return
    given = {**now, **pairs(rest)}
    state = await chat.walk.state()
    candidates: list[Candidate] = state.get("candidates", [])
    if any(one.scores != type(one.scores)() for one in candidates):
        await outcome(chat, await chat.step(lambda emit: chat.walk.reweigh(given, emit)))
        following(chat)
    else:
        chat.walk.set_options(weights=given)
        chat.screen.say("nothing is scored yet; these weights count when it is")


def told(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in weights.items())


def pairs(rest: str) -> dict[str, float]:
    """`graph=1, clip=.5` as a table. Raises `Misused`."""
    found = {}
    for word in rest.replace(",", " ").split():
        name, sign, value = word.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            sign = ""
        if not sign:
            raise Misused(f"{clean(word)!r} is no weight; they look like graph=1 clip=0.5")
    return found
