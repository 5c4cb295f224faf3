"""Asks the LMM on behalf of one node and keeps the account of it: calls, tokens, wall time."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from data.record import Call, Usage
from graphs.context import Context
from graphs.state import Account, Span
from tools.lmm.question import EndpointError, LMMError, Question

T = TypeVar("T")


class Unanswered(Exception):
    """A question that the LMM could not answer, already accounted for. The message is for the record."""


class Meter:
    """One per node: everything asked through it and timed by it is in `account()`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._usage = Usage()
        self._calls: list[list[Call]] = []
        """By question, in the order in which they were asked: the order in which concurrent answers come in differs
        from run to run, and equal runs have equal records."""
        self._spans: list[Span] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside for a stage of the record."""
        began = time.time()
        try:
            yield
        finally:
            self._spans.append(Span(stage=name, begin=began, end=time.time()))

    async def ask(self, question: Question[T], seed: int) -> T:
        """The LMM's answer. Raises `Unanswered` for this question alone; `EndpointError` passes through."""
        options = self._context.options
        question = replace(
            question, seed=seed, temperature=options.temperature, max_tokens=options.max_tokens
        )
        calls: list[Call] = []
        self._calls.append(calls)
        try:
            reply = await self._context.lmm.ask(question)
        except EndpointError:
            raise
        except LMMError as error:
            self._usage += error.usage
            calls += error.calls
            raise Unanswered(str(error)) from error
        self._usage += reply.usage
        calls.append(reply.call)
        return reply.value

    async def ask_all(self, questions: Sequence[Question[T]], seeds: Sequence[int]) -> list[T | Unanswered]:
        """All questions at once; each has its own answer or its own reason why there is none."""

        async def attempt(question: Question[T], seed: int) -> T | Unanswered:
            try:
                return await self.ask(question, seed)
            except Unanswered as error:
                return error

        tasks = [attempt(question, seed) for question, seed in zip(questions, seeds, strict=True)]
        return list(await asyncio.gather(*tasks))

    def account(self) -> Account:
        calls = [call for of_question in self._calls for call in of_question]
        return Account(usage=self._usage, calls=calls, spans=self._spans)
