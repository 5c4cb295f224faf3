"""The one client of an LMM: a chain that every question passes, in one order, in one place.

    count -> cache -> retry -> concurrency limit -> request rate -> token rate -> call -> validate -> repair

Why this order:

- count: first, so that every question shows in the live totals, wherever it is answered.
- cache: before everything that waits, since a hit costs no limit and no request. Equal questions under way
  become one (single flight). It holds validated answers only, so a repaired answer is never repaired again.
- retry: outside the limits, so that who waits for another attempt holds no slot. Retry-After pauses
  everybody.
- concurrency limit, request rate, token rate: the throttle polls, so only as many poll as have a slot; tokens
  come last, so that a reservation begins when the request does.
- call: ChatOpenAI, which retries and caches nothing itself; bounded as a whole by `timeout_s`. Streamed only when
  somebody listens (`tools.lmm.listener`), which changes nothing else.
- validate: finish reason, JSON, schema. Truncated, filtered, refused and empty answers are failures.
- repair: one turn. The invalid answer and what is wrong with it go back, through retry and limits again.

Errors: `LMMError` for one question, with the usage it cost; `EndpointError` when the endpoint cannot be used
(wrong key, no credit, unknown URL or model, down for good by the rule in `circuit.py`), then for every later
question too, unless the cache can answer it. Cancelling a question at any point frees its slot and leaves
nothing behind.
"""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, NoReturn, Self, TypeVar

import structlog
from langchain_core.messages import AIMessage

from data.record import Call, Usage
from tools.lmm.cache import Answer, Cache, CacheError
from tools.lmm.circuit import Circuit
from tools.lmm.dataurl import DataUrls
from tools.lmm.endpoint import Endpoint
from tools.lmm.faults import Fault, fault_of
from tools.lmm.flight import Flights
from tools.lmm.limits import Limits
from tools.lmm.listener import Listener, refuses_streams, stream, streaming
from tools.lmm.question import EndpointError, Kind, LMMError, Question, Reply
from tools.lmm.retry import backoff, hinted
from tools.lmm.totals import Tally, Totals
from tools.lmm.transport import chat_model, http_client
from tools.lmm.validate import Invalid, Unusable, check_finish, parse, repair_text
from tools.lmm.wire import Request, Said, request_of, said

T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass
class Spent(Generic[T]):
    """What one question has cost so far, and how far it has come."""

    question: Question[T]
    listener: Listener | None = None
    fresh: bool = False
    tally: Tally = field(default_factory=Tally)
    finish_reason: str = "error"
    started: float = field(default_factory=time.perf_counter)

    @property
    def usage(self) -> Usage:
        return self.tally.usage()

    def call(self, cached: bool = False, repaired: bool = False) -> Call:
        usage = self.usage
        return Call(
            step=self.question.step,
            prompt=self.question.prompt,
            finish_reason=self.finish_reason,
            seconds=round(time.perf_counter() - self.started, 4),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached=cached,
            repaired=repaired or usage.repairs > 0,
        )


class Client:
    """Asks one endpoint. `async with Client(endpoint, cache=path) as lmm: reply = await lmm.ask(question)`.

    One per endpoint and event loop: the limits live here. Opening it raises `CacheError` for an unusable
    cache file.
    """

    def __init__(
        self, endpoint: Endpoint, cache: Path | None = None, chance: random.Random | None = None
    ) -> None:
        self.endpoint = endpoint
        self.cache_path = cache
        self._chance = chance or random.Random()
        self._tally = Tally()
        self._circuit = Circuit()
        self._flights: Flights[tuple[Answer, bool]] = Flights()
        self._urls = DataUrls()
        self._limits = Limits(endpoint)
        self._cache: Cache | None = None
        self._http: Any = None
        self._chat: Any = None
        self._streams = True  # until the endpoint has refused to

    async def __aenter__(self) -> Self:
        if self.cache_path is not None:
            self._cache = await Cache.open(self.cache_path)
        try:
            self._http = http_client(self.endpoint)
            self._chat = chat_model(self.endpoint, self._http)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections and the cache; a second time does nothing."""
        http, cache = self._http, self._cache
        self._http = self._chat = self._cache = None
        if http is not None:
            await http.aclose()
        if cache is not None:
            with suppress(CacheError):
                await cache.close()

    def totals(self) -> Totals:
        """A snapshot for a progress display."""
        return self._tally.totals()

    @property
    def down(self) -> str | None:
        """Why the endpoint counts as down, one sentence; None while it does not."""
        return self._circuit.down

    def revive(self) -> None:
        """Forget that the endpoint was down: the next question tries it again."""
        self._circuit = Circuit()

    async def ask(
        self, question: Question[T], listener: Listener | None = None, fresh: bool = False
    ) -> Reply[T]:
        """Answer one question: the chain. Raises `LMMError` or `EndpointError`, with the usage spent.

        `listener` hears the answer while it comes in. `fresh` asks past the cache, which neither answers nor keeps
        this one: equal questions of others go on having the same answer.
        """
        if self._chat is None:
            raise RuntimeError("the LMM client is not open: use it as `async with Client(...) as lmm`")
        self._tally.add(questions=1, open=1)
        try:
            reply = await self._cached(Spent(question, listener, fresh))
        except LMMError:
            self._tally.add(errors=1)
            raise
        finally:
            self._tally.add(open=-1)
        self._tally.add(answered=1)
        return reply

    async def _cached(self, spent: Spent[T]) -> Reply[T]:
        """The answer from the cache, from an equal question under way, or from the endpoint."""
        question = spent.question
        request = await request_of(question, self.endpoint, self._urls)
        values: list[T] = []  # filled when this very call validates the answer

        async def find() -> tuple[Answer, bool]:
            kept = None if spent.fresh else await self._recall(request.key)
            if kept is not None:
                with suppress(Invalid):  # kept under an older rule of validation: ask again
                    values.append(parse(question.answer, kept.text))
                    return kept, True
            answer, value = await self._fresh(request, spent)
            values.append(value)
            if not spent.fresh:
                await asyncio.shield(
                    self._keep(request.key, answer)
                )  # what is paid for is kept, Ctrl-C or not
            return answer, False

        try:
            (answer, hit), own = await self._flights.once(request.key, find)
        except LMMError as error:
            if spent.usage.calls == 0:  # an equal question under way failed: its asker has the usage
                raise type(error)(str(error), Usage(), [spent.call()], error.kind) from None
            raise
        spent.finish_reason = answer.finish_reason
        if hit or not own:
            saved = answer.prompt_tokens + answer.completion_tokens
            self._pay(spent, cache_hits=1, saved_tokens=saved)
            log.debug("lmm.cache_hit", step=question.step, prompt=question.prompt, saved_tokens=saved)
        try:
            value = values[0] if values else parse(question.answer, answer.text)
        except Invalid as error:  # the other's answer model had the same schema, but another rule besides
            self._fail(spent, f"the answer does not fit the form {question.answer.__name__}: {error}")
        call = spent.call(cached=hit or not own, repaired=answer.repaired)
        return Reply(value, answer.text, spent.usage, call)

    async def _fresh(self, request: Request, spent: Spent[T]) -> tuple[Answer, T]:
        """Ask the endpoint, validate, repair once."""
        reply = await self._persist(request, spent)
        try:
            value = self._value(reply, spent)
        except Invalid as first:
            log.debug("lmm.repair", step=spent.question.step, prompt=spent.question.prompt)
            self._pay(spent, repairs=1)
            ask = repair_text(str(first))
            if spent.listener is not None:
                spent.listener.repairing(reply.text, ask)
            reply = await self._persist(request.repair(reply.text, ask), spent)
            try:
                value = self._value(reply, spent)
            except Invalid as second:
                what = f"does not fit the form {spent.question.answer.__name__}, even after a repair turn: {second}"
                self._fail(spent, f"the answer {what}")
        usage = spent.usage
        tokens = usage.prompt_tokens, usage.completion_tokens
        return Answer(reply.text, reply.finish_reason, *tokens, repaired=usage.repairs > 0), value

    def _value(self, reply: Said, spent: Spent[T]) -> T:
        """Validate one reply. Raises `Invalid` when a repair turn may help, `LMMError` when not."""
        spent.finish_reason = reply.finish_reason
        try:
            check_finish(reply.text, reply.finish_reason, reply.refusal, spent.question.max_tokens)
        except Unusable as error:
            self._fail(spent, str(error))
        return parse(spent.question.answer, reply.text)

    async def _persist(self, request: Request, spent: Spent[T]) -> Said:
        """One turn, tried again as long as it makes sense."""
        attempts = 0
        first_failure = float("inf")
        while True:
            outcome = await self._limited(request, spent)
            if isinstance(outcome, Said):
                return outcome
            attempts += 1
            first_failure = min(first_failure, self._circuit.now())
            if not outcome.retryable or attempts > self.endpoint.retries:
                self._give_up(outcome, attempts, first_failure, spent)
            wait_s = backoff(attempts - 1, outcome.wait_s, self._chance)
            if outcome.wait_s is not None:
                self._limits.pause.hold(hinted(outcome.wait_s))
            self._pay(spent, retries=1)
            log.debug("lmm.retry", step=spent.question.step, kind=outcome.kind, wait_s=round(wait_s, 3))
            await asyncio.sleep(wait_s)

    def _give_up(self, fault: Fault, attempts: int, first_failure: float, spent: Spent[T]) -> NoReturn:
        """No further attempt: the question fails, or the whole endpoint with it."""
        was_down = self._circuit.down is not None
        if fault.final:
            self._circuit.stop(fault.problem, fault.kind)
        elif fault.retryable and not fault.alive:
            self._circuit.gave_up(first_failure, fault.kind, fault.problem)
        if self._circuit.down is not None:
            if not was_down:
                log.error("lmm.down", problem=self._circuit.down)
            self._stop(spent)
        tried = f" ({attempts} attempts)" if attempts > 1 else ""
        self._fail(spent, fault.problem + tried, fault.kind)

    async def _limited(self, request: Request, spent: Spent[T]) -> Said | Fault:
        """One attempt within the limits."""
        async with self._limits.slot(request.tokens) as settle:
            if self._circuit.down is not None:
                settle(0)
                self._stop(spent)
            outcome = await self._call(request, spent)
            if isinstance(outcome, Said) and outcome.prompt_tokens:
                settle(outcome.prompt_tokens + outcome.completion_tokens)
            elif isinstance(outcome, Fault) and outcome.kind == "connection":
                settle(0)
            return outcome

    async def _call(self, request: Request, spent: Spent[T]) -> Said | Fault:
        """One request over the wire."""
        self._tally.add(in_flight=1)
        self._pay(spent, calls=1)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.endpoint.timeout_s):
                message = await self._message(request, spent)
            if not isinstance(message, AIMessage):
                raise TypeError(f"a {type(message).__name__} instead of a reply")
            reply = said(message, spent.question)
        except Exception as error:
            fault = fault_of(error, self.endpoint)
            if fault.alive:
                self._circuit.alive()
            else:
                self._circuit.failed()
            name = type(error).__name__
            log.debug("lmm.fault", step=spent.question.step, kind=fault.kind, status=fault.status, error=name)
            return fault
        finally:
            self._tally.add(in_flight=-1)
        self._circuit.alive()
        cost = self.endpoint.effective_price.cost(
            reply.prompt_tokens, reply.cached_tokens, reply.completion_tokens
        )
        self._pay(
            spent,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            cached_prompt_tokens=reply.cached_tokens,
            cost_usd=cost,
        )
        log.debug(
            "lmm.call",
            step=spent.question.step,
            prompt=spent.question.prompt,
            model=self.endpoint.model,
            seconds=round(time.perf_counter() - started, 4),
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            finish_reason=reply.finish_reason,
        )
        return reply

    async def _message(self, request: Request, spent: Spent[T]) -> Any:
        """What ChatOpenAI brings, streamed to who listens. An endpoint that does not stream is asked without."""
        listener = spent.listener
        if listener is None:
            return await self._chat.ainvoke(list(request.messages), extra_body=request.body)
        listener.started()
        could = self._streams
        if could:
            try:
                return await stream(streaming(self._chat), request, listener)
            except Exception as error:
                if not refuses_streams(error):
                    raise
            self._pay(spent, calls=1)
        message = await self._chat.ainvoke(list(request.messages), extra_body=request.body)
        if could:
            self._streams = False
            log.info("lmm.no_streaming", model=self.endpoint.model)
        listener.token(message.text)
        return message

    async def _recall(self, key: str) -> Answer | None:
        if self._cache is None:
            return None
        try:
            return await self._cache.get(key)
        except CacheError as error:
            self._cache_failed(error)
            return None

    async def _keep(self, key: str, answer: Answer) -> None:
        if self._cache is None:
            return
        try:
            await self._cache.put(key, self.endpoint.model, answer)
        except CacheError as error:
            self._cache_failed(error)

    def _cache_failed(self, error: CacheError) -> None:
        """The answer is good even when the cache is not: say so, count it, go on."""
        if self._tally.totals().cache_errors == 0:
            log.warning("lmm.cache_failed", problem=str(error))
        self._tally.add(cache_errors=1)

    def _pay(self, spent: Spent[T], **amounts: float) -> None:
        """Count for the question and for the client."""
        spent.tally.add(**amounts)
        self._tally.add(**amounts)

    def _fail(self, spent: Spent[T], problem: str, kind: Kind = "answer") -> NoReturn:
        raise LMMError(f"step {spent.question.step}: {problem}", spent.usage, [spent.call()], kind)

    def _stop(self, spent: Spent[T]) -> NoReturn:
        problem = self._circuit.down or "the LMM endpoint cannot be used"
        raise EndpointError(problem, spent.usage, [spent.call()], self._circuit.kind)
