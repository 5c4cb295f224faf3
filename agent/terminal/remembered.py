"""The settings with which a session goes on: those given now, and for the rest those that it was made with."""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from agent.errors import UsageError
from agent.plan import Plan, make_plan
from agent.settings import Settings
from agent.store import read_manifest
from agent.walk.model import FromDataset, FromRun, Session, Source
from tools.lmm.endpoint import OPENAI_URL

DRAWING = ("refiner", "steps", "guidance", "picture_size")


def plan_for(settings: Settings, source: Source) -> Plan:
    """The plan for a session about `source`: its data set, and whether the data are the user's own.

    Raises `UsageError`."""
    if isinstance(source, FromDataset):
        root = None if source.miniature else source.root
        settings = settings.model_copy(
            update={"dataset": source.dataset, "root": root, "split": source.split}
        )
        return make_plan(settings, own_data=not source.miniature)
    if isinstance(source, FromRun):
        return make_plan(settings, own_data=not read_manifest(source.folder).data.get("miniature", False))
    return make_plan(settings, own_data=True)


def remembered(settings: Settings, session: Session) -> Settings:
    """`settings`, with the models of the session where none are named now.

    A key goes only to an address that is named now, or that lies on this machine: a session folder may come from
    somebody else. Raises `UsageError` that says what to name."""
    models = session.models
    changes: dict[str, Any] = {}
    if settings.lmm is None and settings.lmm_url is None:
        changes |= _lmm(settings, models.get("lmm", {}))
    for part in ("clip", "blip"):
        if getattr(settings, part) is None and part in models:
            changes[part] = models[part].get("name") or "none"
    generator = models.get("generator", {})
    if settings.generator is None and generator.get("name"):
        if generator.get("images_url") and settings.images_url is None:
            raise UsageError(
                f"the session draws by {generator['name']} at {generator['images_url']}: name it again with "
                f"--generator {generator['name']} --images-url {generator['images_url']}"
            )
        changes["generator"] = generator["name"]
        changes |= {n: generator.get(n) for n in DRAWING if getattr(settings, n) is None}
    return settings.model_copy(update=changes)


def _lmm(settings: Settings, lmm: dict[str, Any]) -> dict[str, Any]:
    name, url = lmm.get("name"), lmm.get("base_url")
    if not name or not url:
        return {}  # the miniature's own endpoint, which is also the default
    if url == OPENAI_URL and settings.openai_key:
        return {"lmm": name}
    if settings.lmm_key and not _on_this_machine(url):
        raise UsageError(
            f"the session used {name} at {url}: name it again with --lmm {name} --lmm-url {url}, so that your key "
            "goes there, or name another model"
        )
    return {"lmm": name, "lmm_url": url}


def _on_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
