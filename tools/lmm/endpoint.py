"""Where an LMM is and how it wants to be asked: all that differs between vLLM, GPT-4o and others is a setting
here."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tools.lmm.prices import FREE, Price, price_of

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_HOSTS = (".openai.com", ".openai.azure.com")


class Endpoint(BaseModel):
    """Settings of one OpenAI-compatible endpoint. Immutable; the key never shows in `repr`, logs or
    errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = Field(repr=False)
    """Up to and with `/v1`. Not in `repr`: it may hold a password."""
    model: str = Field(min_length=1)
    api_key: SecretStr | None = None
    """None for servers that want none."""
    revision: str = ""
    """Of the model's weights, where a server may change them under the same name; part of the cache key."""

    max_concurrency: int = Field(default=32, ge=1)
    """Requests in flight. 1.25 to 1.5 times the endpoint's slots: exactly the slots lock requests into
    step."""
    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    """Prompt and completion tokens together, as OpenAI counts them."""
    timeout_s: float = Field(default=120.0, gt=0)
    """For one request from its start to the last byte of its answer; waiting for limits does not count."""
    retries: int = Field(default=6, ge=0)
    """After the first attempt; 6 span about 25 s where the endpoint names no time itself."""

    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    """How answers are held to a schema: by the endpoint (vLLM, GPT-4o), as any JSON object, or by words
    alone. Answers are validated here in each case."""
    string_lengths: bool | None = None
    """Whether `minLength` and `maxLength` go over the wire: OpenAI's strict mode refuses them, a grammar in
    vLLM uses them to end a string that runs away. None: everywhere but at OpenAI."""
    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """Name of the parameter; OpenAI's reasoning models want the second."""
    omit: frozenset[Literal["temperature", "seed"]] = frozenset()
    """Parameters that the endpoint refuses."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """More parameters of the request body, such as `{"repetition_penalty": 1.05}` for vLLM; part of the cache
    key."""
    price: Price | None = None
    """USD per million tokens; None: by the model's name, and 0 for an unknown one."""

    @field_validator("base_url")
    @classmethod
    def _usable(cls, url: str) -> str:
        url = url.strip().rstrip("/").removesuffix("/chat/completions")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the LMM's base URL must look like http://host:port/v1 or https://host/v1")
        return url

    @property
    def shown_url(self) -> str:
        """The URL for messages: without user, password and query, which may be secrets."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.base_url)

    @property
    def sends_string_lengths(self) -> bool:
        if self.string_lengths is not None:
            return self.string_lengths
        host = f".{urlsplit(self.base_url).hostname}"
        return not host.endswith(OPENAI_HOSTS)

    @property
    def effective_price(self) -> Price:
        return self.price or price_of(self.model) or FREE

    def redact(self, text: str) -> str:
        """Text of foreign origin (an error of the endpoint, say) without the key."""
        secret = self.api_key.get_secret_value() if self.api_key else ""
        return text.replace(secret, "[key]") if secret else text

    def public(self) -> Mapping[str, Any]:
        """The settings for a manifest: everything but secrets."""
        return self.model_dump(mode="json", exclude={"api_key"}) | {"base_url": self.shown_url}


def is_loopback(url: str) -> bool:
    """Whether an address is of this machine, so that no proxy leads there."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
