"""An endpoint double that knows one scene, so that what the page shows can be told beforehand."""

import hashlib
import json
from typing import Any

from streaming_double import StreamingDouble, StreamingHandler

SCENE = {
    "objects": [
        {"name": "circle", "count": 2, "attributes": ["red"]},
        {"name": "star", "count": 1, "attributes": ["blue"]},
    ],
    "relations": [{"head": "circle", "relation": "beside", "tail": "star"}],
    "style": "flat poster",
}
"""What it sees in every picture and text; of candidates it forgets the star, of some more than of others."""


class SceneDouble(StreamingDouble):
    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = SceneHandler


class SceneHandler(StreamingHandler):
    def say(self, status: int, body: dict[str, Any]) -> None:
        asked = getattr(self, "asked", {})
        schema = asked.get("response_format", {}).get("json_schema", {}).get("schema", {})
        if status == 200 and "choices" in body and "objects" in schema.get("properties", {}):
            body["choices"][0]["message"]["content"] = json.dumps(seen(json.dumps(asked["messages"])))
        super().say(status, body)


def seen(text: str) -> dict[str, Any]:
    """The scene, but of a candidate's text (`A 1f2e3d4c by the sea.`) only a part."""
    if "by the sea" not in text:
        return SCENE
    kept = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2 + 1
    return {**SCENE, "objects": SCENE["objects"][:kept], "relations": []}
