"""Tokens to text as they come: whole characters only, and nothing that may still turn out to be a stop string."""

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream


class Text:
    """The text of one row."""

    def __init__(self, tokenizer: Tokenizer, stops: Sequence[str]) -> None:
        self._tokenizer, self._stops = tokenizer, tuple(stops)
        self._stream = DecodeStream(skip_special_tokens=True)
        self._tokens: list[int] = []
        self._text = ""
        self._given = 0
        self.stopped = False

    def push(self, token: int) -> None:
        self._tokens.append(token)
        if not self.stopped and (fresh := self._stream.step(self._tokenizer, token)):
            self._extend(fresh)

    def end(self) -> None:
        """No more tokens: what was held back is text now, an unfinished character a replacement character."""
        if not self.stopped:
            whole = self._tokenizer.decode(self._tokens, skip_special_tokens=True)
            self._extend(whole[len(self._text) :])
        self._stops = ()

    def take(self) -> str:
        """The text since the last call that is certain to stay."""
        certain = len(self._text) - self._doubtful()
        fresh = self._text[self._given : certain]
        self._given = max(self._given, certain)
        return fresh

    def _extend(self, fresh: str) -> None:
        # A stop string may have begun in the text before.
        begin = max(0, len(self._text) - max((len(stop) for stop in self._stops), default=1) + 1)
        self._text += fresh
        found = [place for stop in self._stops if (place := self._text.find(stop, begin)) >= 0]
        if found:
            self.stopped = True
            self._text = self._text[: min(found)]

    def _doubtful(self) -> int:
        """Length of the longest end of the text that is the beginning of a stop string."""
        if self.stopped:
            return 0
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        lengths = range(min(longest, len(self._text)), 0, -1)
        return next((n for n in lengths if any(stop.startswith(self._text[-n:]) for stop in self._stops)), 0)
