"""The loopback endpoint of the runs' tests, which also streams, and answers a talk from a script."""

import io
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))

from llm_double import Double, Handler

REPLY = {
    "action": "reply",
    "candidates": [],
    "subject": "",
    "weights": [],
    "reply": "There is nothing to say.",
}


class StreamingDouble(Double):
    """`script` holds the next actions of a talk in order; when it is empty, the double replies."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = StreamingHandler
        self.script: list[dict[str, Any]] = []

    def action(self, name: str, **given: Any) -> None:
        """The talk's next answer."""
        self.script.append({**REPLY, "action": name, "reply": "", **given})


class StreamingHandler(Handler):
    server: StreamingDouble

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked = json.loads(body)
        self.rfile = io.BufferedReader(io.BytesIO(body))  # type: ignore[arg-type]
        super().do_POST()

    def say(self, status: int, body: dict[str, Any]) -> None:
        asked = getattr(self, "asked", {})
        if status == 200 and "choices" in body:
            message = body["choices"][0]["message"]
            wanted = asked.get("response_format", {}).get("json_schema", {})
            if "reply" in wanted.get("schema", {}).get("properties", {}):
                message["content"] = json.dumps(self.server.script.pop(0) if self.server.script else REPLY)
            if asked.get("stream"):
                return self.stream(message["content"])
        super().say(status, body)

    def stream(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        pieces = [text[i : i + 8] for i in range(0, len(text), 8)]
        for number, piece in enumerate(pieces):
            end = "stop" if number == len(pieces) - 1 else None
            self.event([{"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": end}])
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        self.event([], usage=usage)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def event(self, choices: list[dict[str, Any]], **more: Any) -> None:
        chunk = {
            "id": "x",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "double",
            "choices": choices,
        }
        self.wfile.write(f"data: {json.dumps({**chunk, **more})}\n\n".encode())
        self.wfile.flush()
