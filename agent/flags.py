"""Command lines for settings classes: every field is a flag, an environment variable and a line in `.env`.

Flags win over the environment, which wins over `.env`, which wins over the defaults (pydantic-settings).
Whatever is wrong ends as a `UsageError` that names the flag or variable, the value and what would be right.
"""

import argparse
import difflib
import os
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

from dotenv import dotenv_values
from pydantic import Field, ValidationError
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from agent.errors import UsageError

PREFIX = "KB_"
S = TypeVar("S", bound=BaseSettings)


def setting(
    default: Any,
    help: str,
    group: str,
    *,
    env: str | None = None,
    metavar: str | None = None,
    flag: bool = True,
    once: bool = False,
    bare: str | None = None,
    **constraints: Any,
) -> Any:
    """A settings field: its default, one line of help, its group in `--help`, and its fixed variable where it
    has one besides `KB_...`. `flag=False` keeps secrets off the command line, where others could read them.
    `once` is for what belongs to one call of the command: a flag without a variable. `bare` is the value of a flag
    that is given without one; None: it needs a value."""
    extra: JsonDict = {
        "group": group, "env": env, "metavar": metavar, "flag": flag, "once": once, "bare": bare
    }  # fmt: skip
    return Field(default, description=help, json_schema_extra=extra, **constraints)


def parse(
    settings: type[S],
    argv: Sequence[str],
    *,
    prog: str,
    description: str,
    epilog: str,
    env_file: Path = Path(".env"),
) -> S:
    """Settings from the command line, the environment and `env_file`.

    Raises:
        UsageError: an unknown flag or variable (with the close match), or a value that does not fit.
    """
    parser = _parser(settings, prog, description, epilog)
    known, unknown = parser.parse_known_args(list(argv))
    if unknown:
        raise UsageError(_unknown_flag(unknown[0], _flags(settings)))
    given = {name: value for name, value in vars(known).items() if value is not None}
    in_file = _read_env_file(env_file)
    for source, names in (("the environment", os.environ), (str(env_file), in_file)):
        _refuse_unknown_variables(settings, names, source)
    fixed = {**_fixed(settings, in_file), **_fixed(settings, os.environ)}
    once = {n: field.default for n, field in settings.model_fields.items() if _extra(field)["once"]}
    try:
        return settings(_env_file=env_file, **{**once, **fixed, **given})
    except ValidationError as error:
        raise UsageError(_sentence(settings, error, given, env_file)) from None


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable of a field as the documentation shows it."""
    return str(_extra(field)["env"] or f"{PREFIX}{name.upper()}")


def _extra(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    assert isinstance(extra, dict), "every field of a settings class is made by setting()"
    return dict(extra)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _flags(settings: type[BaseSettings]) -> list[str]:
    return [_flag(name) for name, field in settings.model_fields.items() if _extra(field)["flag"]]


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=110)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in text.strip().splitlines())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def _parser(
    settings: type[BaseSettings], prog: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    usage = f"{prog} [options]"
    parser = _Parser(
        prog, usage, description, epilog, formatter_class=_Help, allow_abbrev=False, argument_default=None
    )
    groups: dict[str, Any] = {}
    for name, field in settings.model_fields.items():
        extra = _extra(field)
        if not extra["flag"]:
            continue
        group = groups.setdefault(extra["group"], None) or parser.add_argument_group(extra["group"])
        groups[extra["group"]] = group
        named = "" if extra["once"] else f" [{variable(name, field)}]"
        text = f"{field.description}{_default(field)}{named}".replace("%", "%%")
        if field.annotation is bool:
            group.add_argument(_flag(name), dest=name, action="store_true", default=None, help=text)
        else:
            metavar = extra["metavar"] or _metavar(field.annotation)
            bare = {} if extra["bare"] is None else {"nargs": "?", "const": extra["bare"]}
            group.add_argument(_flag(name), dest=name, metavar=metavar, help=text, **bare)
    return parser


def _default(field: FieldInfo) -> str:
    simple = isinstance(field.default, str | int | float | Path) and not isinstance(field.default, bool)
    return f" (default {field.default})" if simple else ""


def _metavar(annotation: Any) -> str:
    options = choices(annotation)
    if options:
        return "{" + ",".join(options) + "}"
    kinds: dict[Any, str] = {int: "N", float: "X", Path: "PATH"}
    return next((kinds[kind] for kind in (annotation, *get_args(annotation)) if kind in kinds), "TEXT")


def choices(annotation: Any) -> list[str]:
    """The values that a `Literal` (optional or not) allows; empty for other types."""
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    if get_origin(annotation) in (Union, types.UnionType, Annotated):
        return [value for part in get_args(annotation) for value in choices(part)]
    return []


def _close(word: str, known: Sequence[str]) -> str:
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {match[0]}?" if match else ""


def _unknown_flag(word: str, known: Sequence[str]) -> str:
    name = word.split("=", 1)[0]
    if not name.startswith("-"):
        return f"unexpected argument {word!r}: every setting is a flag, see --help"
    if "key" in name:
        return f"unknown flag {name}: keys come from the environment only, as LMM_API_KEY or OPENAI_API_KEY"
    return f"unknown flag {name}{_close(name, known) or '; see --help'}"


def _read_env_file(path: Path) -> dict[str, str | None]:
    try:
        return dict(dotenv_values(path, interpolate=False)) if path.is_file() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None


def _refuse_unknown_variables(settings: type[BaseSettings], names: Mapping[str, Any], source: str) -> None:
    """KB_... belongs to this program, so an unknown one is a typo. LMM_... may be somebody else's, so only a
    near miss is refused."""
    known = {
        f"{PREFIX}{n.upper()}" for n, field in settings.model_fields.items() if not _extra(field)["once"]
    }
    known |= {f"{PREFIX}{name.upper()}" for name in getattr(settings, "elsewhere", ())}
    fixed = {_extra(field)["env"] for field in settings.model_fields.values()} - {None}
    for name in names:
        if name.startswith(PREFIX) and name not in known:
            raise UsageError(
                f"unknown variable {name} in {source}{_close(name, sorted(known)) or '; see --help'}"
            )
        if name.startswith("LMM_") and name not in fixed:
            near = difflib.get_close_matches(name, sorted(fixed), n=1, cutoff=0.8)
            if near:
                raise UsageError(f"unknown variable {name} in {source}; did you mean {near[0]}?")


def _fixed(settings: type[BaseSettings], names: Mapping[str, str | None]) -> dict[str, str]:
    """Values of the variables with a fixed name, such as LMM_BASE_URL; a `KB_` one of the same field wins."""
    values = {}
    for name, field in settings.model_fields.items():
        env = _extra(field)["env"]
        if env and (value := names.get(f"{PREFIX}{name.upper()}") or names.get(env)):
            values[name] = value
    return values


def _sentence(
    settings: type[BaseSettings], error: ValidationError, given: Mapping[str, Any], env_file: Path
) -> str:
    problem = error.errors()[0]
    if not problem["loc"]:
        return str(problem["msg"]).removeprefix("Value error, ")
    location = str(problem["loc"][0])
    name = next((n for n in settings.model_fields if n == location.lower().removeprefix("kb_")), location)
    field = settings.model_fields.get(name)
    if field is None:
        return f"{location}: {problem['msg']}"
    names = {f"{PREFIX}{name.upper()}", variable(name, field)}
    in_environment = sorted(names & set(os.environ))
    if name in given:
        where = _flag(name)
    elif in_environment:
        where = in_environment[0]
    else:
        where = f"{variable(name, field)} in {env_file}"
    value = problem["input"]
    options = choices(field.annotation)
    if options:
        return f"{where}: {value!r} is not one of {', '.join(options)}{_close(str(value), options)}"
    message = str(problem["msg"])
    if problem["type"] == "value_error":
        return f"{where}: {message.removeprefix('Value error, ')}"
    return f"{where}: {value!r} should be {message.removeprefix('Input should be ').split(', unable')[0]}"
