"""The connection: langchain-openai's ChatOpenAI over aiohttp, with its own cache, retries and streaming
switched off.

aiohttp as transport halves the CPU time per call (bench/results/lmm_client.md). The openai package carries
the adapter; a proxy from the environment is used except for loopback addresses.
"""

from typing import Any

import openai
from langchain_openai import ChatOpenAI

from tools.lmm.endpoint import Endpoint

CONNECT_S = 10.0
KEEP_ALIVE_S = 3.0
"""Below the 5 s after which uvicorn, and so vLLM, closes an idle connection: a request must not meet that
moment."""
NO_KEY = "none"


def http_client(endpoint: Endpoint) -> Any:
    """The HTTP client of one endpoint; whoever makes it closes it."""
    from httpx2 import Limits

    most = endpoint.max_concurrency + 4
    limits = Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEEP_ALIVE_S)
    return openai.DefaultAioHttpClient(
        limits=limits, timeout=timeouts(endpoint), trust_env=not endpoint.is_loopback
    )


def timeouts(endpoint: Endpoint) -> openai.Timeout:
    """Per phase; the chain bounds the whole request besides."""
    connect = min(CONNECT_S, endpoint.timeout_s)
    return openai.Timeout(endpoint.timeout_s, connect=connect)


def key_of(endpoint: Endpoint) -> str:
    """The key as it goes over the wire; the openai package insists on one."""
    return endpoint.api_key.get_secret_value() if endpoint.api_key else NO_KEY


def chat_model(endpoint: Endpoint, http: Any) -> ChatOpenAI:
    """ChatOpenAI without anything that the chain does itself; nothing is left to the environment."""
    return ChatOpenAI(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=lambda: key_of(endpoint),
        http_async_client=http,
        timeout=timeouts(endpoint),
        max_retries=0,
        cache=False,
        disable_streaming=True,
        use_responses_api=False,
        output_version="v0",
        openai_proxy=None,
    )
