"""`python -m mini.endpoint`: serve a small Qwen2-VL to any OpenAI client on this machine."""

import argparse
import ipaddress
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

NAME = "mini-qwen2-vl"
DEFAULT_MODEL = Path(__file__).resolve().parents[1] / "weights" / "qwen2_vl"
QUEUE = 256
PREFIX_TOKENS = 16_384


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mini.endpoint", description=__doc__)
    parser.add_argument(
        "--model", type=Path, default=DEFAULT_MODEL, help="a Qwen2-VL folder (default: %(default)s)"
    )
    parser.add_argument("--name", default=NAME, help="the model's name in requests (default: %(default)s)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="other than loopback only with a key (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--threads", type=int, default=2, help="CPU threads of the model (default: %(default)s)"
    )
    parser.add_argument(
        "--max-batch", type=int, default=16, help="rows decoded together (default: %(default)s)"
    )
    parser.add_argument(
        "--max-queue", type=int, default=QUEUE, help="requests that may wait (default: %(default)s)"
    )
    parser.add_argument(
        "--prefix-tokens",
        type=int,
        default=PREFIX_TOKENS,
        help="prompt tokens kept for prompts that begin alike; 0 turns it off (default: %(default)s)",
    )
    parser.add_argument(
        "--api-key",
        default=os.environ.get("MINI_API_KEY"),  # noqa: TID251 (a program of its own, and a secret)
        help="key that requests must bear; better in MINI_API_KEY, where a process list does not show it",
    )
    parser.add_argument("--with-parent", type=int, metavar="PID", help="end when this parent process ends")
    return parser


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    for name in ("threads", "max_batch", "max_queue"):
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if not _is_loopback(options.host) and not options.api_key:
        parser.error(f"--host {options.host} opens the endpoint to the network; give --api-key as well")
    if not (options.model / "config.json").is_file():
        parser.error(f"--model {options.model} is no model folder: it has no config.json")
    if options.with_parent is not None:
        threading.Thread(target=_follow, args=(options.with_parent,), daemon=True).start()
    # Waiting threads sleep instead of spinning: on cores shared with anything else that is five to eight times faster.
    # It must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # noqa: TID251 (libgomp takes it from nowhere else)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        listener = socket.create_server(
            (options.host, options.port), backlog=1024, family=_family(options.host)
        )
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return serve(options, listener)


def serve(options: argparse.Namespace, listener: socket.socket) -> int:
    """Load the model, announce the address on stdout, serve until a signal."""
    import uvicorn

    from mini.endpoint.engine import Engine
    from mini.endpoint.model import Model
    from mini.endpoint.server import Api

    model = Model(options.model)
    engine = Engine(
        model,
        threads=options.threads,
        max_batch=options.max_batch,
        max_queue=options.max_queue,
        prefix_tokens=options.prefix_tokens,
    )
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            print(json.dumps({"url": url, "model": options.name, "pid": os.getpid()}), flush=True)

    config = uvicorn.Config(
        Api(options.name, model, engine, options.api_key or None).app(),
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,  # longer than clients keep idle connections, so that none is closed in their hands
        timeout_graceful_shutdown=3,
    )
    # uvicorn raises the signal that ended it once more; here it has done its work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    Server(config).run(sockets=[listener])
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _follow(parent: int) -> None:
    """End this process when its parent has ended; polled, because a death signal follows the parent's thread only."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os._exit(1)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # while the model was loading
        sys.exit(130)
