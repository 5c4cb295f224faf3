"""A loopback OpenAI-compatible endpoint in a thread of the test: answers any JSON schema, and can be made to wait.

The runs under test are real processes, so the double is at the edge of the process, as a server would be.
"""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("apple", "boat", "cloud", "drum", "elm", "fox", "gate", "hill")


def instance(schema: dict[str, Any], seed: str, defs: dict[str, Any]) -> Any:
    """A small value that fits a schema: lists of two, words drawn by `seed`."""
    if "$ref" in schema:
        return instance(defs[schema["$ref"].rsplit("/", 1)[1]], seed, defs)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {k: instance(v, f"{seed}.{k}", defs) for k, v in schema["properties"].items()}
    if kind == "array":
        count = max(min(2, schema.get("maxItems", 2)), schema.get("minItems", 0))
        return [instance(schema["items"], f"{seed}.{i}", defs) for i in range(count)]
    number = int(hashlib.sha256(seed.encode()).hexdigest(), 16)
    return {"integer": 1 + number % 3, "number": 1.0, "boolean": True}.get(
        kind or "", WORDS[number % len(WORDS)]
    )


class Double(ThreadingHTTPServer):
    """`url` is its base URL. Every answered request's body stands in `answered`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, key: str | None = None, models: tuple[str, ...] = ("double",)) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key, self.models = key, models
        self.answered: list[str] = []
        self.waiting = 0
        self.status = 200
        """Other than 200: every question is refused with it."""
        self.nonsense = False
        """Whether answers are no JSON."""
        self.lock = threading.Condition()
        self.allowed = float("inf")
        """How many questions are answered before the others wait."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def allow(self, questions: float) -> None:
        with self.lock:
            self.allowed = questions
            self.lock.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error of ours."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Double

    def do_GET(self) -> None:
        self.say(200, {"object": "list", "data": [{"id": m, "object": "model"} for m in self.server.models]})

    def do_POST(self) -> None:
        double = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        if double.key and self.headers.get("Authorization") != f"Bearer {double.key}":
            return self.say(
                401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}
            )
        if double.status != 200:
            return self.say(double.status, {"error": {"message": "out of order"}})
        text = json.dumps(asked["messages"])
        if "Are you ready?" in text:
            return self.say(200, completion('{"ready": true}'))
        with double.lock:
            double.waiting += 1
            double.lock.wait_for(lambda: len(double.answered) < double.allowed)
            double.answered.append(body.decode())
            double.waiting -= 1
        if double.nonsense:
            return self.say(200, completion("no JSON at all"))
        wanted = asked.get("response_format", {}).get("json_schema", {}).get("schema")
        seed = hashlib.sha256(text.encode()).hexdigest()
        answer = (
            json.dumps(instance(wanted, seed, wanted.get("$defs", {})))
            if wanted
            else f"A {seed[:8]} by the sea."
        )
        self.say(200, completion(answer))

    def say(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "double",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }
