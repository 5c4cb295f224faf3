"""Constrained decoding: JSON schemas compiled to token masks by xgrammar (https://arxiv.org/abs/2411.15100).

The grammar writes compact JSON (`,` and `:` without blanks), in the schema's order of fields: what the miniature was
trained on, and no room for a model to loop on white space.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import xgrammar

from mini.endpoint.errors import bad_request
from mini.endpoint.model import Model
from mini.endpoint.protocol import ChatRequest, ObjectFormat, SchemaFormat

MAX_SCHEMA = 64 * 2**10
"""Characters of a schema."""
CACHE_BYTES = 256 * 2**20
# JSON Schema keywords that xgrammar 0.2 passes over in silence: refused, because the answer would not be held to them.
IGNORED = {"not", "if", "contains", "uniqueItems", "multipleOf", "dependentRequired", "dependentSchemas"}
# Keywords whose values are maps from free names to schemas; the names are no keywords.
NAMED = {"properties", "$defs", "definitions", "patternProperties"}
# Keywords whose values are data, not schemas.
DATA = {"const", "enum", "default", "examples"}
# Where one of these stands, xgrammar looks at nothing beside it that would restrict the answer further.
ALONE = ("$ref", "anyOf", "oneOf", "allOf")
# Keywords that restrict nothing.
ANNOTATIONS = {
    "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "discriminator", "$comment",
    "$schema", "$id", "$defs", "definitions",
}  # fmt: skip

# Bytes 0x00-0x1f as byte-level BPE spells them.
CONTROL = re.compile("[\u0100-\u011f]")

Grammar = xgrammar.CompiledGrammar


class Grammars:
    """Compiles schemas for one model and keeps what it compiled."""

    def __init__(self, model: Model) -> None:
        tokens = [""] * model.text.vocab_size
        for token, index in model.tokenizer.get_vocab().items():
            tokens[index] = token
        # An empty token is never allowed: `<|im_start|>` inside a JSON string would vanish when the text is decoded.
        for index in model.special_tokens:
            tokens[index] = ""
        # Nor are raw control characters: xgrammar lets them into strings of bounded length, where JSON forbids them.
        tokens = ["" if CONTROL.search(token) else token for token in tokens]
        info = xgrammar.TokenizerInfo(
            tokens,
            vocab_type=xgrammar.VocabType.BYTE_LEVEL,
            vocab_size=len(tokens),
            stop_token_ids=sorted(model.stop_tokens),
            add_prefix_space=False,
        )
        # The engine owns the cores; a schema compiles in milliseconds.
        self._compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_limit_bytes=CACHE_BYTES)
        self._lock = threading.Lock()

    def of(self, request: ChatRequest) -> Grammar | None:
        """The grammar that a request's `response_format` asks for; raises `Refusal` where none can be made."""
        match request.response_format:
            case SchemaFormat(json_schema=asked):
                return self._compile(asked.schema_, strict=True)
            case ObjectFormat():
                return self._compile({"type": "object"}, strict=False)
            case _:
                return None

    def _compile(self, schema: Mapping[str, Any], strict: bool) -> Grammar:
        where = "response_format.json_schema.schema"
        text = json.dumps(schema)
        if len(text) > MAX_SCHEMA:
            raise bad_request(
                f"the schema has {len(text):,} characters; at most {MAX_SCHEMA:,}", "invalid_schema", where
            )
        if problem := next(_problems(schema), None):
            raise bad_request(f"the schema cannot be honoured: {problem}", "invalid_schema", where)
        try:
            with self._lock:
                return self._compiler.compile_json_schema(
                    text, any_whitespace=False, separators=(",", ":"), strict_mode=strict
                )
        except RuntimeError as error:
            # Without xgrammar's time stamp and source line.
            reason = re.sub(r"^\[[\d:]+\] \S+:\d+: ", "", str(error).strip())
            raise bad_request(f"the schema cannot be compiled: {reason}", "invalid_schema", where) from error


def _problems(schema: object) -> Iterator[str]:
    """What in a schema would be passed over in silence."""
    if isinstance(schema, list):
        for item in schema:
            yield from _problems(item)
    if not isinstance(schema, Mapping):
        return
    for keyword in ALONE:
        others = sorted(map(str, schema.keys() - ANNOTATIONS - {keyword}))
        if keyword in schema and others:
            yield f"`{others[0]}` beside `{keyword}` is not supported"
    several = schema.get("allOf")
    if isinstance(several, list) and len(several) > 1:
        yield "`allOf` of several schemas is not supported"
    if "pattern" in schema and {"minLength", "maxLength"} & schema.keys():
        yield "`pattern` with a length is not supported"
    for keyword, value in schema.items():
        if keyword in IGNORED and value is not False:
            yield f"`{keyword}` is not supported"
        elif keyword == "$ref" and not str(value).startswith("#"):
            yield f"the reference {value!r} does not point into the schema itself"
        elif keyword in NAMED and isinstance(value, Mapping):
            for named in value.values():
                yield from _problems(named)
        elif keyword not in DATA:
            yield from _problems(value)


class Mask:
    """Token masks of a batch; reused from step to step."""

    def __init__(self, rows: int, vocabulary: int) -> None:
        self._bits = xgrammar.allocate_token_bitmask(rows, vocabulary)

    def apply(self, logits: torch.Tensor, matchers: Mapping[int, xgrammar.GrammarMatcher]) -> None:
        """Set to -inf, in place, what row i's matcher does not allow next; (B, vocabulary)."""
        for row, matcher in matchers.items():
            matcher.fill_next_token_bitmask(self._bits, row)
        if matchers:
            xgrammar.apply_token_bitmask_inplace(logits, self._bits, indices=list(matchers))
