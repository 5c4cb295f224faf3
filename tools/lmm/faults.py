"""What went wrong on the wire, in the terms that the chain decides by.

The openai package says "timeout" for a refused connection on the aiohttp transport (its exception table maps
every `ClientConnectionError` so), therefore the cause at the end of the exception chain decides, not the
outermost class.
"""

import json
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import openai

from tools.lmm.endpoint import Endpoint
from tools.lmm.question import Kind
from tools.lmm.retry import retry_after

LONGEST_MESSAGE = 300
"""Characters of an endpoint's own words that go into a sentence."""

AWAY = frozenset({502, 503, 504})
"""Statuses by which a gateway says that nobody is behind it."""


@dataclass(frozen=True)
class Fault:
    """One failed request."""

    kind: Kind
    problem: str
    """One sentence, complete with what to do."""
    retryable: bool = False
    final: bool = False
    """The endpoint cannot be used at all: the run stops."""
    alive: bool = False
    """Somebody answered, if only to refuse."""
    status: int | None = None
    wait_s: float | None = None
    """What the endpoint's Retry-After asks for, in seconds."""


def fault_of(error: Exception, endpoint: Endpoint) -> Fault:
    """Classify what `ChatOpenAI.ainvoke` or the openai client raised."""
    if isinstance(error, openai.APIStatusError):
        return _by_status(error, endpoint)
    where = f"the LMM endpoint {endpoint.shown_url}"
    causes = _causes(error)
    if _has(causes, ssl.SSLCertVerificationError):
        problem = f"{where} has a TLS certificate that this machine does not trust; check the URL"
        return Fault("account", problem, final=True)
    if _has(causes, aiohttp.ConnectionTimeoutError):
        return Fault(
            "connection", f"{where} does not accept connections (timed out); check the URL", retryable=True
        )
    if _has(causes, aiohttp.ClientConnectorDNSError):
        return Fault(
            "connection", f"{where}: its host name cannot be resolved; check the URL", retryable=True
        )
    if _has(causes, aiohttp.ClientConnectorError):
        problem = f"{where} cannot be reached ({_reason(causes)}); check that the server runs and that the URL is right"
        return Fault("connection", problem, retryable=True)
    if _has(causes, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError):
        return Fault(
            "connection", f"{where} closed the connection before its answer was complete", retryable=True
        )
    if _has(causes, TimeoutError, openai.APITimeoutError):
        problem = f"{where} did not answer within {endpoint.timeout_s:g} s; it is overloaded, or the timeout too short"
        return Fault("timeout", problem, retryable=True)
    if _has(causes, openai.APIConnectionError, aiohttp.ClientError, OSError):
        return Fault("connection", f"{where}: the connection failed; check the URL", retryable=True)
    if _has(causes, UnicodeEncodeError):
        return Fault("client", "the question holds characters that are no valid Unicode (lone surrogates)")
    if isinstance(error, ValueError) and error.args and isinstance(error.args[0], Mapping):
        words = _short(_field(error.args[0], "message"), endpoint)
        return Fault("server", f"{where} answered with an error: {words}", retryable=True, alive=True)
    if type(error) is openai.APIError:  # an error in the middle of a stream
        words = _short(_field(error.body, "message") or error.message, endpoint)
        return Fault("server", f"{where} broke off with an error: {words}", retryable=True, alive=True)
    problem = f"{where} sent a reply that is no chat completion; check that the URL ends in /v1"
    return Fault("nonsense", problem, retryable=True, alive=True)


def _by_status(error: openai.APIStatusError, endpoint: Endpoint) -> Fault:
    status, said = error.status_code, message_of(error, endpoint)
    where = f"the LMM endpoint {endpoint.shown_url}"
    if status == 401:
        problem = (
            f"{where} refused the API key (HTTP 401)"
            if endpoint.api_key
            else f"{where} wants an API key (HTTP 401)"
        )
        return Fault("account", f"{problem}; check the key", final=True, alive=True, status=status)
    if status == 404:
        problem = f"{where} knows no such URL or no model {endpoint.model!r} (HTTP 404): {said}"
        return Fault("address", problem, final=True, alive=True, status=status)
    if status == 429 and _code(error) == "insufficient_quota":
        problem = (
            f"the account at {where} has no credit left (insufficient_quota); top it up or use another key"
        )
        return Fault("account", problem, final=True, alive=True, status=status)
    wait_s = retry_after(error.response.headers)
    if status == 429:
        problem = (
            f"{where} still says 'too many requests' (HTTP 429); lower the request or token rate: {said}"
        )
        return Fault("busy", problem, retryable=True, alive=True, status=status, wait_s=wait_s)
    if status in (408, 409) or status >= 500:
        problem = f"{where} failed (HTTP {status}): {said}"
        return Fault(
            "server", problem, retryable=True, alive=status not in AWAY, status=status, wait_s=wait_s
        )
    return Fault(
        "refused", f"{where} refused the question (HTTP {status}): {said}", alive=True, status=status
    )


def message_of(error: openai.APIStatusError, endpoint: Endpoint) -> str:
    """The endpoint's own words on one line, bounded, without the key."""
    text = _field(error.body, "message") or _field(error.body, "detail") or ""
    if not text and not isinstance(error.body, Mapping):
        text = re.sub(r"<[^>]*>", " ", str(error.body or ""))
    return _short(text, endpoint)


def _short(text: str, endpoint: Endpoint) -> str:
    text = endpoint.redact(" ".join(text.split()))
    short = text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "..."
    return short or "it gave no reason"


def _code(error: openai.APIStatusError) -> str:
    return _field(error.body, "code") or _field(error.body, "type")


def _field(body: Any, name: str) -> str:
    """A field of an error body, whether the openai package has unwrapped `error` or not."""
    if not isinstance(body, Mapping):
        return ""
    inner = body.get("error")
    value = body.get(name) or (inner.get(name) if isinstance(inner, Mapping) else None)
    return value if isinstance(value, str) else json.dumps(value) if value else ""


def _causes(error: BaseException) -> list[BaseException]:
    """The exception and what it was raised from."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__
    return chain


def _has(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _reason(causes: list[BaseException]) -> str:
    """The operating system's words for a connection that failed: "Connection refused"."""
    numbers = [cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno]
    return os.strerror(numbers[-1]) if numbers else "no connection"
