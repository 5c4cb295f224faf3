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
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from openai.types import ImagesResponse

from data.pictures import DEFAULT_LIMITS, PictureError, decode, encode
from tools.generators.base import GenerationError
from tools.loading import ModelError, near

OPENAI = "https://api.openai.com/v1"


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
    """The `ImageGenerator` of the state machine over `POST /images/generations`."""

    def __init__(self, model: str, options: EndpointOptions) -> None:
        self.model = model
        self._options = options
        self._where = (
            urlsplit(options.base_url)
            ._replace(netloc=urlsplit(options.base_url).netloc.rpartition("@")[2])
            .geturl()
        )
        self._slots = asyncio.Semaphore(options.concurrency)
        self._client = AsyncOpenAI(
            # The package refuses to start without a key; servers that need none ignore this one.
            api_key=options.api_key or "none",
            base_url=options.base_url,
            max_retries=options.retries,
            timeout=options.timeout,
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
        """One PNG per description, same order. Raises `GenerationError`."""
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
                raise GenerationError(self._sentence(error)) from None
            except ValueError:  # half a JSON
                raise GenerationError(self._nonsense) from None
        return await asyncio.to_thread(self._png, response)

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
                return f"{where} refused the description: {_clean(error.message)}"
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
                return f"{where} failed with status {error.status_code}: {_clean(error.message)}"
        return f"{where} failed: {_clean(error.message)}"


def _clean(message: str) -> str:
    """An endpoint's own words on one line, bounded."""
    line = " ".join(message.split())[:300]
    return line if line.endswith(".") else line + "."
