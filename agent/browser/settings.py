"""The settings of `python -m agent.web`: those of a run, where to listen, and which run folders may be read."""

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, SecretStr, field_validator
from pydantic_settings import NoDecode

from agent.flags import setting
from agent.settings import LMM, RUN, Settings

PAGE = "page"
UNUSED = "not used by the page"
SHORTEST_TOKEN = 16
Tools = Literal["auto", "native", "schema"]


def _listed(value: Any) -> Any:
    """`runs,more/runs` as a list."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


class WebSettings(Settings):
    """What `python -m agent.web` can be told."""

    host: str = setting(
        "127.0.0.1",
        "address to listen at; any but loopback demands a token",
        PAGE,
        metavar="ADDRESS",
        once=True,
    )
    port: int = setting(8400, "port to listen at; 0 takes a free one", PAGE, ge=0, le=65_535, once=True)
    runs: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_listed)] = setting(
        (Path("runs"),),
        "run folders, or folders that hold some, that the page may read; comma-separated (default runs)",
        PAGE,
        metavar="DIR,...",
        once=True,
    )
    name: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = setting(
        (),
        "host names by which the page is reached, as behind a proxy; addresses, localhost and this machine's name are "
        "known; comma-separated",
        PAGE,
        metavar="NAME,...",
        once=True,
    )
    web_token: SecretStr | None = setting(
        None, "token that the page asks for; without it a random one where one is demanded", PAGE, flag=False
    )
    tools: Tools = setting(
        "auto",
        "how talk calls its tools: native = the endpoint's tool calls, schema = a JSON schema, auto = found out",
        LMM,
    )

    # Of a run, and of no meaning here.
    out: Path | None = setting(None, UNUSED, RUN, flag=False)
    limit: int | None = setting(None, UNUSED, RUN, flag=False)
    in_flight: int | None = setting(None, UNUSED, RUN, flag=False)
    retry_failed: bool = setting(False, UNUSED, RUN, flag=False)
    skip_leak_check: bool = setting(False, UNUSED, RUN, flag=False)
    plain: bool = setting(False, UNUSED, RUN, flag=False)

    @field_validator("runs")
    @classmethod
    def _expand(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(path.expanduser() for path in value)

    @field_validator("web_token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(
                f"a token of fewer than {SHORTEST_TOKEN} characters can be guessed; use a longer one"
            )
        return value

    @property
    def walks(self) -> Path:
        """Folder of all sessions, the same as the terminal's."""
        return self.cache_dir.expanduser() / "walks"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def secrets(self) -> tuple[str, ...]:
        token = self.web_token.get_secret_value() if self.web_token else ""
        return (*super().secrets(), *((token,) if token else ()))
