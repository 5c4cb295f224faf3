"""What an answer costs, in USD per million tokens, for models that are paid by the token.

Prices as published by OpenAI (standard tier); a dated name such as `gpt-4o-2024-08-06` takes the price of the
longest name it starts with. A model that is not listed costs 0, and `note` says so: a server of one's own has
no such price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """USD per million tokens. `cached` is for the part of the prompt that the endpoint's prefix cache
    served."""

    prompt: float
    cached: float
    completion: float

    def cost(self, prompt_tokens: int, cached_tokens: int, completion_tokens: int) -> float:
        """USD of one call; `cached_tokens` is a part of `prompt_tokens`."""
        cached = min(cached_tokens, prompt_tokens)
        paid = (
            (prompt_tokens - cached) * self.prompt
            + cached * self.cached
            + completion_tokens * self.completion
        )
        return paid / MILLION


FREE = Price(0.0, 0.0, 0.0)

PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "gpt-4o": Price(2.50, 1.25, 10.00),
        "gpt-4o-2024-05-13": Price(5.00, 5.00, 15.00),
        "gpt-4o-mini": Price(0.15, 0.075, 0.60),
        "gpt-4.1": Price(2.00, 0.50, 8.00),
        "gpt-4.1-mini": Price(0.40, 0.10, 1.60),
        "gpt-4.1-nano": Price(0.10, 0.025, 0.40),
    }
)


def price_of(model: str) -> Price | None:
    """The price of a model by its name, or None. `gpt-4o-mini-2024-07-18` is a `gpt-4o-mini`, not a
    `gpt-4o`."""
    fits = [name for name in PRICES if model == name or model.startswith(f"{name}-")]
    return PRICES[max(fits, key=len)] if fits else None


def note(model: str) -> str | None:
    """One sentence for the manifest when the cost of a model is not known."""
    if price_of(model) is None:
        return f"no price is known for the model {model}: its cost is counted as 0 USD"
    return None
