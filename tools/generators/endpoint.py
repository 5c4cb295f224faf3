"""Pictures from an OpenAI-compatible images endpoint: for people with a key and no GPU.

Transport retries are the openai package's: with back-off, and after the time that a `Retry-After` header asks for. Such
endpoints promise no reproducible pictures; one that takes a seed can be sent one.
"""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from openai import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    DefaultAsyncHttpxClient,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from openai.types import ImagesResponse

from data.pictures import DEFAULT_LIMITS, PictureError, decode, encode
from tools.generators.base import GenerationError
from tools.lmm.endpoint import is_loopback
from tools.loading import ModelError, near

OPENAI = "https://api.openai.com/v1"
IN_A_ROW = 3
"""Pictures that fail one after the other for no fault of their descriptions, after which the endpoint is given up."""


@dataclass(frozen=True)
class EndpointOptions:
    """Where the endpoint is and how it is asked."""

    base_url: str = OPENAI
    api_key: str = field(default="", repr=False)
    size: str | None = None
    """`<width>x<height>`; None leaves it to the endpoint."""
    send_seed: bool = False
    """Send `seed`, which OpenAI refuses as an unknown argument and several other servers understand."""
    concurrency: int = 4
    retries: int = 5
    timeout: float = 300.0
    """Seconds for one picture."""


class EndpointGenerator:
    """The `ImageGenerator` of the state machine over `POST /images/generations`.

    What one description is refused for is a `GenerationError`. An endpoint that is gone, or a key that is not valid any
    more, is a `ModelError`: the samples still to come would all pay for their questions and fail.
    """

    def __init__(self, model: str, options: EndpointOptions) -> None:
        self.model = model
        self._options = options
        address = urlsplit(options.base_url)
        self._where = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
        self._failures = 0
        """In a row."""
        self._slots = asyncio.Semaphore(options.concurrency)
        self._client = AsyncOpenAI(
            # The package refuses to start without a key; servers that need none ignore this one.
            api_key=options.api_key or "none",
            base_url=options.base_url,
            max_retries=options.retries,
            timeout=options.timeout,
            # A proxy from the environment does not reach a server on this machine.
            http_client=DefaultAsyncHttpxClient(trust_env=not is_loopback(options.base_url)),
        )

    async def check(self) -> None:
        """Ask for the model list: a wrong URL, key or model is one sentence before the first sample.

        Servers without such a list are taken at their word. Raises `ModelError`.
        """
        try:
            known = [model.id async for model in self._client.models.list()]
        except NotFoundError:
            return
        except APIError as error:
            raise ModelError(self._sentence(error)) from None
        except (ValueError, AttributeError, TypeError):
            raise ModelError(
                f"{self._where} answers something that is no model list; check the address."
            ) from None
        if known and self.model not in known:
            raise ModelError(
                f"The images endpoint {self._where} does not offer {self.model!r}; {near(self.model, known)}."
            )

    async def draw(self, descriptions: Sequence[str], seeds: Sequence[int]) -> list[bytes]:
        """One PNG per description, same order. Raises `GenerationError`, and `ModelError` once no other will come."""
        pairs = list(zip(descriptions, seeds, strict=True))
        return list(await asyncio.gather(*[self._draw(description, seed) for description, seed in pairs]))

    def notes(self, descriptions: Sequence[str]) -> list[str]:
        """Nothing: the endpoint says itself when a prompt is too long, and then it is an error."""
        return []

    async def close(self) -> None:
        await self._client.close()

    async def _draw(self, description: str, seed: int) -> bytes:
        extra: dict[str, object] = {"seed": seed} if self._options.send_seed else {}
        if self._options.size is not None:
            extra["size"] = self._options.size
        # The gpt-image models always answer with data and refuse to be asked for it.
        if not self.model.startswith("gpt-image"):
            extra["response_format"] = "b64_json"
        async with self._slots:
            try:
                response = await self._client.images.generate(
                    model=self.model, prompt=description, n=1, extra_body=extra
                )
            except APIError as error:
                raise self._failed(error) from None
            except ValueError:  # half a JSON
                raise GenerationError(self._nonsense) from None
        self._failures = 0
        return await asyncio.to_thread(self._png, response)

    def _failed(self, error: APIError) -> GenerationError | ModelError:
        """What is wrong with one description, or with all that are still to come."""
        own_fault = isinstance(error, BadRequestError | APIResponseValidationError)
        self._failures = 0 if own_fault else self._failures + 1
        refused = isinstance(error, AuthenticationError | NotFoundError) or error.code == "insufficient_quota"
        raised = ModelError if refused or self._failures >= IN_A_ROW else GenerationError
        return raised(self._sentence(error))

    def _png(self, response: ImagesResponse) -> bytes:
        # The package takes what the server sends for the declared types, unchecked.
        try:
            data: object = response.data[0].b64_json if response.data else None
        except (AttributeError, TypeError, LookupError):
            raise GenerationError(self._nonsense) from None
        if not data or not isinstance(data, str):
            raise GenerationError(
                f"The images endpoint {self._where} answered without picture data (b64_json); links are not followed."
            )
        if len(data) > 2 * DEFAULT_LIMITS.max_bytes:
            raise GenerationError(
                f"The images endpoint {self._where} sent {len(data)} characters, too many for a picture."
            )
        try:
            encoded = base64.b64decode(data, validate=True)
            # Decoded and encoded again, whatever it is: only so is it known to be whole.
            return encode(decode(encoded, f"the answer of {self._where}"), fmt="PNG")[0]
        except binascii.Error:
            raise GenerationError(f"The images endpoint {self._where} sent no valid base64.") from None
        except PictureError as error:
            raise GenerationError(f"{error}") from None

    @property
    def _nonsense(self) -> str:
        return f"The images endpoint {self._where} answered something that is no images response."

    def _sentence(self, error: APIError) -> str:
        """What went wrong, where, what to do. The answer to a wrong key is not quoted: it may hold part of the key."""
        where = f"The images endpoint {self._where}"
        match error:
            case AuthenticationError() | PermissionDeniedError():
                return f"{where} refused the key ({error.status_code}); set a valid one."
            case NotFoundError():
                return f"{where} knows no model {self.model!r} or no /images/generations; check both."
            case BadRequestError():
                return f"{where} refused the description: {self._quoted(error)}"
            case RateLimitError():
                return (
                    f"{where} refused the request, and {self._options.retries} retries: too many requests, or no credit"
                    " left."
                )
            case APITimeoutError():
                return f"{where} did not answer within {self._options.timeout:g} s; raise the limit or try again."
            case APIConnectionError():
                return f"{where} cannot be reached; check the address and that it is running."
            case APIResponseValidationError():
                return self._nonsense
            case APIStatusError():
                return f"{where} failed with status {error.status_code}: {self._quoted(error)}"
        return f"{where} failed: {self._quoted(error)}"

    def _quoted(self, error: APIError) -> str:
        """An endpoint's own words on one line, bounded, without the key, which some gateways echo."""
        key, message = self._options.api_key, error.message
        line = " ".join((message.replace(key, "[key]") if key else message).split())[:300]
        return line if line.endswith(".") else line + "."
