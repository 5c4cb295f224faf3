"""Flags over environment over .env over defaults, and one sentence for every mistake."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import UsageError
from agent.flags import parse, variable
from agent.plan import make_plan
from agent.settings import Settings, hide_login
from data.missing import SEEDS

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    import os

    for name in [
        n for n in os.environ if n.startswith(("KB_", "LMM_", "OPENAI_", "MMIMDB_", "COCO_", "IUXRAY_"))
    ]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def settings(*argv):
    return parse(Settings, argv, prog="run", description="", epilog="")


def test_flags_over_environment_over_file_over_defaults(monkeypatch, tmp_path):
    assert settings().rate == 0.7
    (tmp_path / ".env").write_text("KB_RATE=0.1\nLMM_BASE_URL=http://file/v1\nLMM_MODEL=a\nOTHER=x\n")
    assert settings().rate == 0.1 and settings().lmm_url == "http://file/v1"
    monkeypatch.setenv("KB_RATE", "0.2")
    monkeypatch.setenv("LMM_BASE_URL", "http://shell/v1")
    assert settings().rate == 0.2 and settings().lmm_url == "http://shell/v1"
    given = settings("--rate", "0.3", "--lmm-url", "http://flag/v1")
    assert given.rate == 0.3 and given.lmm_url == "http://flag/v1" and given.lmm == "a"


def test_empty_variables_are_no_settings(monkeypatch):
    monkeypatch.setenv("LMM_BASE_URL", "")
    monkeypatch.setenv("KB_LIMIT", "")
    assert settings().lmm_url is None and settings().limit is None


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ("--typ text", "unknown flag --typ; did you mean --type?"),
        ("--candidate 3", "did you mean --candidates?"),
        ("--type txt", "--type: 'txt' is not one of mixed, text, image, as-is; did you mean text?"),
        ("--dataset mmimbd", "did you mean mmimdb?"),
        ("--rate 2", "--rate: '2' should be less than or equal to 1"),
        ("--rate many", "--rate: 'many' should be a valid number"),
        ("--limit 0", "--limit: '0' should be greater than or equal to 1"),
        ("--weights graph=1,clap=2", "unknown score 'clap'"),
        ("--weights graph", "should look like name=value"),
        ("--weights graph=0", "one of them above 0"),
        ("--weights graph=inf", "--weights: 'inf' should be a finite number"),
        ("--penalty inf", "--penalty: 'inf' should be a finite number"),
        ("--penalty nan", "--penalty: 'nan' should be a finite number"),
        ("--timeout inf", "--timeout: 'inf' should be a finite number"),
        ("--guidance nan", "--guidance: 'nan' should be"),
        ("--ablate knowlege", "'knowlege' is not one of knowledge"),
        ("--lmm-options {", "is not JSON"),
        ("--lmm-options [1]", "should be a JSON object"),
        ('--lmm-options {"timeout_s":1e999}', "--lmm-options: timeout_s should be a finite number"),
        ('--lmm-options {"extra":{"top_p":NaN}}', "--lmm-options: extra.top_p should be a finite number"),
        ("--api-key abc", "keys come from the environment only"),
        ("--lmm-url localhost:8000", "should start with http://"),
        ("--dataset folder", "needs --root"),
        ("--type as-is --mask m.json", "exclude each other"),
        ("--picture-size 1024", "--picture-size: '1024'"),
        ("--picture-size 1000x1001", "multiples of 8"),
        ("--images-url http://x/v1", "--generator openai:MODEL"),
        ("--guidance -1", "greater than or equal to 0"),
        ("photos", "unexpected argument 'photos'"),
    ],
)
def test_mistakes_on_the_command_line(argv, sentence):
    with pytest.raises(UsageError, match=re.escape(sentence)):
        settings(*argv.split())


def test_mistakes_in_the_environment_and_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("KB_CANDIDATE=3\n")
    with pytest.raises(UsageError, match=r"KB_CANDIDATE in \.env; did you mean KB_CANDIDATES"):
        settings()
    (tmp_path / ".env").write_text("KB_RATE=x\n")
    with pytest.raises(UsageError, match=r"KB_RATE in \.env: 'x'"):
        settings()
    (tmp_path / ".env").unlink()
    monkeypatch.setenv("LMM_BASEURL", "x")
    with pytest.raises(UsageError, match="LMM_BASEURL in the environment; did you mean LMM_BASE_URL"):
        settings()


def test_env_example_names_every_variable_and_nothing_else():
    named = set(re.findall(r"^# ([A-Z][A-Z_0-9]+)=", (REPOSITORY / ".env.example").read_text(), re.M))
    ours = {variable(name, field) for name, field in Settings.model_fields.items()}
    ours |= {f"KB_{name.upper()}" for name in Settings.elsewhere}
    assert ours - named == set()
    assert named - ours == {"HF_HOME", "HF_HUB_OFFLINE"}


def test_help_is_quick_and_complete():
    code = "import sys, agent.run\ntry: agent.run.main(['--help'])\nfinally: print(sorted(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True).stdout
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        assert (f"--{name.replace('_', '-')}" in said) == extra["flag"]
    for heavy in ("torch", "transformers", "langgraph", "pandas", "openai"):
        assert f"'{heavy}'" not in said


def test_seed_is_the_released_masks_own():
    assert {kind: settings("--type", kind).resolved_seed for kind in SEEDS} == SEEDS
    assert settings("--seed", "5").resolved_seed == 5


def test_secrets_do_not_show(monkeypatch):
    monkeypatch.setenv("LMM_API_KEY", "sk-secret")
    given = settings()
    assert given.secrets() == ("sk-secret",)
    assert "sk-secret" not in f"{given!r} {given.public()}"


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ('--lmm-options {"base_url":"http://u:sesame@x/v1"}', "give it with --lmm-url"),
        ('--lmm-options {"api_key":"sesame"}', "set LMM_API_KEY in the environment"),
        ('--lmm-options {"extra":{"api_key":"sesame"}}', "cannot hold a key (extra.api_key)"),
        ('--lmm-options {"extra":{"a":[{"Authorization":"sesame"}]}}', "(extra.a.0.Authorization)"),
        ('--lmm-options {"extra":{"headers":{"X-Mine":"sesame"}}}', "(extra.headers.X-Mine)"),
        ('--lmm-options {"extra":{"proxy":"http://u:sesame@x"}}', "a user and a password (extra.proxy)"),
        ('--lmm-options {"api_key":"sesame"', "--lmm-options: the value is not JSON"),
        ("--lmm-url http://u:sesame@x/v1", "must not hold a user and a password"),
        ("--lmm-url http://u:sesame/sesame@x/v1", "must not hold a user and a password"),
        ("--lmm-url http://x/v1?key=sesame", "must end before ?"),
        ("--lmm-url u:sesame@x/v1", "should start with http://"),
        ("--generator openai:http://u:sesame@x/v1", "--generator: the name of a model must not hold a user"),
    ],
)
def test_secrets_have_no_place_in_what_is_recorded_and_are_not_repeated(argv, sentence):
    """Also with the miniature, whose plan makes no endpoint of them."""
    with pytest.raises(UsageError, match=re.escape(sentence)) as caught:
        settings("--lmm", "mini", *argv.split())
    assert "sesame" not in str(caught.value)


def test_options_that_look_like_secrets_but_are_none():
    plain = '{"extra": {"prompt_cache_key": "a", "stop_token_ids": [1], "eos_token": "</s>", "note": "a@b"}}'
    assert settings("--lmm-options", plain).lmm_options["extra"]["note"] == "a@b"
    assert settings("--lmm", "org/model@rev", "--lmm-url", "http://x/%40team/v1").lmm == "org/model@rev"


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("o/leak@v1", "o/leak@v1"),
        ("data@2024", "data@2024"),
        ("org/model@rev", "org/model@rev"),
        ("http://x/v1", "http://x/v1"),
        ("http://user:pass@word@x/v1", "http://x/v1"),
        ("--lmm-url=http://user@x:8/v1", "--lmm-url=http://x:8/v1"),
        ('{"a": "http://u:p@x/v1", "b": "c@d"}', '{"a": "http://x/v1", "b": "c@d"}'),
        ('{"a": "http://x", "b": "c@d"}', '{"a": "http://x", "b": "c@d"}'),
    ],
)
def test_only_logins_of_urls_are_hidden(argument, shown):
    assert hide_login(argument) == shown


def test_which_lmm_answers(monkeypatch):
    assert make_plan(settings()).endpoint is None
    with pytest.raises(UsageError, match="needs an endpoint"):
        make_plan(settings("--lmm", "gpt-4o"))
    with pytest.raises(UsageError, match="no model is named"):
        make_plan(settings("--lmm-url", "http://x/v1"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    alone = make_plan(settings())
    assert alone.endpoint is None and any("nothing is sent to OpenAI" in line for line in alone.notices)
    assert make_plan(settings("--lmm", "gpt-4o")).endpoint.base_url == "https://api.openai.com/v1"
    assert make_plan(settings("--lmm", "mini")).endpoint is None
    own = make_plan(settings("--lmm", "m", "--lmm-url", "http://x/v1"))
    assert own.endpoint.base_url == "http://x/v1" and own.endpoint.api_key is None


def test_how_pictures_are_drawn_is_part_of_the_runs_identity(monkeypatch):
    monkeypatch.setenv("IMAGES_API_KEY", "sk-images")
    where = ["--generator", "openai:m", "--images-url", "http://x/v1"]
    plan = make_plan(settings(*where, "--picture-size", "640x480", "--guidance", "3"))
    assert plan.picture_size == (640, 480)
    assert plan.identity(True)["generator"]["guidance"] == 3 and plan.settings.secrets() == ("sk-images",)
    assert "sk-images" not in str(plan.models(True))


def test_real_data_with_the_miniature_is_a_warning(monkeypatch):
    plan = make_plan(settings("--root", "/data"))
    assert any(line.startswith("WARNING") and "nonsense" in line for line in plan.notices)
    real = make_plan(settings("--root", "/data", "--lmm", "m", "--lmm-url", "http://x/v1"))
    assert real.notices == () and (real.generator, real.clip) == ("sdxl", "ViT-L-14/openai")


def test_endpoint_settings_are_checked():
    url = ["--lmm", "m", "--lmm-url", "http://x/v1"]
    plan = make_plan(settings(*url, "--lmm-options", '{"omit": ["seed"]}', "--rpm", "7"))
    assert plan.endpoint.omit == {"seed"} and plan.endpoint.requests_per_minute == 7
    with pytest.raises(UsageError, match="'tokenlimit' is not a setting of an endpoint"):
        make_plan(settings(*url, "--lmm-options", '{"tokenlimit": "x"}'))
    with pytest.raises(UsageError, match="cannot hold a key"):
        make_plan(settings(*url, "--lmm-options", '{"api_key": "x"}'))
