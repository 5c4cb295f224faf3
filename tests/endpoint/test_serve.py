"""`python -m agent.serve`: the commands it makes and what it says when it cannot."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from agent import serve
from agent.errors import UsageError
from agent.serving import MODELS, Gpus, Served, find_vllm, parallelism, resolve, vllm_command

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("VLLM_BIN", "LMM_API_KEY", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)  # no .env


def printed(capsys: pytest.CaptureFixture[str], *given: str) -> list[str]:
    assert serve.main(["--print", *given]) == 0
    return shlex.split(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["qwen2-vl-7b", "7b", "Qwen2-VL-7B", "Qwen/Qwen2-VL-7B-Instruct"])
def test_print_shows_the_whole_command(capsys: pytest.CaptureFixture[str], name: str) -> None:
    command = printed(capsys, name, "--gpus", "1")
    assert command[:3] == ["vllm", "serve", "Qwen/Qwen2-VL-7B-Instruct"]
    options = dict(zip(command[3::2], [*command[4::2], ""], strict=False))
    assert options["--host"] == "127.0.0.1"
    assert options["--limit-mm-per-prompt"] == '{"image": 4}'
    assert options["--max-model-len"] == "8192"
    assert options["--max-num-batched-tokens"] == "16384"
    assert "--enable-prompt-tokens-details" in command
    assert "--enforce-eager" not in command


def test_extra_arguments_are_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    command = printed(capsys, "2b", "--port", "9000", "--", "--block-size", "32")
    assert command[-2:] == ["--block-size", "32"]
    assert command[command.index("--port") + 1] == "9000"


def test_the_key_is_never_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMM_API_KEY", "sk-secret")
    assert printed(capsys, "7b")[0] == "VLLM_API_KEY=$LMM_API_KEY"
    assert printed(capsys, "mini")[0] == "MINI_API_KEY=$LMM_API_KEY"
    assert "sk-secret" not in " ".join(printed(capsys, "7b", "--host", "0.0.0.0"))


def test_opening_to_the_network_needs_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(["7b", "--host", "0.0.0.0", "--print"]) == 2
    assert "LMM_API_KEY" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("alias", "gpus", "expected"),
    [
        ("qwen2-vl-7b", Gpus(0), (1, 1)),
        ("qwen2-vl-7b", Gpus(1, 24), (1, 1)),
        ("qwen2-vl-7b", Gpus(4, 80), (4, 1)),
        ("qwen2-vl-7b", Gpus(2, 16), (1, 2)),
        ("qwen2-vl-72b-gptq", Gpus(1, 80), (1, 1)),
        ("qwen2-vl-72b-gptq", Gpus(8, 80), (8, 1)),
        ("qwen2-vl-72b-gptq", Gpus(8, 24), (2, 4)),
        ("qwen2-vl-72b-gptq", Gpus(3, 48), (1, 2)),
    ],
)
def test_copies_before_splits(alias: str, gpus: Gpus, expected: tuple[int, int]) -> None:
    assert parallelism(MODELS[alias], gpus) == expected


def test_parallel_sizes_reach_the_command() -> None:
    model = MODELS["qwen2-vl-72b-gptq"]
    command = vllm_command("vllm", model, host="127.0.0.1", port=1, seed=0, gpus=Gpus(8, 24))
    assert command[-4:] == ["--data-parallel-size", "2", "--tensor-parallel-size", "4"]


@pytest.mark.parametrize(
    ("typo", "hint"), [("qwen2-vl-7", "qwen2-vl-7b"), ("minni", "mini"), ("72b-gtpq", "72b-gptq")]
)
def test_an_unknown_name_is_answered_with_close_ones(
    capsys: pytest.CaptureFixture[str], typo: str, hint: str
) -> None:
    assert serve.main([typo, "--print"]) == 2
    said = capsys.readouterr().err
    assert hint in said
    assert said.count("\n") == 1


def test_any_id_and_any_folder(tmp_path: Path) -> None:
    assert resolve("owner/model") == Served("owner/model", 0)
    assert resolve(str(tmp_path)) == Served(str(tmp_path), 0)
    assert resolve("mini") is None


def test_vllm_is_found_or_missed_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "env" / "bin" / "vllm"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    assert find_vllm(str(tmp_path / "env")) == find_vllm(str(program)) == program
    with pytest.raises(UsageError, match="pip install vllm"):
        find_vllm(str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("agent.serving.PROJECT", tmp_path)
    with pytest.raises(UsageError, match="VLLM_BIN"):
        find_vllm(None)
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_vllm(None) == program


def test_the_server_takes_the_place_of_the_command(tmp_path: Path) -> None:
    """A stand-in program at the process's edge shows what `vllm` would be given."""
    program = tmp_path / "vllm"
    program.write_text('#!/bin/sh\necho "$VLLM_API_KEY $@"\nexit 7\n')
    program.chmod(0o755)
    environment = {**os.environ, "LMM_API_KEY": "k1", "VLLM_BIN": str(program), "PYTHONPATH": str(PROJECT)}
    ran = subprocess.run(
        [sys.executable, "-m", "agent.serve", "2b", "--gpus", "1"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 7
    assert ran.stdout.startswith("k1 serve Qwen/Qwen2-VL-2B-Instruct --host 127.0.0.1")


def test_mini_is_served_by_its_own_endpoint(tmp_path: Path) -> None:
    """Its command line is taken over whole, down to the refusal of a folder that is none."""
    command = [sys.executable, "-m", "agent.serve", "mini", "--port", "0", "--", "--model", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "python -m mini.endpoint: error: --model" in ran.stderr
