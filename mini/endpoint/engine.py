"""Continuous batching: one thread owns the model; requests join the running batch and leave it token by token.

A job is one request with its `n` choices, each a row. A row's prompt is computed when it joins (alone, without padding,
less what the prefix store holds); after that all rows take one step together. Row i lives in slot i of the cache.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import torch
import xgrammar

from mini.endpoint.cache import Decode, Prefill, PrefixStore, Slots
from mini.endpoint.errors import Refusal
from mini.endpoint.grammar import Grammar, Mask
from mini.endpoint.model import Model, Prompt
from mini.endpoint.sampling import Sampling, choose, generator
from mini.endpoint.text import Text

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TokenLogprob:
    """One token's log probability under the model itself: before temperature, top_p and grammar."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]
    """The likeliest tokens and their log probabilities."""


@dataclass(frozen=True)
class Piece:
    """New text of one choice. `finish` comes with the last piece."""

    choice: int
    text: str
    logprobs: tuple[TokenLogprob, ...] = ()
    finish: Literal["stop", "length"] | None = None
    completion_tokens: int = 0
    """Tokens generated so far; the end-of-turn token counts."""


@dataclass(frozen=True)
class Failure:
    """The job came to nothing through a fault of this side."""

    message: str


@dataclass(eq=False)
class Job:
    """One request. `emit` is called from the engine's thread and must not block."""

    prompt: Prompt
    emit: Callable[[Piece | Failure], None]
    max_tokens: int | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    choices: int = 1
    stops: tuple[str, ...] = ()
    grammar: Grammar | None = None
    logprobs: int | None = None
    """None: none; k: of the chosen token and of the k likeliest."""
    stream: bool = False
    """Emit text as it comes, instead of once per choice."""
    cancelled: bool = False
    cached_tokens: int = field(default=0, init=False)
    """Prompt tokens that the prefix store held; set before the first piece."""


class Row:
    """One choice of one job, in decoding."""

    def __init__(self, job: Job, choice: int, model: Model) -> None:
        self.job, self.choice = job, choice
        self.sampling = Sampling(job.temperature, job.top_p, generator(job.seed, choice))
        self.matcher = None if job.grammar is None else xgrammar.GrammarMatcher(job.grammar)
        self.text = Text(model.tokenizer.backend_tokenizer, job.stops)
        room = model.context - len(job.prompt)
        self.limit = room if job.max_tokens is None else min(room, job.max_tokens)
        self.tokens: list[int] = []
        self.logprobs: list[TokenLogprob] = []

    @property
    def position(self) -> int:
        """Index of the last token, which the next step reads."""
        return len(self.job.prompt) + len(self.tokens) - 1

    def push(self, token: int, stop_tokens: frozenset[int]) -> bool:
        """Take the chosen token and emit what is due; true when the row has ended."""
        self.tokens.append(token)
        finish: Literal["stop", "length"] | None = None
        if token in stop_tokens:
            finish = "stop"
        else:
            self.text.push(token)
            if self.matcher is not None and not self.matcher.accept_token(token):
                raise RuntimeError(f"the grammar refused token {token}, which its own mask allowed")
            if self.text.stopped:
                finish = "stop"
            elif len(self.tokens) >= self.limit:
                finish = "length"
        if finish is not None:
            self.text.end()
        if finish is not None or self.job.stream:
            self._emit(finish)
        return finish is not None

    def _emit(self, finish: Literal["stop", "length"] | None) -> None:
        text = self.text.take()
        if text or finish is not None:
            self.job.emit(Piece(self.choice, text, tuple(self.logprobs), finish, len(self.tokens)))
            self.logprobs = []


class Engine:
    """The thread, its queue and its batch."""

    def __init__(
        self, model: Model, *, threads: int, max_batch: int, max_queue: int, prefix_tokens: int
    ) -> None:
        self.model, self.max_batch, self.max_queue = model, max_batch, max_queue
        self._threads = threads
        text = model.text
        heads, dimension = text.num_key_value_heads, text.hidden_size // text.num_attention_heads
        self._slots = Slots(text.num_hidden_layers, max_batch, heads, model.context, dimension)
        self._prefixes = PrefixStore(self._slots, prefix_tokens)
        self._mask = Mask(max_batch, text.vocab_size)
        self._rows: list[Row] = []
        self._waiting: deque[Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    # --- called from other threads --------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job; raises `Refusal` (429 when the queue is full, 503 when closing)."""
        if job.choices > self.max_batch:
            raise Refusal(
                400, f"n = {job.choices} is more than this endpoint's batch of {self.max_batch}", param="n"
            )
        with self._wake:
            if self._closing:
                raise Refusal(503, "the endpoint is shutting down")
            if len(self._waiting) >= self.max_queue:
                raise Refusal(
                    429,
                    f"{len(self._waiting)} requests are waiting already; try again later",
                    code="rate_limit_exceeded",
                    headers={"Retry-After": "1"},
                )
            self._waiting.append(job)
            self._wake.notify()

    def load(self) -> dict[str, int]:
        """Rows in decoding and requests waiting, for `/health`."""
        return {"running": len(self._rows), "waiting": len(self._waiting)}

    def close(self, seconds: float = 5.0) -> None:
        """Stop after the step in hand; whoever still waits gets a failure."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(seconds)

    # --- the engine's own thread ----------------------------------------------------------------------------------

    @torch.inference_mode()
    def _run(self) -> None:
        torch.set_num_threads(self._threads)
        while True:
            with self._wake:
                while not (self._closing or self._waiting or self._rows):
                    self._wake.wait()
                if self._closing:
                    break
                joining = self._next_jobs()
            for job in joining:
                self._guard(partial(self._join, job), {job})
            self._leave([row for row in self._rows if row.job.cancelled])
            if self._rows:
                self._guard(self._step, {row.job for row in self._rows})
        for job in {*self._waiting, *(row.job for row in self._rows)}:
            job.emit(Failure("the endpoint is shutting down"))

    def _next_jobs(self) -> list[Job]:
        """Waiting jobs, first come first served, as long as all their rows fit."""
        free = self.max_batch - len(self._rows)
        jobs: list[Job] = []
        while self._waiting and (self._waiting[0].cancelled or self._waiting[0].choices <= free):
            job = self._waiting.popleft()
            if not job.cancelled:
                free -= job.choices
                jobs.append(job)
        return jobs

    def _guard(self, work: Callable[[], None], jobs: set[Job]) -> None:
        """A fault fails the jobs it may have hit, with its trace in the log; the endpoint lives on."""
        try:
            work()
        except Exception as error:
            log.exception("a model step failed")
            self._rows = [row for row in self._rows if row.job not in jobs]
            for job in jobs:
                job.emit(Failure(f"the model failed: {type(error).__name__}: {error}"))

    def _join(self, job: Job) -> None:
        """Compute a job's prompt in the first free slot, copy it for its other choices, choose the first tokens."""
        prompt, slot = job.prompt, len(self._rows)
        start = job.cached_tokens = self._prefixes.load(prompt.keys, slot)
        length = len(prompt)
        mask = None
        if start:
            mask = (torch.arange(length) <= torch.arange(start, length)[:, None])[None, None]
        view = Prefill(self._slots, slot, start)
        embedded = self.model.embed(prompt, start)
        logits = self.model.forward(embedded, prompt.positions[:, None, start:], mask, view)
        self._prefixes.save(prompt.keys, slot)
        rows = [Row(job, choice, self.model) for choice in range(job.choices)]
        for number in range(1, len(rows)):
            self._slots.copy(slot, slot + number, length)
        self._rows += rows
        self._choose(logits.repeat(len(rows), 1), rows)

    def _step(self) -> None:
        """One token for every row."""
        rows = self._rows
        last = torch.tensor([[row.tokens[-1]] for row in rows])
        places = torch.tensor([row.position for row in rows])
        turned = places + torch.tensor([row.job.prompt.delta for row in rows])
        view = Decode(self._slots, places)
        embedded = self.model.network.get_input_embeddings()(last)
        logits = self.model.forward(embedded, turned[None, :, None].expand(3, -1, 1), view.mask(), view)
        self._choose(logits, rows)

    def _choose(self, logits: torch.Tensor, rows: list[Row]) -> None:
        """Choose, record and emit the next token of each row; those that end leave."""
        wanted = {i: row.job.logprobs for i, row in enumerate(rows) if row.job.logprobs is not None}
        raw = {i: logits[i].log_softmax(dim=-1) for i in wanted}
        matchers = {i: row.matcher for i, row in enumerate(rows) if row.matcher is not None}
        self._mask.apply(logits, matchers)
        tokens = choose(logits, [row.sampling for row in rows])
        for i, most in wanted.items():
            likely = raw[i].topk(most)
            top = tuple(zip(likely.indices.tolist(), likely.values.tolist(), strict=True))
            rows[i].logprobs.append(TokenLogprob(tokens[i], float(raw[i][tokens[i]]), top))
        pushed = zip(rows, tokens, strict=True)
        self._leave([row for row, token in pushed if row.push(token, self.model.stop_tokens)])

    def _leave(self, ended: list[Row]) -> None:
        """Take rows out; the last row moves into each hole, so that the batch stays in slots [0, B)."""
        for row in ended:
            hole, last = self._rows.index(row), len(self._rows) - 1
            if hole != last:
                # The last token's keys and values are not computed yet.
                self._slots.copy(last, hole, self._rows[last].position)
                self._rows[hole] = self._rows[last]
            self._rows.pop()
