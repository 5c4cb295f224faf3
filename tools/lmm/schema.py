"""The JSON schema of an answer as it goes over the wire.

Flat: definitions are put in place, so that every server's grammar compiler takes it. Bare: titles and
descriptions are dropped, since what a field means stands in the prompt, whose hash is in every record.
OpenAI's strict mode also wants every property required and no other allowed, and refuses the string lengths.
"""

from functools import lru_cache
from typing import Any

from pydantic import BaseModel

PROSE = frozenset({"title", "description", "$defs", "default", "examples"})
LENGTHS = frozenset({"minLength", "maxLength"})
NAMES = frozenset({"properties"})
"""Keywords whose keys are names, not keywords."""


@lru_cache(maxsize=256)
def wire_schema(model: type[BaseModel], string_lengths: bool) -> dict[str, Any]:
    """The schema of a model. Raises ValueError for a model that contains itself."""
    whole = model.model_json_schema()
    drop = PROSE if string_lengths else PROSE | LENGTHS
    flat: dict[str, Any] = _flat(whole, whole.get("$defs", {}), drop, ())
    return flat


def _flat(node: Any, definitions: dict[str, Any], drop: frozenset[str], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_flat(item, definitions, drop, inside) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        if name in inside:
            raise ValueError(f"the answer model {name} contains itself, which a flat schema cannot say")
        return _flat(definitions[name], definitions, drop, (*inside, name))
    flat: dict[str, Any] = {}
    for keyword, value in node.items():
        if keyword in NAMES:
            flat[keyword] = {name: _flat(item, definitions, drop, inside) for name, item in value.items()}
        elif keyword not in drop:
            flat[keyword] = _flat(value, definitions, drop, inside)
    if flat.get("type") == "object" and "properties" in flat:
        flat["required"] = list(flat["properties"])
        flat["additionalProperties"] = False
    return flat
