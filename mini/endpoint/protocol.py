"""What may be asked of `/v1/chat/completions`, checked at the door.

The subset of OpenAI's chat API that this project and its readers use. Fields that would change the answer and are not
supported are refused; fields that would not (`user`, `store`, `metadata`, ...) are ignored.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mini.endpoint.errors import Refusal, bad_request

MAX_CHOICES = 16
MAX_STOPS = 16
MAX_TOP_LOGPROBS = 20


class Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")


class TextPart(Wire):
    type: Literal["text"]
    text: str


class ImageUrl(Wire):
    url: str


class ImagePart(Wire):
    type: Literal["image_url"]
    image_url: ImageUrl


class Message(Wire):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Annotated[TextPart | ImagePart, Field(discriminator="type")]]

    @model_validator(mode="after")
    def _pictures_come_from_users(self) -> "Message":
        parts = [] if isinstance(self.content, str) else self.content
        if self.role != "user" and any(isinstance(part, ImagePart) for part in parts):
            raise ValueError(f"a {self.role} message cannot hold pictures; put them in a user message")
        return self


class JsonSchema(Wire):
    name: str = "answer"
    schema_: dict[str, Any] = Field(alias="schema")
    strict: bool | None = None


class PlainFormat(Wire):
    type: Literal["text"]


class ObjectFormat(Wire):
    type: Literal["json_object"]


class SchemaFormat(Wire):
    type: Literal["json_schema"]
    json_schema: JsonSchema


class StreamOptions(Wire):
    include_usage: bool = False


class ChatRequest(Wire):
    """One chat completion. Defaults are OpenAI's."""

    model: str
    messages: list[Message] = Field(min_length=1)
    response_format: (
        Annotated[PlainFormat | ObjectFormat | SchemaFormat, Field(discriminator="type")] | None
    ) = None
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    n: int | None = Field(default=None, ge=1, le=MAX_CHOICES)
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=MAX_TOP_LOGPROBS)

    @property
    def limit(self) -> int | None:
        """Most tokens to generate; None: as many as the context holds."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> tuple[str, ...]:
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


# Field -> the values that mean "not used", and therefore do no harm.
UNSUPPORTED: dict[str, tuple[Any, ...]] = {
    "tools": (None, []),
    "functions": (None, []),
    "tool_choice": (None, "none", "auto"),
    "function_call": (None, "none", "auto"),
    "logit_bias": (None, {}),
    "frequency_penalty": (None, 0),
    "presence_penalty": (None, 0),
    "audio": (None,),
    "modalities": (None, ["text"]),
}


def parse(body: object) -> ChatRequest:
    """The request as a typed value; raises `Refusal` (400) that names the field."""
    if not isinstance(body, dict):
        raise bad_request("the request body must be a JSON object")
    for name, unused in UNSUPPORTED.items():
        if name in body and body[name] not in unused:
            hint = "; ask for JSON with response_format instead" if name in ("tools", "functions") else ""
            raise bad_request(f"this endpoint does not support `{name}`{hint}", "unsupported_parameter", name)
    try:
        request = ChatRequest.model_validate(body)
    except ValidationError as error:
        raise _refusal(error) from error
    if len(request.stops) > MAX_STOPS or not all(request.stops):
        raise bad_request(f"`stop` takes up to {MAX_STOPS} non-empty strings", param="stop")
    if request.top_logprobs and not request.logprobs:
        raise bad_request("`top_logprobs` needs `logprobs: true`", param="top_logprobs")
    return request


def _refusal(error: ValidationError) -> Refusal:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"]) or "body"
    return bad_request(f"{where}: {first['msg']}", "invalid_value", where)
