"""The settings of `python -m agent.chat`: those of a run, and which sample."""

from pathlib import Path
from typing import Literal, Self

from pydantic import field_validator, model_validator

from agent.flags import setting
from agent.settings import DATA, LMM, RUN, Settings
from data.sample import Domain, Modality

SAMPLE = "sample (one of them; without any, the chat asks)"
TERMINAL = "terminal"
UNUSED = "not used by the chat"


class ChatSettings(Settings):
    """What `python -m agent.chat` can be told."""

    sample: str | None = setting(None, "id of a sample of the data set", SAMPLE, metavar="ID", once=True)
    image: Path | None = setting(
        None, "a picture of your own whose text is missing", SAMPLE, metavar="FILE", once=True
    )
    text: str | None = setting(
        None, "a text of your own whose picture is missing", SAMPLE, metavar='"..."', once=True
    )
    run: Path | None = setting(
        None,
        "with --sample: the record of this run folder, to look into what a run did",
        SAMPLE,
        metavar="FOLDER",
        once=True,
    )
    resume: str | None = setting(
        None,
        "go on with a session, the last one or the named one (its name or its folder)",
        SAMPLE,
        metavar="SESSION",
        once=True,
        bare="",
    )
    replay: Path | None = setting(
        None,
        "rebuild a session from a JSON export: every answer is taken from the file",
        SAMPLE,
        metavar="FILE",
        once=True,
    )
    sessions: bool = setting(False, "list the sessions and leave", SAMPLE, once=True)
    missing: Modality | None = setting(
        None,
        "which modality of --sample to take as missing; default: as the mask says",
        DATA,
        metavar="{image,text}",
        once=True,
    )
    domain: Domain = setting(
        Domain.GENERAL,
        "knowledge rules for --image and --text",
        DATA,
        metavar="{general,xray}",
        once=True,
    )
    tools: Literal["auto", "native", "schema"] = setting(
        "auto",
        "how talk calls its tools: native = the endpoint's tool calls, schema = a JSON schema, auto = found out",
        LMM,
    )
    plain: bool = setting(False, "plain lines, no colours, no editing of the input", TERMINAL)

    # Of a run, and of no meaning here.
    out: Path | None = setting(None, UNUSED, RUN, flag=False)
    limit: int | None = setting(None, UNUSED, RUN, flag=False)
    in_flight: int | None = setting(None, UNUSED, RUN, flag=False)
    retry_failed: bool = setting(False, UNUSED, RUN, flag=False)
    skip_leak_check: bool = setting(False, UNUSED, RUN, flag=False)

    @model_validator(mode="after")
    def _check_one_sample(self) -> Self:
        named = [
            name
            for name in ("sample", "image", "text", "resume", "replay")
            if getattr(self, name) is not None
        ]
        if len(named) > 1:
            raise ValueError(
                f"--{named[0]} and --{named[1]} exclude each other: a session is about one sample"
            )
        if self.run is not None and self.sample is None:
            raise ValueError("--run FOLDER needs --sample ID, the record to look into")
        return self

    @field_validator("image", "run", "replay")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value else value

    @property
    def walks(self) -> Path:
        """Folder of all sessions."""
        return self.cache_dir.expanduser() / "walks"
