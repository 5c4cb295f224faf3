"""Tracing to LangSmith, which only the environment switches on: what arrives at a loopback server in its place."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import zstandard

KEY = "sk-endpoint-0123456789abcdef"


class Collector(ThreadingHTTPServer):
    """Takes everything that is sent; `bodies` are what came, uncompressed, `keys` the keys that it came with."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[bytes] = []
        self.keys: set[str | None] = set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_GET(self) -> None:
        """`/info`: how traces are to be sent."""
        limits = {"size_limit": 100, "size_limit_bytes": 20_000_000}
        threads = {
            "scale_up_nthreads_limit": 4,
            "scale_up_qsize_trigger": 1000,
            "scale_down_nempty_trigger": 4,
        }
        self.answer(json.dumps({"batch_ingest_config": limits | threads}).encode())

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        coding = self.headers.get("Content-Encoding")
        if coding == "gzip":
            body = gzip.decompress(body)
        elif coding == "zstd":
            body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
        self.server.bodies.append(body)
        self.server.keys.add(self.headers.get("x-api-key"))
        self.answer(b"{}")

    do_PATCH = do_POST

    def answer(self, body: bytes) -> None:
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_traces_hold_the_nodes_and_no_key_of_an_endpoint(start):
    collector = Collector()
    try:
        run = start(
            "--limit", "1", LANGSMITH_TRACING="true", LANGSMITH_API_KEY="ls-own", LANGSMITH_ENDPOINT=collector.url,
            LMM_API_KEY=KEY,
        )  # fmt: skip
        status, _, complained = run.wait()
    finally:
        collector.shutdown()
        collector.server_close()
    assert status == 0, complained
    sent = b"".join(collector.bodies)
    for name in (b"intake", b"extract", b"generate", b"rank", b"ChatOpenAI"):
        assert name in sent
    assert KEY.encode() not in sent and b"ls-own" not in sent
    assert collector.keys == {"ls-own"}
