"""Can this endpoint be used? Asked before the first sample, answered in one sentence.

Two requests: the list of models, which tells a wrong key or address at once and knows the close match of a mistyped
model; then one tiny question through the real chain, because not every endpoint lists its models, some list more than
they serve, and only a question shows whether a schema is accepted.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import openai
from pydantic import BaseModel, ConfigDict

from tools.lmm.client import Client
from tools.lmm.endpoint import Endpoint
from tools.lmm.faults import Fault, fault_of
from tools.lmm.prices import note as price_note
from tools.lmm.question import EndpointError, LMMError, Picture, Question
from tools.lmm.transport import http_client, key_of

LIST_TIMEOUT_S = 20.0
RETRIES = 2
MOST_NAMES = 10
ANSWER_TOKENS = 64
NO_LIST = frozenset({404, 405, 501})
"""What an endpoint without a list of models answers."""


@dataclass(frozen=True)
class Findings:
    """What the probe learned of a usable endpoint."""

    models: tuple[str, ...]
    """Names that the endpoint lists; empty where it does not list any."""
    seconds: float
    """Of one tiny question."""
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""


class Ready(BaseModel):
    """The answer to the tiny question."""

    model_config = ConfigDict(extra="forbid")

    ready: bool


async def probe(endpoint: Endpoint, picture: Picture | None = None) -> Findings:
    """Ask for the models, then one tiny question, with `picture` in it if given (a text-only model then shows).

    Raises `EndpointError` with one sentence: what is wrong, what to do.
    """
    patient = endpoint.model_copy(update={"retries": min(RETRIES, endpoint.retries)})
    models = await _models(patient)
    known = endpoint.model in models
    notes = list(_paid(endpoint))
    question = Question(
        step="probe",
        prompt="probe",
        system="",
        shared=() if picture is None else (picture,),
        ask='Are you ready? Answer with the JSON object {"ready": true}.',
        answer=Ready,
        max_tokens=ANSWER_TOKENS,
    )
    async with Client(patient) as client:
        started = time.perf_counter()
        try:
            await client.ask(question)
        except LMMError as error:
            if error.kind != "answer":
                problem = _problem(error, endpoint, models)
                raise EndpointError(problem, error.usage, error.calls, error.kind) from error
            words = str(error).removeprefix("step probe: ")
            notes.append(f"the model answers, but not in the required form ({words})")
        seconds = time.perf_counter() - started
    if models and not known:
        notes.append(f"{_unknown_model(endpoint, models)}; it answers all the same")
    if not models:
        notes.append(f"the LMM endpoint {endpoint.shown_url} does not list its models")
    return Findings(models, seconds, tuple(notes))


async def _models(endpoint: Endpoint) -> tuple[str, ...]:
    """What the endpoint lists; nothing where it has no list."""
    http: Any = http_client(endpoint)
    client = openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=key_of(endpoint),
        http_client=http,
        max_retries=endpoint.retries,
        timeout=min(LIST_TIMEOUT_S, endpoint.timeout_s),
    )
    try:
        page = await client.models.list()
        return tuple(str(model.id) for model in page.data)
    except Exception as error:
        fault = fault_of(error, endpoint)
        if _decides(fault):
            raise EndpointError(fault.problem, kind=fault.kind) from error
        return ()
    finally:
        await client.close()
        await http.aclose()


def _paid(endpoint: Endpoint) -> Iterator[str]:
    """Whether the cost can be counted, where there may be one."""
    note = None if endpoint.is_loopback or endpoint.price else price_note(endpoint.model)
    if note is not None:
        yield note


def _decides(fault: Fault) -> bool:
    """Whether a failed list of models is already the verdict; anything else is left to the question."""
    return fault.kind in ("connection", "timeout") or (fault.final and fault.status not in NO_LIST)


def _problem(error: LMMError, endpoint: Endpoint, models: tuple[str, ...]) -> str:
    """One sentence for a question that failed: an unlisted model is the likeliest reason for a refusal (HTTP 404 from
    most servers, 400 from some), then a schema that the endpoint does not take."""
    if error.kind in ("refused", "address") and models and endpoint.model not in models:
        return _unknown_model(endpoint, models)
    problem = str(error).removeprefix("step probe: ")
    if endpoint.structured != "none" and ("response_format" in problem or "schema" in problem):
        problem += f"; it does not take structured={endpoint.structured!r}: try 'json_object' or 'none'"
    return problem


def _unknown_model(endpoint: Endpoint, models: tuple[str, ...]) -> str:
    close = get_close_matches(endpoint.model, models, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    more = f" and {len(models) - MOST_NAMES} more" if len(models) > MOST_NAMES else ""
    names = ", ".join(sorted(models)[:MOST_NAMES]) + more
    return f"the LMM endpoint {endpoint.shown_url} has no model {endpoint.model!r}; {hint}it lists: {names}"
