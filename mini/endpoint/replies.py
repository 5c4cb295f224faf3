"""OpenAI's response objects, whole or in chunks."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from mini.endpoint.engine import Job, Piece, TokenLogprob
from mini.endpoint.model import Model


class Replies:
    """Writes the reply to one job."""

    def __init__(self, id: str, name: str, model: Model, job: Job) -> None:
        self._id, self._name, self._model, self._job = id, name, model, job
        self._created = int(time.time())
        self._completion_tokens = 0

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """`chat.completion`, from one piece per choice."""
        choices = [
            {
                "index": piece.choice,
                "message": {"role": "assistant", "content": piece.text, "refusal": None},
                "logprobs": self._logprobs(piece.logprobs),
                "finish_reason": piece.finish,
            }
            for piece in sorted(pieces, key=lambda piece: piece.choice)
        ]
        self._completion_tokens = sum(piece.completion_tokens for piece in pieces)
        return {**self._head("chat.completion"), "choices": choices, "usage": self._usage()}

    def openings(self) -> Iterator[dict[str, Any]]:
        """The first chunk of every choice names the role."""
        for choice in range(self._job.choices):
            yield self._chunk(choice, {"role": "assistant", "content": ""})

    def chunks(self, piece: Piece) -> Iterator[dict[str, Any]]:
        if piece.text or piece.logprobs:
            yield self._chunk(piece.choice, {"content": piece.text}, self._logprobs(piece.logprobs))
        if piece.finish is not None:
            self._completion_tokens += piece.completion_tokens
            yield self._chunk(piece.choice, {}, finish=piece.finish)

    def usage_chunk(self) -> dict[str, Any]:
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._name}

    def _chunk(
        self,
        choice: int,
        delta: dict[str, Any],
        logprobs: dict[str, Any] | None = None,
        finish: str | None = None,
    ) -> dict[str, Any]:
        entry = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [entry]}

    def _usage(self) -> dict[str, Any]:
        prompt = len(self._job.prompt)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": self._completion_tokens,
            "total_tokens": prompt + self._completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self._job.cached_tokens},
        }

    def _logprobs(self, tokens: Sequence[TokenLogprob]) -> dict[str, Any] | None:
        if self._job.logprobs is None:
            return None
        return {
            "content": [self._token(token.token, token.logprob, token.top) for token in tokens],
            "refusal": None,
        }

    def _token(self, token: int, logprob: float, top: Sequence[tuple[int, float]] = ()) -> dict[str, Any]:
        text = self._model.tokenizer.decode([token])
        entry: dict[str, Any] = {"token": text, "logprob": logprob, "bytes": list(text.encode())}
        return {**entry, "top_logprobs": [_bare(self._token(other, value)) for other, value in top]}


def _bare(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "top_logprobs"}
