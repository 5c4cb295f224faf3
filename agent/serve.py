"""`python -m agent.serve MODEL`: an OpenAI-compatible LMM endpoint in the foreground.

MODEL is `mini` (the miniature, no GPU needed), `qwen2-vl-2b`, `qwen2-vl-7b`, `qwen2-vl-72b-gptq` (or `2b`, `7b`,
`72b-gptq`), any hub id or a model folder. All but `mini` are served by vLLM, from its own environment.
"""

import argparse
import ipaddress
import os
import shlex
import sys
from collections.abc import Sequence

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.errors import UsageError
from agent.serving import (
    PROJECT,
    Gpus,
    find_gpus,
    find_vllm,
    mini_command,
    resolve,
    vllm_command,
)


class Environment(BaseSettings):
    """What this command takes from the environment or `.env`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    vllm_bin: str | None = None
    lmm_api_key: SecretStr | None = None
    """The endpoint asks for this key when it is set."""


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m agent.serve",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--print", action="store_true", help="print the command instead of running it")
    parser.add_argument("--host", default="127.0.0.1", help="another than loopback needs LMM_API_KEY")
    parser.add_argument("--port", type=int, default=8000, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="vLLM's own seed (default: %(default)s)")
    parser.add_argument(
        "--vllm", metavar="PATH", help="the vllm program or its environment (or set VLLM_BIN)"
    )
    parser.add_argument("--gpus", type=int, help="use this many instead of all that are visible")
    parser.epilog = "Arguments after `--` are passed on to the server as they are."
    return parser


def main(given: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if given is None else given)
    cut = words.index("--") if "--" in words else len(words)
    options, extra = arguments().parse_args(words[:cut]), words[cut + 1 :]
    environment = Environment()
    key = environment.lmm_api_key.get_secret_value() if environment.lmm_api_key else ""
    try:
        if not _is_loopback(options.host) and not key:
            raise UsageError(
                f"--host {options.host} opens the endpoint to the network; set LMM_API_KEY first"
            )
        command, variable = _command(options, environment, extra)
    except UsageError as error:
        print(f"agent.serve: {error}", file=sys.stderr)
        return 2
    if options.print:
        # The key stays in the environment: it belongs in no command line and no shell history.
        print(f'{variable}="$LMM_API_KEY" {shlex.join(command)}' if key else shlex.join(command))
        return 0
    added = {variable: key} if key else {}
    if variable == "MINI_API_KEY":  # `mini` is found from any folder
        added["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    # The server takes this process's place: signals and the exit status are its own.
    os.execvpe(command[0], command, {**os.environ, **added})


def _command(
    options: argparse.Namespace, environment: Environment, extra: Sequence[str]
) -> tuple[list[str], str]:
    """The command, and the variable in which its server looks for the key."""
    model = resolve(options.model)
    if model is None:
        return mini_command(host=options.host, port=options.port, extra=extra), "MINI_API_KEY"
    gpus = find_gpus()
    if options.gpus is not None:
        gpus = Gpus(options.gpus, gpus.memory_gb)
    path = options.vllm or environment.vllm_bin
    # What is only printed may be meant for another machine.
    program = (path or "vllm") if options.print else str(find_vllm(path))
    command = vllm_command(
        program, model, host=options.host, port=options.port, seed=options.seed, gpus=gpus, extra=extra
    )
    return command, "VLLM_API_KEY"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    sys.exit(main())
